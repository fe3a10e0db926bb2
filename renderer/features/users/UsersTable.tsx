import { memo, useEffect } from "react";
import type { ContactsOfUser } from "../../../shared/contract/userContacts.ts";
import type { UserListColumn } from "../../../shared/contract/userViews.ts";
import type { UserRow } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { Avatar } from "../../components/Avatar.tsx";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import { useVirtualRows } from "../../components/useVirtualRows.ts";
import { t } from "../../i18n/index.ts";
import { go } from "../../stores/routes.ts";
import { useColumns } from "../../stores/userViews.ts";
import { listMoreUsers, selectUser, useSelectedUsers, useUserList } from "../../stores/users.ts";
import { contactsText, isContactColumn, useCollectedContacts } from "./CollectedContacts.tsx";
import styles from "./Users.module.css";
import { UserName } from "./UserName.tsx";
import { dayText, lastSeenText, verdictsOf } from "./userWords.ts";

/** As `Users.module.css` has it. */
const ROW_PX = 56;
/** What the list is wide with columns of contacts, and more for each of them: it scrolls to the side where there is less. */
const WITHOUT_CONTACTS_PX = 620;
const CONTACTS_PX = 190;
/** More is read when so many rows are left below. */
const AHEAD = 60;

/** The users that were read so far; more are read as the end comes near. */
export function UsersTable({ accountId }: { readonly accountId: AccountId }) {
  const { rows, next, total, loading } = useUserList(accountId);
  // What is still shown is that of the filter before: nobody of it is selected in the new one.
  const outdated = loading === "first";
  const selected = useSelectedUsers(accountId);
  const columns = useColumns(accountId);
  const contacts = useCollectedContacts(accountId, columns);
  const { body, first, end } = useVirtualRows(rows.length);
  const atEnd = next !== null && end + AHEAD >= rows.length;
  useEffect(() => {
    if (atEnd) void listMoreUsers(accountId);
  }, [accountId, atEnd, rows]);
  const ofContacts = columns.filter(isContactColumn).length;
  return (
    <div className={styles["frame"]} aria-busy={outdated}>
      <table
        className={styles["table"]}
        role="table"
        aria-label={t("users.title")}
        aria-rowcount={(total ?? rows.length) + 1}
        {...(ofContacts > 0 && { style: { minInlineSize: WITHOUT_CONTACTS_PX + CONTACTS_PX * ofContacts } })}
      >
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {(["choose", "user", ...columns] as const).map((column) => (
              <th key={column} role="columnheader" scope="col" className={styles[column]}>
                <span className={column === "choose" ? "visuallyHidden" : undefined}>{t(`users.columns.${column}`)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" ref={body} style={{ height: rows.length * ROW_PX }}>
          {rows.slice(first, end).map((user, index) => (
            <Row
              key={user.userId}
              accountId={accountId}
              user={user}
              index={first + index}
              columns={columns}
              contacts={contacts?.get(user.userId) ?? null}
              selected={selected.has(user.userId)}
              outdated={outdated}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly accountId: AccountId;
  readonly user: UserRow;
  readonly index: number;
  readonly columns: readonly UserListColumn[];
  /** What was collected of them; null where nothing was. */
  readonly contacts: ContactsOfUser | null;
  readonly selected: boolean;
  readonly outdated: boolean;
}

const Row = memo(function Row({ accountId, user, index, columns, contacts, selected, outdated }: RowProps) {
  const { userId } = user;
  return (
    <tr role="row" aria-rowindex={index + 2} className={styles["row"]} style={{ insetBlockStart: index * ROW_PX }}>
      <td role="cell" className={styles["choose"]}>
        <input
          type="checkbox"
          aria-label={t("users.choose", { name: userId })}
          checked={selected}
          disabled={outdated}
          onChange={(event) => selectUser(accountId, userId, event.target.checked)}
        />
      </td>
      <th role="rowheader" scope="row" className={styles["user"]}>
        <button type="button" className={styles["open"]} onClick={() => go({ name: "account", accountId, page: "users", userId })}>
          <Avatar account={{ userId, displayName: user.displayName, avatarPath: null }} />
          <UserName user={user} />
        </button>
      </th>
      {columns.map((column) => (
        <td key={column} role="cell" className={styles[column]}>
          <Cell column={column} user={user} contacts={contacts} />
        </td>
      ))}
    </tr>
  );
});

function Cell({ column, user, contacts }: Pick<RowProps, "user" | "contacts"> & { readonly column: UserListColumn }) {
  switch (column) {
    case "states":
      return (
        <span className={styles["pills"]}>
          {verdictsOf(user).map((verdict) => (
            <Pill key={verdict.text} {...verdict} />
          ))}
        </span>
      );
    case "userType":
      return user.userType === null ? t("users.typePerson") : <ServerText>{user.userType}</ServerText>;
    case "createdAt":
      return dayText(user.createdAt);
    case "lastSeenAt":
      return lastSeenText(user.lastSeenAt);
    case "emails":
    case "phones":
    case "externalIds": {
      const text = contactsText(column, contacts);
      return text === null ? (
        t("users.contactsUnknown")
      ) : (
        <span title={text}>
          <ServerText>{text}</ServerText>
        </span>
      );
    }
  }
}
