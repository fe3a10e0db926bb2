import type { User, UserFilter, UserPage, UserRow } from "../../shared/contract/users.ts";
import { UserRow as Row } from "../../shared/contract/users.ts";
import { isFailure } from "../../shared/errors.ts";
import type { AdminApi, UserListPage } from "./adminApi.ts";
import { ownerOf, ownerOfExternalId } from "./contactOwners.ts";
import { type ReadFilter, readFilter } from "./userFilter.ts";

/** So many rows make a page of ours, unless the list ends before. */
const PAGE = 100;
/** Rows that are asked for at once, where few of them may match. */
const SIFTED = 500;
/** Requests for one page of ours: a person waits for it. */
const MAX_REQUESTS = 8;

/** What a list goes by, besides its filter. */
export interface KnownOfServer {
  /** Localparts that are left out where the filter says so. */
  hidden: readonly string[];
  /** The server's providers of single sign-on. */
  providers: (ask: Ask) => Promise<readonly string[]>;
}

/** How the admin API is asked: now, for a person who waits; or with the patience of work that takes long. */
export type Ask = <T>(question: (api: AdminApi, how: { repeatable?: boolean; signal?: AbortSignal }) => Promise<T>) => Promise<T>;

/** Asks as well as the server can: one that cannot sort like that gives its own order. */
async function pageOf(ask: Ask, query: ReadFilter["query"], from: string | null): Promise<UserListPage & { sorted: boolean }> {
  const page = (asked: ReadFilter["query"]): Promise<UserListPage> => ask((api, how) => api.users(asked, from, how));
  try {
    return { ...(await page(query)), sorted: true };
  } catch (thrown) {
    const refuses = isFailure(thrown, "server") && thrown.error.status === 400;
    if (!refuses) throw thrown;
    const { order_by: _order, dir: _dir, ...unsorted } = query;
    return { ...(await page(unsorted)), sorted: false };
  }
}

/** A page of what passes the filter. Throws as `AdminApi` does. */
export async function listUsers(api: AdminApi, filter: UserFilter, known: KnownOfServer, from: string | null): Promise<UserPage> {
  const ask: Ask = (question) => question(api, {});
  const read = readFilter(filter, api.serverName, known.hidden);
  const rows = from === null ? await ownersOf((question) => question(api, { repeatable: true }), read, known) : [];
  if (!read.possible) return { rows, next: null, total: rows.length, sorted: true, told: true };
  const limit = String(read.counted || read.asksEach ? PAGE : SIFTED);
  let next = from;
  let sorted = true;
  let told = true;
  let counted = read.counted;
  let total: number | null = null;
  for (let requests = 0; requests < MAX_REQUESTS; requests += 1) {
    const page = await pageOf(ask, { ...read.query, limit }, next);
    const { matching, told: isTold } = await siftOut(ask, read, page.rows);
    told &&= isTold;
    counted &&= matching.length === page.rows.length;
    rows.push(...matching.filter(({ userId }) => !rows.some((row) => row.userId === userId)));
    ({ next, total, sorted } = page);
    if (next === null || rows.length >= PAGE) break;
  }
  if (from === null && next === null) total = rows.length;
  else if (!counted) total = null;
  return { rows, next, total, sorted, told };
}

/**
 * Everybody who passes the filter, each once, though others come and go while it is read. Throws as `AdminApi` does.
 *
 * @param ask in place of asking at once
 * @param onPage told how many there are so far
 */
export async function listAllUsers(
  api: AdminApi,
  filter: UserFilter,
  known: KnownOfServer,
  ask: Ask = (question) => question(api, { repeatable: true }),
  onPage: (count: number) => void = () => undefined,
): Promise<UserRow[]> {
  const read = readFilter(filter, api.serverName, known.hidden);
  const rows = new Map((await ownersOf(ask, read, known)).map((row) => [row.userId, row]));
  let next: string | null = null;
  if (!read.possible) return [...rows.values()];
  do {
    const page: UserListPage = await pageOf(ask, { ...read.query, limit: "1000" }, next);
    for (const row of (await siftOut(ask, read, page.rows)).matching) if (!rows.has(row.userId)) rows.set(row.userId, row);
    next = page.next;
    onPage(rows.size);
  } while (next !== null);
  return [...rows.values()];
}

/**
 * One user, last seen when the list says where it knows: the answer about one user alone forgets that sooner. Throws as `AdminApi`
 * does.
 */
export async function userAsListed(api: AdminApi, userId: string): Promise<User> {
  // Part of a Matrix ID, for the server; the whole, for us.
  const listed = api.users({ user_id: userId, locked: "true", limit: "10" }, null).catch(() => null);
  const user = await api.user(userId);
  const row = (await listed)?.rows.find((one) => one.userId === userId);
  const lastSeenAt = Math.max(user.lastSeenAt ?? 0, row?.lastSeenAt ?? 0);
  return { ...user, lastSeenAt: lastSeenAt === 0 ? null : lastSeenAt };
}

/** Whose email address, phone number or external id was typed. Their names need not say so, which only the search asks for. */
async function ownersOf(ask: Ask, { contacts, externalId, isListed, asksEach }: ReadFilter, known: KnownOfServer): Promise<UserRow[]> {
  const providers = externalId === null ? [] : await known.providers(ask);
  const owners = await Promise.all([
    ...contacts.map((contact) => ask((api, how) => ownerOf(api, contact, how))),
    ...providers.map((provider) => ask((api, how) => ownerOfExternalId(api, { provider, id: externalId ?? "" }, how))),
  ]);
  const userIds = [...new Set(owners.filter((owner) => owner !== null))];
  const users = await Promise.all(userIds.map((userId) => ask((api, how) => api.user(userId, how))));
  return users.filter((user) => isListed(user) && (!asksEach || user.suspended === true)).map((user) => Row.parse(user));
}

/** So many users are asked about at once. */
const AT_ONCE = 8;

/** Those of some rows that pass the filter, each asked about where the list does not say enough, and whether the server tells of all. */
async function siftOut(
  ask: Ask,
  { matches, tellsOf, asksEach }: ReadFilter,
  rows: readonly UserRow[],
): Promise<{ matching: UserRow[]; told: boolean }> {
  const matching = rows.filter(matches);
  if (!asksEach) return { matching, told: rows.every(tellsOf) };
  let told = true;
  const suspended = new Set<string>();
  for (let at = 0; at < matching.length; at += AT_ONCE) {
    const asked = matching.slice(at, at + AT_ONCE).map(async ({ userId }) => {
      // Who is gone meanwhile is not among them either.
      const user = await ask((api, how) => api.user(userId, how)).catch(nullIfNotFound);
      if (user?.suspended === true) suspended.add(userId);
      if (user?.suspended === null) told = false;
    });
    await Promise.all(asked);
  }
  return { matching: matching.filter(({ userId }) => suspended.has(userId)), told };
}

function nullIfNotFound(thrown: unknown): null {
  if (isFailure(thrown, "not_found")) return null;
  throw thrown;
}
