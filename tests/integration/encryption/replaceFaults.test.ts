import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Rooms } from "../../../main/rooms.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type Fault, type FaultProxy, type RequestMatch, startFaultProxy } from "../../support/faultProxy.ts";
import { matches } from "../../support/faultRules.ts";
import { beginReplacing, openForPerson } from "../../support/secureBackupAccounts.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { randomNumbers, sample } from "../../support/seed.ts";
import { StewardData } from "../../support/stewardRooms.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { within } from "../../support/waitUntil.ts";

type Kind = "change" | "reset";

/** Everything but the long poll, which goes on beside the work. */
const NOT_SYNC = /^(?!.*\/sync\b)/;
const CHILD = fileURLToPath(new URL("../../support/setUpChild.ts", import.meta.url));
const ROOM_KEYS = 2;
const FAULTS: Record<"before" | "after", Fault[]> = {
  before: [{ kind: "reset" }, { kind: "answer", status: 502, body: "<html>Bad gateway</html>" }],
  after: [{ kind: "cut" }, { kind: "malformed" }, { kind: "reset" }],
};

/** Requests after which most is at stake: each changes what other clients find. */
const DECISIVE: Record<Kind, RequestMatch[]> = {
  change: [
    { method: "PUT", path: /m\.megolm_backup\.v1/ },
    { method: "PUT", path: /m\.secret_storage\.default_key/ },
  ],
  reset: [
    { method: "POST", path: /device_signing\/upload/ },
    { method: "PUT", path: /m\.secret_storage\.default_key/ },
    { method: "POST", path: /room_keys\/version/ },
    { method: "PUT", path: /room_keys\/keys/ },
    { method: "DELETE", path: /room_keys\/version/ },
  ],
};

let synapse: Synapse;
let proxy: FaultProxy;
let users = 0;
beforeAll(async () => {
  synapse = await startSynapse();
  proxy = await startFaultProxy(synapse.baseUrl);
}, 120_000);
afterAll(async () => {
  await proxy.stop();
  await synapse.stop();
});

/** An account with a Secure Backup that another client has set up, unlocked here. */
interface Scene {
  user: TestUser;
  other: SdkSession;
  data: StewardData;
  rooms: Rooms;
  accountId: AccountId;
  oldKey: string;
}

async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const user = await synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });
  const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  const data = await StewardData.create();
  try {
    const oldKey = await other.setUpSecureBackup();
    await other.sendRoomKeys(ROOM_KEYS);
    const rooms = await data.open();
    const accountId = await signInTo(rooms, user, proxy.baseUrl);
    await openForPerson(rooms, user).service.unlock({ accountId, keyOrPhrase: oldKey });
    await rooms.health.refresh(accountId);
    await work({ user, other, data, rooms, accountId, oldKey });
  } finally {
    proxy.clear();
    other.stop();
    await data.destroy();
  }
}

/** What must hold whenever it has stopped: no room key is lost, and what opens the backup is known. */
async function expectNothingLost({ user, other, oldKey }: Scene, newKey: string, what: string): Promise<void> {
  // A client that was never here before: it has nothing but the key, and remembers nothing.
  const fresh = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  try {
    const tried = [];
    for (const securityKey of [oldKey, newKey]) {
      const read = await fresh.readBackupWith({ securityKey }).catch((error: unknown) => String(error));
      if (read === ROOM_KEYS) return;
      tried.push(read);
    }
    expect(tried, `${what}: neither key opens the backup`).toContain(0);
  } finally {
    fresh.stop();
  }
  // The new backup is still being filled from this session, and the old one is still there.
  await synapse.call({ path: "/_matrix/client/v3/room_keys/version/1", token: other.tokens.accessToken });
}

async function expectReplaced(kind: Kind, { user, other }: Scene, newKey: string): Promise<void> {
  const opened = await openElsewhere(synapse, user, { securityKey: newKey });
  expect(opened).toMatchObject({
    activeBackupVersion: kind === "reset" ? "2" : "1",
    roomKeys: { inBackup: ROOM_KEYS, restored: ROOM_KEYS },
  });
  const onServer = new AccountDataOnServer(synapse, other.tokens);
  const keyId = await onServer.expectNoKeyWithoutSecrets();
  expect(Object.keys((await onServer.read("m.cross_signing.master")).encrypted)).toEqual([keyId]);
}

const next = randomNumbers();

