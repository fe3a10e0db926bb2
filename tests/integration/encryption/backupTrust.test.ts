import { generateKeyPairSync } from "node:crypto";
import type { MatrixClient } from "matrix-js-sdk";
import { RustBackupManager } from "matrix-js-sdk/lib/rust-crypto/backup.js";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cryptoMachineOf } from "../../../main/sdk/cryptoInternals.ts";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { FaultProxy } from "../../support/faultProxy.ts";
import { makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { openForPerson } from "../../support/secureBackupAccounts.ts";
import { type SecureBackupRig, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";
import { uploadNow } from "../../support/uploadNow.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const VERSIONS = "/_matrix/client/v3/room_keys/version";
const UPLOAD = { method: "PUT", path: /\/room_keys\/keys/ };
const usualDelay = RustBackupManager.maxBackupLoopStartDelayMillis;

const servers = useServers();
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let users = 0;

beforeAll(() => {
  ({ synapse, proxy } = servers);
});
/** An account with a working Secure Backup, all of whose room keys are in it. What the SDK uploads, it uploads at once. */
beforeEach(async () => {
  Object.assign(RustBackupManager, { maxBackupLoopStartDelayMillis: 0 });
  user = await synapse.register({ user: `trusting${(users += 1)}`, password: "a password" });
  data = await StewardData.create();
  services = await data.open();
  rig = openForPerson(services, user);
  accountId = await signInTo(services, user, proxy.baseUrl);
  await receive(0, 3);
  await setUpWithKey(rig, accountId);
  await uploadNow(services, accountId);
  proxy.clearRecord();
});
afterEach(async () => {
  Object.assign(RustBackupManager, { maxBackupLoopStartDelayMillis: usualDelay });
  proxy.clear();
  await data.destroy();
});

const withClient = <T>(work: (client: MatrixClient, signal: AbortSignal) => Promise<T>): Promise<T> =>
  services.sessions.session(accountId).use(work);

/** Gives this session room keys, the `from`th and those after it. */
const receive = (from: number, count: number): Promise<void> =>
  withClient(async (client) => {
    const keys = JSON.stringify(makeRoomKeys(from + count).slice(from));
    (await cryptoMachineOf(client).importExportedRoomKeys(keys, () => undefined)).free();
  });

const token = (): Promise<string> => withClient((client) => Promise.resolve(client.getAccessToken()!));

const newestBackup = async (): Promise<{ version: string; count: number; auth_data: { signatures: object } }> =>
  (await synapse.call({ path: VERSIONS, token: await token() })) as never;

/** A backup whose key is in other hands, with signatures of this device and of the identity that were right once. */
async function offerBackupOfBefore(): Promise<string> {
  const known = generateKeyPairSync("x25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const unsigned = { public_key: known.toString("base64").replace(/=+$/, "") };
  const signatures = await withClient(async (client) => {
    const signed = await cryptoMachineOf(client).sign(JSON.stringify(unsigned));
    return JSON.parse(signed.asJSON()) as object;
  });
  const body = { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: { ...unsigned, signatures } };
  const { version } = await synapse.call({ method: "POST", path: VERSIONS, token: await token(), body });
  return version as string;
}

/** Waits until the SDK has looked at the backup again of its own accord, and has had the time to begin an upload. */
const sdkHasLooked = (): Promise<unknown> =>
  waitUntil(() => proxy.requests({ method: "GET", path: /room_keys\/version$/ }).length > 0, {
    what: "the SDK to ask for the backup",
  });

async function expectNothingUploaded(version: string): Promise<void> {
  // After a start the machine may still be ready for the backup of its own key; never for the one that is offered.
  const request = await withClient((client) => cryptoMachineOf(client).backupRoomKeys());
  expect(request?.version, "where the machine would upload to").not.toBe(version);
  expect(proxy.requests(UPLOAD).filter(({ status }) => status === 200)).toEqual([]);
  expect(await newestBackup()).toMatchObject({ version, count: 0 });
  expect(await withClient((client) => client.getCrypto()!.getActiveSessionBackupVersion())).toBeNull();
  const state = await rig.service.state({ accountId });
  expect(state).toMatchObject({ diagnosis: "backup_key_differs", backup: { active: false, trusted: false } });
}

describe("a server that offers a backup of before under a new version", () => {
  it("gets no room key when an upload is refused and the SDK asks what there is", async () => {
    const version = await offerBackupOfBefore();
    await receive(3, 2);
    await sdkHasLooked();
    await withClient((client) => client.getCrypto()!.checkKeyBackupAndEnable());
    await expectNothingUploaded(version);
  });

  it("gets no room key when the app starts", async () => {
    const version = await offerBackupOfBefore();
    await data.close();
    proxy.clearRecord();
    services = await data.open();
    rig = openForPerson(services, user);
    await services.sessions.restoreAll();
    await receive(3, 2);
    await sdkHasLooked();
    await expectNothingUploaded(version);
  });

  it("gets no room key when this session looks at the identity again", async () => {
    const version = await offerBackupOfBefore();
    await withClient((client) => client.getCrypto()!.userHasCrossSigningKeys(user.userId, true));
    await withClient((client) => client.getCrypto()!.checkKeyBackupAndEnable());
    await receive(3, 2);
    await expectNothingUploaded(version);
  });

  it("is used again as soon as it offers one whose private key is here", async () => {
    const before = await newestBackup();
    const version = await offerBackupOfBefore();
    await withClient((client) => client.getCrypto()!.checkKeyBackupAndEnable());
    await synapse.call({ method: "DELETE", path: `${VERSIONS}/${version}`, token: await token() });
    await withClient((client) => client.getCrypto()!.checkKeyBackupAndEnable());
    expect(await rig.service.state({ accountId })).toMatchObject({
      diagnosis: "working",
      backup: { version: before.version, active: true, trusted: true },
    });
  });
});

describe("a new backup", () => {
  it("is signed by the identity alone, not by the device that made it", async () => {
    const { userId } = user;
    const signatures = (await newestBackup()).auth_data.signatures as Record<string, Record<string, string>>;
    const { deviceId } = services.sessions.account(accountId);
    expect(Object.keys(signatures)).toEqual([userId]);
    expect(Object.keys(signatures[userId]!)).toHaveLength(1);
    expect(signatures[userId]).not.toHaveProperty([`ed25519:${deviceId}`]);
    expect(await rig.service.state({ accountId })).toMatchObject({ diagnosis: "working", backup: { signed: true } });
  });
});
