import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BulkRig, usersOf } from "../../support/bulkRig.ts";
import { runScript } from "../../support/childProcess.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";
import { randomNumbers, sample, seed } from "../../support/seed.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { within } from "../../support/waitUntil.ts";

const CHILD = fileURLToPath(new URL("../../support/bulkChild.ts", import.meta.url));
const ROWS = sample(60, 1_000);
const KILLS = sample(4, 60);
/** Each kill is followed by a start of its own, and the full numbers take a quarter of an hour. */
const TEST_MS = sample(240_000, 3_600_000);
const REACH_MS = 120_000;

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;

beforeAll(async () => {
  synapse = await startSynapse({ serverName: "killed.test" });
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
}, 120_000);
afterAll(async () => {
  await data.destroy();
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

it("users are made once each, all of them, though the app is killed again and again in between", async () => {
  const admin = await synapse.register({ user: "root", password: "the admin's own password", admin: true });
  const rig = await BulkRig.open(data, admin, proxy.baseUrl);
  await synapse.adminToken();
  const before = await usersOf(synapse);
  const names = Array.from({ length: ROWS }, (_, at) => `row${at}`);
  const draft = await rig.chooseFile("create", `id,displayname,email\n${names.map((name, at) => `${name},Row ${at},${name}@killed.test`).join("\n")}`);
  expect(draft.ready).toBe(ROWS);
  const hold = proxy.hold({ nth: 1, when: "before", method: "PUT", path: /\/v2\/users\// });
  const jobId = await rig.start(draft);
  await hold.reached;
  await data.close();
  hold.release();
  await writeFile(join(data.folder, "keychain.json"), JSON.stringify([...data.keychain.entries]));

  const random = randomNumbers(seed);
  const most = Math.floor((ROWS / KILLS) * 2);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const nth = 1 + Math.floor(random() * most);
    const changes = { method: "PUT", path: /\/v2\/users\// };
    const questions = { method: "GET", path: /\/_synapse\/admin\// };
    await killAt({ nth, when: random() < 0.5 ? "before" : "after", ...(random() < 0.8 ? changes : questions) });
  }
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
}, TEST_MS);
