import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decryptSecret, encryptSecret, newKeyCheck } from "../../../main/encryption/secretCipher.ts";
import { formatSecurityKey, newSecurityKey, parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import { keyFromPhrase } from "../../../main/encryption/securityPhrase.ts";
import { asPrivateKey, backupPublicKey, privateKeyBytes } from "../../../main/roomKeys/keyPairs.ts";
import type { Services } from "../../../main/services.ts";
import { SecretName, type SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { SecurityKeyBytes } from "../../../shared/secret.ts";
import { errorOf } from "../../support/errorOf.ts";
import { privateKeyOf, secretOf, securityKeyBytes } from "../../support/secretValues.ts";
import { openForNewUser, setUpElsewhere } from "../../support/secureBackupAccounts.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { type SecureBackupRig, signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession } from "../../support/sdkSession.ts";
import { type StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2";
const DEFAULT = "m.secret_storage.default_key";
const MASTER = "m.cross_signing.master";
const BACKUP = "m.megolm_backup.v1";
const VERSIONS = "/_matrix/client/v3/room_keys/version";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let other: SdkSession;
let onServer: AccountDataOnServer;
let securityKey: string;
let accountId: AccountId;
/** The id of the default key. */
let keyId: string;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

/** An account that another client has set up, signed in here and not unlocked. */
beforeEach(async () => {
  ({ data, services, user, rig } = await openForNewUser(synapse));
  ({ other, securityKey } = await setUpElsewhere(synapse, user, 2));
  onServer = new AccountDataOnServer(synapse, other.tokens);
  other.stop();
  accountId = await signInTo(services, user, synapse.baseUrl);
  keyId = (await onServer.read(DEFAULT)).key;
});
afterEach(() => data.destroy());

const state = (): Promise<SecureBackupState> => rig.service.state({ accountId });
const unlock = (keyOrPhrase: string): Promise<SecureBackupState> =>
  rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", keyOrPhrase) });
const repair = (keyOrPhrase: string, choices: { newBackup?: boolean; makeDefault?: boolean } = {}) =>
  rig.service.repair({ accountId, keyOrPhrase: secretOf("Security Key", keyOrPhrase), ...choices });
const description = (id = keyId): string => `m.secret_storage.key.${id}`;
const wrongKey = (): string => formatSecurityKey(newSecurityKey()).reveal();

async function expectUnlocked(opened: SecureBackupState): Promise<void> {
  expect(opened).toMatchObject({ proven: true, identity: { thisSessionVerified: true }, backup: { active: true } });
  expect(opened.secrets.every(({ here }) => here)).toBe(true);
}

/** Moves all secrets from the default key to another one, as it was made. */
async function encryptWith(id: string, key: SecurityKeyBytes, write = (secret: string): string => secret): Promise<void> {
  for (const name of SecretName.options) {
    const { encrypted } = await onServer.read(name);
    const secret = await decryptSecret(encrypted[keyId], parseSecurityKey(secretOf("Security Key", securityKey)), name);
    await onServer.write(name, { encrypted: { [id]: await encryptSecret(privateKeyOf(write(secret!.reveal())), key, name) } });
  }
}

describe("a key description that another client wrote oddly", () => {
  const longer = (iv: string): string => Buffer.concat([Buffer.from(iv, "base64"), randomBytes(16)]).toString("base64");
  type Description = { iv: string; mac: string };
  const odd: [string, (good: Description) => object][] = [
    ["an IV of 32 bytes", ({ iv, ...good }) => ({ ...good, iv: longer(iv) })],
    ["no MAC", ({ mac: _mac, ...good }) => good],
    ["a MAC that is null", (good) => ({ ...good, mac: null })],
    ["an IV that is null", (good) => ({ ...good, iv: null })],
    ["both empty", (good) => ({ ...good, iv: "", mac: "" })],
    ["a MAC that is cut", (good) => ({ ...good, mac: good.mac.slice(0, 8) })],
    ["a name and a phrase that are null", (good) => ({ ...good, name: null, passphrase: null })],
    ["a MAC that was made with something else", (good) => ({ ...good, mac: randomBytes(32).toString("base64") })],
  ];

  it.each(odd)("%s: the right key opens, a wrong one does not, and a repair writes it properly", async (_what, spoil) => {
    const theirs = { ...(await onServer.read(description())), "org.example.note": { kept: true } };
    await onServer.write(description(), spoil(theirs));
    expect(await errorOf(unlock(wrongKey()))).toEqual({ kind: "wrong_security_key" });
    await expectUnlocked(await unlock(securityKey));
    expect((await repair(securityKey)).diagnosis).toBe("working");
    const written = await onServer.read(description());
    expect(written).toMatchObject({ algorithm: ALGORITHM, "org.example.note": { kept: true } });
    expect(Buffer.from(written.iv, "base64")).toHaveLength(16);
    await openElsewhere(synapse, user, { securityKey });
  });

  it("is not there, and a Security Key opens what is encrypted with it all the same", async () => {
    for (const content of [{}, { algorithm: "org.example.unknown", note: 1 }]) {
      await onServer.write(description(), content);
      expect((await state()).diagnosis).toBe("key_description_missing");
      expect(await errorOf(unlock(wrongKey()))).toEqual({ kind: "wrong_security_key" });
    }
    await expectUnlocked(await unlock(securityKey));
    expect((await repair(securityKey)).diagnosis).toBe("working");
    await openElsewhere(synapse, user, { securityKey });
    const { keys } = await rig.service.otherKeys({ accountId });
    expect(keys).toMatchObject([{ keyId, isDefault: true, putAside: 1 }]);
  });
});

describe("secrets encrypted with a key that is not the default one", () => {
  const theirKey = newSecurityKey();
  const theirs = formatSecurityKey(theirKey);
  const describeTheirs = async (): Promise<object> => ({ algorithm: ALGORITHM, name: "Office", ...(await newKeyCheck(theirKey)) });

  const defaults: [string, () => unknown][] = [
    ["that is not there", () => ({})],
    ["that is null", () => ({ key: null })],
    ["that is empty", () => ({ key: "" })],
    ["that is described nowhere", () => ({ key: "nowhere" })],
    ["that is no text", () => ({ key: 5 })],
    ["that opens nothing", () => ({ key: keyId })],
  ];

  it.each(defaults)("are opened where the default key is one %s, and a repair makes theirs the default", async (_what, write) => {
    await onServer.write(description("theirs"), await describeTheirs());
    await encryptWith("theirs", theirKey);
    await onServer.write(DEFAULT, write());
    expect(["default_key_missing", "key_description_missing", "secret_not_stored"]).toContain((await state()).diagnosis);
    expect((await services.health.refresh(accountId)).secureBackup).toBe("broken");
    expect(await errorOf(unlock(wrongKey()))).toEqual({ kind: "wrong_security_key" });
    const opened = await unlock(theirs.reveal());
    await expectUnlocked(opened);
    expect(opened.openedByOtherKey).toEqual({ name: "Office" });
    const repaired = await repair(theirs.reveal());
    expect(repaired).toMatchObject({ diagnosis: "working", openedByOtherKey: null });
    expect((await onServer.read(DEFAULT)).key).toBe("theirs");
    expect(await onServer.read(description("theirs"))).toMatchObject({ name: "Office" });
    await openElsewhere(synapse, user, { securityKey: theirs.reveal() });
  });

  it("and with the default one as well: it becomes the default only when the person says so", async () => {
    const copies = await Promise.all(SecretName.options.map((name) => onServer.read(name)));
    await onServer.write(description("theirs"), await describeTheirs());
    await encryptWith("theirs", theirKey);
    for (const [index, name] of SecretName.options.entries()) {
      const { encrypted } = await onServer.read(name);
      await onServer.write(name, { encrypted: { ...copies[index].encrypted, ...encrypted } });
    }
    await expectUnlocked(await unlock(theirs.reveal()));
    expect(await errorOf(repair(theirs.reveal()))).toEqual({ kind: "other_key_opens", name: "Office" });
    expect((await onServer.read(DEFAULT)).key).toBe(keyId);
    expect((await repair(theirs.reveal(), { makeDefault: true })).diagnosis).toBe("working");
    expect((await onServer.read(DEFAULT)).key).toBe("theirs");
    // Nobody has opened what the other key encrypts.
    expect((await onServer.read(MASTER)).encrypted).toHaveProperty([keyId]);
    await openElsewhere(synapse, user, { securityKey: theirs.reveal() });
    expect((await repair(securityKey, { makeDefault: true })).diagnosis).toBe("working");
    expect((await onServer.read(DEFAULT)).key).toBe(keyId);
  });

  it("are found among the keys of many years", async () => {
    for (let made = 0; made < 60; made += 1) {
      const old = { algorithm: ALGORITHM, ...(await newKeyCheck(newSecurityKey())) };
      await onServer.write(description(`old${made}`), old);
    }
    await onServer.write(description("theirs"), await describeTheirs());
    await encryptWith("theirs", theirKey);
    await onServer.write(DEFAULT, {});
    await expectUnlocked(await unlock(theirs.reveal()));
  });

  it("by a phrase of their own are opened with it", async () => {
    const passphrase = { algorithm: "m.pbkdf2", iterations: 1000, salt: "their salt" } as const;
    const key = await keyFromPhrase(secretOf("Security Key", "their phrase"), passphrase);
    await onServer.write(description("theirs"), { algorithm: ALGORITHM, passphrase, ...(await newKeyCheck(key)) });
    await encryptWith("theirs", key);
    await onServer.write(DEFAULT, {});
    expect(await errorOf(unlock("some other phrase"))).toEqual({ kind: "wrong_security_key" });
    await expectUnlocked(await unlock("their phrase"));
    expect((await repair("their phrase")).diagnosis).toBe("working");
    await openElsewhere(synapse, user, { securityPhrase: "their phrase" });
  });
});

describe("a Security Phrase of another client", () => {
  const phrases: [string, { iterations: number; salt: string; bits?: number }][] = [
    ["with one round", { iterations: 1, salt: "salt" }],
    ["with an empty salt", { iterations: 2000, salt: "" }],
    ["that makes a key of 512 bits", { iterations: 1000, salt: "salt", bits: 512 }],
    ["that makes a key of 128 bits", { iterations: 1000, salt: "salt", bits: 128 }],
  ];

  it.each(phrases)("%s opens", async (_what, how) => {
    const passphrase = { algorithm: "m.pbkdf2", ...how } as const;
    const key = await keyFromPhrase(secretOf("Security Key", "their phrase"), passphrase);
    await onServer.write(description("theirs"), { algorithm: ALGORITHM, passphrase, ...(await newKeyCheck(key)) });
    await encryptWith("theirs", key);
    await onServer.write(DEFAULT, { key: "theirs" });
    expect(await errorOf(unlock("another phrase"))).toEqual({ kind: "wrong_security_key" });
    await expectUnlocked(await unlock("their phrase"));
    await onServer.write(MASTER, {});
    expect((await repair("their phrase")).diagnosis).toBe("working");
    // Only a key of 256 bits can be written as a Security Key.
    const keeping = rig.service.keepOnThisComputer({ accountId, keyOrPhrase: secretOf("Security Key", "their phrase") });
    if (how.bits === undefined) await keeping;
    else expect(await errorOf(keeping)).toEqual({ kind: "phrase_key_length", bits: how.bits });
    expect(await rig.service.keepsSecurityKey(accountId)).toBe(how.bits === undefined);
  });

  it("whose key cannot be derived is told so, and the Security Key opens", async () => {
    const good = await onServer.read(description());
    const passphrase = { algorithm: "m.pbkdf2", iterations: 1e15, salt: "x" };
    await onServer.write(description(), { ...good, passphrase });
    expect(await errorOf(unlock("some phrase"))).toEqual({ kind: "phrase_unusable", reason: "rounds" });
    await onServer.write(description(), { ...good, passphrase: { ...passphrase, algorithm: "org.example.argon" } });
    expect(await errorOf(unlock("some phrase"))).toMatchObject({ kind: "phrase_unusable" });
    await expectUnlocked(await unlock(securityKey));
  });
});

describe("secrets that another client wrote oddly", () => {
  const ways: [string, (secret: string) => string][] = [
    ["with a line break", (secret) => `${secret}\n`],
    ["in the URL alphabet", (secret) => Buffer.from(secret, "base64").toString("base64url")],
    ["in base64 twice", (secret) => Buffer.from(secret).toString("base64")],
    ["as a list of numbers", (secret) => JSON.stringify([...Buffer.from(secret, "base64")])],
  ];

  it.each(ways)("%s are read, and written properly by a repair", async (_what, write) => {
    await encryptWith(keyId, parseSecurityKey(secretOf("Security Key", securityKey)), write);
    await expectUnlocked(await unlock(securityKey));
    expect((await repair(securityKey)).diagnosis).toBe("working");
    for (const name of SecretName.options) {
      const { encrypted } = await onServer.read(name);
      const secret = await decryptSecret(encrypted[keyId], parseSecurityKey(secretOf("Security Key", securityKey)), name);
      expect(secret?.reveal()).toMatch(/^[A-Za-z0-9+/]{43}=?$/);
    }
    expect((await rig.service.otherKeys({ accountId })).keys).toEqual([]);
    await openElsewhere(synapse, user, { securityKey });
  });
});

describe("the whole text of a file that Steward saved", () => {
  it("opens as the key in it does", async () => {
    const { userId } = user;
    await expectUnlocked(await unlock(`\ufeff${userId}\r\n ${securityKey.replaceAll(" ", "\u00a0")}\r\n\n`));
    await expectUnlocked(await unlock(`${userId}${securityKey}`));
    expect(await errorOf(unlock(`${userId}\n${securityKey.slice(0, -1)}`))).toEqual({ kind: "malformed_security_key" });
    expect(await errorOf(unlock("some phrase"))).toEqual({ kind: "wrong_security_key" });
  });
});

describe("a recovery key from before secret storage", () => {
  const privateKey = newSecurityKey();
  const recoveryKey = formatSecurityKey(privateKey);

  /** Leaves nothing of secret storage, and a newer backup than the one there was. */
  async function goBackInTime(authData: object, key: SecurityKeyBytes): Promise<string> {
    for (const name of [...SecretName.options, DEFAULT, description()]) await onServer.write(name, {});
    const { version } = await synapse.call({
      method: "POST",
      path: VERSIONS,
      token: other.tokens.accessToken,
      body: {
        algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
        auth_data: { public_key: backupPublicKey(asPrivateKey(key)), signatures: {}, ...authData },
      },
    });
    return version;
  }

  it("opens its backup", async () => {
    const version = await goBackInTime({}, privateKey);
    expect((await state()).diagnosis).toBe("not_set_up");
    expect(await errorOf(unlock(wrongKey()))).toEqual({ kind: "secure_backup_absent" });
    const opened = await unlock(recoveryKey.reveal());
    expect(opened).toMatchObject({ diagnosis: "not_set_up", backup: { version, active: true, trusted: true } });
  });

  it("made from a passphrase opens its backup with that", async () => {
    const how = { private_key_salt: "old salt", private_key_iterations: 1000 };
    const key = await keyFromPhrase(secretOf("Security Key", "old phrase"), { algorithm: "m.pbkdf2", iterations: 1000, salt: "old salt" });
    const version = await goBackInTime(how, key);
    expect(await errorOf(unlock("other phrase"))).toEqual({ kind: "secure_backup_absent" });
    expect((await unlock("old phrase")).backup).toMatchObject({ version, active: true });
  });

  it("opens an older backup too: its room keys come into this session", async () => {
    // The backup of the set-up is the old one here: its private key is what the recovery key says.
    const { encrypted } = await onServer.read(BACKUP);
    const old = await decryptSecret(encrypted[keyId], parseSecurityKey(secretOf("Security Key", securityKey)), BACKUP);
    await goBackInTime({}, privateKey);
    await unlock(recoveryKey.reveal());
    expect((await state()).backup).toMatchObject({ keyCount: 0 });
    await unlock(formatSecurityKey(securityKeyBytes(privateKeyBytes(old!))).reveal());
    const { keys } = await services.sessions.session(accountId).use(async (client) => {
      return { keys: await client.getCrypto()!.exportRoomKeys() };
    });
    expect(keys).toHaveLength(2);
  });

  it("is kept for the Secure Backup that is set up then, with all keys in the backup", async () => {
    const fresh = await openForNewUser(synapse);
    try {
      const id = await signInTo(fresh.services, fresh.user, synapse.baseUrl);
      const token = await fresh.services.sessions.session(id).use(async (client) => client.getAccessToken()!);
      const { version } = await synapse.call({
        method: "POST",
        path: VERSIONS,
        token,
        body: {
          algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
          auth_data: { public_key: backupPublicKey(asPrivateKey(privateKey)), signatures: {} },
        },
      });
      await fresh.rig.service.unlock({ accountId: id, keyOrPhrase: recoveryKey });
      const begun = await fresh.rig.service.beginSetUp({ accountId: id, method: "key" });
      const { setUp } = await fresh.rig.service.confirmSetUp({ accountId: id, typed: begun.securityKey });
      expect(setUp).toMatchObject({ phase: "checked" });
      expect((await fresh.rig.service.state({ accountId: id })).backup).toMatchObject({ version, active: true });
      const second = await openElsewhere(synapse, fresh.user, { securityKey: begun.securityKey.reveal() });
      expect(second.activeBackupVersion).toBe(version);
    } finally {
      await fresh.data.destroy();
    }
  });
});
