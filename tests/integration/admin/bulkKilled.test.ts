import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { BulkAction } from "../../../shared/contract/bulk.ts";
import type { ConversationId } from "../../../shared/ids.ts";
import { BulkRig, usersOf } from "../../support/bulkRig.ts";
import { runScript } from "../../support/childProcess.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";
import { randomNumbers, sample, seed } from "../../support/seed.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type UserLine } from "../../support/synapse.ts";
import { waitUntil, within } from "../../support/waitUntil.ts";

const CHILD = fileURLToPath(new URL("../../support/bulkChild.ts", import.meta.url));
const ROWS = sample(60, 1_000);
const KILLS = sample(4, 60);
/** Users who are there, of whom the server's whole table is compared. */
const MANY = sample(24, 1_000);
/** Each kill is followed by a start of its own, and the full numbers take a quarter of an hour. */
const TEST_MS = sample(240_000, 3_600_000);
const REACH_MS = 120_000;

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;

beforeAll(async () => {
  const notices = { server_notices: { system_mxid_localpart: "notices", room_name: "Notices" } };
  synapse = await startSynapse({ serverName: "killed.test", config: notices });
  proxy = await startFaultProxy(synapse.baseUrl);
}, 120_000);
beforeEach(async () => {
  data = await StewardData.create();
});
afterEach(() => data.destroy());
afterAll(async () => {
  await proxy.stop();
  await synapse.stop();
});

/** Lets a Steward of its own go on with the Jobs, and ends it with SIGKILL at a request; or sees them end before. */
async function killAt(point: Parameters<FaultProxy["hold"]>[0]): Promise<void> {
  const hold = proxy.hold(point);
  const child = runScript(CHILD, [data.folder, join(data.folder, "keychain.json")]);
  try {
    const ended = child.line("ended", REACH_MS);
    ended.catch(() => undefined);
    await within(Promise.race([hold.reached, ended]), REACH_MS, "the request, or the end");
  } finally {
    await child.kill();
    hold.release();
  }
}

