import type { Account } from "../../../shared/contract/accounts.ts";
import type { UserRow } from "../../../shared/contract/users.ts";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { useServerSearch } from "../../stores/serverSearch.ts";
import { UserName, UserPills } from "../users/UserName.tsx";
import { lastSeenText } from "../users/userWords.ts";
import styles from "./Servers.module.css";

interface FoundUser {
  readonly account: Account;
  readonly user: UserRow;
}

/** Those who were found, on whichever server, as far as the servers have answered. */
export function FoundUsers({ accounts }: { readonly accounts: readonly Account[] }) {
  const found = useServerSearch((state) => state.found);
  const rows = accounts.flatMap((account): FoundUser[] => (found[account.accountId]?.rows ?? []).map((user) => ({ account, user })));
  const isSearching = accounts.some(({ accountId }) => found[accountId]?.status === "searching");
  if (rows.length === 0) return <p role="status">{isSearching ? t("servers.searching") : t("servers.nobody")}</p>;
  return (
    <Table
      label={t("servers.found")}
      rows={rows}
      keyOf={({ user }) => user.userId}
      cards
      columns={[
        { id: "user", name: t("users.columns.user") },
        { id: "server", name: t("servers.server"), gives: true },
        { id: "states", name: t("users.columns.states") },
        { id: "lastSeenAt", name: t("users.columns.lastSeenAt") },
      ]}
      cells={({ account, user }) => [
        <button
          key="user"
          type="button"
          className={styles["who"]}
          onClick={() => go({ name: "account", accountId: account.accountId, page: "users", userId: user.userId })}
        >
          <UserName user={user} />
        </button>,
        <ServerText key="server">{account.homeserver.serverName}</ServerText>,
        <UserPills key="states" user={user} />,
        lastSeenText(user.lastSeenAt),
      ]}
    />
  );
}
