import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { decryptSecret } from "../../../main/encryption/secretCipher.ts";
import { StoredSecret } from "../../../main/encryption/secretStorage.ts";
import { parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type Fault, type FaultProxy, type RequestMatch } from "../../support/faultProxy.ts";
import { matches } from "../../support/faultRules.ts";
import { killDuring } from "../../support/killedWork.ts";
import { secretOf } from "../../support/secretValues.ts";
import { beginReplacing, openForNewUser, openForPerson, setUpElsewhere } from "../../support/secureBackupAccounts.ts";
import { BackupOnServer } from "../../support/backupOnServer.ts";
import { type Ask, expectNothingGone, type KeysOnServer, readKeysOnServer, storeUnopenable, VERSIONS } from "../../support/keysOnServer.ts";
import { matrixCall } from "../../support/matrixApi.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { randomNumbers, sample } from "../../support/seed.ts";
import { useServers } from "../../support/servers.ts";
import { soak } from "../../support/soak.ts";
import { type StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";

type Kind = "change" | "reset";

/** Everything but the long poll, which goes on beside the work. */
const NOT_SYNC = /^(?!.*\/sync\b)/;
const ROOM_KEYS = 2;
/** Those, and an entry that opens and is no room key: no session takes it, so that it is not uploaded by one. */
const ENTRIES = ROOM_KEYS + 1;
/** The backup that a reset replaces, and the one that it makes. */
const [OLD_VERSION, NEW_VERSION] = ["3", "4"];
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

const servers = useServers();
let synapse: Synapse;
let proxy: FaultProxy;
beforeAll(() => {
  ({ synapse, proxy } = servers);
});

/** An account with a Secure Backup that another client has set up, unlocked here. */
interface Scene {
  user: TestUser;
  other: SdkSession;
  data: StewardData;
  services: Services;
  accountId: AccountId;
  oldKey: string;
  before: KeysOnServer;
}

/**
 * A backup before the newest and copies of secrets that nothing here opens, a room key without the claimed keys of its
 * sender, and an entry that is no room key.
 */
async function addWhatOthersLeave(scene: Pick<Scene, "user" | "other">, oldKey: string): Promise<void> {
  const ask = asking(scene);
  const stored = new StoredSecret(await new AccountDataOnServer(synapse, scene.other.tokens).read("m.megolm_backup.v1"));
  const { key: keyId } = await new AccountDataOnServer(synapse, scene.other.tokens).read("m.secret_storage.default_key");
  const privateKey = await decryptSecret(stored.copyFor(keyId)!, parseSecurityKey(secretOf("Security Key", oldKey)), "m.megolm_backup.v1");
  const backup = new BackupOnServer({ ask }, privateKey!.reveal());
  const entries = Object.entries(await backup.read()).map(([id, { clear }], index) => {
    const [roomId, sessionId] = id.split(" ") as [string, string];
    const { sender_claimed_keys: claimed, ...key } = JSON.parse(clear) as { sender_claimed_keys: unknown };
    return { roomId, sessionId, clear: JSON.stringify(index === 0 ? key : { ...key, sender_claimed_keys: claimed }) };
  });
  const { algorithm, auth_data, version } = await ask("GET", VERSIONS);
  const stranger = Buffer.alloc(32, 7).toString("base64");
  await backup.begin(stranger);
  await backup.put("!foreign:example.org", [{ sessionId: "foreign", clear: "{}" }], {}, stranger);
  expect(await ask("POST", VERSIONS, { algorithm, auth_data })).toEqual({ version: OLD_VERSION });
  for (const { roomId, ...entry } of entries) await backup.put(roomId, [entry], {});
  await backup.put("!odd:example.org", [{ sessionId: "odd", clear: "no room key" }], {});
  await ask("DELETE", `${VERSIONS}/${version}`);
  await storeUnopenable(ask, scene.user.userId, "m.cross_signing.user_signing");
  await storeUnopenable(ask, scene.user.userId, "m.megolm_backup.v1");
}

async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const { user, data, services, rig } = await openForNewUser(synapse);
  const { other, securityKey: oldKey } = await setUpElsewhere(synapse, user, ROOM_KEYS);
  try {
    await addWhatOthersLeave({ user, other }, oldKey);
    const accountId = await signInTo(services, user, proxy.baseUrl);
    await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) });
    await services.health.refresh(accountId);
    const before = await keysOnServer({ user, other }, oldKey);
    expect(before.roomKeys.size).toBe(ENTRIES);
    await work({ user, other, data, services, accountId, oldKey, before });
  } finally {
    proxy.clear();
    other.stop();
    await data.destroy();
  }
}

/** Asks the server past the proxy. */
const asking =
  ({ other }: Pick<Scene, "other">): Ask =>
  async (method, path, body) => {
    const answer = await matrixCall(synapse.baseUrl, { method, path, token: other.tokens.accessToken, body });
    if (answer.status === 404) return null;
    expect(answer.status, path).toBe(200);
    return answer.body;
  };

/** All that there is, read with nothing but the keys that the person has. */
function keysOnServer(scene: Pick<Scene, "other" | "user">, ...keys: string[]): Promise<KeysOnServer> {
  return readKeysOnServer(
    asking(scene),
    scene.user.userId,
    keys.map((key) => parseSecurityKey(secretOf("Security Key", key))),
  );
}

