import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type Fault, type FaultProxy, type RequestMatch } from "../../support/faultProxy.ts";
import { matches } from "../../support/faultRules.ts";
import { killDuring } from "../../support/killedWork.ts";
import { beginReplacing, openForNewUser, openForPerson, setUpElsewhere } from "../../support/secureBackupAccounts.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { randomNumbers, sample } from "../../support/seed.ts";
import { useServers } from "../../support/servers.ts";
import { type StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";

type Kind = "change" | "reset";

/** Everything but the long poll, which goes on beside the work. */
const NOT_SYNC = /^(?!.*\/sync\b)/;
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
}

async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const { user, data, services, rig } = await openForNewUser(synapse);
  const { other, securityKey: oldKey } = await setUpElsewhere(synapse, user, ROOM_KEYS);
  try {
    const accountId = await signInTo(services, user, proxy.baseUrl);
    await rig.service.unlock({ accountId, keyOrPhrase: oldKey });
    await services.health.refresh(accountId);
    await work({ user, other, data, services, accountId, oldKey });
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
    withScene(async ({ user, services, accountId }) => {
      const rig = openForPerson(services, user);
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
          const { user, services, accountId } = scene;
          const rig = openForPerson(services, user);
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
  const { data, user, other, accountId, oldKey } = scene;
  const onServer = new AccountDataOnServer(synapse, other.tokens);
  const defaultKey = await onServer.read("m.secret_storage.default_key");
  const what = `${kind} killed ${when} request ${nth}`;
  const { securityKey } = await killDuring(scene, { kind }, () => proxy.hold({ nth, when, path: NOT_SYNC }));
  const services = await data.open();
  await services.sessions.restoreAll();
  const rig = openForPerson(services, user);
  await expectNothingLost(scene, securityKey, what);
  const { setUp: before } = await rig.service.setUp({ accountId });
  if (before !== null) {
    expect(before, what).toMatchObject({ kind, phase: "stopped" });
    const { setUp } = await rig.service.continueSetUp({ accountId });
    expect(setUp, what).toMatchObject({ phase: "checked", error: null });
  }
  expect(await rig.service.state({ accountId }), what).toMatchObject({ diagnosis: "working", proven: true });
  if (before === null && isDeepStrictEqual(await onServer.read("m.secret_storage.default_key"), defaultKey)) {
    // It had only looked. All is as before, and the old key is as good as ever.
    expect(await openElsewhere(synapse, user, { securityKey: oldKey }), what).toMatchObject({
      activeBackupVersion: "1",
      roomKeys: { inBackup: ROOM_KEYS, restored: ROOM_KEYS },
    });
    return;
  }
  await expectReplaced(kind, scene, securityKey);
}