/** Lets closed data's Jobs go on in Stewards that are killed one after the other: at a change of a row, or at a question before it. */
async function goOnThroughKills(kills: number, rows: number, changes: { method: string; path: RegExp }): Promise<void> {
  await writeFile(join(data.folder, "keychain.json"), JSON.stringify([...data.keychain.entries]));
  const random = randomNumbers(seed);
  const most = Math.floor((rows / kills) * 2);
  const questions = { method: "GET", path: /\/_synapse\/admin\// };
  for (let kill = 0; kill < kills; kill += 1) {
    const nth = 1 + Math.floor(random() * most);
    await killAt({ nth, when: random() < 0.5 ? "before" : "after", ...(random() < 0.8 ? changes : questions) });
  }
}

it(
  "users are made once each, all of them, though the app is killed again and again in between",
  async () => {
    const admin = await synapse.register({ user: "root", password: "the admin's own password", admin: true });
    const rig = await BulkRig.open(data, admin, proxy.baseUrl);
    await synapse.adminToken();
    const before = await usersOf(synapse);
    const names = Array.from({ length: ROWS }, (_, at) => `row${at}`);
    const draft = await rig.chooseFile(
      "create",
      `id,displayname,email\n${names.map((name, at) => `${name},Row ${at},${name}@killed.test`).join("\n")}`,
    );
    expect(draft.ready).toBe(ROWS);
    const hold = proxy.hold({ nth: 1, when: "before", method: "PUT", path: /\/v2\/users\// });
    const jobId = await rig.start(draft);
    await hold.reached;
    await data.close();
    hold.release();
    await goOnThroughKills(KILLS, ROWS, { method: "PUT", path: /\/v2\/users\// });
    rig.services = await data.open({ serverAwayMs: 20 });
    await rig.services.sessions.restoreAll();
    await rig.until(jobId, "done");

    expect(rig.job(jobId).counts).toEqual({ done: ROWS });
    expect(await usersOf(synapse)).toEqual([...before, ...names.map((name) => `@${name}:killed.test`)].sort());
    const table = await rig.saved(jobId, "all");
    const passwords = new Map([...table.matchAll(/^(row\d+),[^,]*,(\w{20}),/gm)].map(([, name, password]) => [name, password]));
    expect(passwords.size).toBe(ROWS);
    for (const at of [0, Math.floor(ROWS / 2), ROWS - 1]) await synapse.login(`row${at}`, passwords.get(`row${at}`) ?? "");
    for (const at of [0, 7, ROWS - 1]) {
      const user = await synapse.adminCall({ path: `/_synapse/admin/v2/users/@row${at}:killed.test` });
      expect(user).toMatchObject({ displayname: `Row ${at}`, threepids: [{ address: `row${at}@killed.test` }] });
    }
    const secrets = Object.fromEntries([...passwords].map(([name, password]) => [`password of ${name}`, password as string]));
    expect(await sweepForSecrets(secrets, { folders: [data.folder] })).toEqual([]);
  },
  TEST_MS,
);

/** Work on users who are there: the requests that do it, and what becomes of a user's line in the server's table. */
const WORK = [
  {
    action: "change" as const,
    requests: { method: "PUT", path: /\/v2\/users\/(?<user>[^/?]+)$/ },
    becomes: (line: UserLine) => ({ ...line, displayname: `New ${line.name}` }),
  },
  {
    action: "deactivate" as const,
    requests: { method: "POST", path: /\/v1\/deactivate\/(?<user>[^/?]+)$/ },
    becomes: (line: UserLine) => ({ ...line, deactivated: 1, password_hash: null }),
  },
];

it.each(WORK)(
  "$action is done to each row once and to nobody else, though the app is killed again and again in between",
  async ({ action, requests, becomes }) => {
    const server = await startSynapse({ serverName: "table.test" });
    try {
      await server.addUsers(MANY + 10);
      const admin = await server.register({ user: "root", password: "the admin's own password", admin: true });
      proxy.target = server.baseUrl;
      const rig = await BulkRig.open(data, admin, proxy.baseUrl);
      const before = server.userTable();
      const chosen = before.filter(({ name }) => name.startsWith("@user")).slice(5, 5 + MANY);
      const draft = await rig.chooseFile(action, `id,displayname\n${chosen.map(({ name }) => `${name},New ${name}`).join("\n")}\n`);
      expect(draft.ready).toBe(MANY);
      proxy.clearRecord();
      const hold = proxy.hold({ nth: 1, when: "before", ...requests });
      const jobId = await rig.start(draft, { typed: String(MANY) });
      await hold.reached;
      await data.close();
      hold.release();
      await goOnThroughKills(sample(3, KILLS), MANY, requests);
      rig.services = await data.open({ serverAwayMs: 20 });
      await rig.services.sessions.restoreAll();
      await rig.until(jobId, "done");

      expect(rig.job(jobId).counts).toEqual({ done: MANY });
      const names = new Set(chosen.map(({ name }) => name));
      expect(server.userTable()).toEqual(before.map((line) => (names.has(line.name) ? becomes(line) : line)));
      // A request whose answer the app may not have got is followed by another where reading said that it was not done.
      const answered = new Map<string, number>();
      for (const { path, status } of proxy.requests(requests)) {
        const user = decodeURIComponent(requests.path.exec(path)?.groups?.["user"] ?? "");
        if (status === 200) answered.set(user, (answered.get(user) ?? 0) + 1);
      }
      expect([...answered].filter(([, times]) => times > 1)).toEqual([]);
    } finally {
      proxy.target = synapse.baseUrl;
      await server.stop();
    }
  },
  TEST_MS,
);

/** Of each kind of work on users who are there. */
const EACH = sample(4, 40);
const idOf = (name: string): string => `@${name}:killed.test`;
const pathOf = (name: string): string => `/_synapse/admin/v2/users/${idOf(name)}`;
const ADMIN = /\/_synapse\/admin\/v[12]\//;

/** What is done to the users of a name, what they need for it, and what is so in the end. */
const KINDS: Partial<
  Record<BulkAction, { before?: (name: string, token: string) => Promise<unknown>; isSo: (name: string) => Promise<boolean> }>
> = {
  change: { isSo: async (name) => (await userOf(name))["displayname"] === `New ${name}` },
  suspend: { isSo: async (name) => (await userOf(name))["suspended"] === true },
  lock: { isSo: async (name) => (await userOf(name))["locked"] === true },
  sign_out: {
    before: () => Promise.resolve(),
    isSo: async (name) => ((await synapse.adminCall({ path: `${pathOf(name)}/devices` }))["devices"] as unknown[]).length === 0,
  },
  delete_media: {
    before: (_name, token) =>
      fetch(`${synapse.baseUrl}/_matrix/media/v3/upload`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: "a file",
      }),
    isSo: async (name) => (await synapse.adminCall({ path: `/_synapse/admin/v1/users/${idOf(name)}/media` }))["total"] === 0,
  },
  deactivate: { isSo: async (name) => (await userOf(name))["deactivated"] === true && (await userOf(name))["erased"] === false },
  erase: { isSo: async (name) => (await userOf(name))["erased"] === true },
  reactivate: {
    before: (name) => synapse.adminCall({ path: `/_synapse/admin/v1/deactivate/${idOf(name)}`, body: {} }),
    isSo: async (name) => Boolean(await synapse.login(name, `new ${name}`)),
  },
};

const userOf = (name: string): Promise<Record<string, unknown>> => synapse.adminCall({ path: pathOf(name) });

/** The messages in each room of the server's notices. */
async function noticesSent(): Promise<number[]> {
  const { rooms } = await synapse.adminCall({ path: "/_synapse/admin/v1/rooms?search_term=Notices&limit=500" });
  const ids = (rooms as { room_id: string }[]).map(({ room_id: id }) => encodeURIComponent(id));
  const counted = ids.map(async (id) => {
    const { chunk } = await synapse.adminCall({ path: `/_synapse/admin/v1/rooms/${id}/messages?dir=b&limit=100` });
    return (chunk as { type: string }[]).filter(({ type }) => type === "m.room.message").length;
  });
  return Promise.all(counted);
}

it(
  "all that is done to users who are there is done to each of them, and no notice twice, though the app is killed in between",
  async () => {
    synapse.makeProfileIndex();
    const admin = await synapse.register({ user: "boss", password: "the boss's own password", admin: true });
    const rig = await BulkRig.open(data, admin, proxy.baseUrl);
    const actions = [...(Object.keys(KINDS) as BulkAction[]), "send_notice" as const];
    const names = new Map(actions.map((action) => [action, Array.from({ length: EACH }, (_, at) => `${action.replace("_", "")}${at}`)]));
    for (const [action, users] of names) {
      for (const name of users) {
        await synapse.register({ user: name, password: `old ${name}` });
        await KINDS[action]?.before?.(name, (await synapse.login(name, `old ${name}`)).accessToken);
      }
    }
    // Nothing is done before the first start: the server wants to be left alone.
    const jobs = new Map<BulkAction, ConversationId>();
    for (const [action, users] of names) {
      const draft = await rig.chooseFile(
        action,
        `id,displayname,password\n${users.map((name) => `${name},New ${name},new ${name}`).join("\n")}\n`,
      );
      expect(draft.ready, action).toBe(EACH);
      // Whether the server sends notices is asked with the same request that sends them.
      const skip = action === "send_notice" ? 1 : 0;
      for (const method of ["PUT", "POST", "DELETE"])
        proxy.addRule({ method, path: ADMIN, fault: { kind: "rateLimit", retryAfterMs: 3_600_000 }, skip, times: 100 });
      const jobId = await rig.start(draft, { notice: "To all", typed: String(EACH) });
      await waitUntil(() => rig.waiting(jobId) === "rate_limit", { what: `${action} to be left waiting`, timeoutMs: REACH_MS });
      proxy.clear();
      jobs.set(action, jobId);
    }
    await data.close();
    await writeFile(join(data.folder, "keychain.json"), JSON.stringify([...data.keychain.entries]));
    const random = randomNumbers(seed);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const method = ["PUT", "POST", "DELETE", "POST"][Math.floor(random() * 4)] as string;
      await killAt({ nth: 1 + Math.floor(random() * 8), when: random() < 0.5 ? "before" : "after", method, path: ADMIN });
    }
    rig.services = await data.open({ serverAwayMs: 20 });
    await rig.services.sessions.restoreAll();
    for (const [action, jobId] of jobs) {
      const { counts } = await rig.until(jobId, "done");
      if (action === "send_notice") continue;
      const { done = 0, unknown = 0 } = counts;
      // Whoever is active after a kill may be so by somebody else, and with another password.
      expect([done + unknown, action === "reactivate" ? 0 : unknown], action).toEqual([EACH, 0]);
      for (const name of names.get(action) ?? []) expect(await KINDS[action]?.isSo(name), name).toBe(true);
    }
    const { done = 0, unknown = 0 } = rig.job(jobs.get("send_notice") as ConversationId).counts;
    expect(done + unknown).toBe(EACH);
    const sent = await noticesSent();
    expect(Math.max(0, ...sent)).toBeLessThanOrEqual(1);
    expect(sent.filter((count) => count === 1).length).toBeGreaterThanOrEqual(done);
  },
  TEST_MS,
);
