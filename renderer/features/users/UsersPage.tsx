import { RefreshCw, Search, Users, X } from "lucide-react";
import { useEffect, useState } from "react";
import type { Account } from "../../../shared/contract/accounts.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { classNames } from "../../components/classNames.ts";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { EmptyState } from "../../components/EmptyState.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { FilterButtons } from "../../components/FilterButtons.tsx";
import { Menu } from "../../components/Menu.tsx";
import { Notice } from "../../components/Notice.tsx";
import { Page } from "../../components/Page.tsx";
import { SearchField } from "../../components/SearchField.tsx";
import { Skeleton } from "../../components/Spinner.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { steward } from "../../bridge.ts";
import { adminAccess } from "../../stores/adminAccess.ts";
import { speak } from "../../stores/announcements.ts";
import { prepareBulk } from "../../stores/bulk.ts";
import { go } from "../../stores/routes.ts";
import {
  hiddenUsers,
  listUsers,
  listUsersAgain,
  openUserList,
  selectAllMatching,
  selectUsers,
  useSelectedUsers,
  useUserList,
} from "../../stores/users.ts";
import { AddressButton, NoAccess } from "../administration/AdminAddress.tsx";
import { NewUserButton } from "../newUser/NewUserButton.tsx";
import { WaitingCredentials } from "../userActions/WaitingCredentials.tsx";
import { CollectedContacts } from "./CollectedContacts.tsx";
import { copySelectedUsers } from "./copyUsers.ts";
import { HiddenUsersDialog } from "./HiddenUsersDialog.tsx";
import styles from "./Users.module.css";
import { UsersTable } from "./UsersTable.tsx";
import { isNarrowed, seenChoices, spanText, userKinds, versionText } from "./userWords.ts";
import { ViewTools } from "./ViewTools.tsx";
import { SETTLED_MS, useSettled } from "./useSettled.ts";

/** Everybody on an account's homeserver, for its admins. */
export function UsersPage({ account }: { readonly account: Account }) {
  const { accountId, homeserver } = account;
  const { answer: access } = adminAccess.use(accountId);
  const { total, filter } = useUserList(accountId);
  const refused = access !== null && access.status !== "admin" && access.status !== "unknown";
  const server = homeserver.serverName;
  const version = access?.status === "admin" ? access.version : null;
  const count = total !== null && !isNarrowed(filter) ? t("users.subtitle", { count: total, server }) : server;
  return (
    <Page
      title={t("users.title")}
      subtitle={version === null ? count : t("users.withVersion", { count, version: versionText(version) })}
      wide
      actions={
        access &&
        !refused && (
          <>
            <NewUserButton
              account={account}
              onCreated={() => void listUsers(accountId)}
              onOpen={(userId) => go({ name: "account", accountId, page: "users", userId })}
            />
            <AddressButton account={account} access={access} />
            <Button icon={RefreshCw} aria-label={t("users.refresh")} onPress={() => void listUsers(accountId)} />
          </>
        )
      }
    >
      {refused ? (
        <NoAccess account={account} access={access} />
      ) : (
        <>
          <WaitingCredentials account={account} />
          <UserLists accountId={accountId} />
        </>
      )}
    </Page>
  );
}

function UserLists({ accountId }: { readonly accountId: AccountId }) {
  const { rows, loading, error, sorted, told, filter, next } = useUserList(accountId);
  useEffect(() => openUserList(accountId), [accountId]);
  const again = <Button onPress={() => void listUsersAgain(accountId)}>{t("common.retry")}</Button>;
  const { answer: hidden } = hiddenUsers.use(accountId);
  const isEmpty = rows.length === 0 && loading === null && error === null && next === null;
  return (
    <>
      <Tools accountId={accountId} />
      <Selection accountId={accountId} />
      {!told && loading !== "first" && <Notice tone="info">{t("users.notTold")}</Notice>}
      <CollectedContacts accountId={accountId} />
      {!sorted && <Notice tone="info">{t("users.notSorted")}</Notice>}
      {rows.length > 0 && <UsersTable accountId={accountId} />}
      {loading === "first" && rows.length === 0 && <Skeleton label={t("users.looking")} lines={6} />}
      {isEmpty && (
        <EmptyState
          icon={isNarrowed(filter) ? Search : Users}
          title={t("users.noneFound")}
          text={emptyText(filter, hidden)}
          action={
            <Button onPress={() => void listUsers(accountId, { search: "", kind: "current", seen: "any", created: null, lastSeen: null })}>
              {t("users.showAll")}
            </Button>
          }
        />
      )}
      {error && <ErrorText error={error} actions={again} />}
      <p className={styles["status"]} role="status">
        {loading !== null && rows.length > 0 ? t("users.lookingForMore") : ""}
      </p>
    </>
  );
}

function emptyText({ search, withoutHidden }: UserFilter, hidden: readonly string[] | null): string {
  if (withoutHidden && hidden !== null && hidden.length > 0) return t("users.noneButHiddenText");
  return t(search ? "users.noneFoundText" : "users.noneOfKindText");
}

