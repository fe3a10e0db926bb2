import { SecretName } from "../../shared/contract/secureBackup.ts";
import { type SetUpKind, type SetUpStep } from "../../shared/contract/setUp.ts";
import { fail } from "../../shared/errors.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import type { ServerIdentity } from "./encryptionApi.ts";
import { moveToBackup } from "./migrateBackups.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import {
  belongsTo,
  IDENTITY_SECRETS,
  identityKeysHere,
  type IdentityPrivateKeys,
  isThisSessionVerified,
  publicKeyFor,
  refuseChangedIdentity,
} from "./crossSigning.ts";
import { backupKeyHere, createBackup, declareBackupWanted, opensBackup } from "./keyBackup.ts";
import { masterKeyInMachine } from "../sdk/pinnedIdentity.ts";
import { ensureCrossSigningKeys } from "./newCrossSigningKeys.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { ensureNewBackup, removeEverythingReplaced, removeReplacedKey } from "./replaceBackup.ts";
import { uploadRoomKeys } from "./roomKeyUpload.ts";
import { hasProperCheck, isDescribedKey } from "./secretStorage.ts";
import { describeSecureBackup, readSecureBackup } from "./secureBackupState.ts";
import { readSecret } from "./secretValue.ts";
import type { SetUpContext } from "./setUpContext.ts";

const BACKUP_SECRET = "m.megolm_backup.v1" satisfies SecretName;

/**
 * The steps of a set-up, a change of key and a reset in their order. Each looks at what is there and does what is missing, so every one can be done
 * again at any time, whatever cut it off before.
 *
 * The order is such that nothing which other clients look for exists before what it needs: the identity before the
 * secrets that open it, all secrets before the default key that points at them, the stored backup key before the
 * backup. And nothing is taken away before what replaces it has been checked.
 */
export const STEPS: Readonly<Record<SetUpKind, readonly Step[]>> = {
  set_up: [
    { step: "identity", run: ensureIdentity },
    { step: "secret_storage", run: ensureSecretStorage },
    { step: "key_backup", run: ensureKeyBackup },
    { step: "check", run: check },
  ],
  change: [
    { step: "secret_storage", run: ensureSecretStorage },
    { step: "key_backup", run: ensureKeyBackup },
    { step: "check", run: check },
    { step: "clean_up", run: removeReplacedKey },
  ],
  reset: [
    { step: "identity", run: ensureCrossSigningKeys },
    { step: "secret_storage", run: ensureSecretStorage },
    { step: "key_backup", run: ensureNewBackup },
    { step: "room_keys", run: ({ access, ownStore }) => uploadRoomKeys(access, ownStore) },
    { step: "check", run: check },
    { step: "clean_up", run: removeEverythingReplaced },
  ],
};

interface Step {
  step: SetUpStep;
  run: (work: SetUpContext) => Promise<void>;
}

/** Throws `secure_backup_exists` when there is a default key, properly described, that is none of `expected`. */
async function refuseOtherKey({ storage }: EncryptionContext, expected: (string | null)[]): Promise<void> {
  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind !== "found" || expected.includes(defaultKey.keyId)) return;
  if (await storage.describe(defaultKey.keyId)) throw fail("secure_backup_exists");
}

/**
 * Asks for the identity and refuses, with `session_not_verified`, when there is one whose private keys this session
 * lacks: an identity is never replaced along the way.
 */
async function ownIdentity(access: EncryptionContext): Promise<{ identity: ServerIdentity; keys: IdentityPrivateKeys }> {
  const identity = await access.server.queryOwnKeys(access.machine);
  refuseChangedIdentity(access);
  const keys = await identityKeysHere(access);
  if (identity.master !== null && !ownsIdentity(keys, identity)) throw fail("session_not_verified");
  return { identity, keys };
}

/** Refuses where a set-up must not begin: throws `secure_backup_exists`, `identity_changed`, `session_not_verified`. */
export async function refuseToBegin(access: EncryptionContext): Promise<void> {
  await refuseOtherKey(access, []);
  await ownIdentity(access);
}

/**
 * Refuses where the key must not be changed: throws `secure_backup_absent`, `identity_changed`, and
 * `session_not_verified` when this session does not have every secret, proven to be the right one. Only what is here can be locked with the new key.
 */
export async function refuseToChange(access: EncryptionContext): Promise<void> {
  const parts = await readSecureBackup(access);
  if (parts.defaultKey.kind !== "found") throw fail("secure_backup_absent");
  refuseChangedIdentity(access);
  const state = describeSecureBackup(parts);
  if (!state.proven || !state.identity.thisSessionVerified) throw fail("session_not_verified");
}

/** What is there now and would be replaced. */
export async function whatIsReplaced({ machine, server, storage }: EncryptionContext): Promise<PendingSetUp["replaces"]> {
  const [defaultKey, identity, backup] = await Promise.all([storage.defaultKey(), server.queryOwnKeys(machine), server.backup()]);
  return {
    keyId: defaultKey.kind === "found" ? defaultKey.keyId : null,
    master: identity.master,
    backupVersion: backup?.version ?? null,
  };
}

function ownsIdentity(keys: IdentityPrivateKeys, identity: ServerIdentity): boolean {
  if (!belongsTo("m.cross_signing.master", keys["m.cross_signing.master"], identity)) return false;
  // An upload that was cut may have left the master key alone on a server; the others then follow.
  return IDENTITY_SECRETS.every(
    (name) => keys[name] !== null && (publicKeyFor(name, identity) === null || belongsTo(name, keys[name], identity)),
  );
}

