import type { Account } from "../../../shared/contract/accounts.ts";
import { dateText, t } from "../../i18n/index.ts";
import styles from "./UserActions.module.css";

interface PaperSlipProps {
  readonly homeserver: Account["homeserver"];
  readonly userId: string;
  readonly password: string;
  /** Until when they may set up a new identity without a password, in milliseconds since 1970; null where they may not. */
  readonly identityUntil?: number | null;
}

/** What somebody is handed on paper to sign in with. It belongs into what is printed alone: several go on one page. */
export function PaperSlip({ homeserver: { serverName, baseUrl }, userId, password, identityUntil = null }: PaperSlipProps) {
  return (
    <section className={styles["sheet"]}>
      <p className={styles["sheetTitle"]}>{t("credentials.sheetTitle", { server: serverName })}</p>
      <p>{t("credentials.sheetUser", { userId })}</p>
      <p>{t("credentials.sheetServer", { server: serverName, address: baseUrl })}</p>
      <code className={styles["sheetPassword"]}>{password}</code>
      <p>{t("credentials.sheetSignIn", { server: serverName })}</p>
      <p>{t("credentials.sheetNote")}</p>
      {identityUntil !== null && <p>{t("credentials.sheetIdentity", { until: dateText(identityUntil) })}</p>}
    </section>
  );
}
