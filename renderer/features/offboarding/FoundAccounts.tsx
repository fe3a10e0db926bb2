import type { Account } from "../../../shared/contract/accounts.ts";
import type { FoundAccount } from "../../../shared/contract/offboarding.ts";
import { Button } from "../../components/Button.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { Table } from "../../components/Table.tsx";
import { t } from "../../i18n/index.ts";
import { choosePerson, findPersonOn, useOffboarding } from "../../stores/offboarding.ts";
import { UserName, UserPills } from "../users/UserName.tsx";
import { lastSeenText } from "../users/userWords.ts";
import styles from "./Offboarding.module.css";

interface Found {
  readonly account: Account;
  readonly one: FoundAccount;
}

/** Who may be the person, on whichever server, as far as the servers have answered. */
export function FoundAccounts({ accounts }: { readonly accounts: readonly Account[] }) {
  const { found, chosen } = useOffboarding();
  const rows = accounts.flatMap((account): Found[] => (found[account.accountId]?.rows ?? []).map((one) => ({ account, one })));
  const isSearching = accounts.some(({ accountId }) => found[accountId]?.status === "searching");
  const many = accounts.filter(({ accountId }) => found[accountId]?.more);
  return (
    <>
      {accounts.map(({ accountId, homeserver }) => {
        const error = found[accountId]?.error;
        return (
          error && (
            <div key={accountId}>
              <p className={styles["quiet"]}>
                <ServerText>{homeserver.serverName}</ServerText>
              </p>
              <ErrorText error={error} actions={<Button onPress={() => void findPersonOn(accountId)}>{t("common.retry")}</Button>} />
            </div>
          )
        );
      })}
      <p className={styles["quiet"]} role="status">
        {isSearching ? t("servers.searching") : rows.length === 0 ? t("servers.nobody") : t("servers.foundCount", { count: rows.length })}
      </p>
      {many.length > 0 && (
        <p className={styles["quiet"]}>
          {t("offboarding.more", { servers: many.map(({ homeserver }) => homeserver.serverName).join(", ") })}
        </p>
      )}
      {rows.length > 0 && (
        <Table
          label={t("servers.found")}
          rows={rows}
          keyOf={({ one }) => one.user.userId}
          cards
          columns={[
            { id: "user", name: t("users.columns.user") },
            { id: "by", name: t("offboarding.by") },
            { id: "states", name: t("users.columns.states") },
            { id: "lastSeenAt", name: t("users.columns.lastSeenAt") },
          ]}
          cells={({ account: { accountId }, one: { user, by } }) => [
            <label key="user" className={styles["who"]}>
              <input
                type="checkbox"
                aria-label={t("users.choose", { name: user.userId })}
                checked={chosen.has(user.userId)}
                onChange={(event) => choosePerson(accountId, user.userId, event.target.checked)}
              />
              <UserName user={user} />
            </label>,
            by.map((reason) => t(`offboarding.foundBy.${reason}`)).join(" · "),
            <UserPills key="states" user={user} />,
            lastSeenText(user.lastSeenAt),
          ]}
        />
      )}
    </>
  );
}
