import { Check, Circle } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp } from "../../../shared/contract/secureBackup.ts";
import { Button } from "../../components/Button.tsx";
import { classNames } from "../../components/classNames.ts";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { Spinner } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { cancelSetUp, continueSetUp, finishSetUp } from "../../stores/secureBackup.ts";
import styles from "./SecureBackup.module.css";

const headings = {
  confirm_key: "backup.run.heading",
  running: "backup.run.heading",
  stopped: "backup.run.headingStopped",
  checked: "backup.run.headingChecked",
} as const;

/** Step 4: what is done on the server, step by step, until everything was checked. */
export function RunStep({ account, setUp }: { readonly account: Account; readonly setUp: SetUp }) {
  const { accountId } = account;
  const heading = useRef<HTMLHeadingElement>(null);
  const stop = useAction(() => cancelSetUp(accountId));
  const resume = useAction(() => continueSetUp(accountId));
  const { phase } = setUp;
  useEffect(() => heading.current?.focus(), [phase]);
  const error = stop.error ?? resume.error ?? (phase === "stopped" ? setUp.error : null);
  return (
    <section className={styles["step"]} aria-labelledby="run-heading">
      <h2 id="run-heading" className={styles["heading"]} ref={heading} tabIndex={-1}>
        {t(headings[phase])}
      </h2>
      <ul className={styles["progress"]} aria-label={t("backup.run.list")}>
        {setUp.steps.map(({ step, status }) => (
          <li key={step} className={classNames(styles["runStep"], styles[status])}>
            {status === "done" ? (
              <Check size={16} aria-hidden />
            ) : status === "running" && phase === "running" ? (
              <Spinner />
            ) : (
              <Circle size={16} aria-hidden />
            )}
            <span>{t(`backup.run.${step}`)}</span>
            <span className="visuallyHidden">, {t(`backup.run.${status}`)}</span>
          </li>
        ))}
      </ul>
      {phase === "checked" && (
        <Notice tone="success" live>
          {t("backup.run.checked")}
        </Notice>
      )}
      {error && <ErrorText error={error} />}
      {phase === "stopped" && <p>{t("backup.run.stopped")}</p>}
      <Buttons>
        {phase === "running" && (
          <Button busy={stop.busy} onPress={() => void stop.run()}>
            {t(stop.busy ? "backup.run.stopping" : "backup.run.stop")}
          </Button>
        )}
        {phase === "stopped" && (
          <>
            <Button look="primary" busy={resume.busy} onPress={() => void resume.run()}>
              {t("backup.run.continue")}
            </Button>
            <Button isDisabled={resume.busy} onPress={() => go({ name: "account", accountId, page: "overview" })}>
              {t("backup.run.leave")}
            </Button>
          </>
        )}
        {phase === "checked" && (
          <Button look="primary" onPress={() => void finishSetUp(accountId)}>
            {t("backup.run.finish")}
          </Button>
        )}
      </Buttons>
    </section>
  );
}
