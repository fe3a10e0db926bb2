import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { BulkDraft } from "../../../shared/contract/bulk.ts";
import type { StaffGroup, StaffList, StaffOffer, StaffServer } from "../../../shared/contract/staffList.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { BulkRig } from "../../support/bulkRig.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

vi.setConfig({ testTimeout: 120_000 });

let one: Synapse;
let two: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let atOne: AccountId;
let atTwo: AccountId;

const LIST = /\/_synapse\/admin\/v\d\/users\?/;
const userPath = (userId: string): string => `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`;

async function signIn(baseUrl: string, synapse: Synapse): Promise<AccountId> {
  const admin = await synapse.register({ user: "root", password: "the admin's own password", admin: true });
  return signInTo(services, admin, baseUrl);
}

beforeAll(async () => {
  [one, two] = await Promise.all([startSynapse({ serverName: "one.test" }), startSynapse({ serverName: "two.test" })]);
  proxy = await startFaultProxy(two.baseUrl);
  data = await StewardData.create();
  services = await data.open({ serverAwayMs: 20 });
  atOne = await signIn(one.baseUrl, one);
  atTwo = await signIn(proxy.baseUrl, two);
  const password = "a password of theirs";
  one.makeProfileIndex();
  const ada = await one.register({ user: "ada", password, displayName: "Ada" });
  await one.setEmail(ada, "ada@old.test");
  for (const user of ["same", "leaver", "asleep", "barred", "bridge_1"]) await one.register({ user, password, displayName: user });
  await one.adminCall({ method: "PUT", path: userPath("@asleep:one.test"), body: { deactivated: true } });
  await one.adminCall({ method: "PUT", path: userPath("@barred:one.test"), body: { locked: true } });
  for (const user of ["same", "kay"]) await two.register({ user, password, displayName: user });
}, 180_000);
afterAll(async () => {
  await data.destroy();
  await proxy.stop();
  await Promise.all([one.stop(), two.stop()]);
});

async function choose(text: string): Promise<StaffList> {
  data.keyFile = join(data.folder, "staff.csv");
  await writeFile(data.keyFile, text);
  const { list } = await services.staffList.chooseFile({ accountIds: [atOne, atTwo] });
  return list!;
}
const serverWhen = (accountId: AccountId, status: StaffServer["status"]): Promise<StaffServer> =>
  waitUntil(
    () => services.staffList.get().list?.servers.find((server) => server.accountId === accountId && server.status === status) ?? null,
    {
      what: `the server to be ${status}`,
      timeoutMs: 60_000,
    },
  );
const listId = () => services.staffList.get().list!.listId;
/** Who is in a group, with why; without the admin by whom tests ask. */
const group = (accountId: AccountId, name: StaffGroup): string[] =>
  services.staffList
    .rows({ listId: listId(), accountId, group: name, from: 0, limit: 200 })
    .rows.filter(({ reason }) => reason !== "admin")
    .map(({ name: who, reason, problem, changes }) =>
      [who, reason ?? problem?.reason ?? changes.map(({ field, before, after }) => `${field} ${before}>${after}`).join(" ")]
        .filter((part) => part !== "")
        .join(" "),
    );
/** What a Job about those who are chosen would do, once each was looked at again. */
async function prepared(accountId: AccountId, from: StaffGroup, action: StaffOffer["action"]): Promise<BulkDraft> {
  await services.staffList.prepare({ listId: listId(), accountId, group: from, action });
  return BulkRig.of(data, services, accountId).looked();
}
async function doIt(accountId: AccountId, draft: BulkDraft): Promise<string[]> {
  const rig = BulkRig.of(data, services, accountId);
  const jobId = await rig.start(draft);
  await rig.until(jobId, "done");
  return rig.outcomes(jobId);
}

const STAFF = [
  "id;Homeserver;Display name;E-Mail;aktiv",
  "ADA;one.test;Ada Lovelace;ada@new.test;ja",
  "@same:one.test;;same;;",
  "same;two.test;same;;",
  "asleep;one.test;asleep;;ja",
  "barred;one.test;;;ja",
  "newcomer;one.test;New Comer;new@corp.test;ja",
  "kay;TWO.TEST;Kay;;nein",
  "nobody;elsewhere.test;;;",
  "everywhere;;Every Where;;",
  "what is this;one.test;;;",
].join("\r\n");

