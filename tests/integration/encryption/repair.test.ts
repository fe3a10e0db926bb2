import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import { encryptSecret } from "../../../main/encryption/secretCipher.ts";
import { parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import { backupPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import type { SecureBackupDiagnosis, SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { privateKeyOf, secretOf } from "../../support/secretValues.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { openForNewUser, openForPerson, setUpElsewhere } from "../../support/secureBackupAccounts.ts";
import { type SecureBackupRig, signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const MASTER = "m.cross_signing.master";
const BACKUP = "m.megolm_backup.v1";
const VERSIONS = "/_matrix/client/v3/room_keys/version";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let other: SdkSession;
let onServer: AccountDataOnServer;
let securityKey: string;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

/** An account in order, set up by another client with room keys in it, unlocked here. */
beforeEach(async () => {
  ({ data, services, user, rig } = await openForNewUser(synapse));
  ({ other, securityKey } = await setUpElsewhere(synapse, user, 2));
  onServer = new AccountDataOnServer(synapse, other.tokens);
  accountId = await signInTo(services, user, synapse.baseUrl);
  expect((await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) })).diagnosis).toBe("working");
  // It would mend, or spoil, what is broken here.
  other.stop();
});
afterEach(() => data.destroy());

const state = (): Promise<SecureBackupState> => rig.service.state({ accountId });
const keyId = async (): Promise<string> => (await onServer.read("m.secret_storage.default_key")).key;
const repair = (keyOrPhrase: string | null, newBackup = false): Promise<SecureBackupState> =>
  rig.service.repair({ accountId, keyOrPhrase: keyOrPhrase === null ? null : secretOf("Security Key", keyOrPhrase), newBackup });
const server = (method: "GET" | "PUT" | "DELETE" | "POST", path: string, body?: unknown) =>
  synapse.call({ method, path, token: other.tokens.accessToken, body });

/** All that must hold after a repair: said here, and shown by a client that was never here before. */
async function expectRepaired(repaired: SecureBackupState, roomKeys = 2): Promise<void> {
  expect(repaired).toMatchObject({ diagnosis: "working", proven: true, unneededKeys: 0 });
  expect(repaired.secrets.every(({ stored, here }) => stored === "stored" && here)).toBe(true);
  expect(repaired.backup).toMatchObject({ active: true, trusted: true, signed: true });
  expect(await state()).toMatchObject({ diagnosis: "working", proven: true });
  const opened = await openElsewhere(synapse, user, { securityKey });
  expect(opened.roomKeys).toEqual({ inBackup: roomKeys, restored: roomKeys });
}

const broken: [string, SecureBackupDiagnosis, () => Promise<unknown>][] = [
  ["a secret that is missing in storage", "secret_not_stored", () => onServer.write(MASTER, {})],
  [
    "a secret that is stored under another key alone",
    "secret_not_stored",
    async () => {
      const { encrypted } = await onServer.read(MASTER);
      await onServer.write(MASTER, { encrypted: { other: Object.values(encrypted)[0] } });
    },
  ],
  ["account data that make no sense", "secret_unreadable", () => onServer.write(MASTER, { encrypted: 5 })],
  [
    "account data that were cut",
    "secret_unreadable",
    async () => {
      const { encrypted } = await onServer.read(BACKUP);
      const id = await keyId();
      await onServer.write(BACKUP, { encrypted: { [id]: { ...encrypted[id], mac: encrypted[id].mac.slice(0, 9) } } });
    },
  ],
  [
    "a key description without a MAC",
    "key_not_checkable",
    async () => {
      const type = `m.secret_storage.key.${await keyId()}`;
      const { iv: _iv, mac: _mac, ...rest } = await onServer.read(type);
      await onServer.write(type, rest);
    },
  ],
  [
    "old keys that were left behind",
    "old_keys_left",
    async () => {
      const description = await onServer.read(`m.secret_storage.key.${await keyId()}`);
      await onServer.write("m.secret_storage.key.old", description);
      const { encrypted } = await onServer.read(MASTER);
      await onServer.write(MASTER, { encrypted: { ...encrypted, old: Object.values(encrypted)[0] } });
    },
  ],
  [
    "a backup that another client has deleted",
    "backup_missing",
    async () => server("DELETE", `${VERSIONS}/${(await state()).backup!.version}`),
  ],
];

describe("a repair with the Security Key", () => {
  it.each(broken)("mends %s", async (_what, diagnosis, spoil) => {
    await spoil();
    expect((await state()).diagnosis).toBe(diagnosis);
    // A backup that was deleted begins anew with what this session holds, which has read none of the old keys.
    await expectRepaired(await repair(securityKey), diagnosis === "backup_missing" ? 0 : 2);
    const described = await onServer.read(`m.secret_storage.key.${await keyId()}`);
    expect(described).toMatchObject({ mac: expect.any(String), iv: expect.any(String) });
  });

  it("needs the right key, and changes nothing with a wrong one", async () => {
    await onServer.write(MASTER, {});
    const theirs = (await startSdkSession({ baseUrl: synapse.baseUrl, ...user }).then(async (session) => {
      session.stop();
      return (await session.crypto.createRecoveryKeyFromPassphrase()).encodedPrivateKey;
    }))!;
    expect(await errorOf(repair(theirs))).toEqual({ kind: "wrong_security_key" });
    expect((await state()).diagnosis).toBe("secret_not_stored");
  });

  it("mends a stored secret that is not the identity's, once the key has shown it", async () => {
    const id = await keyId();
    const wrong = await encryptSecret(
      privateKeyOf(Buffer.alloc(32, 7).toString("base64")),
      parseSecurityKey(secretOf("Security Key", securityKey)),
      MASTER,
    );
    await onServer.write(MASTER, { encrypted: { [id]: wrong } });
    expect((await state()).diagnosis).toBe("working");
    expect(await errorOf(rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) }))).toEqual({
      kind: "secure_backup_check_failed",
      failed: [MASTER],
    });
    expect(await state()).toMatchObject({ diagnosis: "stored_secret_wrong", proven: true });
    await expectRepaired(await repair(securityKey));
  });

  it("stores the right key where the stored one does not open the backup but this session's does", async () => {
    const stale = await encryptSecret(
      privateKeyOf(Buffer.alloc(32, 7).toString("base64")),
      parseSecurityKey(secretOf("Security Key", securityKey)),
      BACKUP,
    );
    await onServer.write(BACKUP, { encrypted: { [await keyId()]: stale } });
    expect(await errorOf(rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) }))).toEqual({
      kind: "secure_backup_check_failed",
      failed: [BACKUP],
    });
    expect((await state()).diagnosis).toBe("stored_secret_wrong");
    await expectRepaired(await repair(securityKey));
  });

  it("begins a new backup, after yes, where nothing opens the one on the server", async () => {
    const before = (await state()).backup!;
    const created = await server("POST", VERSIONS, {
      algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
      auth_data: { public_key: backupPublicKey(privateKeyOf(Buffer.alloc(32, 7).toString("base64"))), signatures: {} },
    });
    expect((await state()).diagnosis).toBe("backup_key_differs");
    expect(await errorOf(rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) }))).toMatchObject({
      failed: [BACKUP],
    });
    expect((await state()).diagnosis).toBe("stored_secret_wrong");
    expect(await errorOf(repair(securityKey))).toEqual({ kind: "new_backup_needed" });
    expect((await state()).backup!.version).toBe(created.version);
    const repaired = await repair(securityKey, true);
    expect(Number(repaired.backup!.version)).toBeGreaterThan(Number(created.version));
    await expectRepaired(repaired, 0);
    const { backups } = await rig.service.olderBackups({ accountId });
    expect(backups).toMatchObject([
      { version: created.version, keyCount: 0, opensHere: false },
      // What opened it is the new backup's key too.
      { version: before.version, keyCount: 2, opensHere: true },
    ]);
    expect(await errorOf(rig.service.deleteOlderBackup({ accountId, version: repaired.backup!.version }))).toEqual({
      kind: "backup_replaced",
    });
    const left = await rig.service.deleteOlderBackup({ accountId, version: created.version });
    expect(left.outcome).toEqual({ deleted: true, migrated: 0, unopened: 0, missing: 0 });
    expect(left.backups.map(({ version }) => version)).toEqual([before.version]);
  });

  it("unlocks on the way where this session lacks the secrets, and says so where nobody has them", async () => {
    await onServer.write("m.cross_signing.user_signing", {});
    const second = await StewardData.create();
    try {
      const elsewhere = await second.open();
      const id = await signInTo(elsewhere, user, synapse.baseUrl);
      const theirs = openForPerson(elsewhere, user);
      expect(await errorOf(theirs.service.repair({ accountId: id, keyOrPhrase: secretOf("Security Key", securityKey) }))).toEqual({
        kind: "session_not_verified",
      });
      await expectRepaired(await repair(securityKey));
      expect((await theirs.service.repair({ accountId: id, keyOrPhrase: secretOf("Security Key", securityKey) })).diagnosis).toBe(
        "working",
      );
    } finally {
      await second.destroy();
    }
  });
});