/** What must hold whenever it has stopped: nothing is gone, and what opens the newest backup is known. */
async function expectNothingLost(scene: Scene, newKey: string, what: string): Promise<void> {
  const { user, other, oldKey, before } = scene;
  expectNothingGone(before, await keysOnServer(scene, oldKey, newKey), what);
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
  await synapse.call({ path: `/_matrix/client/v3/room_keys/version/${OLD_VERSION}`, token: other.tokens.accessToken });
}

async function expectReplaced(kind: Kind, scene: Scene, newKey: string): Promise<void> {
  const { user, other } = scene;
  const opened = await openElsewhere(synapse, user, { securityKey: newKey });
  expect(opened).toMatchObject({
    activeBackupVersion: kind === "reset" ? NEW_VERSION : OLD_VERSION,
    roomKeys: { inBackup: ENTRIES, restored: ROOM_KEYS },
  });
  const onServer = new AccountDataOnServer(synapse, other.tokens);
  expectNothingGone(scene.before, await keysOnServer(scene, scene.oldKey, newKey), "in the end");
  const keyId = await onServer.expectNoKeyWithoutSecrets();
  expect(Object.keys((await onServer.read("m.cross_signing.master")).encrypted)).toEqual([keyId]);
}

const next = randomNumbers();

describe.each<Kind>(["change", "reset"])("a %s that is interrupted", (kind) => {
  let requests: number;
  let decisive: number[];
  beforeAll(() =>
    withScene(async ({ user, services, accountId }) => {
      const rig = openForPerson(services, user);
      const securityKey = await beginReplacing(rig, accountId, kind);
      proxy.clearRecord();
      const { setUp } = await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey) });
      expect(setUp).toMatchObject({ phase: "checked" });
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
    return sample(
      [...new Set([...decisive, other])].sort((one, two) => one - two),
      all,
    );
  }
  /** Says in a soak what it has done. */
  const tell = (what: string): void => void (soak && process.stdout.write(`${kind} of ${requests} requests: ${what}\n`));
  const sides = (nth: number): ("before" | "after")[] => sample([nth % 2 ? "after" : "before"], ["before", "after"]);

  it(
    "by a failing server has lost nothing, and can be finished",
    async () => {
      let turn = 0;
      let stopped = 0;
      for (const nth of chosen()) {
        for (const when of sides(nth)) {
          const fault = FAULTS[when][turn++ % FAULTS[when].length]!;
          const what = `request ${nth} of ${requests}, ${fault.kind} ${when}`;
          await withScene(async (scene) => {
            const { user, services, accountId } = scene;
            const rig = openForPerson(services, user);
            const securityKey = await beginReplacing(rig, accountId, kind);
            const rule = proxy.addRule({ path: NOT_SYNC, skip: nth - 1, when, fault });
            let { setUp } = await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey) });
            rule.remove();
            if (setUp.phase === "stopped") {
              stopped += 1;
              await expectNothingLost(scene, securityKey, what);
              expect((await rig.service.state({ accountId })).diagnosis, what).toBe("unfinished_set_up");
              ({ setUp } = await rig.service.continueSetUp({ accountId }));
            }
            expect(setUp, what).toMatchObject({ kind, phase: "checked" });
            await expectReplaced(kind, scene, securityKey);
          });
        }
      }
      tell(`${turn} failing requests, ${stopped} of them stopped it`);
      expect(stopped).toBeGreaterThan(0);
    },
    sample(300_000, 7_200_000),
  );

  it(
    "by SIGKILL has lost nothing, and can be finished with the key that was shown",
    async () => {
      let [tried, reached] = [0, 0];
      for (const nth of chosen()) {
        for (const when of sides(nth + 1)) {
          await withScene(async (scene) => {
            tried += 1;
            if (await killAndFinish(kind, scene, { nth, when })) reached += 1;
          });
        }
      }
      tell(`${tried} kills, ${reached} of them before it had ended`);
    },
    sample(300_000, 7_200_000),
  );
});

/** Answers whether the kill met the work, and not what comes after it. */
async function killAndFinish(kind: Kind, scene: Scene, { nth, when }: { nth: number; when: "before" | "after" }): Promise<boolean> {
  const { data, user, other, accountId, oldKey } = scene;
  const onServer = new AccountDataOnServer(synapse, other.tokens);
  const defaultKey = await onServer.read("m.secret_storage.default_key");
  const what = `${kind} killed ${when} request ${nth}`;
  const { securityKey, reached } = await killDuring(scene, { kind }, () => proxy.hold({ nth, when, path: NOT_SYNC }));
  const services = await data.open();
  await services.sessions.restoreAll();
  const rig = openForPerson(services, user);
  await expectNothingLost(scene, securityKey, what);
  const { setUp: before } = await rig.service.setUp({ accountId });
  if (before !== null) {
    expect(before, what).toMatchObject({ kind, phase: "stopped" });
    const { setUp } = await rig.service.continueSetUp({ accountId });
    expect(setUp, what).toMatchObject({ phase: "checked" });
  }
  expect(await rig.service.state({ accountId }), what).toMatchObject({ diagnosis: "working", proven: true });
  if (before === null && isDeepStrictEqual(await onServer.read("m.secret_storage.default_key"), defaultKey)) {
    // It had only looked. All is as before, and the old key is as good as ever.
    expect(await openElsewhere(synapse, user, { securityKey: oldKey }), what).toMatchObject({
      activeBackupVersion: OLD_VERSION,
      roomKeys: { inBackup: ENTRIES, restored: ROOM_KEYS },
    });
    return reached;
  }
  await expectReplaced(kind, scene, securityKey);
  return reached;
}
