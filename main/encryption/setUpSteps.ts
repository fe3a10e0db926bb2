import type { SecretName, SetUpStep } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { AuthDict } from "../account/challenges.ts";
import type { ServerIdentity } from "./accountServer.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import {
  belongsTo,
  IDENTITY_SECRETS,
  identityKeysHere,
  type IdentityPrivateKeys,
  isThisSessionVerified,
  publicKeyFor,
} from "./identity.ts";
import { backupKeyHere, connectBackup, createBackup, declareBackupWanted, opensBackup } from "./keyBackup.ts";
import type { PendingSetUp } from "./pendingSetUp.ts";
import { decryptSecret } from "./secretCipher.ts";
import { isDescribedKey } from "./secretStorage.ts";
import { describeSecureBackup, readSecureBackup } from "./secureBackupState.ts";

const BACKUP_SECRET: SecretName = "m.megolm_backup.v1";

/** Lets a request be authenticated by the person. */
export type Authenticate = (request: (auth: AuthDict | null) => Promise<void>) => Promise<void>;

/** What the steps of a set-up work with. */
export interface SetUpWork {
  access: EncryptionAccess;
  pending: PendingSetUp;
  authenticate: Authenticate;
}

/**
 * The steps of a set-up in their order. Each looks at what is there and does what is missing, so every one can be done
 * again at any time, whatever cut it off before.
 *
 * The order is such that nothing which other clients look for exists before what it needs: the identity before the
 * secrets that open it, all secrets before the default key that points at them, the stored backup key before the
 * backup.
 */
export const SET_UP_STEPS: readonly { step: SetUpStep; run: (work: SetUpWork) => Promise<void> }[] = [
  { step: "identity", run: ensureIdentity },
  { step: "secret_storage", run: ensureSecretStorage },
  { step: "key_backup", run: ensureKeyBackup },
  { step: "check", run: check },
];

/** Throws `secure_backup_exists` when there is a default key, properly described, that is not `ownKeyId`. */
async function refuseOtherKey({ storage }: EncryptionAccess, ownKeyId: string | null): Promise<void> {
  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind !== "found" || defaultKey.keyId === ownKeyId) return;
  if (await storage.describe(defaultKey.keyId)) throw fail("secure_backup_exists");
}

/**
 * Asks for the identity and refuses, with `session_not_verified`, when there is one whose private keys this session
 * lacks: an identity is never replaced along the way.
 */
async function ownIdentity(access: EncryptionAccess): Promise<{ identity: ServerIdentity; keys: IdentityPrivateKeys }> {
  const identity = await access.server.queryOwnKeys(access.machine);
  const keys = await identityKeysHere(access);
  if (identity.master !== null && !ownsIdentity(keys, identity)) throw fail("session_not_verified");
  return { identity, keys };
}

/** Refuses where a set-up must not begin: throws `secure_backup_exists` and `session_not_verified`. */
export async function refuseToBegin(access: EncryptionAccess): Promise<void> {
  await refuseOtherKey(access, null);
  await ownIdentity(access);
}

function ownsIdentity(keys: IdentityPrivateKeys, identity: ServerIdentity): boolean {
  if (!belongsTo("m.cross_signing.master", keys["m.cross_signing.master"], identity)) return false;
  // An upload that was cut may have left the master key alone on a server; the others then follow.
  return IDENTITY_SECRETS.every(
    (name) =>
      keys[name] !== null && (publicKeyFor(name, identity) === null || belongsTo(name, keys[name], identity)),
  );
}

async function ensureIdentity({ access, pending, authenticate }: SetUpWork): Promise<void> {
  const { machine, server } = access;
  await refuseOtherKey(access, pending.keyId);
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
  await server.sendForMachine(machine, "/keys/signatures/upload", requests.uploadSignaturesRequest);
  await server.queryOwnKeys(machine);
  if (!(await isThisSessionVerified(access))) throw fail("secure_backup_check_failed", { failed: ["identity"] });
}

/** The private key of the backup there shall be: of the one in use if this session can open it, else the drawn one. */
async function chooseBackupKey(
  access: EncryptionAccess,
  pending: PendingSetUp,
): Promise<{ privateKey: string; version: string | null }> {
  const backup = await access.server.backup();
  for (const privateKey of [pending.backupKey, await backupKeyHere(access)]) {
    if (privateKey !== null && opensBackup(privateKey, backup)) return { privateKey, version: backup!.version };
  }
  return { privateKey: pending.backupKey, version: null };
}

async function ensureSecretStorage({ access, pending }: SetUpWork): Promise<void> {
  const { storage } = access;
  const { keyId, description } = pending;
  const key = Buffer.from(pending.key, "base64");
  const existing = await storage.describe(keyId);
  if (!existing || (await isDescribedKey(key, existing)) !== true) await storage.writeDescription(keyId, description);

  const identityKeys = await identityKeysHere(access);
  for (const name of IDENTITY_SECRETS) {
    const value = identityKeys[name];
    if (value === null) throw fail("session_not_verified");
    await storage.ensure(name, keyId, key, value);
  }
  const { privateKey } = await chooseBackupKey(access, pending);
  await storage.ensure(BACKUP_SECRET, keyId, key, privateKey);

  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind === "found" && defaultKey.keyId === keyId) return;
  await refuseOtherKey(access, keyId);
  await storage.setDefaultKey(keyId);
}

async function ensureKeyBackup({ access, pending }: SetUpWork): Promise<void> {
  const { privateKey, version } = await chooseBackupKey(access, pending);
  await connectBackup(access, privateKey, version ?? (await createBackup(access, privateKey)));
  await declareBackupWanted(access);
}

/** Reads everything back. Throws `secure_backup_check_failed` and names what does not fit. */
async function check({ access, pending }: SetUpWork): Promise<void> {
  const parts = await readSecureBackup(access);
  const state = describeSecureBackup(parts, false);
  const { defaultKey, description, identity, backup } = parts;
  const key = Buffer.from(pending.key, "base64");
  const failed: string[] = [];
  const expect = (what: string, holds: boolean): void => {
    if (!holds) failed.push(what);
  };
  const open = async (name: SecretName): Promise<string | null> => {
    const copy = parts.stored[name].copyFor(pending.keyId);
    return copy && (await decryptSecret(copy, key, name));
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
