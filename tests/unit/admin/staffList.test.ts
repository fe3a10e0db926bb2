import { describe, expect, it } from "vitest";
import { readStaffList } from "../../../main/admin/csv/readStaffList.ts";
import { compareStaff, type Comparison } from "../../../main/admin/staffList/compareStaff.ts";
import { comparisonFile } from "../../../main/admin/staffList/comparisonFile.ts";
import { doableWith, StaffServer } from "../../../main/admin/staffList/staffServer.ts";
import type { StaffGroup } from "../../../shared/contract/staffList.ts";
import type { UserRow } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";

const SERVER = "one.test";
const NOW = 1_800_000_000_000;
const DAY = 24 * 60 * 60 * 1000;

const read = (text: string) => readStaffList(Buffer.from(text)).rows;
const user = (localpart: string, more: Partial<UserRow> = {}): UserRow => ({
  userId: `@${localpart}:${SERVER}`,
  displayName: null,
  admin: false,
  guest: false,
  deactivated: false,
  erased: false,
  locked: false,
  shadowBanned: false,
  userType: null,
  createdAt: NOW,
  lastSeenAt: null,
  ...more,
});
const compare = (text: string, users: UserRow[], { hidden = [] as string[], own = [] as string[] } = {}): Comparison =>
  compareStaff(read(text), users, { serverName: SERVER, hidden, own: new Set(own), seenSince: NOW - 90 * DAY });
/** Who is in a group, with why; those who are chosen with a star. */
const told = ({ groups }: Comparison, group: StaffGroup): string[] =>
  groups[group].map(({ name, reason, problem, chosen }) =>
    [name, reason ?? problem?.reason ?? "", chosen ? "*" : ""].filter((part) => part !== "").join(" "),
  );

describe("a list of staff", () => {
  it("names people by Matrix ID, or by user name with a server beside it or without", () => {
    const rows = read(
      "Matrix-ID;Homeserver;Display name;E-Mail;aktiv\n@Ada:One.Test;two.test;Ada;ADA@x.test;ja\ngrace;https://Two.test/;;;nein\n'@kay:one.test;;;;\nbob;;Bob;;ausgeschieden\n",
    );
    expect(rows.map(({ line, localpart, server, active }) => [line, localpart, server, active])).toEqual([
      [2, "Ada", "one.test", true],
      [3, "grace", "two.test", false],
      [4, "kay", "one.test", true],
      [5, "bob", null, false],
    ]);
    expect(rows[0]?.details).toMatchObject({
      displayName: "Ada",
      threepids: [{ medium: "email", address: "ada@x.test" }],
      media: ["email"],
    });
  });

  it("says of a row why it can’t be used, and whom it means all the same", () => {
    const rows = read("id,email,active,deactivated\nada,no address,,\n,a@x.test,,\nb c,,,\nkay,,perhaps,\njo,,yes,true\n");
    expect(rows.map(({ localpart, details, active, problem }) => [localpart, details !== null, active, problem?.reason ?? null])).toEqual([
      ["ada", false, true, "not_an_email"],
      [null, false, true, "no_id"],
      [null, false, true, "name_not_allowed"],
      ["kay", false, true, "neither_yes_nor_no"],
      ["jo", true, false, null],
    ]);
  });

  it("has no rows where no column says who is meant, and refuses an empty file", () => {
    expect(readStaffList(Buffer.from("Nachname;Vorname;Abteilung\nA;B;C\n"))).toMatchObject({
      rows: [],
      headings: ["Nachname", "Vorname", "Abteilung"],
    });
    expect(() => readStaffList(Buffer.from("\ufeff"))).toThrow("csv_without_users");
    expect(() => readStaffList(Buffer.from("id;active\n;\n \n"))).toThrow("csv_without_users");
  });
});

