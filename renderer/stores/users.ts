import { create } from "zustand";
import type { ListedDevice, User, UserFilter, UserRow } from "../../shared/contract/users.ts";
import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { settled, steward } from "../bridge.ts";
import { createLoaded } from "./loaded.ts";
import { contactsChanged } from "./userContacts.ts";

/** The list of a server's users, as far as it has been read. */
export interface UserListState {
  readonly filter: UserFilter;
  readonly rows: readonly UserRow[];
  /** Where the next page begins; null when there is none, and before the first. */
  readonly next: string | null;
  readonly total: number | null;
  readonly sorted: boolean;
  /** False where the server does not say of everybody whether they are of the kind that is asked for. */
  readonly told: boolean;
  /** `first`: nothing of this filter is there yet. */
  readonly loading: "first" | "more" | null;
  readonly error: AppError | null;
}

const everybody: UserFilter = {
  search: "",
  kind: "current",
  seen: "any",
  created: null,
  lastSeen: null,
  withoutHidden: true,
  sort: "name",
  descending: false,
};
const nothingYet: UserListState = {
  filter: everybody,
  rows: [],
  next: null,
  total: null,
  sorted: true,
  told: true,
  loading: "first",
  error: null,
};
const nobody: ReadonlySet<string> = new Set();

interface UsersState {
  readonly lists: Readonly<Record<AccountId, UserListState>>;
  /** Who is selected in each list, whether shown or not. What is done to many is done to these. */
  readonly selected: Readonly<Record<AccountId, ReadonlySet<string>>>;
}

export const useUsers = create<UsersState>()(() => ({ lists: {}, selected: {} }));
/** Counts the lists that were begun: what comes for an earlier one is not taken. */
const turns = new Map<AccountId, number>();

/** The list as it is, for a component. */
export function useUserList(accountId: AccountId): UserListState {
  return useUsers((state) => state.lists[accountId] ?? nothingYet);
}

/** Who is selected, for a component. */
export function useSelectedUsers(accountId: AccountId): ReadonlySet<string> {
  return useUsers((state) => state.selected[accountId] ?? nobody);
}

/** Who is selected, now. */
export function selectedUsers(accountId: AccountId): ReadonlySet<string> {
  return useUsers.getState().selected[accountId] ?? nobody;
}

export function selectUsers(accountId: AccountId, userIds: Iterable<string>): void {
  useUsers.setState(({ selected }) => ({ selected: { ...selected, [accountId]: new Set(userIds) } }));
}

/** Selects one more, or one less. */
export function selectUser(accountId: AccountId, userId: string, yes: boolean): void {
  const next = new Set(selectedUsers(accountId));
  if (yes) next.add(userId);
  else next.delete(userId);
  selectUsers(accountId, next);
}

/** Selects everybody whom the list would show, read to its end, and nobody else. @throws RequestFailure */
export async function selectAllMatching(accountId: AccountId): Promise<void> {
  const { filter } = listOf(accountId);
  const { userIds } = await steward.users.ids({ accountId, filter });
  if (listOf(accountId).filter === filter) selectUsers(accountId, userIds);
}

const listOf = (accountId: AccountId): UserListState => useUsers.getState().lists[accountId] ?? nothingYet;

function update(accountId: AccountId, changes: Partial<UserListState>): void {
  useUsers.setState(({ lists }) => ({ lists: { ...lists, [accountId]: { ...(lists[accountId] ?? nothingYet), ...changes } } }));
}

/** Begins the list anew, with a filter that is otherwise in these. What is selected goes with the list it was selected in. */
export async function listUsers(accountId: AccountId, changes: Partial<UserFilter> = {}): Promise<void> {
  const filter = { ...listOf(accountId).filter, ...changes };
  if (Object.keys(changes).length > 0) selectUsers(accountId, []);
  turns.set(accountId, (turns.get(accountId) ?? 0) + 1);
  update(accountId, { filter, loading: "first", error: null });
  await readPage(accountId, null);
}

/** Lists users where none are listed yet: who comes back from one of them finds the list as it was. */
export function openUserList(accountId: AccountId): void {
  if (listOf(accountId).rows.length === 0) void listUsers(accountId);
}

/** Reads on, where there is more and nothing is being read. */
export async function listMoreUsers(accountId: AccountId): Promise<void> {
  const { next, loading, error } = listOf(accountId);
  if (next === null || loading !== null || error !== null) return;
  update(accountId, { loading: "more" });
  await readPage(accountId, next);
}

/** Tries once more what failed. */
export async function listUsersAgain(accountId: AccountId): Promise<void> {
  const { next, rows } = listOf(accountId);
  if (rows.length === 0) return listUsers(accountId);
  update(accountId, { error: null, loading: "more" });
  await readPage(accountId, next);
}

