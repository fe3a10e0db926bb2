import { memo, useEffect } from "react";
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
import styles from "./Users.module.css";
import { UserName } from "./UserName.tsx";
import { dayText, lastSeenText, verdictsOf } from "./userWords.ts";

/** As `Users.module.css` has it. */
const ROW_PX = 56;
/** More is read when so many rows are left below. */
const AHEAD = 60;

/** The users that were read so far; more are read as the end comes near. */
export function UsersTable({ accountId }: { readonly accountId: AccountId }) {
  const { rows, next, total, loading } = useUserList(accountId);
  // What is still shown is that of the filter before: nobody of it is selected in the new one.
  const outdated = loading === "first";
  const selected = useSelectedUsers(accountId);
  const columns = useColumns(accountId);
  const { body, first, end } = useVirtualRows(rows.length);
  const atEnd = next !== null && end + AHEAD >= rows.length;
  useEffect(() => {
    if (atEnd) void listMoreUsers(accountId);
  }, [accountId, atEnd, rows]);
  return (
    <div className={styles["frame"]} aria-busy={outdated}>
      <table className={styles["table"]} role="table" aria-label={t("users.title")} aria-rowcount={(total ?? rows.length) + 1}>
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
  readonly selected: boolean;
  readonly outdated: boolean;
}

const Row = memo(function Row({ accountId, user, index, columns, selected, outdated }: RowProps) {
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
          <Cell column={column} user={user} />
        </td>
      ))}
    </tr>
  );
});

function Cell({ column, user }: { readonly column: UserListColumn; readonly user: UserRow }) {
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
  }
}
