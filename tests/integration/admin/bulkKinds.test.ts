import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BulkRig } from "../../support/bulkRig.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";

// A row may wait for the server several times.
vi.setConfig({ testTimeout: 180_000 });

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let rig: BulkRig;

beforeAll(async () => {
  const notices = { server_notices: { system_mxid_localpart: "notices", room_name: "Notices" } };
  synapse = await startSynapse({ serverName: "kinds.test", config: notices });
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  const admin = await synapse.register({ user: "root", password: "the admin's own password", admin: true });
  rig = await BulkRig.open(data, admin, proxy.baseUrl);
}, 120_000);
afterAll(async () => {
  await data.destroy();
  await proxy.stop();
  await synapse.stop();
});

const idOf = (name: string): string => `@${name}:kinds.test`;
const pathOf = (name: string): string => `/_synapse/admin/v2/users/${idOf(name)}`;
const user = (name: string): Promise<Record<string, unknown>> => synapse.adminCall({ path: pathOf(name) });
const put = (name: string, body: object): Promise<unknown> => synapse.adminCall({ method: "PUT", path: pathOf(name), body });
const PUT_USER = { method: "PUT", path: /\/_synapse\/admin\/v2\/users\// };
const LOST = { when: "after", fault: { kind: "reset" } } as const;

async function register(...names: string[]): Promise<void> {
  for (const name of names) await synapse.register({ user: name, password: `a password of ${name}` });
}

/** What would be done with each row of a draft. */
function rowsOf(draft: { draftId: Parameters<typeof rig.services.bulk.draftRows>[0]["draftId"] }) {
  return rig.services.bulk.draftRows({ accountId: rig.accountId, draftId: draft.draftId, which: "all", from: 0, limit: 100 }).rows;
}

describe("changes", () => {
  it("are exactly what the columns name: what is not named, and what is empty, stays", async () => {
    await register("c1", "c2", "c3", "holder");
    await put("holder", { threepids: [{ medium: "email", address: "held@kinds.test" }] });
    const kept = {
      threepids: [
        { medium: "email", address: "c1@kinds.test" },
        { medium: "msisdn", address: "4930111111" },
      ],
    };
    await put("c1", { displayname: "Old", user_type: "bot", external_ids: [{ auth_provider: "oidc-x", external_id: "c1" }], ...kept });
    await put("c2", { displayname: "Same" });
    const draft = await rig.chooseFile(
      "change",
      "id,displayname,email,locked\nc1,New,\nc2,Same,\nc3,,HELD@kinds.test\nroot,Root,\nnobody,X,\n",
    );
    expect(draft).toMatchObject({ ready: 2, skipped: 3, unused: ["locked"], passwordsToMake: 0, choices: { emptyCells: "keep" } });
    expect(
      rowsOf(draft).map(({ verdict, reason, changes }) => [
        reason ?? verdict,
        ...changes.map(({ field, before, after }) => `${field}: ${before} > ${after}`),
      ]),
    ).toEqual([
      ["ready", "displayname: Old > New"],
      ["already"],
      ["email_taken", "emails:  > held@kinds.test"],
      ["ready", "displayname: root > Root"],
      ["no_such_user"],
    ]);
    proxy.clearRecord();
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    expect(rig.outcomes(jobId)).toEqual([`${idOf("c1")} done`, `${idOf("root")} done`]);
    expect(await user("c1")).toMatchObject({ displayname: "New", user_type: "bot", external_ids: [{ external_id: "c1" }] });
    expect(((await user("c1"))["threepids"] as unknown[]).length).toBe(2);
    // Nothing but the field was sent, once for each.
    expect(proxy.requests(PUT_USER)).toHaveLength(2);
  });

  it("of one kind of contact leave the other, and empty cells clear where the person says so", async () => {
    await register("c4");
    await put("c4", {
      displayname: "Four",
      threepids: [
        { medium: "email", address: "c4@kinds.test" },
        { medium: "msisdn", address: "4930444444" },
      ],
    });
    const text = "id,displayname,emails\nc4,,\n";
    expect(await rig.chooseFile("change", text)).toMatchObject({ ready: 0, skipped: 1 });
    const draft = await rig.choose({ unseenDays: 90, emptyCells: "clear" });
    expect(rowsOf(draft)[0]?.changes.map(({ field, after }) => [field, after])).toEqual([
      ["displayname", ""],
      ["emails", ""],
    ]);
    proxy.addRule({ ...PUT_USER, ...LOST });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual([`${idOf("c4")} done`]);
    const changed = await user("c4");
    expect(changed["displayname"] ?? "").not.toBe("Four");
    expect(changed["threepids"]).toMatchObject([{ medium: "msisdn", address: "4930444444" }]);
  });

  it("of which the server takes a part name what is left", async () => {
    await register("c5");
    const draft = await rig.chooseFile("change", "id,displayname,user_type\nc5,Five,alien\n");
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    const { rows } = rig.services.allJobs.rows({ jobId, which: "not_done", from: 0, limit: 10 });
    expect(rows).toMatchObject([{ outcome: "incomplete", reason: "fields_not_changed", names: ["user_type"] }]);
    expect(await user("c5")).toMatchObject({ displayname: "Five" });
  });

  it("are taken back, contacts as well, but from nobody who was changed since, and also after the end of the app", async () => {
    await register("u1", "u2", "u3", "u4");
    const contacts = [
      { medium: "email", address: "u1@kinds.test" },
      { medium: "email", address: "a,b@kinds.test" },
      { medium: "msisdn", address: "4930555555" },
    ];
    const externalIds = [{ auth_provider: "oidc-x", external_id: "u1, and more" }];
    await put("u1", { displayname: "One", threepids: contacts, external_ids: externalIds, user_type: "bot" });
    await put("u2", { displayname: "Two" });
    const draft = await rig.chooseFile(
      "change",
      "id,displayname,email,external_ids,user_type\nu1,New One,new@kinds.test,oidc-y:1,support\nu2,New Two,,,\nu3,New Three,,,\nu4,u4,,,\n",
    );
    // What came of the first is not told.
    proxy.addRule({ ...PUT_USER, ...LOST });
    const jobId = await rig.start(draft);
    expect(await rig.until(jobId, "done")).toMatchObject({ counts: { done: 3 }, undoable: 3 });
    proxy.clear();
    await put("u2", { displayname: "Somebody’s own" });
    await synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${idOf("u3")}`, body: {} });
    await data.close();
    rig.services = await data.open({ serverAwayMs: 20 });
    await rig.services.sessions.restoreAll();
    await rig.services.bulk.undo({ jobId });
    const undoing = await rig.looked();
    expect(undoing).toMatchObject({ action: "change", fileName: null, ready: 1, skipped: 2 });
    expect(
      rowsOf(undoing).map(({ verdict, reason, changes }) => [
        reason ?? verdict,
        ...changes.map(({ field, after }) => `${field}: ${after}`),
      ]),
    ).toEqual([
      ["ready", "displayname: One", "user_type: bot", "emails: a,b@kinds.test,u1@kinds.test", "external_ids: oidc-x:u1, and more"],
      ["changed_meanwhile"],
      ["exists_deactivated"],
    ]);
    const back = await rig.start(undoing);
    // It may be taken back in turn.
    expect(await rig.until(back, "done")).toMatchObject({ counts: { done: 1 }, undoable: 1 });
    const now = await user("u1");
    expect(now).toMatchObject({ displayname: "One", external_ids: externalIds, user_type: "bot" });
    const addresses = (now["threepids"] as { address: string }[]).map(({ address }) => address);
    expect(addresses.sort()).toEqual(contacts.map(({ address }) => address).sort());
    expect(await user("u2")).toMatchObject({ displayname: "Somebody’s own" });
  });
});

describe("states", () => {
  it("suspended and not any more, read afterwards where the answer is lost", async () => {
    await register("s1", "s2");
    const draft = await rig.chooseFile("suspend", "s1\ns2\nroot");
    expect(draft).toMatchObject({ ready: 2, skipped: 1 });
    proxy.addRule({ method: "PUT", path: /\/v1\/suspend\//, ...LOST });
    const jobId = await rig.start(draft);
    await expect(async () => rig.services.bulk.undo({ jobId })).rejects.toMatchObject({ error: { kind: "conversation_over" } });
    expect((await rig.until(jobId, "done")).undoable).toBe(2);
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual([`${idOf("s1")} done`, `${idOf("s2")} done`]);
    expect(await user("s1")).toMatchObject({ suspended: true });
    const again = await rig.chooseFile("suspend", "s1");
    expect(rowsOf(again)[0]?.verdict).toBe("already");
    // Somebody else has brought one of them back since.
    await rig.until(await rig.start(await rig.chooseFile("unsuspend", "s1")), "done");
    await rig.services.bulk.undo({ jobId });
    const undoing = await rig.looked();
    expect(undoing).toMatchObject({ action: "unsuspend", fileName: null, ready: 1, skipped: 1 });
    const back = await rig.start(undoing);
    await rig.until(back, "done");
    expect(rig.outcomes(back)).toEqual([`${idOf("s2")} done`]);
    expect(await user("s2")).toMatchObject({ suspended: false });
  });

  it("that nothing undoes are not undone", async () => {
    await register("s3");
    const jobId = await rig.start(await rig.chooseFile("reset_passwords", "s3"));
    await rig.until(jobId, "done");
    await expect(rig.services.bulk.undo({ jobId })).rejects.toMatchObject({ error: { kind: "nothing_to_do" } });
  });
});

describe("sessions", () => {
  it("of users are signed out everywhere, or those alone that nobody has seen for long", async () => {
    await register("o1", "o2", "o3");
    for (const name of ["o1", "o3"]) await synapse.login(name, `a password of ${name}`);
    const draft = await rig.chooseFile("sign_out", "o1\no2\nroot");
    expect(rowsOf(draft).map(({ verdict, reason, count }) => [reason ?? verdict, count])).toEqual([
      ["ready", 1],
      ["already", null],
      ["own_account", null],
    ]);
    proxy.addRule({ method: "POST", path: /\/delete_devices/, ...LOST });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.services.allJobs.rows({ jobId, which: "all", from: 0, limit: 10 }).rows).toMatchObject([{ outcome: "done", count: 1 }]);
    expect(await devicesOf("o1")).toEqual([]);
    // Seen a moment ago: none is old, and when the others were seen is not known.
    const prune = await rig.chooseFile("prune_sessions", "o3");
    expect(prune).toMatchObject({ ready: 0, choices: { unseenDays: 90 } });
  });

  it("that are old are found by the day when they were seen last", async () => {
    await register("o4");
    for (let time = 0; time < 2; time += 1) await synapse.login("o4", "a password of o4");
    const [old, recent] = await devicesOf("o4");
    const daysAgo = (days: number): number => Date.now() - days * 24 * 3_600_000;
    const devices = [
      { device_id: old, last_seen_ts: daysAgo(100) },
      { device_id: recent, last_seen_ts: daysAgo(1) },
      { device_id: "NEVER", last_seen_ts: null },
    ];
    proxy.addRule({ method: "GET", path: /o4.*\/devices/, fault: { kind: "answer", status: 200, body: { devices } }, times: 2 });
    const draft = await rig.chooseFile("prune_sessions", "o4");
    expect(rowsOf(draft)).toMatchObject([{ verdict: "ready", count: 1 }]);
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.services.allJobs.rows({ jobId, which: "all", from: 0, limit: 10 }).rows).toMatchObject([{ outcome: "done", count: 1 }]);
    expect(await devicesOf("o4")).toEqual([recent]);
  });
});

async function devicesOf(name: string): Promise<string[]> {
  const { devices } = await synapse.adminCall({ path: `${pathOf(name)}/devices` });
  return (devices as { device_id: string }[]).map(({ device_id: id }) => id);
}

describe("files", () => {
  it("are deleted until nothing more is deleted, and what remains is counted", async () => {
    await register("m1", "m2", "m3");
    for (const [name, count] of [
      ["m1", 3],
      ["m2", 1],
    ] as const) {
      const { accessToken } = await synapse.login(name, `a password of ${name}`);
      for (let at = 0; at < count; at += 1) await upload(accessToken, `${name} ${at}`);
    }
    const draft = await rig.chooseFile("delete_media", "m1\nm2\nm3\nnobody");
    expect(rowsOf(draft).map(({ verdict, reason, count }) => [reason ?? verdict, count])).toEqual([
      ["ready", 3],
      ["ready", 1],
      ["already", null],
      ["no_such_user", null],
    ]);
    const DELETE = { method: "DELETE", path: /\/media/ };
    proxy.addRule({ ...DELETE, path: /m1.*\/media/, ...LOST });
    // One whose files the server can't delete.
    proxy.addRule({
      ...DELETE,
      path: /m2.*\/media/,
      fault: { kind: "answer", status: 200, body: { deleted_media: [], total: 0 } },
      times: 50,
    });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.services.allJobs.rows({ jobId, which: "all", from: 0, limit: 10 }).rows).toMatchObject([
      { outcome: "done", count: 3 },
      { outcome: "incomplete", reason: "files_left", count: 1 },
    ]);
  });
});

async function upload(token: string, text: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/plain" };
  const answer = await fetch(`${synapse.baseUrl}/_matrix/media/v3/upload`, { method: "POST", headers, body: text });
  if (!answer.ok) throw new Error(`the upload was refused with ${answer.status}`);
}

describe("users who come to an end", () => {
  it("are erased only when the number is typed, also those who were deactivated before", async () => {
    await register("e1", "e2", "e3");
    await put("e1", { displayname: "To be forgotten" });
    await synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${idOf("e2")}`, body: { erase: false } });
    await synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${idOf("e3")}`, body: { erase: true } });
    const draft = await rig.chooseFile("erase", "e1\ne2\ne3\nroot");
    expect(rowsOf(draft).map(({ verdict, reason }) => reason ?? verdict)).toEqual(["ready", "ready", "already", "own_account"]);
    const { accountId } = rig;
    for (const typed of [undefined, "", "4"]) {
      expect(await errorOf(rig.services.bulk.start({ accountId, draftId: draft.draftId, typed }))).toEqual({ kind: "not_confirmed" });
    }
    proxy.addRule({ method: "POST", path: /\/v1\/deactivate\//, ...LOST });
    const jobId = await rig.start(draft, { typed: "2" });
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual([`${idOf("e1")} done`, `${idOf("e2")} done`]);
    expect(await user("e1")).toMatchObject({ deactivated: true, erased: true });
  });

  it("and are still in rooms are named, and may be deactivated once more", async () => {
    await register("r1", "r2");
    const { accessToken: token } = await synapse.login("r1", "a password of r1");
    await synapse.call({ method: "POST", path: "/_matrix/client/v3/createRoom", token, body: {} });
    const rooms = { method: "GET", path: /r1.*\/joined_rooms/ };
    proxy.addRule({
      ...rooms,
      fault: { kind: "answer", status: 200, body: { joined_rooms: ["!a:kinds.test", "!b:kinds.test"], total: 2 } },
      times: 50,
    });
    const jobId = await rig.start(await rig.chooseFile("deactivate", "r1\nr2"));
    const ended = await rig.until(jobId, "done");
    expect(ended.leftInRooms).toBe(1);
    expect(rig.services.allJobs.rows({ jobId, which: "not_done", from: 0, limit: 10 }).rows).toMatchObject([
      { target: idOf("r1"), reason: "rooms_left", count: 2 },
    ]);
    const { draft } = await rig.services.bulk.leftInRooms({ jobId });
    expect(await rig.looked()).toMatchObject({ action: "deactivate", rows: 1, ready: 1 });
    proxy.clear();
    const again = await rig.start(draft);
    await rig.until(again, "done");
    // The server has left them meanwhile.
    expect(rig.outcomes(again)).toEqual([`${idOf("r1")} already`]);
  });

  it("are brought back with a password, given or made, and keep their names", async () => {
    synapse.makeProfileIndex();
    await register("b1", "b2");
    await put("b1", { displayname: "Back One" });
    for (const [name, erase] of [
      ["b1", false],
      ["b2", true],
    ] as const)
      await synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${idOf(name)}`, body: { erase } });
    const draft = await rig.chooseFile("reactivate", 'id,password,displayname\nb1," given to b1 ",\nb2,,Back Two\nroot,,\n');
    expect(draft).toMatchObject({ ready: 2, skipped: 1, passwordsToMake: 1 });
    proxy.addRule({ ...PUT_USER, ...LOST });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual([`${idOf("b1")} done`, `${idOf("b2")} done`]);
    await synapse.login("b1", " given to b1 ");
    const table = await rig.saved(jobId, "all");
    await synapse.login("b2", /^b2,Back Two,(\w{20}),done,/m.exec(table)?.[1] ?? "");
    expect(await user("b1")).toMatchObject({ displayname: "Back One", deactivated: false });
    expect(await user("b2")).toMatchObject({ displayname: "Back Two", deactivated: false });
    await rig.services.bulk.deletePasswords({ jobId });
  });
});