async function readPage(accountId: AccountId, from: string | null): Promise<void> {
  const turn = turns.get(accountId);
  const { filter } = listOf(accountId);
  const reply = await settled(steward.users.list({ accountId, filter, from }));
  if (turns.get(accountId) !== turn) return;
  if (!reply.ok) {
    const { error } = reply;
    // Main asks whether the account is an admin still, and tells by an event.
    const isRefusal = error.kind === "forbidden" || error.kind === "admin_api_not_exposed" || error.kind === "admin_api_lacks";
    if (isRefusal) steward.administration.checkAccess({ accountId }).catch(() => undefined);
    const { next, total, sorted, told } = nothingYet;
    update(accountId, { ...(from === null && { rows: [], next, total, sorted, told }), loading: null, error });
    return;
  }
  const page = reply.value;
  const before = from === null ? [] : listOf(accountId).rows;
  const known = new Set(before.map(({ userId }) => userId));
  const rows = [...before, ...page.rows.filter(({ userId }) => !known.has(userId))];
  const told = page.told && (from === null || listOf(accountId).told);
  update(accountId, { rows, next: page.next, total: page.total, sorted: page.sorted, told, loading: null });
}

/** Names one user of the server of one account. */
export type UserKey = string & { readonly __userKey: true };

export const userKey = (accountId: AccountId, userId: string): UserKey => `${accountId} ${userId}` as UserKey;

/** The account and the user that a key names. */
export const partsOfUser = (key: UserKey): { accountId: AccountId; userId: string } => {
  const space = key.indexOf(" ");
  return { accountId: key.slice(0, space) as AccountId, userId: key.slice(space + 1) };
};

/** The account of a key. */
export const accountOfUser = (key: UserKey): AccountId => partsOfUser(key).accountId;

/** Each user that was looked at, as the server last told of them. */
export const shownUsers = createLoaded<User, UserKey>((key) => steward.users.get(partsOfUser(key)), accountOfUser);

/** Where each of them is signed in. */
export const userDevices = createLoaded<readonly ListedDevice[], UserKey>(
  async (key) => (await steward.users.devices(partsOfUser(key))).devices,
  accountOfUser,
);

/** The rooms that each of them has joined. */
export const userRooms = createLoaded<Awaited<ReturnType<typeof steward.users.rooms>>, UserKey>(
  (key) => steward.users.rooms(partsOfUser(key)),
  accountOfUser,
);

/** Takes in a user as they are now, in the list too. */
export function userChanged(accountId: AccountId, user: User): void {
  const key = userKey(accountId, user.userId);
  // The answer to a change forgets that sooner than the list does.
  const lastSeenAt = Math.max(user.lastSeenAt ?? 0, shownUsers.get(key).answer?.lastSeenAt ?? 0) || null;
  shownUsers.set(key, { ...user, lastSeenAt });
  contactsChanged(accountId, user);
  const { [accountId]: list } = useUsers.getState().lists;
  // None was begun, or the account is gone.
  if (list === undefined) return;
  update(accountId, {
    rows: list.rows.map((row) => (row.userId === user.userId ? { ...row, ...user, lastSeenAt: row.lastSeenAt ?? user.lastSeenAt } : row)),
  });
}

/** Forgets everything of the users of an account's server. */
export function forgetUsers(accountId: AccountId): void {
  turns.delete(accountId);
  useUsers.setState(({ lists, selected }) => {
    const { [accountId]: _list, ...otherLists } = lists;
    const { [accountId]: _selected, ...otherSelected } = selected;
    return { lists: otherLists, selected: otherSelected };
  });
}

/** The patterns of bridge users that each account's lists can leave out. */
export const hiddenUsers = createLoaded<readonly string[]>(async (accountId) => (await steward.users.hidden({ accountId })).patterns);

/** Keeps other patterns, and lists anew where they count. @throws RequestFailure */
export async function hideUsers(accountId: AccountId, patterns: readonly string[]): Promise<void> {
  const { patterns: kept } = await steward.users.setHidden({ accountId, patterns: [...patterns] });
  hiddenUsers.set(accountId, kept);
  await listUsers(accountId, { withoutHidden: true });
}

/** What the list says of some users: asked for where it has not been read that far. @throws RequestFailure */
export async function rowsOfUsers(accountId: AccountId, userIds: ReadonlySet<string>): Promise<readonly UserRow[]> {
  const { rows, filter } = listOf(accountId);
  const known = rows.filter(({ userId }) => userIds.has(userId));
  return known.length === userIds.size ? known : (await steward.users.rows({ accountId, filter, userIds: [...userIds] })).rows;
}