async function ensureIdentity({ access, pending, authenticate }: SetUpContext): Promise<void> {
  const { machine, server } = access;
  await refuseOtherKey(access, [pending.keyId]);
  const { identity, keys } = await ownIdentity(access);
  const uploaded = IDENTITY_SECRETS.every((name) => belongsTo(name, keys[name], identity));
  if (uploaded && (await isThisSessionVerified(access))) return;

  // With all keys here the machine makes requests for those; it draws new ones only where none can be lost.
  const hasAll = IDENTITY_SECRETS.every((name) => keys[name] !== null);
  const requests = await machine.bootstrapCrossSigning(!hasAll);
  const deviceKeys = requests.uploadKeysRequest as { id: string; type: number; body: string } | undefined;
  if (deviceKeys) await server.sendForMachine(machine, "/keys/upload", deviceKeys);
  if (!uploaded) {
    const { body } = requests.uploadSigningKeysRequest;
    await authenticate((auth) => server.uploadSigningKeys(body, auth));
  }
  const master = await masterKeyInMachine(access.client);
  if (master !== null) await access.identity.pin(master);
  await server.sendForMachine(machine, "/keys/signatures/upload", requests.uploadSignaturesRequest);
  await server.queryOwnKeys(machine);
  if (!(await isThisSessionVerified(access))) throw fail("secure_backup_check_failed", { failed: ["identity"] });
}

/** The private key of the backup there shall be: of the one in use if this session can open it, else the drawn one. */
async function chooseBackupKey(
  access: EncryptionContext,
  pending: PendingSetUp,
): Promise<{ privateKey: PrivateKey; version: string | null }> {
  const backup = await access.server.backup();
  for (const privateKey of [pending.backupKey, await backupKeyHere(access)]) {
    if (privateKey !== null && opensBackup(privateKey, backup)) return { privateKey, version: backup!.version };
  }
  return { privateKey: pending.backupKey, version: null };
}

/** Stores all secrets under the key, checks that it opens them, and only then makes it the default key. */
export async function ensureSecretStorage({ access, pending }: Pick<SetUpContext, "access" | "pending">): Promise<void> {
  const { storage } = access;
  const { keyId, key, description } = pending;
  const expected = [keyId, pending.replaces?.keyId ?? null];
  await refuseOtherKey(access, expected);
  const existing = await storage.describe(keyId);
  const isDescribed = existing && hasProperCheck(existing) && (await isDescribedKey(key, existing)) === true;
  if (!isDescribed) await storage.writeDescription(keyId, description);

  const values = { ...(await identityKeysHere(access)), [BACKUP_SECRET]: await backupKeyToStore(access, pending) };
  const secrets = SecretName.options.map((name) => ({ name, value: values[name] }));
  for (const { name, value } of secrets) {
    if (value === null) throw fail("session_not_verified");
    await storage.ensure(name, keyId, key, value);
  }

  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind === "found" && defaultKey.keyId === keyId) return;
  // From here on other clients ask for the new key, so everything must be seen to open with it.
  const failed: SecretName[] = [];
  for (const { name, value } of secrets) if (!readSecret(value!).equals(await storage.open(name, keyId, key))) failed.push(name);
  if (failed.length > 0) throw fail("secure_backup_check_failed", { failed });
  await refuseOtherKey(access, expected);
  await storage.setDefaultKey(keyId);
}

async function backupKeyToStore(access: EncryptionContext, pending: PendingSetUp): Promise<PrivateKey> {
  // What opens the old backup is carried over into the new one, not locked with the new key.
  return pending.kind === "reset" ? pending.backupKey : (await chooseBackupKey(access, pending)).privateKey;
}

/**
 * Connects this session to the key backup, and begins one where this session can open none. What only the key opens that
 * this session had before comes along.
 */
export async function ensureKeyBackup({ access, pending }: Pick<SetUpContext, "access" | "pending">): Promise<void> {
  const { privateKey, version: existing } = await chooseBackupKey(access, pending);
  const version = existing ?? (await createBackup(access, privateKey));
  await moveToBackup(access, { version, privateKey }, pending.formerBackupKeys);
  await declareBackupWanted(access);
}

/** Reads everything back. Throws `secure_backup_check_failed` and names what does not fit. */
export async function check({ access, pending }: Pick<SetUpContext, "access" | "pending">): Promise<void> {
  const parts = await readSecureBackup(access);
  const state = describeSecureBackup(parts);
  const { defaultKey, description, identity, backup } = parts;
  const { key } = pending;
  const failed: string[] = [];
  const expect = (what: string, holds: boolean): void => {
    if (!holds) failed.push(what);
  };
  const open = (name: SecretName): Promise<PrivateKey | null> => {
    return access.storage.decrypt(name, parts.stored[name].copyFor(pending.keyId), key);
  };
  expect("default_key", defaultKey.kind === "found" && defaultKey.keyId === pending.keyId);
  expect("key_description", description !== null && (await isDescribedKey(key, description)) === true);
  for (const name of IDENTITY_SECRETS) expect(name, belongsTo(name, await open(name), identity));
  expect(BACKUP_SECRET, opensBackup(await open(BACKUP_SECRET), backup));
  expect("this_session", state.identity.thisSessionVerified);
  expect("private_keys", state.proven);
  expect("key_backup", state.backup?.active === true && state.backup.trusted);
  if (failed.length > 0) throw fail("secure_backup_check_failed", { failed });
}
