import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";
import { AccountDataOnServer } from "../../support/secureBackupChecks.ts";
import { openSecureBackup, type SecureBackupRig, signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const PHRASE = "quarrel lantern osprey velvet 1837 Ümlaut";
const MASTER = "m.cross_signing.master";
const BACKUP = "m.megolm_backup.v1";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let other: SdkSession;
let onServer: AccountDataOnServer;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

/** An account whose Secure Backup another client has set up, signed in here as well. */
async function accountFromElsewhere(securityPhrase?: string): Promise<string> {
  user = await synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });
  other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  onServer = new AccountDataOnServer(synapse, other.tokens);
  const securityKey = await other.setUpSecureBackup(securityPhrase === undefined ? {} : { securityPhrase });
  accountId = await signInTo(services, user, synapse.baseUrl);
  return securityKey;
}

beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  rig = openSecureBackup(services);
});
afterEach(async () => {
  other.stop();
  await data.destroy();
});

const state = (): Promise<SecureBackupState> => rig.service.state({ accountId });
const unlock = (keyOrPhrase: string): Promise<SecureBackupState> =>
  rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", keyOrPhrase) });
const defaultKeyId = async (): Promise<string> => (await onServer.read("m.secret_storage.default_key")).key;
const storedAs = ({ secrets }: SecureBackupState): Record<string, string> =>
  Object.fromEntries(secrets.map(({ name, stored }) => [name, stored]));

async function expectUnlocked(unlocked: SecureBackupState): Promise<void> {
  expect(unlocked).toMatchObject({ diagnosis: "working", proven: true, identity: { thisSessionVerified: true } });
  expect(unlocked.secrets.every(({ here }) => here)).toBe(true);
  const { deviceId } = services.sessions.session(accountId).details;
  expect(await other.isVerified(deviceId)).toBe(true);
}

describe("an account whose Secure Backup was set up elsewhere", () => {
  it("shows secret by secret what is stored and what is here, and is unlocked with the Security Key", async () => {
    const securityKey = await accountFromElsewhere();
    await other.sendRoomKeys(3);
    const before = await state();
    expect(before).toMatchObject({
      diagnosis: "session_unverified",
      proven: false,
      identity: { exists: true, thisSessionVerified: false },
      key: { hasPhrase: false, checkable: true },
      backup: { keyCount: 3, active: false, trusted: false },
    });
    expect(before.secrets.map(({ stored, here }) => `${stored} ${here}`)).toEqual(Array(4).fill("stored false"));
    await expectUnlocked(await unlock(`\t${securityKey.replaceAll(" ", "\u00a0")}\r\n`));
    expect(rig.events.at(-1)).toMatchObject({ channel: "secureBackup.stateChanged" });
    await expectUnlocked(await unlock(securityKey));
    expect(await errorOf(rig.service.beginSetUp({ accountId, method: "key" }))).toEqual({
      kind: "secure_backup_exists",
    });
  });

  it("is unlocked with the Security Phrase, or with the key it leads to", async () => {
    const securityKey = await accountFromElsewhere(PHRASE);
    expect((await state()).key).toEqual({ hasPhrase: true, checkable: true });
    expect(await errorOf(unlock("another phrase"))).toEqual({ kind: "wrong_security_key" });
    expect((await state()).diagnosis).toBe("session_unverified");
    await expectUnlocked(await unlock(PHRASE));
    await expectUnlocked(await unlock(securityKey));
  });

  it("stays as it is after a wrong key, a malformed key, or a key of another account", async () => {
    const theirs = await accountFromElsewhere();
    other.stop();
    const securityKey = await accountFromElsewhere();
    expect(await errorOf(unlock(theirs))).toEqual({ kind: "wrong_security_key" });
    expect(await errorOf(unlock(securityKey.slice(0, -1)))).toEqual({ kind: "malformed_security_key" });
    expect(await errorOf(unlock("some phrase"))).toEqual({ kind: "wrong_security_key" });
    expect(await state()).toMatchObject({ diagnosis: "session_unverified", identity: { thisSessionVerified: false } });
  });

  it("is still unlocked after a restart", async () => {
    await unlock(await accountFromElsewhere());
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    rig = openSecureBackup(services);
    await expectUnlocked(await state());
  });

  it("whose key has no MAC is unlocked all the same, but not by a wrong key", async () => {
    const theirs = await accountFromElsewhere();
    other.stop();
    const securityKey = await accountFromElsewhere();
    const keyId = await defaultKeyId();
    await onServer.write(`m.secret_storage.key.${keyId}`, { algorithm: "m.secret_storage.v1.aes-hmac-sha2" });
    expect((await state()).key).toEqual({ hasPhrase: false, checkable: false });
    expect(await errorOf(unlock(theirs))).toEqual({ kind: "wrong_security_key" });
    expect(await unlock(securityKey)).toMatchObject({ diagnosis: "key_not_checkable", proven: true });
    await expectUnlocked(await rig.service.repair({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) }));
  });
});

