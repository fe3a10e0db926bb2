import type { UserFilter, UserRow } from "../../shared/contract/users.ts";
import { COUNTED_KINDS, type SpanCount, type UserStatistics } from "../../shared/contract/userStatistics.ts";
import { readFilter } from "./userFilter.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Where the bars of "last seen" end, in days ago. */
const SEEN_DAYS = [7, 30, 90, 365] as const;
/** More months than these are shown as years, and more years than these begin with an open one. */
const MAX_MONTHS = 24;
const MAX_YEARS = 20;
/** There was no Matrix before. What a server names as earlier is rubbish, and counts to what comes first. */
const FIRST_YEAR = 2014;

const everybody: UserFilter = { search: "", kind: "all", seen: "any", withoutHidden: true, sort: "name", descending: false };

/**
 * Users in numbers. Each number is that of the users whom the list shows with the filter that belongs to it.
 *
 * @param serverName the server whose users they are
 * @param hidden localparts of those who are left out, with `*` for anything
 * @param now in milliseconds since 1970
 */
export function countUsers(rows: readonly UserRow[], serverName: string, hidden: readonly string[], now: number): UserStatistics {
  const passing = (filter: Partial<UserFilter>, of: readonly UserRow[]): UserRow[] =>
    of.filter(readFilter({ ...everybody, ...filter }, serverName, hidden, now).matches);
  const counted = passing({}, rows);
  const current = passing({ kind: "current" }, counted);
  const kinds = Object.fromEntries(COUNTED_KINDS.map((kind) => [kind, passing({ kind }, counted).length])) as UserStatistics["kinds"];
  const ends = [null, ...SEEN_DAYS.map((days) => now - days * DAY_MS), null];
  const seen = ends.slice(1).map((from, index) => ({ from, to: ends[index] ?? null }));
  const { by, spans } = spansOfCreation(counted, now);
  return {
    collectedAt: now,
    total: counted.length,
    leftOut: rows.length - counted.length,
    kinds,
    lastSeen: {
      spans: seen.map((span) => ({ ...span, count: passing({ lastSeen: span }, current).length })),
      unknown: passing({ seen: "unknown" }, current).length,
    },
    created: {
      by,
      spans: spans.map((span) => ({ ...span, count: passing({ created: span }, counted).length })),
      unknown: counted.filter(({ createdAt }) => createdAt === null).length,
    },
  };
}

/** Months or years, by the clock of this computer, from the first user to now; open at both ends, so that nobody is outside. */
function spansOfCreation(rows: readonly UserRow[], now: number): { by: "month" | "year"; spans: Omit<SpanCount, "count">[] } {
  const today = new Date(now);
  const born = rows.reduce((first, { createdAt }) => Math.min(first, createdAt ?? first), now);
  const first = new Date(Math.max(born, new Date(FIRST_YEAR, 0).getTime()));
  const months = (today.getFullYear() - first.getFullYear()) * 12 + today.getMonth() - first.getMonth() + 1;
  const by = months <= MAX_MONTHS ? "month" : "year";
  const count = by === "month" ? Math.max(1, months) : Math.min(MAX_YEARS, today.getFullYear() - first.getFullYear() + 1);
  // The moments between them: one less than there are spans.
  const between = Array.from({ length: count - 1 }, (_, index) => {
    const back = count - 2 - index;
    const start = by === "month" ? new Date(today.getFullYear(), today.getMonth() - back) : new Date(today.getFullYear() - back, 0);
    return start.getTime();
  });
  const ends = [null, ...between, null];
  return { by, spans: ends.slice(1).map((to, index) => ({ from: ends[index] ?? null, to })) };
}
