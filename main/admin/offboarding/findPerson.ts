import type { FoundAccount, FoundBy } from "../../../shared/contract/offboarding.ts";
import type { UserRow } from "../../../shared/contract/users.ts";
import { AppFailure } from "../../../shared/errors.ts";
import { tidy } from "../../../shared/fields.ts";
import { searchEverybody } from "../../../shared/personSearch.ts";
import type { AdminApi } from "../adminApi.ts";
import { localpartOf } from "../userFilter.ts";
import { type KnownOfServer, listUsers } from "../userList.ts";

/** Of each term so many of the list are read: who is not among them is to be looked for by more than that. */
const MAX_PAGES = 2;
/** What may be a whole user name. */
const USER_NAME = /^[^\s@:]+$/;

const WEIGHTS: Readonly<Record<FoundBy, number>> = { user_name: 8, contact: 4, display_name: 2, similar: 1 };

/** What is looked for on this server: the user name alone of who has a Matrix ID elsewhere. */
export function termFor(typed: string, serverName: string): string {
  const term = tidy(typed);
  const [, localpart, server] = /^@([^:\s]+):(\S+)$/.exec(term) ?? [];
  return localpart === undefined || server?.toLowerCase() === serverName.toLowerCase() ? term : localpart;
}

/** Why somebody who was found for a term may be who is meant. */
export function whyFound(row: UserRow, term: string): FoundBy {
  const wanted = term.toLowerCase();
  const localpart = localpartOf(row.userId).toLowerCase();
  const name = tidy(row.displayName ?? "").toLowerCase();
  if (localpart === wanted || row.userId.toLowerCase() === wanted) return "user_name";
  if (name === wanted) return "display_name";
  return localpart.includes(wanted) || name.includes(wanted) ? "similar" : "contact";
}

/**
 * Who on a server may be the person that some terms are about: user names, names, email addresses, phone numbers. Those for whom most
 * speaks come first. Throws as `AdminApi` does.
 */
export async function findPerson(
  api: AdminApi,
  known: KnownOfServer,
  typed: readonly string[],
): Promise<{ found: FoundAccount[]; more: boolean }> {
  const found = new Map<string, { user: UserRow; by: Set<FoundBy> }>();
  const take = (user: UserRow, term: string): void => {
    const one = found.get(user.userId) ?? { user, by: new Set() };
    one.by.add(whyFound(user, term));
    found.set(user.userId, one);
  };
  let more = false;
  const terms = new Set(typed.map((term) => termFor(term, api.serverName)).filter((term) => term !== ""));
  for (const term of terms) {
    let from: string | null = null;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await listUsers(api, searchEverybody(term), known, from);
      for (const row of page.rows) take(row, term);
      from = page.next;
      if (from === null) break;
    }
    if (from === null) continue;
    more = true;
    // The list may have many that are like it before the one that is it.
    const exact = USER_NAME.test(term) ? await namedExactly(api, term) : null;
    if (exact !== null) take(exact, term);
  }
  const weightOf = ({ by }: { by: ReadonlySet<FoundBy> }): number => [...by].reduce((sum, one) => sum + WEIGHTS[one], 0);
  const inOrder = [...found.values()].sort((a, b) => weightOf(b) - weightOf(a));
  return { found: inOrder.slice(0, MAX_FOUND).map(({ user, by }) => ({ user, by: [...by] })), more: more || inOrder.length > MAX_FOUND };
}

const MAX_FOUND = 1000;

async function namedExactly(api: AdminApi, localpart: string): Promise<UserRow | null> {
  try {
    return await api.user(`@${localpart.toLowerCase()}:${api.serverName}`);
  } catch (thrown) {
    // No such user, or no name that a user could have.
    if (
      thrown instanceof AppFailure &&
      (thrown.error.kind === "not_found" || (thrown.error.kind === "server" && thrown.error.status === 400))
    )
      return null;
    throw thrown;
  }
}
