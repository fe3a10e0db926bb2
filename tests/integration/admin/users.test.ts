import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { UserFilter } from "../../../shared/contract/users.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { manyTimes } from "../../support/matrixApi.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const LIST = /\/_synapse\/admin\/v\d\/users\?/;

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let accountId: AccountId;

beforeAll(async () => {
  synapse = await startSynapse({ serverName: "one.test" });
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  services = await data.open();
  await synapse.register({ user: "boss", password: "a password", admin: true });
  const names = ["ann", "anna", "a_n", "axn", "irc_1", "irc_2", "gone", "locked"];
  for (const user of names) await synapse.register({ user, password: "a password", displayName: `The ${user}` });
  await manyTimes(110, 4, (index) => synapse.register({ user: `many${String(index).padStart(3, "0")}`, password: "p" }));
  await put("ann", { threepids: [{ medium: "email", address: "someone.else@mail.example" }] });
  await put("gone", { deactivated: true });
  await put("locked", { locked: true });
  const v1 = (path: string): string => `/_synapse/admin/v1/${path}`;
  await synapse.adminCall({ method: "PUT", path: v1(`suspend/${encodeURIComponent(idOf("irc_1"))}`), body: { suspend: true } });
  await synapse.adminCall({ method: "POST", path: v1(`users/${encodeURIComponent(idOf("irc_2"))}/shadow_ban`), body: {} });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: "boss" },
    password: secretOf("password", "a password"),
    acceptInsecureHttp: false,
  });
  // As a server with single sign-on answers. It is asked once.
  const flows = [{ type: "m.login.password" }, { type: "m.login.sso", identity_providers: [{ id: "oidc-x", name: "X" }, { name: "?" }] }];
  proxy.addRule({ method: "GET", path: /v3\/login$/, fault: { kind: "answer", status: 200, body: { flows } } });
  await list({ search: "nobody" });
}, 180_000);
afterAll(async () => {
  await data?.destroy();
  await proxy?.stop();
  await synapse?.stop();
});
beforeEach(() => proxy.clear());

