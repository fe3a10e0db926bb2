import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { backupPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import { decryptSecret, type EncryptedSecret, encryptSecret, newKeyCheck } from "../../../main/encryption/secretCipher.ts";
import { parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import type { Services } from "../../../main/services.ts";
import { SecretName, type SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { SecurityKeyBytes } from "../../../shared/secret.ts";
import { errorOf } from "../../support/errorOf.ts";
import { privateKeyOf, secretOf, securityKeyBytes } from "../../support/secretValues.ts";
import { openForNewUser, openForPerson, replace, setUpElsewhere } from "../../support/secureBackupAccounts.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { type SecureBackupRig, signInTo } from "../../support/secureBackupRig.ts";
import type { SdkSession } from "../../support/sdkSession.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const MASTER = "m.cross_signing.master";
const BACKUP = "m.megolm_backup.v1";
const DEFAULT = "m.secret_storage.default_key";
const VERSIONS = "/_matrix/client/v3/room_keys/version";
/** Of another key of secret storage, which nobody types here. */
const FOREIGN = securityKeyBytes(randomBytes(32));

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let other: SdkSession;
let onServer: AccountDataOnServer;
let securityKey: string;
let keyId: string;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

/** An account in order that another client has set up, unlocked here. */
beforeEach(async () => {
  ({ data, services, user, rig } = await openForNewUser(synapse));
  ({ other, securityKey } = await setUpElsewhere(synapse, user, 2));
  onServer = new AccountDataOnServer(synapse, other.tokens);
  other.stop();
  accountId = await signInTo(services, user, synapse.baseUrl);
  await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", securityKey) });
  keyId = (await onServer.read(DEFAULT)).key;
});
afterEach(() => data.destroy());

const repair = (newBackup = false): Promise<SecureBackupState> =>
  rig.service.repair({ accountId, keyOrPhrase: secretOf("Security Key", securityKey), newBackup });
const copiesOf = async (name: SecretName): Promise<Record<string, EncryptedSecret>> => (await onServer.readIfAny(name)).encrypted ?? {};

/** Adds copies of secrets under a key that nobody types, and describes it. */
async function addForeign(secrets: Partial<Record<SecretName, string>>): Promise<void> {
  await onServer.write("m.secret_storage.key.foreign", {
    algorithm: "m.secret_storage.v1.aes-hmac-sha2",
    name: "Old phone",
    ...(await newKeyCheck(FOREIGN)),
  });
  for (const [name, secret] of Object.entries(secrets) as [SecretName, string][]) {
    const content = await onServer.readIfAny(name);
    const foreign = await encryptSecret(privateKeyOf(secret), FOREIGN, name);
    await onServer.write(name, { ...content, encrypted: { ...content.encrypted, foreign } });
  }
}

/** All account data, by type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of every shape
async function allAccountData(): Promise<Map<string, any>> {
  const filter = encodeURIComponent(JSON.stringify({ room: { rooms: [] }, presence: { not_types: ["*"] } }));
  const path = `/_matrix/client/v3/sync?timeout=0&filter=${filter}&since_nothing=${randomBytes(4).toString("hex")}`;
  const { account_data: found } = await synapse.call({ path, token: other.tokens.accessToken });
  return new Map(found.events.map((event: { type: string; content: unknown }) => [event.type, event.content]));
}

/** What a key still opens of a secret, wherever in the account data it is. */
async function openedBy(key: SecurityKeyBytes, id: string, name: SecretName): Promise<string | null> {
  for (const [type, content] of await allAccountData()) {
    if (!type.includes(name)) continue;
    const copy = content.encrypted?.[id];
    const secret = copy && (await decryptSecret(copy, key, name));
    if (secret) return secret.reveal();
  }
  return null;
}

const isDescribed = async (id: string): Promise<boolean> => Object.keys(await onServer.readIfAny(`m.secret_storage.key.${id}`)).length > 0;

describe("what a repair has not opened", () => {
  const onlyKey = randomBytes(32).toString("base64");

  it("stays with its key, which may be the only one of an older backup, and the person is told", async () => {
    // The newest backup is one that nothing here opens; the one before it opens with what the foreign key encrypts.
    for (const privateKey of [onlyKey, randomBytes(32).toString("base64")]) {
      await synapse.call({
        method: "POST",
        path: VERSIONS,
        token: other.tokens.accessToken,
        body: {
          algorithm: "m.megolm_backup.v1.curve25519-aes-sha2",
          auth_data: { public_key: backupPublicKey(privateKeyOf(privateKey)), signatures: {} },
        },
      });
    }
    await addForeign({ [BACKUP]: onlyKey, [MASTER]: randomBytes(32).toString("base64") });
    const before = await copiesOf(BACKUP);
    const repaired = await repair(true);
    expect(repaired).toMatchObject({ diagnosis: "working", proven: true });
    expect((await copiesOf(BACKUP))["foreign"]).toEqual(before["foreign"]);
    expect(await copiesOf(MASTER)).toHaveProperty("foreign");
    expect(await isDescribed("foreign")).toBe(true);
    const { keys } = await rig.service.otherKeys({ accountId });
    expect(keys).toEqual([
      { keyId: "foreign", name: "Old phone", hasPhrase: false, isDefault: false, secrets: [MASTER, BACKUP], putAside: 0 },
    ]);
    await openElsewhere(synapse, user, { securityKey });
  });

  it("goes after a question of its own, and nothing else with it", async () => {
    await addForeign({ [MASTER]: onlyKey });
    await repair();
    const before = await copiesOf(BACKUP);
    expect(await errorOf(rig.service.deleteOtherKey({ accountId, keyId: "another" }))).toEqual({ kind: "not_found" });
    expect(await errorOf(rig.service.deleteOtherKey({ accountId, keyId }))).toEqual({ kind: "not_found" });
    expect((await rig.service.deleteOtherKey({ accountId, keyId: "foreign" })).keys).toEqual([]);
    expect(Object.keys(await copiesOf(MASTER))).toEqual([keyId]);
    expect(await copiesOf(BACKUP)).toEqual(before);
    expect(await isDescribed("foreign")).toBe(false);
    await openElsewhere(synapse, user, { securityKey });
  });

  it("but is encrypted with the same Security Key goes when it is the same secret, and stays when it is another", async () => {
    const key = parseSecurityKey(secretOf("Security Key", securityKey));
    const same = await decryptSecret((await copiesOf(MASTER))[keyId]!, key, MASTER);
    const content = await onServer.read(MASTER);
    const [old, older] = [await encryptSecret(same!, key, MASTER), await encryptSecret(privateKeyOf(onlyKey), key, MASTER)];
    await onServer.write(MASTER, { ...content, encrypted: { ...content.encrypted, old, older } });
    await onServer.write("m.secret_storage.key.old", await onServer.read(`m.secret_storage.key.${keyId}`));
    expect((await repair()).diagnosis).toBe("working");
    expect(Object.keys(await copiesOf(MASTER)).sort()).toEqual([keyId, "older"].sort());
    expect(await isDescribed("old")).toBe(false);
  });

  it("and does not understand is put aside before it is written over", async () => {
    const odd: [SecretName, object][] = [
      [MASTER, { encrypted: 5, "org.example.note": "x" }],
      ["m.cross_signing.self_signing", { encrypted: [1, 2] }],
      ["m.cross_signing.user_signing", { encrypted: { [keyId]: { iv: "cut", theirs: true } } }],
      [
        BACKUP,
        {
          encrypted: {
            [keyId]: await encryptSecret(privateKeyOf(onlyKey), parseSecurityKey(secretOf("Security Key", securityKey)), BACKUP),
          },
        },
      ],
    ];
    for (const [name, content] of odd) await onServer.write(name, content);
    const repaired = await repair();
    expect(repaired).toMatchObject({ diagnosis: "working", proven: true });
    const all = await allAccountData();
    for (const [name, content] of odd) {
      const aside = [...all].filter(([type]) => type.startsWith(`secret_storage.put_aside.${name}.`));
      expect(
        aside.map(([, kept]) => kept),
        name,
      ).toEqual([content]);
    }
    expect(await onServer.read(MASTER)).toMatchObject({ "org.example.note": "x" });
    const { keys } = await rig.service.otherKeys({ accountId });
    expect(keys.map(({ isDefault, putAside }) => [isDefault, putAside])).toEqual(
      expect.arrayContaining([
        [true, 2],
        [false, 2],
      ]),
    );
    // Done again, it finds nothing to do.
    await repair();
    expect((await rig.service.otherKeys({ accountId })).keys).toEqual(keys);
    await openElsewhere(synapse, user, { securityKey });
    for (const { keyId: id } of keys) await rig.service.deleteOtherKey({ accountId, keyId: id });
    expect((await rig.service.otherKeys({ accountId })).keys).toEqual([]);
    await openElsewhere(synapse, user, { securityKey });
  });

  it("and is too long to look at is put aside whole", async () => {
    const content = { filling: "x".repeat(70_000), ...(await onServer.read(MASTER)) };
    await onServer.write(MASTER, content);
    expect((await rig.service.state({ accountId })).diagnosis).toBe("secret_unreadable");
    expect((await repair()).diagnosis).toBe("working");
    const aside = [...(await allAccountData())].filter(([type]) => type.startsWith("secret_storage.put_aside."));
    expect(aside.map(([, kept]) => kept)).toEqual([content]);
  });

  it("that others keep beside secrets, in descriptions and with the default key, survives", async () => {
    const note = { "org.example.note": { deep: [1, null] } };
    const types = [...SecretName.options, DEFAULT, `m.secret_storage.key.${keyId}`];
    for (const type of types) await onServer.write(type, { ...(await onServer.read(type)), ...note });
    const { iv: _iv, mac: _mac, ...uncheckable } = await onServer.read(`m.secret_storage.key.${keyId}`);
    await onServer.write(`m.secret_storage.key.${keyId}`, { ...uncheckable, name: "Mine" });
    await onServer.write(MASTER, { ...note, encrypted: {} });
    await addForeign({ [BACKUP]: onlyKey });
    expect((await repair()).diagnosis).toBe("working");
    const { setUp } = await replace(rig, accountId, "change");
    expect(setUp).toMatchObject({ phase: "checked" });
    for (const type of [...SecretName.options, DEFAULT]) expect(await onServer.read(type), type).toMatchObject(note);
  });
});

describe("what was opened here before", () => {
  const restart = async (): Promise<void> => {
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    rig = openForPerson(services, user);
  };

  it("is known after a restart: a change of key leaves nothing of the old one", async () => {
    await restart();
    const { setUp, securityKey: newKey } = await replace(rig, accountId, "change");
    expect(setUp).toMatchObject({ phase: "checked" });
    expect(await isDescribed(keyId)).toBe(false);
    for (const name of SecretName.options) {
      expect(await openedBy(parseSecurityKey(secretOf("Security Key", securityKey)), keyId, name)).toBeNull();
    }
    expect((await rig.service.otherKeys({ accountId })).keys).toEqual([]);
    await openElsewhere(synapse, user, { securityKey: newKey });
  });

  it("is not what another client has written since: that is put aside by a change of key", async () => {
    // The same secrets, and another key of a backup: nobody here knows what it opens.
    const key = parseSecurityKey(secretOf("Security Key", securityKey));
    const unknown = randomBytes(32).toString("base64");
    await onServer.write(BACKUP, { encrypted: { [keyId]: await encryptSecret(privateKeyOf(unknown), key, BACKUP) } });
    const { setUp, securityKey: newKey } = await replace(rig, accountId, "change");
    expect(setUp).toMatchObject({ phase: "checked" });
    expect(Object.keys(await copiesOf(BACKUP))).toEqual([(await onServer.read(DEFAULT)).key]);
    expect(await openedBy(key, keyId, BACKUP)).toBe(unknown);
    expect(await openedBy(key, keyId, MASTER)).toBeNull();
    expect(await isDescribed(keyId)).toBe(true);
    expect((await rig.service.otherKeys({ accountId })).keys).toMatchObject([{ keyId, secrets: [BACKUP], putAside: 1 }]);
    await openElsewhere(synapse, user, { securityKey: newKey });
    expect((await rig.service.deleteOtherKey({ accountId, keyId })).keys).toEqual([]);
    expect(await isDescribed(keyId)).toBe(false);
  });
});

describe("what a reset has not opened", () => {
  it("is put aside with its key, and opens with it still", async () => {
    const locked = await StewardData.create();
    try {
      const elsewhere = await locked.open();
      const id = await signInTo(elsewhere, user, synapse.baseUrl);
      const theirs = openForPerson(elsewhere, user);
      const key = parseSecurityKey(secretOf("Security Key", securityKey));
      const backupKey = await openedBy(key, keyId, BACKUP);
      const { setUp, securityKey: newKey } = await replace(theirs, id, "reset");
      expect(setUp).toMatchObject({ phase: "checked" });
      expect(Object.keys(await copiesOf(MASTER))).toEqual([(await onServer.read(DEFAULT)).key]);
      expect(await openedBy(key, keyId, MASTER)).not.toBeNull();
      expect(await openedBy(key, keyId, BACKUP)).toBe(backupKey);
      expect(await isDescribed(keyId)).toBe(true);
      const { keys } = await theirs.service.otherKeys({ accountId: id });
      expect(keys).toMatchObject([{ keyId, secrets: SecretName.options, putAside: 3 }]);
      expect(await theirs.service.state({ accountId: id })).toMatchObject({ diagnosis: "working" });
      await openElsewhere(synapse, user, { securityKey: newKey });
    } finally {
      await locked.destroy();
    }
  });
});

describe("what turning off has not opened", () => {
  it("is put aside, and all that was opened is gone", async () => {
    await addForeign({ [BACKUP]: randomBytes(32).toString("base64") });
    const off = await rig.service.turnOff({ accountId });
    expect(off).toMatchObject({ diagnosis: "turned_off", key: null, unneededKeys: 0 });
    expect(off.secrets.map(({ stored }) => stored)).toEqual(Array(4).fill("missing"));
    expect(await isDescribed(keyId)).toBe(false);
    expect(await isDescribed("foreign")).toBe(true);
    expect(await openedBy(FOREIGN, "foreign", BACKUP)).not.toBeNull();
    expect(await openedBy(parseSecurityKey(secretOf("Security Key", securityKey)), keyId, MASTER)).toBeNull();
  });
});