describe("the state of a Secure Backup", () => {
  it("names a key that is not described, however that came", async () => {
    const securityKey = await accountFromElsewhere(PHRASE);
    const type = `m.secret_storage.key.${await defaultKeyId()}`;
    const good = await onServer.read(type);
    for (const broken of [{}, { ...good, algorithm: "m.other" }, { filling: "x".repeat(70_000), ...good }]) {
      await onServer.write(type, broken);
      expect((await state()).diagnosis, JSON.stringify(broken).slice(0, 80)).toBe("key_description_missing");
      // How the phrase leads to a key is in the description.
      expect(await errorOf(unlock(PHRASE))).toEqual({ kind: "secure_backup_check_failed", failed: ["key_description"] });
    }
    for (const unclear of [
      { ...good, mac: "cut" },
      { ...good, iv: 5 },
      { ...good, mac: "A".repeat(60_000) },
    ]) {
      await onServer.write(type, unclear);
      expect(await state()).toMatchObject({ diagnosis: "session_unverified", key: { checkable: false } });
      expect(await errorOf(unlock("another phrase"))).toEqual({ kind: "wrong_security_key" });
    }
    await onServer.write(type, { ...good, passphrase: { algorithm: "m.pbkdf2", iterations: 1e15, salt: "x" } });
    expect(await state()).toMatchObject({ diagnosis: "session_unverified", key: { hasPhrase: false } });
    await onServer.write("m.secret_storage.default_key", { key: 5 });
    expect((await state()).diagnosis).toBe("key_description_missing");
    for (const nothing of [{}, { key: null }, { key: "" }]) {
      await onServer.write("m.secret_storage.default_key", nothing);
      expect((await state()).diagnosis).toBe("default_key_missing");
    }
    expect(await errorOf(rig.service.beginSetUp({ accountId, method: "key" }))).toEqual({
      kind: "session_not_verified",
    });
    expect(await unlock(securityKey)).toMatchObject({ proven: true, diagnosis: "default_key_missing" });
  });

  it("has nothing to open where no secret is stored at all", async () => {
    const securityKey = await accountFromElsewhere();
    const types = [MASTER, "m.cross_signing.self_signing", "m.cross_signing.user_signing", BACKUP];
    const described = `m.secret_storage.key.${await defaultKeyId()}`;
    for (const type of [...types, described, "m.secret_storage.default_key"]) await onServer.write(type, {});
    expect((await state()).diagnosis).toBe("not_set_up");
    expect(await errorOf(unlock(securityKey))).toEqual({ kind: "secure_backup_absent" });
  });

  it("names a secret that is missing, under another key, or malformed", async () => {
    const securityKey = await accountFromElsewhere();
    const keyId = await defaultKeyId();
    const good = await onServer.read(MASTER);
    const copy = good.encrypted[keyId];
    const cases: [unknown, string, string][] = [
      [{}, "missing", "secret_not_stored"],
      [{ encrypted: { other: copy } }, "other_key_only", "secret_not_stored"],
      [{ encrypted: { [keyId]: { ...copy, mac: copy.mac.slice(0, 8) } } }, "malformed", "secret_unreadable"],
      [{ encrypted: { [keyId]: null } }, "malformed", "secret_unreadable"],
      [{ encrypted: 5 }, "malformed", "secret_unreadable"],
    ];
    for (const [content, stored, diagnosis] of cases) {
      await onServer.write(MASTER, content);
      const now = await state();
      expect(now.diagnosis).toBe(diagnosis);
      expect(storedAs(now)[MASTER]).toBe(stored);
    }
    await onServer.write(MASTER, { encrypted: { [keyId]: { ...copy, mac: "A".repeat(43) } } });
    expect(await errorOf(unlock(securityKey))).toEqual({ kind: "secure_backup_check_failed", failed: [MASTER] });
    await onServer.write(MASTER, good);
    await expectUnlocked(await unlock(securityKey));
  });

  it("names a backup that is missing, and a stored backup key that is not the backup's", async () => {
    const securityKey = await accountFromElsewhere();
    await expectUnlocked(await unlock(securityKey));
    const stale = await onServer.read(BACKUP);
    await other.crypto.resetKeyBackup();
    // The other client may send the new key over by itself, sooner or later.
    expect(["backup_key_differs", "backup_not_connected", "working"]).toContain((await state()).diagnosis);
    await expectUnlocked(await unlock(securityKey));
    await onServer.write(BACKUP, stale);
    expect(await errorOf(unlock(securityKey))).toEqual({ kind: "secure_backup_check_failed", failed: [BACKUP] });
    await other.crypto.deleteKeyBackupVersion((await state()).backup!.version);
    expect(await state()).toMatchObject({ diagnosis: "backup_missing", backup: null });
    await onServer.write(BACKUP, {});
    expect((await state()).diagnosis).toBe("backup_missing");
  });

  it("sees an identity that another client replaced: nothing here proves it any more", async () => {
    const securityKey = await accountFromElsewhere();
    await expectUnlocked(await unlock(securityKey));
    await other.crypto.bootstrapCrossSigning({
      setupNewCrossSigning: true,
      authUploadDeviceSigningKeys: async (send) => {
        const identifier = { type: "m.id.user", user: user.userId };
        // Synapse wants its session to be named; the first try without one tells it.
        const session = await send(null).then(
          () => undefined,
          (error: { data: { session: string } }) => error.data.session,
        );
        await send({ type: "m.login.password", identifier, password: user.password, session });
      },
    });
    const { diagnosis, proven, identity } = await state();
    expect({ diagnosis, proven }).toEqual({ diagnosis: "identity_changed", proven: false });
    await rig.service.acceptIdentity({ accountId, master: identity.changedTo! });
    expect(await state()).toMatchObject({ diagnosis: "session_unverified", proven: false });
    await expectUnlocked(await unlock(securityKey));
  });
});
