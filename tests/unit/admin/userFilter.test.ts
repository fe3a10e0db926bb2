import { describe, expect, it } from "vitest";
import { patternOf, readFilter } from "../../../main/admin/userFilter.ts";
import type { UserFilter, UserRow } from "../../../shared/contract/users.ts";

const everybody: UserFilter = { search: "", kind: "all", seen: "any", withoutHidden: false, sort: "name", descending: false };
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
  createdAt: null,
  lastSeenAt: null,
  ...more,
});
const read = (filter: Partial<UserFilter>, hidden: string[] = []) => readFilter({ ...everybody, ...filter }, "one.test", hidden);

describe("a search", () => {
  it.each([
    ["ann", "ann", true],
    ["@ann:one.test", "ann", false],
    ["  @Ann:One.Test ", "ann", false],
    ["@ann", "ann", false],
    ["@ann:one.t", "ann", false],
    ["ann:one.test", "ann", false],
    ["a_n", "a_n", false],
    ["100%", "100%", false],
  ])("of %s asks the server for %s", (search, name, counted) => {
    const { query, possible, ...rest } = read({ search });
    expect([query["name"], possible, rest.counted]).toEqual([name, true, counted]);
  });

  it("knows that a user of another server is not in the list", () => {
    for (const search of ["@ann:two.test", "@ann:one.testing"]) expect(read({ search }).possible).toBe(false);
    // A display name may have a colon in it.
    expect(read({ search: "team:red" })).toMatchObject({ possible: true, query: { name: "team:red" } });
  });

  it.each([
    ["@ann:one.test", ["ann"]],
    ["@ann", ["ann", "anna"]],
    ["nn:one.test", ["ann"]],
    ["a_n", ["a_n"]],
    ["_", ["a_n"]],
    ["100%", ["bob"]],
  ])("of %s finds those alone that were meant", (search, found) => {
    const rows = [row("ann"), row("anna"), row("a_n"), row("axn"), row("bob", { displayName: "Gives 100%" })];
    expect(rows.filter(read({ search }).matches).map(({ userId }) => userId.slice(1, -9))).toEqual(found);
  });

  it("of an email address or a phone number looks for whose it is", () => {
    const contacts = (search: string): unknown => read({ search }).contacts;
    expect(contacts(" Ann@Mail.Example ")).toEqual([{ medium: "email", address: "ann@mail.example" }]);
    expect(contacts("+44 7700 900-123")).toEqual([{ medium: "msisdn", address: "447700900123" }]);
    for (const search of ["ann", "@ann:one.test", "12345", "ann@mail"]) expect(contacts(search)).toEqual([]);
  });
});

it("shows of each kind those alone, whatever the server sends", () => {
  const rows = [
    row("plain"),
    row("admin", { admin: true }),
    row("gone", { deactivated: true, admin: true }),
    row("erased", { deactivated: true, erased: true }),
    row("locked", { locked: true }),
    row("guest", { guest: true }),
    row("bot", { userType: "bot", shadowBanned: true }),
  ];
  const shown = (kind: UserFilter["kind"]): string[] => rows.filter(read({ kind }).matches).map(({ userId }) => userId.slice(1, -9));
  expect(shown("current")).toEqual(["plain", "admin", "locked", "guest", "bot"]);
  expect(shown("active")).toEqual(["plain", "admin", "guest", "bot"]);
  expect(shown("people")).toEqual(["plain", "admin", "locked"]);
  expect(shown("bots")).toEqual(["bot"]);
  expect(shown("shadowBanned")).toEqual(["bot"]);
  expect(shown("admins")).toEqual(["admin"]);
  expect(shown("guests")).toEqual(["guest"]);
  expect(shown("locked")).toEqual(["locked"]);
  expect(shown("deactivated")).toEqual(["gone", "erased"]);
  expect(shown("erased")).toEqual(["erased"]);
  expect(shown("all")).toHaveLength(7);
  // The list hides those that are locked unless it is asked for them.
  expect(read({ kind: "current" }).query["locked"]).toBe("true");
  expect(read({ kind: "active" }).query["locked"]).toBe("false");
  expect(read({ kind: "suspended" })).toMatchObject({ asksEach: true, counted: false });
});