describe.each<Kind>(["change", "reset"])("a %s that is interrupted", (kind) => {
  let requests: number;
  let decisive: number[];
  beforeAll(() =>
    withScene(async ({ user, rooms, accountId }) => {
      const rig = openForPerson(rooms, user);
      const securityKey = await beginReplacing(rig, accountId, kind);
      proxy.clearRecord();
      const { setUp } = await rig.service.confirmSetUp({ accountId, typed: securityKey });
      expect(setUp).toMatchObject({ phase: "checked", error: null });
      const made = proxy.requests({ path: NOT_SYNC });
      requests = made.length;
      decisive = DECISIVE[kind].map((match) => made.findIndex((request) => matches(match, request)) + 1);
      expect(decisive).not.toContain(0);
    }),
  );

  /** Some of the decisive requests and one other, or all requests in a soak. */
  function chosen(): number[] {
    const all = Array.from({ length: requests }, (_, index) => index + 1);
    const other = 1 + Math.floor(next() * requests);
    return sample([...new Set([...decisive, other])].sort((one, two) => one - two), all);
  }
  const sides = (nth: number): ("before" | "after")[] => sample([nth % 2 ? "after" : "before"], ["before", "after"]);

  it("by a failing server has lost nothing, and can be finished", async () => {
    let turn = 0;
    let stopped = 0;
    for (const nth of chosen()) {
      for (const when of sides(nth)) {
        const fault = FAULTS[when][turn++ % FAULTS[when].length]!;
        const what = `request ${nth} of ${requests}, ${fault.kind} ${when}`;
        await withScene(async (scene) => {
          const { user, rooms, accountId } = scene;
          const rig = openForPerson(rooms, user);
          const securityKey = await beginReplacing(rig, accountId, kind);
          const rule = proxy.addRule({ path: NOT_SYNC, skip: nth - 1, when, fault });
          let { setUp } = await rig.service.confirmSetUp({ accountId, typed: securityKey });
          rule.remove();
          if (setUp.phase === "stopped") {
            stopped += 1;
            await expectNothingLost(scene, securityKey, what);
            expect((await rig.service.state({ accountId })).diagnosis, what).toBe("unfinished_set_up");
            ({ setUp } = await rig.service.continueSetUp({ accountId }));
          }
          expect(setUp, what).toMatchObject({ kind, phase: "checked", error: null });
          await expectReplaced(kind, scene, securityKey);
        });
      }
    }
    expect(stopped).toBeGreaterThan(0);
  }, sample(300_000, 7_200_000));

  it("by SIGKILL has lost nothing, and can be finished with the key that was shown", async () => {
    for (const nth of chosen()) {
      for (const when of sides(nth + 1)) {
        await withScene((scene) => killAndFinish(kind, scene, { nth, when }));
      }
    }
  }, sample(300_000, 7_200_000));
});

async function killAndFinish(
  kind: Kind,
  scene: Scene,
  { nth, when }: { nth: number; when: "before" | "after" },
): Promise<void> {
  const { data, user, accountId } = scene;
  const what = `${kind} killed ${when} request ${nth}`;
  await data.close();
  const keychainFile = join(data.folder, "keychain.json");
  await writeFile(keychainFile, JSON.stringify([...data.keychain.entries]));
  const child = spawn(process.execPath, [CHILD, data.folder, keychainFile, accountId, kind, user.password], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let securityKey: string;
  try {
    securityKey = await runUntilKilled(child, { nth, when }, what);
  } finally {
    child.kill("SIGKILL");
  }
  const rooms = await data.open();
  await rooms.sessions.restoreAll();
  const rig = openForPerson(rooms, user);
  await expectNothingLost(scene, securityKey, what);
  const { setUp: before } = await rig.service.setUp({ accountId });
  if (before !== null) {
    expect(before, what).toMatchObject({ kind, phase: "stopped" });
    const { setUp } = await rig.service.continueSetUp({ accountId });
    expect(setUp, what).toMatchObject({ phase: "checked", error: null });
  }
  expect(await rig.service.state({ accountId }), what).toMatchObject({ diagnosis: "working", proven: true });
  await expectReplaced(kind, scene, securityKey);
}

async function runUntilKilled(
  child: ChildProcess,
  { nth, when }: { nth: number; when: "before" | "after" },
  what: string,
): Promise<string> {
  let complaints = "";
  child.stderr!.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const lines = createInterface({ input: child.stdout! });
  const [first] = (await within(once(lines, "line"), 30_000, "the child's key").catch((error: unknown) => {
    throw new Error(complaints, { cause: error });
  })) as [string];
  const hold = proxy.hold({ nth, when, path: NOT_SYNC });
  child.stdin!.write("confirm\n");
  await within(Promise.race([hold.reached, once(lines, "line")]), 60_000, what);
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  hold.release();
  return first.replace(/^key /, "");
}
