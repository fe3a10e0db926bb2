import { useEffect } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { t } from "../../i18n/index.ts";
import { useAccountList } from "../../stores/accounts.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { useJobs } from "../../stores/jobs.ts";
import { go } from "../../stores/routes.ts";
import type { FoundOnServer } from "../../stores/searchOnServers.ts";
import { searchServer } from "../../stores/serverSearch.ts";
import { versionText } from "../users/userWords.ts";
import styles from "./Servers.module.css";
import { foundText, serverVerdict } from "./serverWords.ts";

interface ServerLineProps {
  readonly account: Account;
  /** What it has of those who are searched for; null where nobody is. */
  readonly found: FoundOnServer<unknown> | null;
  /** How often it said within the last hour that it is asked too often. */
  readonly limits: number;
}

/** One server: how it is, what goes on there, and how far the search is. */
export function ServerLine({ account, found, limits }: ServerLineProps) {
  const { accountId, homeserver, userId } = account;
  const { serverName } = homeserver;
  const { answer: access } = adminAccess.use(accountId);
  useEffect(() => void adminAccess.load(accountId), [accountId]);
  const ofServer = new Set(useAccountList().flatMap((one) => (one.homeserver.serverName === serverName ? [one.accountId] : [])));
  const running = useJobs(({ open }) => open).filter(
    (job) => job.status === "running" && job.accountId !== null && ofServer.has(job.accountId),
  ).length;
  const isAdmin = access?.status === "admin";
  const facts = [
    ...(isAdmin && access.version !== null ? [t("servers.version", { version: versionText(access.version) })] : []),
    ...(isAdmin && access.delegatedAuth ? [t("servers.delegated")] : []),
    t("servers.as", { user: userId }),
    ...(running > 0 ? [t("servers.jobs", { count: running })] : []),
    ...(limits > 0 ? [t("servers.limits", { count: limits })] : []),
  ];
  return (
    <li className={styles["server"]} aria-label={serverName}>
      <div className={styles["head"]}>
        <h2 className={styles["name"]}>
          <ServerText>{serverName}</ServerText>
        </h2>
        <Pill {...serverVerdict(access)} />
        <span className={styles["found"]} role="status">
          {foundText(found)}
        </span>
        <Button
          small
          aria-label={t("servers.openNamed", { server: serverName })}
          onPress={() => go({ name: "account", accountId, page: "users" })}
        >
          {t("nav.users")}
        </Button>
      </div>
      <p className={styles["facts"]}>{facts.join(" · ")}</p>
      {found?.error && (
        <ErrorText error={found.error} actions={<Button onPress={() => void searchServer(accountId)}>{t("common.retry")}</Button>} />
      )}
    </li>
  );
}
