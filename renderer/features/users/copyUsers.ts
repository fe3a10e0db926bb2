import type { UserRow } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { t } from "../../i18n/index.ts";
import { rowsOfUsers, selectedUsers } from "../../stores/users.ts";
import { dayText, lastSeenText, verdictsOf } from "./userWords.ts";

/**
 * Users as lines with tabs between their cells, as spreadsheets take them, and below a line of headings. What would begin a
 * formula there, or another cell, does not.
 */
export function textOfUsers(userIds: Iterable<string>, rows: readonly UserRow[]): string {
  const known = new Map(rows.map((row) => [row.userId, row]));
  const heading = [
    t("users.userId"),
    t("users.displayName"),
    t("users.columns.states"),
    t("users.columns.createdAt"),
    t("users.columns.lastSeenAt"),
  ];
  const lines = [...userIds].map((userId) => {
    const row = known.get(userId);
    // Who has gone out of the list since is named all the same.
    if (!row) return [userId];
    const states = verdictsOf(row).map(({ text }) => text);
    return [userId, asCell(row.displayName ?? ""), asCell(states.join(", ")), dayText(row.createdAt), lastSeenText(row.lastSeenAt)];
  });
  return [heading, ...lines].map((cells) => cells.join("\t")).join("\n");
}

const asCell = (text: string): string => text.replace(/\s+/g, " ").replace(/^ ?(?=['=+\-@])/, "'");

/** Copies those who are selected, and answers how many. @throws RequestFailure */
export async function copySelectedUsers(accountId: AccountId): Promise<number> {
  const userIds = selectedUsers(accountId);
  const rows = await rowsOfUsers(accountId, userIds);
  await steward.app.copyText({ text: textOfUsers(userIds, rows) });
  return userIds.size;
}