it("reads whose rows are whose, and changes nothing by comparing, though one server does not answer", async () => {
  const list = await choose(STAFF);
  expect(list).toMatchObject({
    fileName: "staff.csv",
    rows: 10,
    withoutServer: 1,
    unusable: 1,
    elsewhere: [{ serverName: "elsewhere.test", rows: 1 }],
    unused: [],
  });
  expect(list.servers.map(({ serverName, listed, status }) => [serverName, listed, status])).toEqual([
    ["one.test", 5, "waiting"],
    ["two.test", 2, "waiting"],
  ]);
  await services.users.setHidden({ accountId: atOne, patterns: ["bridge_*"] });
  proxy.addRule({
    path: LIST,
    times: Infinity,
    fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "You are not a server admin" } },
  });
  services.staffList.compare({ listId: listId(), accountIds: [atOne, atTwo], unseenDays: 90 });
  expect((await serverWhen(atTwo, "failed")).error).toMatchObject({ kind: "forbidden" });
  const { result } = await serverWhen(atOne, "compared");
  expect(result).toMatchObject({
    counts: { missing: 2, different: 1, inactive: 2, unusable: 1 },
    same: 1,
    leftOut: 1,
    allRead: false,
    namesOnly: false,
  });
  expect(group(atOne, "missing")).toEqual(["@newcomer:one.test", "@everywhere:one.test"]);
  expect(group(atOne, "extra")).toEqual(["@leaver:one.test not_listed", "@root:one.test own_account"]);
  expect(group(atOne, "different")).toEqual(["@ada:one.test displayname Ada>Ada Lovelace emails ada@old.test>ada@new.test"]);
  expect(group(atOne, "inactive")).toEqual(["@asleep:one.test deactivated", "@barred:one.test locked"]);
  proxy.clear();
  services.staffList.compare({ listId: listId(), accountIds: [atTwo], unseenDays: 90 });
  await serverWhen(atTwo, "compared");
  expect(group(atTwo, "extra")).toEqual(["@kay:two.test gone", "@root:two.test own_account"]);
  expect((await serverWhen(atOne, "compared")).result?.comparedAt).toBe(result?.comparedAt);
  expect(await one.adminCall({ path: userPath("@ada:one.test") })).toMatchObject({
    displayname: "Ada",
    threepids: [{ address: "ada@old.test" }],
  });
});

it("makes a Job of each difference, which looks at everybody again first", async () => {
  const { listId: id } = services.staffList.get().list!;
  // A row that could not be told: nobody is chosen for not being on the list.
  expect(await errorOf(services.staffList.prepare({ listId: id, accountId: atOne, group: "extra", action: "lock" }))).toEqual({
    kind: "nothing_to_do",
  });
  services.staffList.choose({ listId: id, accountId: atOne, group: "extra", numbers: null, chosen: true });
  // Meanwhile somebody else has done it.
  await one.adminCall({ method: "PUT", path: userPath("@leaver:one.test"), body: { locked: true } });
  expect(await prepared(atOne, "extra", "lock")).toMatchObject({ fileName: "staff.csv", rows: 1, ready: 0, skipped: 1 });
  const deactivate = await prepared(atOne, "extra", "deactivate");
  expect(await doIt(atOne, deactivate)).toEqual(["@leaver:one.test done"]);

  services.staffList.choose({ listId: id, accountId: atOne, group: "missing", numbers: [2], chosen: false });
  const create = await prepared(atOne, "missing", "create");
  expect(create).toMatchObject({ ready: 1, passwordsToMake: 1 });
  expect(await doIt(atOne, create)).toEqual(["@newcomer:one.test done"]);
  expect(await one.adminCall({ path: userPath("@newcomer:one.test") })).toMatchObject({
    displayname: "New Comer",
    threepids: [{ address: "new@corp.test" }],
  });

  expect(await doIt(atOne, await prepared(atOne, "different", "change"))).toEqual(["@ada:one.test done"]);
  expect(await one.adminCall({ path: userPath("@ada:one.test") })).toMatchObject({
    displayname: "Ada Lovelace",
    threepids: [{ address: "ada@new.test" }],
  });
  expect(await doIt(atOne, await prepared(atOne, "inactive", "reactivate"))).toEqual(["@asleep:one.test done"]);
  expect(await doIt(atOne, await prepared(atOne, "inactive", "unlock"))).toEqual(["@barred:one.test done"]);
  expect(await doIt(atTwo, await prepared(atTwo, "extra", "lock"))).toEqual(["@kay:two.test done"]);

  services.staffList.compare({ listId: id, accountIds: [atOne, atTwo], unseenDays: 90 });
  await serverWhen(atOne, "compared");
  await serverWhen(atTwo, "compared");
  expect(group(atOne, "missing")).toEqual(["@everywhere:one.test"]);
  expect([...group(atOne, "different"), ...group(atOne, "inactive")]).toEqual([]);
  expect([group(atOne, "extra"), group(atTwo, "extra")]).toEqual([["@root:one.test own_account"], ["@root:two.test own_account"]]);
  await services.staffList.save({ listId: id });
  expect(data.kept.at(-1)).toContain("everywhere,one.test,Every Where,missing,,,,10,\r\n");
});