describe("notices", () => {
  const NOTICE = { method: "POST", path: /\/send_server_notice/ };

  it("are sent once each: one whose answer is lost is unknown, and told apart from those to run again", async () => {
    await register("n1", "n2", "n3");
    await synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${idOf("n3")}`, body: {} });
    const draft = await rig.chooseFile("send_notice", "n1\nn2\nn3");
    expect(draft).toMatchObject({ ready: 2, skipped: 1 });
    expect(await errorOf(rig.services.bulk.start({ accountId: rig.accountId, draftId: draft.draftId }))).toMatchObject({
      kind: "invalid_input",
    });
    proxy.clearRecord();
    // The first question is whether there are notices at all.
    proxy.addRule({ ...NOTICE, ...LOST, skip: 1 });
    const jobId = await rig.start(draft, { notice: "The server is down on Sunday." });
    await rig.until(jobId, "done");
    proxy.clear();
    expect(
      rig
        .outcomes(jobId)
        .map((line) => line.split(" ")[1])
        .sort(),
    ).toEqual(["done", "unknown"]);
    expect(proxy.requests(NOTICE)).toHaveLength(3);
    expect(rig.services.allJobs.rows({ jobId, which: "not_done", from: 0, limit: 10 }).total).toBe(0);
    expect(rig.services.allJobs.rows({ jobId, which: "unknown", from: 0, limit: 10 }).total).toBe(1);
    expect((await rig.saved(jobId, "unknown")).trim().split("\r\n")).toHaveLength(2);
  });

  it("that the server doesn't send are refused once, before there is a job", async () => {
    const off = { errcode: "M_UNKNOWN", error: "Server notices are not enabled on this server" };
    proxy.addRule({ ...NOTICE, fault: { kind: "answer", status: 400, body: off } });
    const draft = await rig.chooseFile("send_notice", "n1\nn2");
    proxy.clear();
    expect(draft).toMatchObject({ status: "failed", error: { kind: "notices_off" }, checked: 0 });
  });
});
