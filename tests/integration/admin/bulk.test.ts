import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BulkRig, usersOf } from "../../support/bulkRig.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { errorOf } from "../../support/errorOf.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

// A row may wait for the server several times.
vi.setConfig({ testTimeout: 180_000 });

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let admin: TestUser;
let rig: BulkRig;

beforeAll(async () => {
  synapse = await startSynapse({ serverName: "bulk.test" });
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  admin = await synapse.register({ user: "root", password: "the admin's own password", admin: true });
  rig = await BulkRig.open(data, admin, proxy.baseUrl);
}, 120_000);
afterAll(async () => {
  await data.destroy();
  await proxy.stop();
  await synapse.stop();
});

const PUT_USER = { method: "PUT", path: /\/_synapse\/admin\/v2\/users\// };
const DEACTIVATE = { method: "POST", path: /\/_synapse\/admin\/v1\/deactivate\// };
const user = (name: string): Promise<Record<string, unknown>> => synapse.adminCall({ path: `/_synapse/admin/v2/users/@${name}:bulk.test` });

describe("users from a file", () => {
  it("are looked at first, and made as the file says: a bad row and an existing user stop nobody", async () => {
    await synapse.register({ user: "taken", password: "a password of taken" });
    await synapse.setEmail({ userId: "@taken:bulk.test" }, "has@bulk.test");
    const gone = await synapse.register({ user: "gone", password: "a password of gone" });
    await synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${gone.userId}`, body: {} });
    const draft = await rig.chooseFile(
      "create",
      "\ufeffID;Displayname;Password;Admin;Emails;Phones;Locked;Deactivated\r\n" +
        'anna;"Anna; with umlaut Ä";" secret of anna ";WAHR;Anna@bulk.test;+49 30 123456;;\r\n' +
        "bert;;;;;;;\r\n" +
        "TAKEN;;;;;;;\r\n" +
        "gone;;;;;;;\r\n" +
        "thief;;;;HAS@bulk.test;;;\r\n" +
        "bad row;;;;;;;\r\n" +
        "carl;;;;;;ja;\r\n" +
        "dora;;;;;;;WAHR\r\n",
    );
    expect(draft).toMatchObject({ status: "ready", rows: 8, checked: 8, ready: 4, skipped: 3, invalid: 1, passwordsToMake: 3 });
    const { rows } = rig.services.bulk.draftRows({ accountId: rig.accountId, draftId: draft.draftId, which: "all", from: 0, limit: 200 });
    expect(rows.map(({ name, verdict, reason, names, problem }) => [name, verdict, reason ?? problem?.reason ?? null, ...names])).toEqual([
      ["@anna:bulk.test", "ready", null],
      ["@bert:bulk.test", "ready", null],
      ["@taken:bulk.test", "skipped", "exists"],
      ["@gone:bulk.test", "skipped", "exists_deactivated"],
      ["@thief:bulk.test", "skipped", "email_taken", "has@bulk.test", "@taken:bulk.test"],
      ["bad row", "invalid", "name_not_allowed"],
      ["@carl:bulk.test", "ready", null],
      ["@dora:bulk.test", "ready", null],
    ]);
    expect(await usersOf(synapse)).not.toContain("@anna:bulk.test");

    const jobId = await rig.start(draft);
    expect(await rig.until(jobId, "done")).toMatchObject({ counts: { done: 4 }, unsavedPasswords: 3, error: null });
    const anna = await user("anna");
    expect(anna).toMatchObject({ displayname: "Anna; with umlaut Ä", admin: true });
    expect((anna["threepids"] as { address: string }[]).map(({ address }) => address).sort()).toEqual(["4930123456", "anna@bulk.test"]);
    await synapse.login("anna", " secret of anna ");
    expect(await user("carl")).toMatchObject({ locked: true, deactivated: false });
    expect(await user("dora")).toMatchObject({ deactivated: true });
    expect(await user("taken")).toMatchObject({ threepids: [{ address: "has@bulk.test" }] });

    const table = await rig.saved(jobId, "all");
    const password = /^bert,,([\w]{20}),/m.exec(table)?.[1] ?? "";
    await synapse.login("bert", password);
    expect(table).not.toContain("secret of anna");
    const secrets = { made: password, given: " secret of anna " };
    expect(
      await sweepForSecrets(secrets, { folders: [`${data.folder}/accounts`], texts: { events: JSON.stringify(data.events) } }),
    ).toEqual([]);

    // On paper goes what was made here, in portions; what the file gave is known to whoever wrote it.
    const portions = await Promise.all([0, 1, 3].map((from) => rig.services.bulk.slips({ jobId, from, limit: from + 1 })));
    expect(portions.map(({ slips, ...counts }) => [slips.map(({ userId }) => userId), counts])).toEqual([
      [["@bert:bulk.test"], { total: 3, unsure: 0 }],
      [["@carl:bulk.test", "@dora:bulk.test"], { total: 3, unsure: 0 }],
      [[], { total: 3, unsure: 0 }],
    ]);
    expect(portions[0]?.slips[0]?.password.reveal()).toBe(password);
    expect(await rig.services.bulk.printSlips()).toEqual({ printed: true });
    // Printed is not saved.
    expect(rig.job(jobId)).toMatchObject({ unsavedPasswords: 3 });
    expect(await errorOf(rig.services.allJobs.dismiss({ jobId }))).toEqual({ kind: "passwords_not_saved" });
    await rig.services.bulk.deletePasswords({ jobId });
    expect(await errorOf(rig.services.bulk.slips({ jobId, from: 0, limit: 500 }))).toEqual({ kind: "conversation_over" });
    expect(await rig.saved(jobId, "all")).toContain("bert,done");
    expect(await errorOf(rig.services.rowJobs.openInput(jobId))).toEqual({ kind: "conversation_over" });
    await rig.services.allJobs.dismiss({ jobId });
  });

  it("whose answers are lost, limited, broken or not given are made once, with the password that is told", async () => {
    const names = Array.from({ length: 12 }, (_, at) => `lost${at}`);
    const draft = await rig.chooseFile("create", `id,displayname\n${names.map((name) => `${name},The ${name}`).join("\n")}`);
    proxy.clearRecord();
    const after = { ...PUT_USER, when: "after" as const };
    proxy.addRule({ ...after, fault: { kind: "reset" } });
    proxy.addRule({ ...after, fault: { kind: "cut" }, skip: 1 });
    proxy.addRule({ ...after, fault: { kind: "malformed" }, skip: 2 });
    proxy.addRule({ ...after, fault: { kind: "answer", status: 502, body: "<html>Bad gateway</html>" }, skip: 3 });
    proxy.addRule({ ...PUT_USER, fault: { kind: "rateLimit", retryAfterMs: 10 }, skip: 4, times: 5 });
    proxy.addRule({
      ...PUT_USER,
      fault: { kind: "answer", status: 429, body: "slow down", headers: { "retry-after": "0" } },
      skip: 9,
      times: 2,
    });
    proxy.addRule({ ...PUT_USER, fault: { kind: "answer", status: 503, body: "<html>Away</html>" }, skip: 11 });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual(names.map((name) => `@${name}:bulk.test done`));
    // A request that the server took is never sent again.
    const taken = proxy
      .requests(PUT_USER)
      .filter(({ forwarded }) => forwarded)
      .map(({ path }) => path);
    expect(taken.length).toBe(new Set(taken).size);
    const table = await rig.saved(jobId, "all");
    for (const name of ["lost0", "lost1", "lost11"]) {
      await synapse.login(name, new RegExp(`^${name},The ${name},(\\w{20}),`, "m").exec(table)?.[1] ?? "");
    }
    await rig.services.bulk.deletePasswords({ jobId });
  });

  it("that the server refuses say why, and are saved alone to be run again", async () => {
    const draft = await rig.chooseFile("create", `id,password,user_type\nfine,a password of fine,\nodd,"=a password, ""odd""",alien\n`);
    expect(draft).toMatchObject({ ready: 2, passwordsToMake: 0 });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    expect(rig.outcomes(jobId)).toEqual(["@fine:bulk.test done", "@odd:bulk.test failed"]);
    const again = await rig.saved(jobId, "not_done");
    const next = await rig.chooseFile("create", again.replace("alien", "bot"));
    expect(next).toMatchObject({ rows: 1, ready: 1, passwordsToMake: 0, unused: [] });
    const nextId = await rig.start(next);
    await rig.until(nextId, "done");
    expect(rig.outcomes(nextId)).toEqual(["@odd:bulk.test done"]);
    await synapse.login("odd", '=a password, "odd"');
  });

  it("that the server makes and refuses the rest of are finished, and what is refused again is named", async () => {
    await synapse.register({ user: "owner", password: "a password of owner" });
    const ids = [{ auth_provider: "oidc-x", external_id: "1" }];
    await synapse.adminCall({ method: "PUT", path: "/_synapse/admin/v2/users/@owner:bulk.test", body: { external_ids: ids } });
    const draft = await rig.chooseFile("create", "id,displayname,external_ids,threepids\nhalf,Half,oidc-x:2,email:half@bulk.test\n");
    expect(draft).toMatchObject({ ready: 1 });
    // Somebody else takes the external id while the file is being looked at.
    const hold = proxy.hold({ nth: 1, when: "before", ...PUT_USER });
    const jobId = await rig.start(draft);
    await hold.reached;
    await synapse.adminCall({
      method: "PUT",
      path: "/_synapse/admin/v2/users/@owner:bulk.test",
      body: { external_ids: [...ids, { auth_provider: "oidc-x", external_id: "2" }] },
    });
    hold.release();
    await rig.until(jobId, "done");
    const { rows } = rig.services.allJobs.rows({ jobId, which: "not_done", from: 0, limit: 10 });
    expect(rows).toMatchObject([
      { outcome: "incomplete", reason: "fields_missing", names: ["external_ids"], error: { kind: "server", status: 409 } },
    ]);
    expect(await user("half")).toMatchObject({ displayname: "Half", threepids: [{ address: "half@bulk.test" }] });
    await rig.services.bulk.deletePasswords({ jobId });
  });
});

describe("a job", () => {
  it("pauses, waits, goes on and is cancelled: what was not begun is left", async () => {
    const names = Array.from({ length: 10 }, (_, at) => `pause${at}`);
    const draft = await rig.chooseFile("create", names.join("\n"));
    const hold = proxy.hold({ nth: 1, when: "before", ...PUT_USER });
    const jobId = await rig.start(draft);
    await hold.reached;
    await rig.services.allJobs.pause({ jobId });
    expect(rig.job(jobId)).toMatchObject({ status: "running", stopping: true });
    hold.release();
    const paused = await rig.until(jobId, "paused");
    expect(paused.counts["done"]).toBeLessThan(10);
    const there = (await usersOf(synapse)).filter((name) => name.startsWith("@pause")).length;
    expect(there).toBe(paused.counts["done"]);
    await data.close();
    rig.services = await data.open({ serverAwayMs: 20 });
    await rig.services.sessions.restoreAll();
    expect(rig.job(jobId).status).toBe("paused");
    const next = proxy.hold({ nth: 1, when: "before", ...PUT_USER });
    await rig.services.allJobs.resume({ jobId });
    await next.reached;
    await rig.services.allJobs.cancel({ jobId });
    next.release();
    const over = await rig.until(jobId, "cancelled");
    expect((await usersOf(synapse)).filter((name) => name.startsWith("@pause"))).toHaveLength(over.counts["done"] ?? 0);
    expect(rig.outcomes(jobId).filter((line) => line.endsWith(" open")).length).toBe(10 - (over.counts["done"] ?? 0));
    expect(await errorOf(rig.services.allJobs.resume({ jobId }))).toEqual({ kind: "conversation_over" });
    await rig.services.bulk.deletePasswords({ jobId });
  });

  it("waits for a server that restarts, says so, and can be paused meanwhile", async () => {
    const draft = await rig.chooseFile("create", Array.from({ length: 6 }, (_, at) => `away${at}`).join("\n"));
    const hold = proxy.hold({ nth: 1, when: "before", ...PUT_USER });
    const jobId = await rig.start(draft);
    await hold.reached;
    await synapse.goDown();
    hold.release();
    await waitUntil(() => rig.waiting(jobId) === "server", { what: "the job to wait for the server", timeoutMs: 60_000 });
    // Nobody waits for a server to pause.
    await rig.services.allJobs.pause({ jobId });
    await rig.until(jobId, "paused");
    await rig.services.allJobs.resume({ jobId });
    await waitUntil(() => rig.waiting(jobId) === "server", { what: "the job to wait again", timeoutMs: 60_000 });
    await synapse.comeBack();
    expect(await rig.until(jobId, "done")).toMatchObject({ counts: { done: 6 }, error: null });
    await rig.services.bulk.deletePasswords({ jobId });
  });

  it("of an account that is no admin any more pauses and says why; no row counts as failed", async () => {
    const draft = await rig.chooseFile("create", "late0");
    const hold = proxy.hold({ nth: 1, when: "before", ...PUT_USER });
    const jobId = await rig.start(draft);
    await hold.reached;
    await synapse.adminCall({ method: "PUT", path: "/_synapse/admin/v1/users/@root:bulk.test/admin", body: { admin: false } });
    hold.release();
    const paused = await rig.until(jobId, "paused");
    expect(paused).toMatchObject({ error: { kind: "forbidden" }, counts: {} });
    await synapse.adminCall({ method: "PUT", path: "/_synapse/admin/v1/users/@root:bulk.test/admin", body: { admin: true } });
    await rig.services.allJobs.resume({ jobId });
    expect(await rig.until(jobId, "done")).toMatchObject({ counts: { done: 1 } });
    await rig.services.bulk.deletePasswords({ jobId });
  });
});

describe("users who are deactivated", () => {
  it("are looked at first and right before, never one's own, and once whatever becomes of the answer", async () => {
    for (const name of ["d1", "d2", "d3", "d4"]) await synapse.register({ user: name, password: `a password of ${name}` });
    const draft = await rig.chooseFile("deactivate", "id\nd1\n@d2:bulk.test\nd3\nd4\nroot\nnobody\ngone\n");
    expect(draft).toMatchObject({ ready: 4, skipped: 3, invalid: 0 });
    // One is deactivated by somebody else meanwhile.
    await synapse.adminCall({ path: "/_synapse/admin/v1/deactivate/@d4:bulk.test", body: {} });
    proxy.clearRecord();
    proxy.addRule({ ...DEACTIVATE, when: "after", fault: { kind: "reset" } });
    proxy.addRule({ ...DEACTIVATE, when: "after", fault: { kind: "answer", status: 504, body: "<html>Too late</html>" }, skip: 1 });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual(["@d1:bulk.test done", "@d2:bulk.test done", "@d3:bulk.test done", "@d4:bulk.test already"]);
    expect(proxy.requests(DEACTIVATE)).toHaveLength(3);
    expect(await user("root")).toMatchObject({ deactivated: false });
    expect(await user("d1")).toMatchObject({ deactivated: true, erased: false });
    await rig.services.allJobs.dismiss({ jobId });
  });

  it("may be chosen as well; those of other servers are refused before anything is asked", async () => {
    await synapse.register({ user: "e1", password: "a password of e1" });
    const elsewhere = rig.services.bulk.fromUsers({ accountId: rig.accountId, action: "deactivate", userIds: ["@x:other.test"] });
    expect(await errorOf(elsewhere)).toMatchObject({ kind: "not_own_server" });
    const { draft } = await rig.services.bulk.fromUsers({
      accountId: rig.accountId,
      action: "deactivate",
      userIds: ["@e1:bulk.test", "@e1:bulk.test", "@root:bulk.test"],
    });
    await waitUntil(() => rig.services.bulk.draft({ accountId: rig.accountId }).draft?.status === "ready", {
      what: "the rows to be looked at",
      timeoutMs: 60_000,
    });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    expect(rig.outcomes(jobId)).toEqual(["@e1:bulk.test done"]);
  });
});

describe("users who are there", () => {
  it("are locked and unlocked, and told apart from those who are already", async () => {
    for (const name of ["l1", "l2", "l3"]) await synapse.register({ user: name, password: `a password of ${name}` });
    await synapse.adminCall({ method: "PUT", path: "/_synapse/admin/v2/users/@l3:bulk.test", body: { locked: true } });
    const draft = await rig.chooseFile("lock", "id\nl1\nl2\nl3\nroot\n");
    const { rows } = rig.services.bulk.draftRows({ accountId: rig.accountId, draftId: draft.draftId, which: "all", from: 0, limit: 10 });
    expect(rows.map(({ verdict, reason }) => reason ?? verdict)).toEqual(["ready", "ready", "already", "own_account"]);
    proxy.addRule({ ...PUT_USER, when: "after", fault: { kind: "reset" } });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual(["@l1:bulk.test done", "@l2:bulk.test done"]);
    expect(await user("l1")).toMatchObject({ locked: true });
    const unlocked = await rig.start(await rig.chooseFile("unlock", "l1\nl2\nl3"));
    await rig.until(unlocked, "done");
    expect(rig.outcomes(unlocked)).toEqual(["l1", "l2", "l3"].map((name) => `@${name}:bulk.test done`));
    expect(await user("l3")).toMatchObject({ locked: false });
  });

  it("that the server does not lock, though it says yes, count as failed", async () => {
    await synapse.register({ user: "old", password: "a password of old" });
    const draft = await rig.chooseFile("lock", "old");
    const answer = { ...(await user("old")), locked: undefined };
    proxy.addRule({ ...PUT_USER, fault: { kind: "answer", status: 200, body: answer } });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.outcomes(jobId)).toEqual(["@old:bulk.test failed not_supported"]);
  });

  it("get new passwords, given or made, and stay signed in where that is chosen", async () => {
    for (const name of ["p1", "p2"]) await synapse.register({ user: name, password: `a password of ${name}` });
    const { accessToken: token } = await synapse.login("p1", "a password of p1");
    const draft = await rig.chooseFile("reset_passwords", 'id,password\np1," given, to p1 "\np2,\nroot,\n');
    expect(draft).toMatchObject({ ready: 2, skipped: 1, passwordsToMake: 1 });
    proxy.addRule({ ...PUT_USER, when: "after", fault: { kind: "reset" } });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    proxy.clear();
    expect(rig.job(jobId)).toMatchObject({ counts: { done: 2 }, unsavedPasswords: 1 });
    await synapse.call({ path: "/_matrix/client/v3/account/whoami", token });
    await synapse.login("p1", " given, to p1 ");
    const table = await rig.saved(jobId, "all");
    await synapse.login("p2", /^p2,(\w{20}),done,/m.exec(table)?.[1] ?? "");
    expect(table).not.toContain("given, to p1");
    await rig.services.bulk.deletePasswords({ jobId });
    const { actions } = { actions: await rig.services.actionLog.list() };
    expect(actions[0]).toMatchObject({ actor: "@root:bulk.test", action: "reset_passwords", target: "2", result: "done" });
  });
});

describe("a file with other columns", () => {
  it("waits for the person to say what they are, and is known the next time", async () => {
    const text = "Nachname;Vorname;Kennung\nLovelace;Ada;k1\nHopper;Grace;k2\n";
    const asked = await rig.chooseFile("create", text);
    expect(asked).toMatchObject({
      status: "columns",
      rows: 0,
      columns: { headings: ["Nachname", "Vorname", "Kennung"], columns: [null, null, null], hasHeader: true },
    });
    const draft = await rig.nameColumns(["displayname", "displayname", "id"]);
    expect(draft).toMatchObject({ status: "ready", ready: 2 });
    const { rows } = rig.services.bulk.draftRows({ accountId: rig.accountId, draftId: draft.draftId, which: "all", from: 0, limit: 10 });
    expect(rows.map(({ name, displayName }) => [name, displayName])).toEqual([
      ["@k1:bulk.test", "Lovelace Ada"],
      ["@k2:bulk.test", "Hopper Grace"],
    ]);
    await data.close();
    rig.services = await data.open({ serverAwayMs: 20 });
    await rig.services.sessions.restoreAll();
    expect(await rig.chooseFile("create", text.replace("Kennung", "Kürzel"))).toMatchObject({ status: "columns" });
    expect(await rig.chooseFile("create", text.replaceAll("k1", "k7"))).toMatchObject({ status: "ready", ready: 2 });
  });
});

describe("an account that is signed out", () => {
  it("takes its jobs along, and what they were given", async () => {
    const draft = await rig.chooseFile("create", "id,password\nlast0,a secret that goes\nlast1,another secret\n");
    const hold = proxy.hold({ nth: 1, when: "after", ...PUT_USER });
    await rig.start(draft);
    await hold.reached;
    const signedOut = rig.services.sessions.signOut(rig.accountId);
    hold.release();
    await signedOut;
    expect(rig.services.allJobs.list().jobs).toEqual([]);
    expect(await sweepForSecrets({ target: "@last0:bulk.test" }, { folders: [data.folder] })).toEqual([]);
  });
});