describe("a repair that needs no key", () => {
  it("signs a backup again that nobody trusted has signed", async () => {
    const { version, algorithm, auth_data: authData } = await server("GET", VERSIONS);
    await server("PUT", `${VERSIONS}/${version}`, { version, algorithm, auth_data: { ...authData, signatures: {} } });
    expect(await state()).toMatchObject({ diagnosis: "backup_unsigned", backup: { signed: false, trusted: true } });
    await expectRepaired(await repair(null));
  });

  it("is a new Security Key, where the key is not described any more", async () => {
    await onServer.write(`m.secret_storage.key.${await keyId()}`, {});
    expect((await state()).diagnosis).toBe("key_description_missing");
    const begun = await rig.service.beginSetUp({ accountId, method: "key" });
    const { setUp } = await rig.service.confirmSetUp({ accountId, typed: begun.securityKey });
    expect(setUp).toMatchObject({ phase: "checked" });
    securityKey = begun.securityKey.reveal();
    expect(await state()).toMatchObject({ proven: true, backup: { version: "1" } });
    await expectRepaired(await repair(securityKey));
  });
});

describe("Secure Backup", () => {
  it("is turned off under both names with everything taken away, and on again by a set-up", async () => {
    const off = await rig.service.turnOff({ accountId });
    expect(off).toMatchObject({ diagnosis: "turned_off", turnedOff: true, key: null, backup: null });
    expect(off.identity).toMatchObject({ exists: true, thisSessionVerified: true });
    expect(await onServer.read("m.key_backup")).toEqual({ enabled: false });
    expect(await onServer.read("m.org.matrix.custom.backup_disabled")).toEqual({ disabled: true });
    expect(off.secrets.map(({ stored }) => stored)).toEqual(Array(4).fill("missing"));
    const begun = await rig.service.beginSetUp({ accountId, method: "key" });
    const { setUp } = await rig.service.confirmSetUp({ accountId, typed: begun.securityKey });
    expect(setUp).toMatchObject({ phase: "checked" });
    expect(await onServer.read("m.key_backup")).toEqual({ enabled: true });
    expect(await onServer.read("m.org.matrix.custom.backup_disabled")).toEqual({ disabled: false });
    expect((await state()).diagnosis).toBe("working");
  });

  it("that another client has declared off is said, and can be turned on again", async () => {
    await onServer.write("m.org.matrix.custom.backup_disabled", { disabled: true });
    expect(await state()).toMatchObject({ diagnosis: "turned_off", backup: { keyCount: 2 } });
    expect((await rig.service.turnOn({ accountId })).diagnosis).toBe("working");
  });
});
