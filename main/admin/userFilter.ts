import type { TimeSpan, UserFilter, UserRow, UserThreepid } from "../../shared/contract/users.ts";
import { tidy } from "../../shared/fields.ts";

/** What a filter asks of the server, and what it asks of each row: servers take part of it, and older ones less. */
export interface ReadFilter {
  /** Parameters of the list, as Synapse's v3 names them. */
  query: Readonly<Record<string, string>>;
  /** False where nobody can match. */
  possible: boolean;
  matches: (row: UserRow) => boolean;
  /** The same, whatever is searched for. */
  isListed: (row: UserRow) => boolean;
  /** Whose owners are looked for as well. */
  contacts: readonly UserThreepid[];
  /** What somebody may be known as to a provider of single sign-on; null where nothing is searched for. */
  externalId: string | null;
  /** Whether the server says of somebody whether they are of the kind that is asked for; of suspension see `asksEach`. */
  tellsOf: (row: UserRow) => boolean;
  /** Whether only those count of whom the server says, when it is asked about them alone, that they are suspended. */
  asksEach: boolean;
  /** Whether the server's own count is that of the rows that match, unless one of them does not. */
  counted: boolean;
}

interface Search {
  /** What the server looks for in localparts and display names; null for everything. */
  name: string | null;
  matches: (row: UserRow) => boolean;
  /** False where the server finds more than was meant. */
  exact: boolean;
}

const everything: Search = { name: null, matches: () => true, exact: true };
const nobody: Search = { name: null, matches: () => false, exact: false };

/** The localpart of a Matrix ID. */
export function localpartOf(userId: string): string {
  return userId.slice(1, userId.indexOf(":"));
}

/**
 * What was typed into the search. The server's own search does not find whole Matrix IDs, takes `_` and `%` for anything, and
 * looks for a name's parts in any case.
 *
 * @param serverName the server whose users are listed
 */
function readSearch(typed: string, serverName: string): Search {
  const text = tidy(typed).toLowerCase();
  if (text === "") return everything;
  const [, at, local = "", server] = /^(@?)([^:\s]*)(?::([^\s]*))?$/.exec(text) ?? [];
  const isId = at === "@" || (server !== undefined && serverName.toLowerCase() === server);
  if (!isId) return containing(text);
  // Somebody may still be typing.
  if (server !== undefined && !serverName.toLowerCase().startsWith(server)) return nobody;
  const whole = server === serverName.toLowerCase() && at === "@";
  return {
    name: local === "" ? null : local,
    exact: false,
    matches: ({ userId }) => {
      const localpart = localpartOf(userId).toLowerCase();
      if (whole) return localpart === local;
      return at === "@" ? localpart.startsWith(local) : localpart.endsWith(local);
    },
  };
}

function containing(text: string): Search {
  const exact = !/[_%\\]/.test(text);
  const has = (value: string | null): boolean => value !== null && value.toLowerCase().includes(text);
  const matches = ({ userId, displayName }: UserRow): boolean => has(localpartOf(userId)) || has(displayName);
  return { name: text, exact, matches: exact ? () => true : matches };
}

/** An email address or a phone number, if that is what was typed. Servers keep addresses in lower case and numbers without `+`. */
function contactsIn(typed: string): UserThreepid[] {
  const text = tidy(typed);
  if (/^[^@\s]+@[^@\s]+\.[^@\s.]+$/.test(text)) return [{ medium: "email", address: text.toLowerCase() }];
  const digits = text.replace(/[\s()./-]/g, "").replace(/^\+/, "");
  return /^\d{6,20}$/.test(digits) ? [{ medium: "msisdn", address: digits }] : [];
}

const isCurrent = ({ deactivated }: UserRow): boolean => !deactivated;

interface Kind {
  query: Record<string, string>;
  matches: (row: UserRow) => boolean;
  counted: boolean;
  /** What of a row says so, where older servers leave it out. */
  fact?: "locked" | "shadowBanned" | "erased";
}

