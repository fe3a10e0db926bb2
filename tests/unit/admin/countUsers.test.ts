import { expect, it } from "vitest";
import { countUsers } from "../../../main/admin/countUsers.ts";
import { readFilter } from "../../../main/admin/userFilter.ts";
import { COUNTED_KINDS, UserStatistics } from "../../../shared/contract/userStatistics.ts";
import type { UserFilter, UserRow } from "../../../shared/contract/users.ts";

const NOW = new Date(2026, 5, 15, 12).getTime();
const DAY = 86_400_000;
const row = (localpart: string, more: Partial<UserRow> = {}): UserRow => ({
  userId: `@${localpart}:one.test`,
  displayName: null,
  admin: false,
  guest: false,
  deactivated: false,
  erased: null,
  locked: null,
  shadowBanned: null,
  userType: null,
  createdAt: NOW,
  lastSeenAt: null,
  ...more,
});
const total = (spans: readonly { count: number }[]): number => spans.reduce((sum, { count }) => sum + count, 0);

const rows = [
  row("ann", { lastSeenAt: NOW, createdAt: new Date(2026, 5, 1).getTime() }),
  row("bea", { lastSeenAt: NOW - 7 * DAY, createdAt: new Date(2026, 5, 1).getTime() - 1, locked: true }),
  row("bot", { userType: "bot", lastSeenAt: NOW - 400 * DAY }),
  row("guest", { guest: true, createdAt: null }),
  row("gone", { deactivated: true, lastSeenAt: NOW, createdAt: new Date(2026, 2, 31).getTime() }),
  row("early", { createdAt: new Date(2026, 2, 1).getTime(), admin: true }),
  row("future", { createdAt: NOW + 400 * DAY, lastSeenAt: NOW + DAY }),
  row("irc_1"),
];

it("counts each kind, and leaves out those whom the list leaves out", () => {
  const counted = countUsers(rows, "one.test", ["irc_*"], NOW);
  expect(UserStatistics.parse(counted)).toEqual(counted);
  expect(counted).toMatchObject({ collectedAt: NOW, total: 7, leftOut: 1 });
  expect(counted.kinds).toEqual({ people: 4, bots: 1, guests: 1, admins: 1, locked: 1, shadowBanned: 0, deactivated: 1 });
});

it("counts by when they were last seen, and apart from them those of whom the server does not know", () => {
  const { lastSeen } = countUsers(rows, "one.test", [], NOW);
  expect(lastSeen.spans.map(({ count }) => count)).toEqual([3, 0, 0, 0, 1]);
  expect(lastSeen.unknown).toBe(3);
});

it("counts by month of creation, or by year where that would be too many, and nobody is outside", () => {
  const { created } = countUsers(rows, "one.test", [], NOW);
  expect(created).toMatchObject({ by: "month", unknown: 1 });
  expect(created.spans.map(({ count }) => count)).toEqual([2, 0, 1, 4]);
  const old = countUsers(
    [...rows, row("odd", { createdAt: 0 }), row("old", { createdAt: new Date(2021, 3, 1).getTime() })],
    "one.test",
    [],
    NOW,
  ).created;
  expect(old.by).toBe("year");
  expect(old.spans).toHaveLength(13);
  expect(total(old.spans) + old.unknown).toBe(10);
  expect(old.spans[0]).toMatchObject({ from: null, to: new Date(2015, 0).getTime(), count: 1 });
  expect(countUsers([], "one.test", [], NOW).created).toEqual({ by: "month", spans: [{ from: null, to: null, count: 0 }], unknown: 0 });
});

it("counts with each number those whom the list shows for it", () => {
  const everybody: UserFilter = { search: "", kind: "all", seen: "any", withoutHidden: true, sort: "name", descending: false };
  const listed = (filter: Partial<UserFilter>): number =>
    rows.filter(readFilter({ ...everybody, ...filter }, "one.test", ["irc_*"], NOW).matches).length;
  const { kinds, lastSeen, created } = countUsers(rows, "one.test", ["irc_*"], NOW);
  for (const kind of COUNTED_KINDS) expect([kind, kinds[kind]]).toEqual([kind, listed({ kind })]);
  for (const { from, to, count } of lastSeen.spans) expect(count).toBe(listed({ kind: "current", lastSeen: { from, to } }));
  expect(lastSeen.unknown).toBe(listed({ kind: "current", seen: "unknown" }));
  for (const { from, to, count } of created.spans) expect(count).toBe(listed({ created: { from, to } }));
});
