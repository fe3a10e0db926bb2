import { useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { dateText, t } from "../../i18n/index.ts";
import styles from "./SecureBackup.module.css";
import { keyGroups } from "./securityKey.ts";

/** The sheet that is printed: seen on paper alone. The class `printOnly` hides everything else there. */
export function KeySheet({ account, securityKey }: { readonly account: Account; readonly securityKey: string }) {
  const [madeAt] = useState(Date.now);
  return (
    <div className="printOnly">
      <div className={styles["sheet"]}>
        <p className={styles["sheetTitle"]}>{t("backup.print.title")}</p>
        <p>{t("backup.print.for", { userId: account.userId })}</p>
        <code className={styles["sheetKey"]}>
          {keyGroups(securityKey).map((group, index) => (
            <span key={index}>{group}</span>
          ))}
        </code>
        <p>{t("backup.print.note")}</p>
        <p>{t("backup.print.date", { date: dateText(madeAt) })}</p>
      </div>
    </div>
  );
}