it("shows those who were created or last seen between two moments, and nobody of whom that is not known", () => {
  const rows = [row("unknown"), row("old", { createdAt: 10, lastSeenAt: 100 }), row("new", { createdAt: 20, lastSeenAt: 200 })];
  const shown = (filter: Partial<UserFilter>): string[] => rows.filter(read(filter).matches).map(({ userId }) => userId.slice(1, -9));
  expect(shown({ created: { from: 10, to: 20 } })).toEqual(["old"]);
  expect(shown({ created: { from: 11, to: null } })).toEqual(["new"]);
  expect(shown({ lastSeen: { from: null, to: 200 } })).toEqual(["old"]);
  expect(shown({ created: null, lastSeen: null })).toHaveLength(3);
  expect(read({ created: { from: 1, to: 2 } }).counted).toBe(false);
});

it("tells those who were not seen for long from those of whom it is not known", () => {
  const now = 1_000 * 86_400_000;
  const daysAgo = (days: number): number => now - days * 86_400_000;
  const rows = [
    row("today", { lastSeenAt: now }),
    row("month", { lastSeenAt: daysAgo(31) }),
    row("year", { lastSeenAt: daysAgo(400) }),
    row("unknown"),
  ];
  const shown = (seen: UserFilter["seen"]): string[] =>
    rows.filter(readFilter({ ...everybody, seen }, "one.test", [], now).matches).map(({ userId }) => userId.slice(1, -9));
  expect(shown("any")).toHaveLength(4);
  expect(shown("over30")).toEqual(["month", "year"]);
  expect(shown("over90")).toEqual(["year"]);
  expect(shown("over365")).toEqual(["year"]);
  expect(shown("unknown")).toEqual(["unknown"]);
  expect(read({ seen: "over30" }).counted).toBe(false);
});

it("leaves out those that patterns name, where that is wanted", () => {
  const hidden = ["_discord_*", "*bot", "telegram_*_ghost"];
  const rows = ["_discord_1", "robot", "bots", "telegram_7_ghost", "telegram_ghost", "ann"].map((name) => row(name));
  const names = (withoutHidden: boolean): string[] =>
    rows.filter(read({ withoutHidden }, hidden).matches).map(({ userId }) => userId.slice(1, -9));
  expect(names(true)).toEqual(["bots", "telegram_ghost", "ann"]);
  expect(names(false)).toHaveLength(6);
});

it("shows those alone that patterns name, where that is wanted, and nobody where there are none", () => {
  const rows = [row("irc_1"), row("ann"), row("irc_2", { deactivated: true })];
  for (const withoutHidden of [true, false]) {
    const { matches, possible } = read({ kind: "hidden", withoutHidden }, ["irc_*"]);
    expect([possible, rows.filter(matches).map(({ userId }) => userId)]).toEqual([true, ["@irc_1:one.test"]]);
  }
  expect(read({ kind: "hidden" }, []).possible).toBe(false);
});

it("knows of whom an older server says nothing", () => {
  const tells = (kind: UserFilter["kind"], more: object): boolean =>
    read({ kind }).tellsOf(row("a", { locked: null, shadowBanned: null, erased: null, ...more }));
  for (const kind of ["locked", "shadowBanned"] as const) {
    expect([kind, tells(kind, {}), tells(kind, { [kind]: false })]).toEqual([kind, false, true]);
  }
  expect([tells("erased", {}), tells("erased", { deactivated: true }), tells("erased", { deactivated: true, erased: false })]).toEqual([
    true,
    false,
    true,
  ]);
  expect(tells("all", {})).toBe(true);
});

it.each([
  ["a", "a", true],
  ["a", "ab", false],
  ["*", "", true],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["A*", "ab", true],
  ["*b*d", "abcd", true],
  ["a*b*c", "acb", false],
  ["a.*", "ab", false],
  [`${"*a".repeat(100)}*b`, "a".repeat(255), false],
])("the pattern %s fits %s: %s", (pattern, text, fits) => {
  expect(patternOf(pattern)(text)).toBe(fits);
});
