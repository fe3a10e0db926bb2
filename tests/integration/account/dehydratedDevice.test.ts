import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import type { Tokens } from "../../support/matrixApi.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let user: TestUser;
let other: SdkSession;
let accountId: AccountId;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse({ config: { experimental_features: { msc3814_enabled: true } } });
  proxy = await startFaultProxy(synapse.baseUrl);
}, 120_000);
afterAll(async () => {
  await proxy?.stop();
  await synapse?.stop();
});

/** An account with a Secure Backup that another client has set up, signed in here too. */
beforeEach(async () => {
  user = await synapse.register({ user: `dehydrated${(users += 1)}`, password: "a password" });
  other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  await other.setUpSecureBackup();
  data = await StewardData.create();
  services = await data.open();
  accountId = await signInTo(services, user, proxy.baseUrl);
});
afterEach(async () => {
  proxy.clear();
  other.stop();
  await data.destroy();
});

const listed = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await services.devices.list({ accountId })).sessions.map(({ deviceId, verification }) => [deviceId, verification]));

/** The ids of all devices that the server tells this account of. */
async function onServer(): Promise<string[]> {
  const { devices } = await synapse.call({ path: "/_matrix/client/v3/devices", token: other.tokens.accessToken });
  return (devices as { device_id: string }[]).map(({ device_id: id }) => id);
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
const publicPart = (key: KeyObject): string => unpadded(key.export({ format: "der", type: "spki" }).subarray(-32));

/** What a session tells the server of its keys when it claims to be a dehydrated device: right in all else. */
function claimToBeDehydrated({ userId, deviceId }: Tokens): object {
  const signing = generateKeyPairSync("ed25519");
  // In the order of canonical JSON, which is what is signed.
  const claim = {
    algorithms: ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
    dehydrated: true,
    device_id: deviceId,
    keys: {
      [`curve25519:${deviceId}`]: publicPart(generateKeyPairSync("x25519").publicKey),
      [`ed25519:${deviceId}`]: publicPart(signing.publicKey),
    },
    user_id: userId,
  };
  const signature = unpadded(sign(null, Buffer.from(JSON.stringify(claim)), signing.privateKey));
  return { ...claim, signatures: { [userId]: { [`ed25519:${deviceId}`]: signature } } };
}

describe("a dehydrated device (MSC3814)", () => {
  it("is left out of the sessions and of the account's health, and an unverified session is not", async () => {
    const own = services.sessions.account(accountId).deviceId;
    const unverified = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    unverified.stop();
    const before = await onServer();
    expect(await other.crypto.isDehydrationSupported()).toBe(true);
    await other.crypto.startDehydration({ rehydrate: false });
    const [dehydrated, ...more] = (await onServer()).filter((id) => !before.includes(id));
    expect(more).toEqual([]);
    const { device_id: id } = await synapse.call({
      path: "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device",
      token: other.tokens.accessToken,
    });
    expect(dehydrated).toBe(id);

    expect(await listed()).toEqual({
      [own]: "unverified",
      [other.tokens.deviceId]: "verified",
      [unverified.tokens.deviceId]: "unverified",
    });
    expect(await services.health.refresh(accountId)).toMatchObject({
      otherSessions: { total: 2, unverified: 1, inactive: 0 },
      dehydratedDevice: "there",
    });
  });

  it("is told of before a reset that ends it, and missed when the server has lost it", async () => {
    expect((await services.health.refresh(accountId)).dehydratedDevice).toBe("none");
    expect((await services.secureBackup.resetPreview({ accountId })).dehydratedDevice).toBe(false);
    await other.crypto.startDehydration({ rehydrate: false });
    expect((await services.secureBackup.resetPreview({ accountId })).dehydratedDevice).toBe(true);

    // A page of something in between is no answer, whatever its status.
    for (const body of ["<html>Welcome to this network</html>", {}]) {
      proxy.addRule({ path: /dehydrated_device/, times: 1, fault: { kind: "answer", status: 200, body } });
      expect((await services.secureBackup.state({ accountId })).dehydratedDevice).toBe("unknown");
    }

    // This Synapse keeps it at the device sync of an OAuth server, where one before 1.156 lost it: as if it were that.
    const path = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device";
    await synapse.call({ method: "DELETE", path, token: other.tokens.accessToken });
    expect((await services.secureBackup.state({ accountId })).dehydratedDevice).toBe("lost");
    expect((await services.health.refresh(accountId)).dehydratedDevice).toBe("lost");
    expect((await services.secureBackup.resetPreview({ accountId })).dehydratedDevice).toBe(false);
  });

  it("does not hide a session that merely says it is one: the identity has not signed it", async () => {
    const hiding = await synapse.login(user.user, user.password);
    await synapse.call({
      path: "/_matrix/client/v3/keys/upload",
      token: hiding.accessToken,
      body: { device_keys: claimToBeDehydrated(hiding) },
    });
    const known = (await other.crypto.getUserDeviceInfo([user.userId], true)).get(user.userId);
    expect(known?.get(hiding.deviceId)?.dehydrated).toBe(true);
    expect((await listed())[hiding.deviceId]).toBe("unverified");
    expect((await services.health.refresh(accountId)).otherSessions).toMatchObject({ total: 2, unverified: 1 });
  });
});
