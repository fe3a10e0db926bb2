import * as z from "zod";
import type { UserFilter, UserPage, UserRow, UserThreepid } from "../../shared/contract/users.ts";
import { UserRow as Row } from "../../shared/contract/users.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { AdminApi, UserListPage } from "./adminApi.ts";
import { type ReadFilter, readFilter } from "./userFilter.ts";

/** So many rows make a page of ours, unless the list ends before. */
const PAGE = 100;
/** Rows that are asked for at once, where few of them may match. */
const SIFTED = 500;
/** Requests for one page of ours: a person waits for it. */
const MAX_REQUESTS = 8;

const Owner = z.object({ user_id: z.string() });

/** Asks as well as the server can: one that cannot sort like that gives its own order, and one without guests wants to be told so. */
async function pageOf(api: AdminApi, query: ReadFilter["query"], from: string | null): Promise<UserListPage & { sorted: boolean }> {
  const ask = async (asked: ReadFilter["query"], sorted: boolean) => ({ ...(await api.users(asked, from)), sorted });
  const refuses = (thrown: unknown): boolean =>
    thrown instanceof AppFailure && thrown.error.kind === "server" && thrown.error.status === 400;
  const { order_by: _order, dir: _dir, ...unsorted } = query;
  // Behind an authentication service there are no guests, and the list wants it said.
  const withoutGuests = { guests: "false" };
  const ways = [
    () => ask(query, true),
    () => ask({ ...query, ...withoutGuests }, true),
    () => ask(unsorted, false),
    () => ask({ ...unsorted, ...withoutGuests }, false),
  ];
  for (const way of ways.slice(0, -1)) {
    try {
      return await way();
    } catch (thrown) {
      if (!refuses(thrown)) throw thrown;
    }
  }
  return ways.at(-1)!();
}

/** A page of what passes the filter. Throws as `AdminApi` does. */
export async function listUsers(api: AdminApi, filter: UserFilter, hidden: readonly string[], from: string | null): Promise<UserPage> {
  const read = readFilter(filter, api.serverName, hidden);
  const rows = from === null ? await ownersOf(api, read) : [];
  if (!read.possible) return { rows, next: null, total: rows.length, sorted: true };
  const limit = String(read.counted ? PAGE : SIFTED);
  let next = from;
  let sorted = true;
  let counted = read.counted;
  let total: number | null = null;
  for (let requests = 0; requests < MAX_REQUESTS; requests += 1) {
    const page = await pageOf(api, { ...read.query, limit }, next);
    const matching = page.rows.filter(read.matches);
    counted &&= matching.length === page.rows.length;
    rows.push(...matching.filter(({ userId }) => !rows.some((row) => row.userId === userId)));
    ({ next, total, sorted } = page);
    if (next === null || rows.length >= PAGE) break;
  }
  if (from === null && next === null) total = rows.length;
  else if (!counted) total = null;
  return { rows, next, total, sorted };
}

/** Everybody who passes the filter, each once, though others come and go while it is read. Throws as `AdminApi` does. */
export async function listUserIds(api: AdminApi, filter: UserFilter, hidden: readonly string[]): Promise<string[]> {
  const read = readFilter(filter, api.serverName, hidden);
  const userIds = new Set((await ownersOf(api, read)).map(({ userId }) => userId));
  if (!read.possible) return [...userIds];
  let next: string | null = null;
  do {
    const page: UserListPage = await pageOf(api, { ...read.query, limit: "1000" }, next);
    for (const row of page.rows) if (read.matches(row)) userIds.add(row.userId);
    next = page.next;
  } while (next !== null);
  return [...userIds];
}

/** Whose email addresses or phone numbers were typed. Their names need not say so, which only the search asks for. */
async function ownersOf(api: AdminApi, { contacts, isListed }: ReadFilter): Promise<UserRow[]> {
  const found: UserRow[] = [];
  for (const contact of contacts) {
    const owner = await ownerOf(api, contact);
    if (owner === null) continue;
    const row = Row.parse(await api.user(owner));
    if (isListed(row)) found.push(row);
  }
  return found;
}

/**
 * Who has this email address or phone number; null where nobody has, and where the server cannot say.
 * (Synapse, "Find a user based on their Third Party ID")
 */
export async function ownerOf(api: AdminApi, { medium, address }: UserThreepid): Promise<string | null> {
  const looked = medium === "email" ? address.toLowerCase() : address;
  try {
    const path = ["v1", "threepid", medium, "users", looked];
    return (await api.request({ path, schema: Owner, repeatable: true })).user_id;
  } catch (thrown) {
    if (thrown instanceof AppFailure && ["not_found", "admin_api_lacks"].includes(thrown.error.kind)) return null;
    throw thrown;
  }
}