const idOf = (localpart: string): string => `@${localpart}:one.test`;
const put = (localpart: string, body: object) =>
  synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(idOf(localpart))}`, body });

const filterOf = (filter: Partial<UserFilter>): UserFilter => ({
  search: "",
  kind: "current",
  seen: "any",
  withoutHidden: false,
  sort: "name",
  descending: false,
  ...filter,
});
const list = (filter: Partial<UserFilter>, from: string | null = null) =>
  services.users.list({ accountId, filter: filterOf(filter), from });
const namesOf = (rows: readonly { userId: string }[]): string[] => rows.map(({ userId }) => userId.slice(1, -9));
const found = async (filter: Partial<UserFilter>): Promise<string[]> => namesOf((await list(filter)).rows);
const ids = (filter: Partial<UserFilter>) => services.users.ids({ accountId, filter: filterOf(filter) });

describe("the list", () => {
  it("comes page by page, in order, with those that are locked and without those that are gone", async () => {
    const first = await list({});
    expect(first.rows).toHaveLength(100);
    expect(first).toMatchObject({ sorted: true });
    const second = await list({}, first.next);
    expect(second.next).toBeNull();
    const all = namesOf([...first.rows, ...second.rows]);
    expect(all).toEqual([...all].sort());
    expect(all).toHaveLength(first.total!);
    expect(all).toContain("locked");
    expect(all).not.toContain("gone");
    expect(namesOf((await ids({})).userIds.map((userId) => ({ userId })))).toEqual(all);
    expect((await list({ sort: "createdAt", descending: true })).rows[0]?.createdAt).toBeGreaterThan(Date.now() - 3_600_000);
  });

  it("shows of each kind those alone, on a server without v3 too", async () => {
    for (const hasV3 of [true, false]) {
      const lacks = { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED", error: "" } } as const;
      if (!hasV3) proxy.addRule({ path: /\/v3\/users/, times: Infinity, fault: lacks });
      expect(await found({ kind: "deactivated" })).toEqual(["gone"]);
      expect(await found({ kind: "locked" })).toEqual(["locked"]);
      expect(await found({ kind: "admins", search: "b" })).toEqual(["boss"]);
      expect(await found({ kind: "guests" })).toEqual([]);
      expect(await found({ kind: "all", search: "gone" })).toEqual(["gone"]);
      for (const kind of ["current", "active"] as const) expect(await found({ kind, search: "gone" })).toEqual([]);
      expect(await found({ kind: "current", search: "locked" })).toEqual(["locked"]);
      expect(await found({ kind: "active", search: "locked" })).toEqual([]);
      expect(await found({ kind: "shadowBanned" })).toEqual(["irc_2"]);
      expect(await found({ kind: "suspended" })).toEqual(["irc_1"]);
      expect(await list({ kind: "suspended", search: "irc" })).toMatchObject({ told: true });
      expect(await found({ kind: "erased" })).toEqual([]);
      expect((await ids({ kind: "suspended" })).userIds).toEqual([idOf("irc_1")]);
    }
  });

  it("says where an older server does not tell who is of a kind", async () => {
    const old = { name: idOf("ann"), admin: 0, is_guest: 0, deactivated: 0, displayname: "The ann" };
    const says = (path: RegExp, body: object) => proxy.addRule({ path, times: Infinity, fault: { kind: "answer", status: 200, body } });
    says(LIST, { users: [old], total: 1 });
    says(/v2\/users\/%40ann/, old);
    for (const kind of ["locked", "shadowBanned", "suspended"] as const)
      expect(await list({ kind })).toMatchObject({ rows: [], told: false });
    for (const kind of ["current", "admins", "erased"] as const) expect(await list({ kind })).toMatchObject({ told: true });
  });

  it("finds by Matrix ID, localpart, display name and email address, and nobody by accident", async () => {
    expect(await found({ search: "@ann:one.test" })).toEqual(["ann"]);
    expect(await found({ search: "The AnN" })).toEqual(["ann", "anna"]);
    expect(await found({ search: "a_n" })).toEqual(["a_n"]);
    expect(await found({ search: "%" })).toEqual([]);
    expect(await found({ search: "Someone.Else@mail.example" })).toEqual(["ann"]);
    expect(await found({ search: "@ann:two.test" })).toEqual([]);
    expect(await ids({ search: "irc_" })).toEqual({ userIds: [idOf("irc_1"), idOf("irc_2")] });
  });

  it("shows those who were last seen long ago, and apart from them those of whom the server does not know", async () => {
    expect(await found({ seen: "over30" })).toEqual([]);
    expect(await found({ seen: "unknown", search: "ann" })).toEqual(["ann", "anna"]);
    const row = { name: idOf("ann"), admin: false, deactivated: false, last_seen_ts: Date.now() - 40 * 86_400_000 };
    const body = { users: [row, { ...row, name: idOf("anna"), last_seen_ts: null }], total: 2 };
    proxy.addRule({ path: LIST, fault: { kind: "answer", status: 200, body } });
    expect(await list({ seen: "over30" })).toMatchObject({ rows: [{ userId: idOf("ann") }], total: 1 });
  });

  it("leaves out bridge users by patterns that are kept", async () => {
    expect(await services.users.setHidden({ accountId, patterns: ["irc_*", "many*"] })).toEqual({ patterns: ["irc_*", "many*"] });
    const left = ["a_n", "ann", "anna", "axn", "boss", "gone", "locked", "test-admin"];
    expect(await found({ withoutHidden: true, kind: "all" })).toEqual(left);
    expect((await ids({ withoutHidden: true, kind: "all" })).userIds).toEqual(left.map(idOf));
    expect(await found({ search: "irc", kind: "all" })).toHaveLength(2);
    expect(await found({ search: "irc", kind: "hidden", withoutHidden: true })).toEqual(["irc_1", "irc_2"]);
  });

  it("is shown in the server's own order where it cannot sort, and without guests where it must be", async () => {
    const refused = { kind: "answer", status: 400, body: { errcode: "M_INVALID_PARAM", error: "" } } as const;
    proxy.addRule({ path: /order_by=/, times: Infinity, fault: refused });
    expect(await list({ search: "ann" })).toMatchObject({ sorted: false, rows: [{ userId: idOf("ann") }, { userId: idOf("anna") }] });
    proxy.clear();
    proxy.addRule({ path: /users\?(?!.*guests=false)/, times: Infinity, fault: refused });
    expect(await list({ search: "ann" })).toMatchObject({ sorted: true, rows: [{ userId: idOf("ann") }, { userId: idOf("anna") }] });
  });

  it("says why it cannot be shown", async () => {
    proxy.addRule({
      path: LIST,
      times: 1,
      fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "You are not a server admin" } },
    });
    expect(await errorOf(list({}))).toMatchObject({ kind: "forbidden" });
    proxy.addRule({ path: LIST, times: 1, fault: { kind: "answer", status: 404, body: "<html>" } });
    expect(await errorOf(list({}))).toMatchObject({ kind: "admin_api_not_exposed" });
    proxy.addRule({ path: LIST, times: 1, fault: { kind: "malformed" } });
    expect(await errorOf(list({}))).toMatchObject({ kind: "bad_answer" });
  });
});

describe("the users in numbers", () => {
  it("are counted by a Job, kept with their date, and name nobody", async () => {
    expect(await services.userStatistics.get({ accountId })).toEqual({ statistics: null });
    await services.users.setHidden({ accountId, patterns: ["irc_*"] });
    proxy.addRule({ path: LIST, times: 1, fault: { kind: "answer", status: 502, body: "<html>" } });
    const { job } = services.userStatistics.collect({ accountId });
    await waitUntil(() => services.jobs.list().some(({ jobId, status }) => jobId === job.jobId && status === "done"), {
      what: "the users to be counted",
    });
    const { statistics } = await services.userStatistics.get({ accountId });
    const everybody = (await ids({ kind: "all", withoutHidden: true })).userIds;
    expect(statistics).toMatchObject({
      total: everybody.length,
      leftOut: 2,
      kinds: { people: everybody.length - 1, deactivated: 1, locked: 1, bots: 0 },
    });
    const { spans, unknown } = statistics!.created;
    expect(spans.reduce((sum, { count }) => sum + count, unknown)).toBe(everybody.length);
    const files = (await readdir(data.folder, { recursive: true })).filter((name) => name.includes("user-statistics"));
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) expect(await readFile(join(data.folder, name), "utf8")).not.toMatch(/@|one\.test/);
    expect(data.events.filter(({ channel }) => channel === "userStatistics.changed")).toHaveLength(1);
    await services.users.setHidden({ accountId, patterns: [] });
  });

  it("stay those of the time before where the server refuses", async () => {
    const before = await services.userStatistics.get({ accountId });
    proxy.addRule({
      path: /\/_synapse\/admin\//,
      times: Infinity,
      fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "" } },
    });
    const { job } = services.userStatistics.collect({ accountId });
    await waitUntil(() => services.jobs.list().some(({ jobId, status }) => jobId === job.jobId && status === "failed"), {
      what: "the Job to fail",
    });
    expect(await services.userStatistics.get({ accountId })).toEqual(before);
  });
});

describe("one user", () => {
  const userId = idOf("axn");
  const one = { accountId: undefined as unknown as AccountId, userId };
  beforeAll(() => void (one.accountId = accountId));
  const change = (changes: object, seen: object) => services.users.change({ ...one, changes, seen });
  const puts = () => proxy.record.filter(({ method }) => method === "PUT");

  it("is changed by one request with exactly what changed", async () => {
    proxy.clearRecord();
    const changed = await change({ displayName: "Axel", admin: false }, { displayName: "The axn", admin: false });
    expect(changed).toMatchObject({ displayName: "Axel", admin: false, deactivated: false });
    expect(puts()).toHaveLength(1);
    expect(puts()[0]?.requestBytes).toBe(JSON.stringify({ displayname: "Axel" }).length);
    expect(await change({ userType: "bot", admin: true }, {})).toMatchObject({ userType: "bot", admin: true, displayName: "Axel" });
    expect(await change({ userType: null, admin: false, displayName: "" }, {})).toMatchObject({
      userType: null,
      admin: false,
      displayName: null,
    });
    proxy.clearRecord();
    await change({ displayName: "" }, { displayName: "" });
    expect(puts()).toEqual([]);
  });

  it("is not changed where somebody else was faster, nor believed changed where the server did not do it", async () => {
    await put("axn", { displayname: "Faster" });
    expect(await errorOf(change({ displayName: "Mine" }, { displayName: "" }))).toEqual({ kind: "changed_meanwhile" });
    expect(await services.users.get(one)).toMatchObject({ displayName: "Faster" });
    const old = { name: userId, admin: 0, deactivated: 0, displayname: "Faster" };
    proxy.addRule({ method: "PUT", path: /v2\/users/, fault: { kind: "answer", status: 200, body: old } });
    expect(await errorOf(change({ displayName: "Mine" }, {}))).toEqual({ kind: "change_not_taken", fields: ["displayName"] });
  });

  it("is changed once where the answer is lost, and read to know it", async () => {
    const lost = { method: "PUT", path: /v2\/users/, when: "after", fault: { kind: "cut" } } as const;
    proxy.clearRecord();
    proxy.addRule(lost);
    expect(await change({ displayName: "Mine" }, { displayName: "Faster" })).toMatchObject({ displayName: "Mine" });
    const threepid = { medium: "email", address: "lost@mail.example" } as const;
    proxy.addRule(lost);
    expect((await services.users.addThreepid({ ...one, threepid, seen: [] })).user.threepids).toEqual([threepid]);
    proxy.addRule(lost);
    expect((await services.users.removeThreepid({ ...one, threepid, seen: [threepid] })).user.threepids).toEqual([]);
    expect(puts()).toHaveLength(3);
    proxy.addRule({ ...lost, when: "before" });
    expect(await errorOf(change({ displayName: "Lost" }, {}))).toMatchObject({ kind: "network" });
    expect(await services.users.get(one)).toMatchObject({ displayName: "Mine" });
  });

  it("gets and loses one contact at a time, and keeps those of others", async () => {
    const email = { medium: "email", address: "axn@mail.example" } as const;
    const phone = { medium: "msisdn", address: "447700900123" } as const;
    expect(await services.users.addThreepid({ ...one, threepid: { ...email, address: "Axn@Mail.Example" }, seen: [] })).toMatchObject({
      user: { threepids: [email] },
      changedMeanwhile: false,
    });
    // Somebody else adds one that is not seen here.
    await put("axn", { threepids: [email, phone] });
    const second = { medium: "email", address: "second@mail.example" } as const;
    const added = await services.users.addThreepid({ ...one, threepid: second, seen: [email] });
    expect(added.changedMeanwhile).toBe(true);
    expect(added.user.threepids).toHaveLength(3);
    const left = await services.users.removeThreepid({ ...one, threepid: email, seen: added.user.threepids });
    expect(left.user.threepids).toEqual(expect.arrayContaining([phone, second]));
    expect(left.user.threepids).toHaveLength(2);
    proxy.clearRecord();
    await services.users.removeThreepid({ ...one, threepid: email, seen: left.user.threepids });
    expect(puts()).toEqual([]);
  });

  it("is written down with what was before and what is since, and brought back from there, once", async () => {
    const undone = { ...one, userId: idOf("a_n") };
    await services.users.change({ ...undone, changes: { displayName: "=Mistake", userType: "bot" }, seen: {} });
    const email = { medium: "email", address: "back@mail.example" } as const;
    await services.users.addThreepid({ ...undone, threepid: email, seen: [] });
    await services.users.removeThreepid({ ...undone, threepid: email, seen: [email] });
    const entries = async () => (await services.loggedActions.list({ accountId })).actions.filter(({ target }) => target === undone.userId);
    const [removed, added, changed] = await entries();
    expect([removed, added, changed].map((entry) => [entry?.changes, entry?.canUndo])).toEqual([
      [[{ field: "email", before: email.address, after: null }], true],
      [[{ field: "email", before: null, after: email.address }], true],
      [
        [
          { field: "displayName", before: "The a_n", after: "=Mistake" },
          { field: "userType", before: null, after: "bot" },
        ],
        true,
      ],
    ]);
    const undo = (id: typeof removed) => services.loggedActions.undo({ accountId, id: id!.id! });
    expect(await undo(removed)).toEqual({ outcome: "undone" });
    expect((await services.users.get(undone)).threepids).toEqual([email]);
    await put("a_n", { displayname: "Somebody else’s" });
    expect(await errorOf(undo(changed))).toEqual({ kind: "changed_meanwhile" });
    await put("a_n", { displayname: "=Mistake" });
    expect(await undo(changed)).toEqual({ outcome: "undone" });
    expect(await services.users.get(undone)).toMatchObject({ displayName: "The a_n", userType: null });
    expect(await errorOf(undo(changed))).toEqual({ kind: "conversation_over" });
    const saved = await services.loggedActions.save({ accountId }).then(() => data.kept.at(-1) ?? "");
    expect(saved).toContain(
      'change_user,\'@a_n:one.test,done,"displayName, userType","displayName: The a_n -> =Mistake; userType:  -> bot",true\r\n',
    );
  });

  it("is not given what is another user's", async () => {
    const threepid = { medium: "email", address: "Someone.Else@mail.example" } as const;
    expect(await errorOf(services.users.addThreepid({ ...one, threepid, seen: [] }))).toEqual({
      kind: "contact_of_other_user",
      contact: threepid.address,
      userId: idOf("ann"),
    });
    expect(await services.users.get({ accountId, userId: idOf("ann") })).toMatchObject({
      threepids: [{ address: "someone.else@mail.example" }],
    });
    const externalId = { provider: "oidc-x", id: "7/7" };
    const { user } = await services.users.addExternalId({ accountId, userId: idOf("ann"), externalId, seen: [] });
    expect(user.externalIds).toEqual([externalId]);
    expect(await errorOf(services.users.addExternalId({ ...one, externalId, seen: [] }))).toMatchObject({
      kind: "contact_of_other_user",
      userId: idOf("ann"),
    });
    await services.users.removeExternalId({ accountId, userId: idOf("ann"), externalId, seen: [externalId] });
    expect((await services.users.addExternalId({ ...one, externalId, seen: [] })).user.externalIds).toEqual([externalId]);
    expect(await found({ search: "7/7" })).toEqual(["axn"]);
    expect(await ids({ search: " 7/7 " })).toEqual({ userIds: [userId] });
    expect(await found({ search: "7/7", kind: "deactivated" })).toEqual([]);
  });

  it("was last seen when the list says, which knows it longer", async () => {
    const row = { name: userId, admin: false, deactivated: false, last_seen_ts: 1_700_000_000_000 };
    const body = { users: [{ ...row, name: `${userId}.longer`, last_seen_ts: 1_800_000_000_000 }, row], total: 2 };
    proxy.addRule({ path: LIST, fault: { kind: "answer", status: 200, body } });
    expect(await services.users.get(one)).toMatchObject({ lastSeenAt: 1_700_000_000_000 });
    proxy.addRule({ path: LIST, fault: { kind: "answer", status: 500, body: {} }, times: Infinity });
    expect(await services.users.get(one)).toMatchObject({ userId, lastSeenAt: null });
  });

  it("has sessions that can be named and signed out, and rooms", async () => {
    const tokens = await synapse.login("axn", "a password", { deviceId: "a/b ü", displayName: "Old" });
    await synapse.login("axn", "a password", { deviceId: "OTHER" });
    await synapse.call({ path: "/_matrix/client/v3/createRoom", token: tokens.accessToken, body: { name: "Kitchen" } });
    expect((await services.users.devices(one)).devices.map(({ deviceId }) => deviceId).sort()).toEqual(["OTHER", "a/b ü"]);
    const renamed = await services.users.renameDevice({ ...one, deviceId: "a/b ü", name: "New" });
    expect(renamed.devices.find(({ deviceId }) => deviceId === "a/b ü")).toMatchObject({ name: "New" });
    expect(await services.users.rooms(one)).toMatchObject({ total: 1, rooms: [{ name: "Kitchen" }] });
    expect(await services.users.signOutDevices({ ...one, deviceIds: ["a/b ü", "NEVER"] })).toMatchObject({
      devices: [{ deviceId: "OTHER" }],
    });
    expect(await errorOf(services.users.devices({ accountId, userId: "@x:two.test" }))).toMatchObject({ kind: "not_own_server" });
  });

  it("who is the admin themselves keeps the session that they work with", async () => {
    await synapse.login("boss", "a password", { deviceId: "ELSEWHERE" });
    const boss = { accountId, userId: idOf("boss") };
    const { devices } = await services.users.devices(boss);
    expect(devices.map(({ own }) => own).sort()).toEqual([false, true]);
    const deviceIds = devices.map(({ deviceId }) => deviceId);
    expect((await services.users.signOutDevices({ ...boss, deviceIds })).devices).toMatchObject([{ own: true }]);
    proxy.clearRecord();
    const own = devices.filter((device) => device.own).map(({ deviceId }) => deviceId);
    expect((await services.users.signOutDevices({ ...boss, deviceIds: own })).devices).toHaveLength(1);
    expect(proxy.requests({ path: /delete_devices/ })).toEqual([]);
  });
});