describe("a server beside a list of staff", () => {
  const users = [
    user("boss", { admin: true }),
    user("other.admin", { admin: true }),
    user("ada"),
    user("leaver"),
    user("locked.leaver", { locked: true }),
    user("gone", { deactivated: true }),
    user("telegram_1"),
    user("robot", { userType: "bot" }),
    user("guest", { guest: true }),
  ];

  it("tells who is missing, and who is there without being on the list, choosing nobody whom the server needs", () => {
    const comparison = compare("id\nada\nNewcomer\n", users, { hidden: ["telegram_*"], own: ["@boss:one.test"] });
    expect(told(comparison, "missing")).toEqual(["@newcomer:one.test *"]);
    expect(told(comparison, "extra")).toEqual([
      "@boss:one.test own_account",
      "@other.admin:one.test admin",
      "@leaver:one.test not_listed *",
      "@locked.leaver:one.test already_locked",
    ]);
    expect(comparison).toMatchObject({ leftOut: 3, allRead: true, same: 0 });
    expect(comparison.pairs.map(({ row }) => row.userId)).toEqual(["@ada:one.test"]);
  });

  it("tells who is on the list and can’t sign in, or wasn’t seen for long, and takes those who have left for extra", () => {
    const comparison = compare(
      "id,active\ngone,yes\nlocked,yes\nidle,yes\nunknown,yes\nerased,yes\nleaver,no\nlocked.leaver,no\nnever,no\n",
      [
        ...users,
        user("locked", { locked: true }),
        user("idle", { lastSeenAt: NOW - 91 * DAY }),
        user("unknown"),
        user("erased", { deactivated: true, erased: true }),
      ],
    );
    expect(told(comparison, "inactive")).toEqual([
      "@gone:one.test deactivated *",
      "@locked:one.test locked *",
      "@idle:one.test not_seen",
      "@erased:one.test erased",
    ]);
    expect(told(comparison, "extra").slice(0, 1)).toEqual(["@leaver:one.test gone *"]);
    expect(told(comparison, "missing")).toEqual([]);
    expect(comparison.same).toBe(2);
    const { inactive } = comparison.groups;
    for (const one of inactive) one.chosen = true;
    expect((["reactivate", "unlock", "lock"] as const).map((action) => doableWith(inactive, action).map(({ name }) => name))).toEqual([
      ["@gone:one.test", "@erased:one.test"],
      ["@locked:one.test"],
      ["@idle:one.test"],
    ]);
  });

  it("finds names in other capitals, and takes nobody twice", () => {
    const comparison = compare("id\nADA\nada\nOld\nJane\njane\nAMBIGUOUS\nNew\nnew\n", [
      user("ada"),
      user("OLD"),
      user("Jane"),
      user("jane"),
      user("Ambiguous"),
      user("amBiguous"),
    ]);
    expect(comparison.pairs.map(({ row }) => row.userId)).toEqual(["@ada:one.test", "@OLD:one.test", "@Jane:one.test", "@jane:one.test"]);
    expect(told(comparison, "unusable")).toEqual(["ada twice", "new twice"]);
    expect(told(comparison, "missing")).toEqual(["@ambiguous:one.test *", "@new:one.test *"]);
    expect(told(comparison, "extra")).toEqual([]);
  });

  it.each([
    ["the one who left first", "id,active\nada,\nkay,no\nKAY,yes\nnew,no\nnew,\nasleep,no\nasleep,yes\n"],
    ["the one who left last", "id,active\nada,\nKAY,yes\nkay,no\nnew,yes\nnew,no\nasleep,yes\nasleep,no\n"],
    [
      "one that can’t be used",
      "id,active,email\nada,,\nkay,no,\nkay,,no address\nnew,no,no address\nnew,yes,\nasleep,yes,\nasleep,no,no address\n",
    ],
  ])("tells of rows that disagree, and does nothing about whom they mean: %s", (_, list) => {
    const comparison = compare(list, [user("ada"), user("kay"), user("asleep", { deactivated: true })]);
    const all = [...comparison.groups.missing, ...comparison.groups.extra, ...comparison.groups.different, ...comparison.groups.inactive];
    expect(all.map(({ name }) => name)).toEqual([]);
    expect(comparison.pairs.map(({ row }) => row.userId)).toEqual(["@ada:one.test"]);
    expect(comparison.same).toBe(0);
    expect(comparison.groups.unusable.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7, 8]);
    const reasons = new Set(comparison.groups.unusable.map(({ problem }) => problem?.reason));
    expect(reasons).toContain("rows_disagree");
    expect(reasons).not.toContain("twice");
  });

  it.each([
    ["has a server’s name in it", "bob@corp.example,,"],
    ["has a server’s name in it, of somebody who left", "bob@corp.example,,no"],
    ["has a server’s name in it, and can’t be used besides", "bob@corp.example,no address,"],
    ["has only digits", "0815,,"],
    ["is too long", `${"b".repeat(300)},,`],
  ])("chooses nobody where a row may mean somebody by a name that %s", (_, row) => {
    const comparison = compare(`id,email,active\nada,,\n${row}\n`, [user("ada"), user("bob")]);
    expect(told(comparison, "extra")).toEqual(["@bob:one.test not_listed"]);
    expect(comparison).toMatchObject({ allRead: false, same: 0 });
    expect(comparison.groups.unusable.map(({ line }) => line)).toEqual([3]);
  });

  it("takes nobody for extra whom a row means that can’t be used, and chooses nobody where a row can’t be told", () => {
    const list = "id,email\nada,no address\nb@d,\n0815,\n";
    const comparison = compare(list, [...users, user("kay")]);
    expect(told(comparison, "unusable")).toEqual(["ada not_an_email", "b@d name_not_allowed", "0815 name_only_digits"]);
    expect(told(comparison, "extra").map((line) => line.split(":")[0])).not.toContain("@ada");
    const broken = compare(`${list}kay,\nb c,\n`, [...users, user("kay")]);
    expect(broken.allRead).toBe(false);
    expect(broken.groups.extra.filter(({ chosen }) => chosen)).toEqual([]);
  });

  it("chooses nobody where nobody of the list is on the server: it may be the list of another", () => {
    expect(compare("id\nsomebody\nelse\n", users).groups.extra.filter(({ chosen }) => chosen)).toEqual([]);
  });

  it("goes through 20,000 users in no time worth waiting for", () => {
    const names = Array.from({ length: 20_000 }, (_, at) => `person${at}`);
    const comparison = compare(
      `id\n${names.map((name) => name.toUpperCase()).join("\n")}\n`,
      names.slice(1000).map((name) => user(name)),
    );
    expect([comparison.pairs.length, comparison.groups.missing.length, comparison.groups.extra.length]).toEqual([19_000, 1_000, 0]);
  });
});

