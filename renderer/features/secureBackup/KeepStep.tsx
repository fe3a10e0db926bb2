import { Copy, Download, Printer } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { SetUp } from "../../../shared/contract/secureBackup.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Buttons } from "../../components/Page.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { cancelSetUp, intend, useSecureBackup } from "../../stores/secureBackup.ts";
import { go } from "../../stores/routes.ts";
import { KeySheet } from "./KeySheet.tsx";
import styles from "./SecureBackup.module.css";
import { keyGroups } from "./securityKey.ts";

type How = "copy" | "save" | "print";

const outcomes = {
  copy: { done: "backup.keep.copied", not: "backup.keep.notSaved" },
  save: { done: "backup.keep.saved", not: "backup.keep.notSaved" },
  print: { done: "backup.keep.printed", not: "backup.keep.notPrinted" },
} as const;

interface KeepStepProps {
  readonly account: Account;
  readonly setUp: SetUp;
  readonly onKept: () => void;
}

/** Step 2: shows the Security Key and helps to keep it. Nothing is on the server yet. */
export function KeepStep({ account, setUp, onKept }: KeepStepProps) {
  const { accountId } = account;
  const { shownKey } = useSecureBackup(accountId);
  const heading = useRef<HTMLHeadingElement>(null);
  const [said, setSaid] = useState("");
  const keep = useAction(async (how: How) => {
    const { kept } = await steward.secureBackup.keepSecurityKey({ accountId, how });
    setSaid(t(kept ? outcomes[how].done : outcomes[how].not));
  });
  const back = useAction(() => cancelSetUp(accountId));
  const cancel = useAction(async () => {
    await cancelSetUp(accountId);
    intend(accountId, null);
    go({ name: "account", accountId, page: "overview" });
  });
  useEffect(() => heading.current?.focus(), []);
  const error = keep.error ?? back.error ?? cancel.error;
  return (
    <section className={styles["step"]} aria-labelledby="keep-heading">
      <h2 id="keep-heading" className="visuallyHidden" ref={heading} tabIndex={-1}>
        {t("backup.keep.heading")}
      </h2>
      {shownKey === null ? (
        <Notice tone="info">{t("backup.keep.hidden")}</Notice>
      ) : (
        <code className={styles["key"]} aria-label={t("backup.keep.keyLabel")} role="group">
          {keyGroups(shownKey).map((group, index) => (
            <span key={index}>{group}</span>
          ))}
        </code>
      )}
      <div className={styles["line"]}>
        <Button icon={Copy} onPress={() => void keep.run("copy")}>
          {t("backup.keep.copy")}
        </Button>
        <Button icon={Download} onPress={() => void keep.run("save")}>
          {t("backup.keep.save")}
        </Button>
        {shownKey !== null && (
          <Button icon={Printer} onPress={() => void keep.run("print")}>
            {t("backup.keep.print")}
          </Button>
        )}
        <span role="status" className={styles["quiet"]}>
          {said}
        </span>
      </div>
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
      {shownKey !== null && createPortal(<KeySheet account={account} securityKey={shownKey} />, document.body)}
    </section>
  );
}
