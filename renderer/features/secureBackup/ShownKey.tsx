import { Copy, Download, Printer } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Account } from "../../../shared/contract/accounts.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Notice } from "../../components/Notice.tsx";
import { useAction } from "../../components/useAction.ts";
import { useSecretOnScreen } from "../../components/useSecretOnScreen.ts";
import { t } from "../../i18n/index.ts";
import { KeySheet } from "./KeySheet.tsx";
import styles from "./SecureBackup.module.css";
import { keyGroups } from "./securityKey.ts";

type How = "copy" | "save" | "print";

const outcomes = {
  copy: { done: "backup.keep.copied", not: "backup.keep.notCopied" },
  save: { done: "backup.keep.saved", not: "backup.keep.notSaved" },
  print: { done: "backup.keep.printed", not: "backup.keep.notPrinted" },
} as const;

interface ShownKeyProps {
  readonly account: Account;
  /** Null for a new key that can no longer be shown, and can be copied and saved all the same. */
  readonly securityKey: string | null;
  /** The key that waits to be typed back, or the one kept on this computer. */
  readonly which: "new" | "kept";
}

/** A Security Key in full, with the ways to take it elsewhere. */
export function ShownKey({ account, securityKey, which }: ShownKeyProps) {
  const { accountId } = account;
  const [said, setSaid] = useState("");
  const keep = useAction(async (how: How) => {
    setSaid("");
    const { kept } = await steward.secureBackup.keepSecurityKey({ accountId, how, which });
    setSaid(t(kept ? outcomes[how].done : outcomes[how].not));
  });
  const shown = useRef<HTMLElement>(null);
  const isShown = securityKey !== null;
  const { run } = keep;
  const copy = useCallback(() => void run("copy"), [run]);
  useSecretOnScreen(shown, isShown, copy);
  return (
    <>
      {securityKey === null ? (
        <Notice tone="info">{t("backup.keep.hidden")}</Notice>
      ) : (
        <code ref={shown} className={styles["key"]} aria-label={t("backup.keep.keyLabel")} role="group">
          {keyGroups(securityKey).map((group, index) => (
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
        {securityKey !== null && (
          <Button icon={Printer} onPress={() => void keep.run("print")}>
            {t("backup.keep.print")}
          </Button>
        )}
        <span role="status" className={styles["quiet"]}>
          {said}
        </span>
      </div>
      {keep.error && <ErrorText error={keep.error} />}
      {securityKey !== null && createPortal(<KeySheet account={account} securityKey={securityKey} />, document.body)}
    </>
  );
}