describe("what was found out", () => {
  it("counts the rows of its own server and those without one, and is chosen from by numbers, or all but admins", () => {
    const rows = read("id,server\nada,one.test\nkay,TWO.test\nleft,\n");
    const server = new StaffServer("aaaaaaaaaaaaaaaa" as AccountId, "One.test", rows);
    expect(server.membersOf(rows).map(({ name }) => name)).toEqual(["ada", "left"]);
    expect(server.view()).toMatchObject({ listed: 1, status: "waiting", result: null });
    server.begin();
    server.compared(
      compare("id\nada\n", [user("boss", { admin: true }), user("chief", { admin: true }), user("ada"), user("leaver")], {
        own: ["@boss:one.test"],
      }),
      false,
    );
    const offers = () =>
      server
        .view()
        .result?.offers.filter(({ count }) => count > 0)
        .map(({ action, count }) => `${action} ${count}`);
    const chosen = () => server.page("extra", 0, 10).rows.map((row) => row.chosen);
    expect([chosen(), offers()]).toEqual([
      [null, false, true],
      ["lock 1", "deactivate 1"],
    ]);
    server.choose("extra", null, false);
    expect(chosen()).toEqual([null, false, false]);
    server.choose("extra", null, true);
    expect(chosen()).toEqual([null, false, true]);
    Object.assign(server.rowsOf("extra")[2]!, { reason: "not_told", chosen: false });
    server.choose("extra", null, true);
    expect(chosen()).toEqual([null, false, false]);
    Object.assign(server.rowsOf("extra")[2]!, { reason: "not_listed", chosen: true });
    server.choose("extra", [1, 2, 99], true);
    expect([chosen(), offers()]).toEqual([
      [null, true, true],
      ["lock 2", "deactivate 2"],
    ]);
  });

  it("is a file that no spreadsheet takes for formulas, and that says who is meant as bulk work reads it", () => {
    const { groups } = compare("id,displayname\nnewcomer,=1+1\nada,Ada\n@x y,\n", [
      user("ada"),
      user("leaver", { displayName: '+"SUM"', lastSeenAt: NOW }),
    ]);
    const lines = comparisonFile([{ serverName: SERVER, groups }]).split("\r\n");
    expect(lines[0]).toBe("\ufeffid,homeserver,displayname,result,reason,before,after,line,last_seen");
    expect(lines.slice(1)).toEqual([
      "newcomer,one.test,'=1+1,missing,,,,2,",
      `leaver,one.test,"'+""SUM""",extra,not_listed,,,,2027-01-15T08:00:00Z`,
      "'@x y,one.test,,unusable,name_not_allowed,,,4,",
      "",
    ]);
    expect(read(lines.join("\r\n")).map(({ localpart, server, details }) => [localpart, server, details?.displayName ?? null])).toEqual([
      ["newcomer", SERVER, "=1+1"],
      ["leaver", SERVER, '+"SUM"'],
      [null, null, null],
    ]);
  });
});
