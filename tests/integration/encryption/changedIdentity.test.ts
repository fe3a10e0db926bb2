import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { identityKeysHere } from "../../../main/encryption/crossSigning.ts";
import { openEncryptionContext } from "../../../main/encryption/encryptionContext.ts";
import { signingKeysUpload } from "../../../main/encryption/newCrossSigningKeys.ts";
import { newPrivateKey, signingPublicKey, signWithSeed } from "../../../main/roomKeys/keyPairs.ts";
import type { Services } from "../../../main/services.ts";
import { type IdentityPin, NO_IDENTITY_PIN } from "../../../main/secrets/secretStore.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import type { FaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { openForPerson, replace } from "../../support/secureBackupAccounts.ts";
import { type SecureBackupRig, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";

const QUERY = "/_matrix/client/v3/keys/query";

const servers = useServers();
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let other: SdkSession;
let securityKey: string;
let users = 0;

beforeAll(() => {
  ({ synapse, proxy } = servers);
});
/** An account that Steward has set up, with another session that is verified. */
beforeEach(async () => {
  user = await synapse.register({ user: `changing${(users += 1)}`, password: "a password" });
  data = await StewardData.create();
  services = await data.open();
  rig = openForPerson(services, user);
  accountId = await signInTo(services, user, proxy.baseUrl);
  ({ securityKey } = await setUpWithKey(rig, accountId));
  other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  await other.openBackupWith({ securityKey });
});
afterEach(async () => {
  proxy.clear();
  other.stop();
  await data.destroy();
});

const state = () => rig.service.state({ accountId });

const pin = async (): Promise<IdentityPin | null> => {
  const read = await services.secretStore.read(accountId);
  return read.kind === "found" ? read.secrets.identity : null;
};

interface KeysAnswer {
  device_keys: Record<string, Record<string, Record<string, unknown>>>;
  master_keys: Record<string, { keys: Record<string, string> }>;
}
const keysServed = async (): Promise<KeysAnswer> =>
  await synapse.call({
    path: QUERY,
    token: other.tokens.accessToken,
    body: { device_keys: { [user.userId]: [] } },
  });
const masterOnServer = async (): Promise<string> => Object.values((await keysServed()).master_keys[user.userId]!.keys)[0]!;

const privateKeysHere = () =>
  services.sessions.session(accountId).use((client, signal) => identityKeysHere(openEncryptionContext(client, { signal })));

/** The other session gives the account a new identity, and a Secure Backup of its own. */
async function resetElsewhere(): Promise<string> {
  await other.crypto.bootstrapCrossSigning({
    setupNewCrossSigning: true,
    authUploadDeviceSigningKeys: async (makeRequest) => {
      const identifier = { type: "m.id.user", user: user.userId };
      await makeRequest({ type: "m.login.password", identifier, password: user.password });
    },
  });
  return await other.setUpSecureBackup();
}

/** JSON as signatures want it: members in order, nothing between them. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}

/** The server serves an identity of its own making from now on, which has signed every session of the account. */
async function serveForgedIdentity(): Promise<string> {
  const { userId } = user;
  const seeds = {
    "m.cross_signing.master": newPrivateKey(),
    "m.cross_signing.self_signing": newPrivateKey(),
    "m.cross_signing.user_signing": newPrivateKey(),
  };
  const keys = JSON.parse(signingKeysUpload(userId, seeds)) as Record<string, unknown>;
  const { device_keys: devices } = await keysServed();
  const signingSeed = seeds["m.cross_signing.self_signing"];
  for (const device of Object.values(devices[userId]!)) {
    const { signatures, unsigned: _unsigned, ...content } = device;
    const signature = signWithSeed(signingSeed, canonical(content));
    const own = (signatures as Record<string, object>)[userId];
    device["signatures"] = { [userId]: { ...own, [`ed25519:${signingPublicKey(signingSeed)}`]: signature } };
  }
  const body = {
    device_keys: devices,
    failures: {},
    master_keys: { [userId]: keys["master_key"] },
    self_signing_keys: { [userId]: keys["self_signing_key"] },
    user_signing_keys: { [userId]: keys["user_signing_key"] },
  };
  proxy.addRule({ path: /keys\/query/, fault: { kind: "answer", status: 200, body }, times: Infinity });
  return signingPublicKey(seeds["m.cross_signing.master"])!;
}

async function expectNothingVerified(master: string): Promise<void> {
  const { diagnosis, proven, identity, secrets } = await state();
  expect({ diagnosis, proven, identity }).toEqual({
    diagnosis: "identity_changed",
    proven: false,
    identity: { exists: true, thisSessionVerified: false, changedTo: master },
  });
  expect(secrets.filter(({ here }) => here).map(({ name }) => name)).toEqual(["m.megolm_backup.v1"]);
  const { sessions: listed } = await services.devices.list({ accountId });
  expect(listed.map(({ verification }) => verification)).toEqual(["unverified", "unverified"]);
  expect(await services.health.refresh(accountId)).toMatchObject({
    thisSession: "identity_changed",
    secureBackup: "identity_changed",
    otherSessions: { total: 1, unverified: 1 },
  });
  expect(await services.health.signOutPreview(accountId)).toMatchObject({
    thisSession: "identity_changed",
    secureBackup: "identity_changed",
    lastVerifiedSession: false,
  });
  expect(await services.verifications.candidates({ accountId })).toEqual({ otherSessions: 1, verified: [] });
}

async function expectNothingGoesOn(key: string): Promise<void> {
  const refused = [
    () => rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", key) }),
    () => rig.service.repair({ accountId, keyOrPhrase: secretOf("Security Key", key) }),
    () => rig.service.beginSetUp({ accountId, kind: "change", method: "key" }),
    () => services.verifications.request({ accountId, deviceId: other.tokens.deviceId }),
  ];
  for (const attempt of refused) expect(await errorOf(attempt())).toEqual({ kind: "identity_changed" });
}

describe("an identity that another client has replaced", () => {
  it("is told, is accepted once, and counts when this session is verified with it", async () => {
    const before = await masterOnServer();
    expect(await pin()).toEqual({ pinned: before, accepted: null });
    const newKey = await resetElsewhere();
    const master = await masterOnServer();
    expect(master).not.toBe(before);
    await expectNothingVerified(master);
    await expectNothingGoesOn(newKey);
    expect(await errorOf(rig.service.acceptIdentity({ accountId, master: before }))).toEqual({
      kind: "identity_replaced",
    });

    const accepted = await rig.service.acceptIdentity({ accountId, master });
    expect(accepted).toMatchObject({
      diagnosis: "session_unverified",
      proven: false,
      identity: { thisSessionVerified: false, changedTo: null },
    });
    expect(await pin()).toEqual({ pinned: before, accepted: master });
    expect((await services.health.refresh(accountId)).thisSession).toBe("unverified");
    expect((await services.verifications.candidates({ accountId })).verified).toHaveLength(1);

    // The other client has left the description of its first key behind.
    expect(await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", newKey) })).toMatchObject({
      diagnosis: "old_keys_left",
      proven: true,
      identity: { thisSessionVerified: true },
    });
    expect(await pin()).toEqual({ pinned: master, accepted: null });
  });

  it("is still told after a start", async () => {
    await resetElsewhere();
    await data.close();
    services = await data.open();
    rig = openForPerson(services, user);
    await services.sessions.restoreAll();
    await expectNothingVerified(await masterOnServer());
  });

  it("can be replaced by a reset, which pins its own", async () => {
    await resetElsewhere();
    const foreign = await masterOnServer();
    expect((await replace(rig, accountId, "reset")).setUp.phase).toBe("checked");
    const master = await masterOnServer();
    expect(master).not.toBe(foreign);
    expect(await pin()).toEqual({ pinned: master, accepted: null });
    // What the other client has left stays where nothing here opens it.
    expect(await state()).toMatchObject({ proven: true, identity: { thisSessionVerified: true, changedTo: null } });
  });
});

describe("an identity that the server has made up", () => {
  it("verifies nothing, and costs this session no private key", async () => {
    const keys = await privateKeysHere();
    const forged = await serveForgedIdentity();
    await expectNothingVerified(forged);
    await expectNothingGoesOn(securityKey);
    expect(await privateKeysHere()).toEqual(keys);
    proxy.clear();
    expect(await state()).toMatchObject({ diagnosis: "working", proven: true });
    expect((await services.devices.list({ accountId })).sessions.map(({ verification }) => verification)).toEqual(["verified", "verified"]);
  });

  it("verifies nothing either where the session was verified before there were pins", async () => {
    await data.close();
    services = await data.open();
    await services.secretStore.update(accountId, (secrets) => ({ ...secrets, identity: NO_IDENTITY_PIN }));
    rig = openForPerson(services, user);
    const forged = await serveForgedIdentity();
    await services.sessions.restoreAll();
    await expectNothingVerified(forged);
  });
});