it("leaves out the users of bridges, and chooses nobody of whom the server doesn’t tell", async () => {
  for (const user of ["puppet", "silent", "plain"]) await two.register({ user, password: "a password of theirs" });
  const at = (user: string) => ({ method: "GET", path: new RegExp(`/v2/users/(%40|@)${user}`), times: Infinity });
  const puppet = { ...(await two.adminCall({ path: userPath("@puppet:two.test") })), appservice_id: "telegram" };
  proxy.addRule({ ...at("puppet"), fault: { kind: "answer", status: 200, body: puppet } });
  proxy.addRule({ ...at("silent"), fault: { kind: "answer", status: 400, body: { errcode: "M_UNKNOWN", error: "Not this one" } } });
  await choose("id\nsame\n");
  services.staffList.compare({ listId: listId(), accountIds: [atTwo], unseenDays: 90 });
  expect((await serverWhen(atTwo, "compared")).result).toMatchObject({ same: 1, leftOut: 1, allRead: true });
  expect(group(atTwo, "extra")).toEqual([
    "@kay:two.test already_locked",
    "@plain:two.test not_listed",
    "@root:two.test own_account",
    "@silent:two.test not_told",
  ]);
  expect((await serverWhen(atTwo, "compared")).result?.offers).toContainEqual({ group: "extra", action: "lock", count: 1 });
  // So where nobody is chosen at first: “Select all” takes no puppet either.
  await choose("id\nsame\nb c\n");
  services.staffList.compare({ listId: listId(), accountIds: [atTwo], unseenDays: 90 });
  expect((await serverWhen(atTwo, "compared")).result).toMatchObject({ same: 1, leftOut: 1, allRead: false });
  services.staffList.choose({ listId: listId(), accountId: atTwo, group: "extra", numbers: null, chosen: true });
  const { rows } = services.staffList.rows({ listId: listId(), accountId: atTwo, group: "extra", from: 0, limit: 200 });
  expect(rows.filter(({ reason }) => reason !== "admin").map(({ name, chosen }) => [name, chosen])).toEqual([
    ["@kay:two.test", true],
    ["@plain:two.test", true],
    ["@root:two.test", null],
    ["@silent:two.test", false],
  ]);
  proxy.clear();
});

it("tells how many rows are for servers that are not named", async () => {
  const rows = Array.from({ length: 25 }, (_, at) => `ada;server${at}.test\nkay;server${at}.test\n`);
  const list = await choose(`id;server\n${rows.join("")}ada;one.test\n`);
  expect(list.elsewhere.length).toBe(20);
  expect(list).toMatchObject({ elsewhereRows: 50, elsewhereServers: 25 });
  services.staffList.drop({ listId: listId() });
});

it("stops where the person wants, and looks at nobody of a list that is gone", async () => {
  await choose("Person;Name\nada;Ada\nkay;Kay\n");
  expect(services.staffList.get().list?.rows).toBe(2);
  const hold = proxy.hold({ nth: 1, when: "before", path: LIST });
  services.staffList.compare({ listId: listId(), accountIds: [atTwo], unseenDays: 90 });
  await hold.reached;
  services.staffList.stop({ listId: listId(), accountId: atTwo });
  expect((await serverWhen(atTwo, "waiting")).result).toBe(null);
  hold.release();
  const gone = listId();
  services.staffList.drop({ listId: gone });
  expect(services.staffList.get()).toEqual({ list: null });
  expect(await errorOf(services.staffList.prepare({ listId: gone, accountId: atTwo, group: "extra", action: "lock" }))).toEqual({
    kind: "conversation_over",
  });
  expect(await errorOf(choose(""))).toMatchObject({ kind: "csv_without_users" });
});

it("asks which column says who is meant, and remembers it", async () => {
  const text = "Nachname;Vorname;Kennung\nLovelace;Ada;ada\n";
  expect(await choose(text)).toMatchObject({ rows: 0, columns: { headings: ["Nachname", "Vorname", "Kennung"] } });
  await services.staffList.setColumns({ listId: listId(), columns: ["displayname", "displayname", "id"], hasHeader: true });
  expect(await choose(text)).toMatchObject({ rows: 1, unusable: 0, columns: { columns: ["displayname", "displayname", "id"] } });
  services.staffList.compare({ listId: listId(), accountIds: [atOne], unseenDays: 90 });
  await serverWhen(atOne, "compared");
  expect(group(atOne, "different")).toEqual(["@ada:one.test displayname Ada Lovelace>Lovelace Ada"]);
  services.staffList.drop({ listId: listId() });
});

it("knows its own columns where bulk work had no use for them, and leaves out those that the person left out of a list", async () => {
  const text = "Kennung;Anzeige;Homeserver;aktiv\nADA;Ada;two.test;nein\n";
  const rig = BulkRig.of(data, services, atOne);
  await rig.chooseFile("lock", text);
  const { draftId } = await rig.nameColumns(["id", null, null, null]);
  services.bulk.dropDraft({ accountId: atOne, draftId });
  expect(await choose(text)).toMatchObject({ withoutServer: 0, columns: { columns: ["id", null, "server", "active"] } });
  await services.staffList.setColumns({ listId: listId(), columns: ["id", null, "server", null], hasHeader: true });
  expect(await choose(text)).toMatchObject({ withoutServer: 0, columns: { columns: ["id", null, "server", null] } });
  services.staffList.drop({ listId: listId() });
});
