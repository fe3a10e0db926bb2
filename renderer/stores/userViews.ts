import type { SavedView, UserListColumn, UserViews } from "../../shared/contract/userViews.ts";
import type { UserFilter } from "../../shared/contract/users.ts";
import type { AccountId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";
import { listUsers } from "./users.ts";

/** How the list of each account can be looked at. */
export const userViews = createLoaded<UserViews>((accountId) => steward.userViews.list({ accountId }));

const firstColumns: readonly UserListColumn[] = ["states", "createdAt", "lastSeenAt"];

/** The columns of the list, for a component. */
export function useColumns(accountId: AccountId): readonly UserListColumn[] {
  return userViews.use(accountId).answer?.columns ?? firstColumns;
}

/** Shows other columns, and keeps that. @throws RequestFailure */
export async function setColumns(accountId: AccountId, columns: readonly UserListColumn[]): Promise<void> {
  userViews.set(accountId, await steward.userViews.setColumns({ accountId, columns: [...columns] }));
}

/** Shows the list as a view has it. @throws RequestFailure */
export async function applyView(accountId: AccountId, { filter, columns }: SavedView): Promise<void> {
  void listUsers(accountId, { created: null, lastSeen: null, ...filter });
  await setColumns(accountId, columns);
}

const FIELDS = [
  "search",
  "kind",
  "seen",
  "withoutHidden",
  "sort",
  "descending",
  "created",
  "lastSeen",
] as const satisfies readonly (keyof UserFilter)[];

/** Whether a list is as a view has it. */
export function isView({ filter, columns }: SavedView, now: UserFilter, shown: readonly UserListColumn[]): boolean {
  const value = (of: UserFilter, field: (typeof FIELDS)[number]): string => JSON.stringify(of[field] ?? null);
  return FIELDS.every((field) => value(filter, field) === value(now, field)) && columns.join() === shown.join();
}
