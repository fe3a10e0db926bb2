import { Check, Circle } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp, SetUpIn } from "../../../shared/contract/setUp.ts";
import { Button } from "../../components/Button.tsx";
import { classNames } from "../../components/classNames.ts";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons, focusPageTitle } from "../../components/Page.tsx";
import { Spinner } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { momentText, t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { cancelSetUp, continueSetUp, finishSetUp, intend, loadSecureBackup } from "../../stores/secureBackup.ts";
import styles from "./SecureBackup.module.css";

function headingOf({ kind, phase }: SetUp): string {
  if (phase === "stopped") return t("backup.run.headingStopped");
  return phase === "checked" ? t("backup.run.headingChecked") : t(`backup.run.heading.${kind}`);
}

function stoppedText({ kind, error }: SetUpIn<"stopped">, locked: boolean): string {
  if (kind === "reset" && !locked && error?.kind === "challenge_cancelled") return t("backup.run.resetCancelled");
  return t(locked && kind !== "set_up" ? "backup.run.stopped" : `backup.run.stoppedText.${kind}`);
}

/** What is done on the server, step by step, until everything was checked. */
export function RunStep({ account, setUp }: { readonly account: Account; readonly setUp: SetUp }) {
  const { accountId } = account;
  const heading = useRef<HTMLHeadingElement>(null);
  const [stopping, setStopping] = useState(false);
  const stop = useAction(async () => {
    // It stops after the request that is under way; the event says when.
    setStopping(true);
    await cancelSetUp(accountId);
  });
  const giveUp = useAction(async () => {
    await cancelSetUp(accountId);
    intend(accountId, null);
    await loadSecureBackup(accountId);
    focusPageTitle();
  });
  const resume = useAction(() => continueSetUp(accountId));
  const { phase } = setUp;
  useEffect(() => heading.current?.focus(), [phase]);
  // From then on the server names the new key, or the new identity, as the account's, and only finishing is safe.
  const last = setUp.kind === "reset" ? "identity" : "secret_storage";
  const locked = setUp.steps.some(({ step, status }) => step === last && status === "done");
  const error = stop.error ?? giveUp.error ?? resume.error ?? (setUp.phase === "stopped" ? setUp.error : null);
  const resumeNow = (): void => {
    setStopping(false);
    void resume.run();
  };
  return (
    <section className={styles["step"]} aria-labelledby="run-heading">
      <h2 id="run-heading" className={styles["heading"]} ref={heading} tabIndex={-1}>
        {headingOf(setUp)}
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
          {t(`backup.run.checkedText.${setUp.kind}`)}
        </Notice>
      )}
      {setUp.phase === "checked" && setUp.keptBackups && (
        <Notice tone="warn" live>
          {t("backup.run.keptBackups", {
            count: setUp.keptBackups.backups,
            keys: t("backup.keyCount", { count: setUp.keptBackups.roomKeys }),
          })}
        </Notice>
      )}
      {error && <ErrorText error={error} />}
      {setUp.phase === "stopped" && <p>{stoppedText(setUp, locked)}</p>}
      {setUp.phase === "stopped" && setUp.keptSince !== null && <p>{t("backup.run.keptSince", { when: momentText(setUp.keptSince) })}</p>}
      <Buttons
        end={
          phase === "stopped" &&
          !locked && (
            <Button look="quiet" busy={giveUp.busy} isDisabled={resume.busy} onPress={() => void giveUp.run()}>
              {t(`backup.run.giveUp.${setUp.kind}`)}
            </Button>
          )
        }
      >
        {phase === "running" && (
          <Button busy={stopping} onPress={() => void stop.run()}>
            {t(stopping ? "backup.run.stopping" : "backup.run.stop")}
          </Button>
        )}
        {phase === "stopped" && (
          <>
            <Button look="primary" busy={resume.busy} onPress={() => resumeNow()}>
              {t("backup.run.continue")}
            </Button>
            <Button isDisabled={resume.busy} onPress={() => go({ name: "account", accountId, page: "overview" })}>
              {t("backup.run.leave")}
            </Button>
          </>
        )}
        {phase === "checked" && (
          <Button look="primary" onPress={() => void finishSetUp(accountId).then(focusPageTitle)}>
            {t("backup.run.finish")}
          </Button>
        )}
      </Buttons>
    </section>
  );
}
