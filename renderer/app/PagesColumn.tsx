import {
  Activity,
  ChartColumn,
  History,
  KeyRound,
  ListChecks,
  Lock,
  MonitorSmartphone,
  ScrollText,
  ShieldCheck,
  Ticket,
  User,
  Users,
  UserX,
  type LucideIcon,
} from "lucide-react";
import { useEffect } from "react";
import type { AccountId } from "../../shared/ids.ts";
import { nameOf } from "../accountHealth.ts";
import { t, type PlainTextKey } from "../i18n/index.ts";
import { adminAccess, grantsPages } from "../stores/adminAccess.ts";
import { useAccount } from "../stores/accounts.ts";
import { accountPages, adminPages, go, type AccountPage } from "../stores/routes.ts";
import styles from "./Columns.module.css";

const pages: Record<AccountPage, { icon: LucideIcon; name: PlainTextKey }> = {
  overview: { icon: Activity, name: "nav.overview" },
  profile: { icon: User, name: "nav.profile" },
  secureBackup: { icon: ShieldCheck, name: "nav.secureBackup" },
  sessions: { icon: MonitorSmartphone, name: "nav.sessions" },
  roomKeys: { icon: KeyRound, name: "nav.roomKeys" },
  passwordAndRecovery: { icon: Lock, name: "nav.passwordAndRecovery" },
  activity: { icon: History, name: "nav.activity" },
  deactivate: { icon: UserX, name: "nav.deactivate" },
  users: { icon: Users, name: "nav.users" },
  statistics: { icon: ChartColumn, name: "nav.statistics" },
  bulk: { icon: ListChecks, name: "nav.bulk" },
  actionLog: { icon: ScrollText, name: "nav.actionLog" },
  registrationTokens: { icon: Ticket, name: "nav.registrationTokens" },
};

/** The middle column: the pages of one account. In a narrow window only their icons are shown. */
export function PagesColumn({ accountId, page }: { readonly accountId: AccountId; readonly page: AccountPage }) {
  const account = useAccount(accountId);
  const { answer: access } = adminAccess.use(accountId);
  useEffect(() => void adminAccess.load(accountId), [accountId]);
  const button = (name: AccountPage) => {
    const { icon: Icon, name: key } = pages[name];
    return (
      <li key={name}>
        <button
          type="button"
          className={styles["page"]}
          aria-current={name === page ? "page" : undefined}
          title={t(key)}
          onClick={() => go({ name: "account", accountId, page: name })}
        >
          <Icon size={17} aria-hidden />
          <span className={styles["name"]}>{t(key)}</span>
        </button>
      </li>
    );
  };
  return (
    <nav className={styles["pages"]} aria-label={t("nav.pages", { name: account ? nameOf(account) : "" })}>
      <ul>{accountPages.map(button)}</ul>
      {grantsPages(access) && (
        <>
          <h2 className={styles["group"]}>{t("nav.server")}</h2>
          <ul aria-label={t("nav.server")}>{adminPages.map(button)}</ul>
        </>
      )}
    </nav>
  );
}
