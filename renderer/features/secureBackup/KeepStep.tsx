import { useEffect, useRef } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp } from "../../../shared/contract/setUp.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { cancelSetUp, intend, useSecureBackup } from "../../stores/secureBackup.ts";
import { go } from "../../stores/routes.ts";
import styles from "./SecureBackup.module.css";
import { ShownKey } from "./ShownKey.tsx";

interface KeepStepProps {
  readonly account: Account;
  readonly setUp: SetUp;
  readonly onKept: () => void;
}

/** Shows the Security Key and helps to keep it. Nothing is on the server yet. */
export function KeepStep({ account, setUp, onKept }: KeepStepProps) {
  const { accountId } = account;
  const { shownKey } = useSecureBackup(accountId);
  const heading = useRef<HTMLHeadingElement>(null);
  const back = useAction(() => cancelSetUp(accountId));
  const cancel = useAction(async () => {
    await cancelSetUp(accountId);
    intend(accountId, null);
    go({ name: "account", accountId, page: "overview" });
  });
  useEffect(() => heading.current?.focus(), []);
  const error = back.error ?? cancel.error;
  return (
    <section className={styles["step"]} aria-labelledby="keep-heading">
      <h2 id="keep-heading" className="visuallyHidden" ref={heading} tabIndex={-1}>
        {t("backup.keep.heading")}
      </h2>
      <ShownKey account={account} securityKey={shownKey} which="new" />
      <Notice tone="warn">{t("backup.keep.warning")}</Notice>
      {setUp.method === "phrase" && <p>{t("backup.keep.alsoPhrase")}</p>}
      {error && <ErrorText error={error} />}
      <Buttons
        end={
          <Button look="quiet" busy={cancel.busy} onPress={() => void cancel.run()}>
            {t("backup.keep.cancel")}
          </Button>
        }
      >
        <Button look="primary" onPress={onKept}>
          {t("backup.keep.next")}
        </Button>
        <Button busy={back.busy} onPress={() => void back.run()}>
          {t("common.back")}
        </Button>
      </Buttons>
    </section>
  );
}