const kinds: Record<UserFilter["kind"], Kind> = {
  current: { query: { deactivated: "false" }, matches: isCurrent, counted: true },
  // Servers that know of no lock leave nobody out.
  active: { query: { deactivated: "false", locked: "false" }, matches: (row) => isCurrent(row) && row.locked !== true, counted: true },
  people: { query: { deactivated: "false" }, matches: (row) => isCurrent(row) && !row.guest && row.userType === null, counted: false },
  bots: { query: { deactivated: "false" }, matches: (row) => isCurrent(row) && row.userType === "bot", counted: false },
  admins: { query: { admins: "true", deactivated: "false" }, matches: ({ admin, deactivated }) => admin && !deactivated, counted: true },
  guests: { query: { guests: "true" }, matches: ({ guest }) => guest, counted: false },
  locked: { query: {}, matches: ({ locked }) => locked === true, counted: false, fact: "locked" },
  suspended: { query: { deactivated: "false" }, matches: isCurrent, counted: false },
  shadowBanned: {
    query: { deactivated: "false" },
    matches: (row) => isCurrent(row) && row.shadowBanned === true,
    counted: false,
    fact: "shadowBanned",
  },
  deactivated: { query: { deactivated: "true" }, matches: ({ deactivated }) => deactivated, counted: true },
  erased: { query: { deactivated: "true" }, matches: (row) => row.deactivated && row.erased === true, counted: false, fact: "erased" },
  hidden: { query: { deactivated: "false" }, matches: isCurrent, counted: false },
  all: { query: {}, matches: () => true, counted: true },
};

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Whether somebody was last seen when the filter says. Servers forget it after some weeks, so that who is not known to have been
 * here is not said to have been away.
 */
function seenAsWanted(seen: UserFilter["seen"], { lastSeenAt }: UserRow, now: number): boolean {
  switch (seen) {
    case "any":
      return true;
    case "unknown":
      return lastSeenAt === null;
    case "over30":
    case "over90":
    case "over365":
      return lastSeenAt !== null && lastSeenAt < now - Number(seen.slice("over".length)) * DAY_MS;
  }
}

function isWithin(moment: number | null, span: TimeSpan | null | undefined): boolean {
  if (span == null) return true;
  return moment !== null && moment >= (span.from ?? -Infinity) && moment < (span.to ?? Infinity);
}

/** @param hidden localparts that are left out, with `*` for anything, where the filter says so */
export function readFilter(filter: UserFilter, serverName: string, hidden: readonly string[], now = Date.now()): ReadFilter {
  const { name, ...search } = readSearch(filter.search, serverName);
  const kind = kinds[filter.kind];
  const onlyHidden = filter.kind === "hidden";
  const patterns = filter.withoutHidden || onlyHidden ? hidden.map(patternOf) : [];
  const isHidden = ({ userId }: UserRow): boolean => patterns.some((fits) => fits(localpartOf(userId).toLowerCase()));
  const { created, lastSeen } = filter;
  const isListed = (row: UserRow): boolean =>
    kind.matches(row) &&
    seenAsWanted(filter.seen, row, now) &&
    isWithin(row.createdAt, created) &&
    isWithin(row.lastSeenAt, lastSeen) &&
    isHidden(row) === onlyHidden;
  return {
    query: {
      // Without it those that are locked are left out.
      locked: "true",
      ...kind.query,
      order_by: filter.sort === "createdAt" ? "creation_ts" : "name",
      dir: filter.descending ? "b" : "f",
      ...(name !== null && { name }),
    },
    possible: search.matches !== nobody.matches && !(onlyHidden && hidden.length === 0),
    matches: (row) => isListed(row) && search.matches(row),
    isListed,
    tellsOf: (row) => kind.fact === undefined || row[kind.fact] !== null || (kind.fact === "erased" && !row.deactivated),
    contacts: contactsIn(filter.search),
    externalId: tidy(filter.search) === "" || tidy(filter.search).startsWith("@") ? null : tidy(filter.search),
    counted: kind.counted && search.exact && filter.seen === "any" && created == null && lastSeen == null && patterns.length === 0,
    asksEach: filter.kind === "suspended",
  };
}

/** Whether a text fits a pattern with `*` for anything, found in one walk however many of them there are. */
export function patternOf(pattern: string): (text: string) => boolean {
  const parts = pattern.toLowerCase().split("*");
  const first = parts.shift() ?? "";
  const last = parts.pop();
  return (text) => {
    if (last === undefined) return text === first;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}