function Tools({ accountId }: { readonly accountId: AccountId }) {
  const { filter } = useUserList(accountId);
  const [search, setSearch] = useState(filter.search);
  const [lastListed, setLastListed] = useState(filter.search);
  // It was changed otherwise than by typing.
  if (filter.search !== lastListed) {
    setLastListed(filter.search);
    setSearch(filter.search);
  }
  useSettled(search, SETTLED_MS, (settled) => {
    if (settled === filter.search) return;
    setLastListed(settled);
    void listUsers(accountId, { search: settled });
  });
  const { answer: patterns } = hiddenUsers.use(accountId);
  /** Nothing to choose from until it is known that there are such users. */
  const hidesSome = patterns !== null && patterns.length > 0;
  useEffect(() => void hiddenUsers.load(accountId), [accountId]);
  const [editing, setEditing] = useState(false);
  return (
    <>
      <div className={styles["tools"]}>
        <SearchField label={t("users.search")} placeholder={t("users.searchPlaceholder")} value={search} onChange={setSearch} />
        <select
          className={styles["sort"]}
          aria-label={t("users.sort")}
          value={`${filter.sort} ${filter.descending ? "down" : "up"}`}
          onChange={(event) => {
            const [sort, direction] = event.target.value.split(" ");
            void listUsers(accountId, { sort: sort as UserFilter["sort"], descending: direction === "down" });
          }}
        >
          <option value="name up">{t("users.sorts.name")}</option>
          <option value="name down">{t("users.sorts.nameDown")}</option>
          <option value="createdAt down">{t("users.sorts.newest")}</option>
          <option value="createdAt up">{t("users.sorts.oldest")}</option>
        </select>
        <select
          className={styles["sort"]}
          aria-label={t("users.seen")}
          value={filter.seen}
          onChange={(event) => void listUsers(accountId, { seen: event.target.value as UserFilter["seen"] })}
        >
          {seenChoices.map((seen) => (
            <option key={seen} value={seen}>
              {t(`users.seenChoices.${seen}`)}
            </option>
          ))}
        </select>
      </div>
      <div className={styles["tools"]}>
        <FilterButtons
          label={t("users.filter")}
          choices={userKinds.filter((kind) => kind !== "hidden" || hidesSome || filter.kind === kind)}
          chosen={filter.kind}
          textOf={(kind) => t(`users.kinds.${kind}`)}
          onChoose={(kind) => void listUsers(accountId, { kind })}
        />
        {hidesSome && (
          <Checkbox value={filter.withoutHidden} onChange={(withoutHidden) => void listUsers(accountId, { withoutHidden })}>
            {t("users.hide")}
          </Checkbox>
        )}
        {filter.created && (
          <Button small icon={X} onPress={() => void listUsers(accountId, { created: null })}>
            {t("users.createdOnly", { time: spanText(filter.created) })}
          </Button>
        )}
        {filter.lastSeen && (
          <Button small icon={X} onPress={() => void listUsers(accountId, { lastSeen: null })}>
            {t("users.seenOnly", { time: spanText(filter.lastSeen) })}
          </Button>
        )}
        <Button small onPress={() => setEditing(true)}>
          {t("users.hideEdit")}
        </Button>
        <ViewTools accountId={accountId} />
      </div>
      {editing && patterns !== null && (
        <DialogBoundary onClose={() => setEditing(false)}>
          <HiddenUsersDialog accountId={accountId} patterns={patterns} onClose={() => setEditing(false)} />
        </DialogBoundary>
      )}
    </>
  );
}

/** Writes those who are selected, or all that match, into a file that the person names. @throws RequestFailure */
async function saveUsers(accountId: AccountId, filter: UserFilter, selected: ReadonlySet<string>): Promise<void> {
  // The Job comes by events, which may be newer than the answer.
  await steward.userExport.save({ accountId, filter, userIds: selected.size === 0 ? null : [...selected] });
}

const bulkActions = [
  "reset_passwords",
  "lock",
  "unlock",
  "suspend",
  "unsuspend",
  "sign_out",
  "prune_sessions",
  "send_notice",
  "delete_media",
  "deactivate",
  "erase",
  "reactivate",
] as const;

/** Who is selected, and everybody else who matches. */
function Selection({ accountId }: { readonly accountId: AccountId }) {
  const selected = useSelectedUsers(accountId);
  const { rows, next, total, filter } = useUserList(accountId);
  const save = useAction(() => saveUsers(accountId, filter, selected));
  const copy = useAction(async () => {
    speak(t("users.copied", { count: await copySelectedUsers(accountId) }));
  });
  const all = useAction(() => selectAllMatching(accountId));
  const prepare = useAction(async (action: (typeof bulkActions)[number]) => {
    await prepareBulk(accountId, action, selected);
    go({ name: "account", accountId, page: "bulk" });
  });
  if (rows.length === 0) return null;
  const hasAll = next === null && selected.size >= rows.length;
  return (
    <>
      <div className={classNames(styles["selection"], selected.size > 0 && styles["some"])} role="group" aria-label={t("users.selection")}>
        <span role="status">{selected.size === 0 ? t("users.noneSelected") : t("users.selected", { count: selected.size })}</span>
        {!hasAll && (
          <Button small busy={all.busy} onPress={() => void all.run()}>
            {total === null ? t("users.selectAll") : t("users.selectAllCount", { count: total })}
          </Button>
        )}
        {selected.size > 0 && (
          <Button small onPress={() => selectUsers(accountId, [])}>
            {t("users.selectNone")}
          </Button>
        )}
        {selected.size === 0 && (
          <Button small busy={save.busy} onPress={() => void save.run()}>
            {t("users.exportAll")}
          </Button>
        )}
        {selected.size > 0 && (
          <Menu
            label={t("users.doWithSelected")}
            items={[
              { id: "copy", text: t("users.copy"), onChoose: () => void copy.run() },
              { id: "export", text: t("users.export"), onChoose: () => void save.run() },
              ...bulkActions.map((action) => ({ id: action, text: t(`users.bulk.${action}`), onChoose: () => void prepare.run(action) })),
            ]}
          />
        )}
      </div>
      {save.error && <ErrorText error={save.error} />}
      {copy.error && <ErrorText error={copy.error} />}
      {prepare.error && <ErrorText error={prepare.error} />}
      {all.error && <ErrorText error={all.error} />}
    </>
  );
}
