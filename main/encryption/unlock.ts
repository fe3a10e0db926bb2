import type { SecretName } from "../../shared/contract/secureBackup.ts";
import { fail, isFailure } from "../../shared/errors.ts";
import { moveToBackup } from "./carryOver.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import {
  adoptIdentity,
  belongsTo,
  IDENTITY_SECRETS,
  identityKeysHere,
  type IdentityPrivateKeys,
  refuseChangedIdentity,
} from "./identity.ts";
import { opensBackup } from "./keyBackup.ts";
import { decryptSecret } from "./secretCipher.ts";
import { isDescribedKey, type KeyDescription, type StoredSecret } from "./secretStorage.ts";
import { parseSecurityKey } from "./securityKey.ts";
import { keyFromPhrase } from "./securityPhrase.ts";

/** The default key of secret storage, shown to be the right one. */
export interface OpenedStorage {
  keyId: string;
  key: Buffer;
}

/**
 * Finds the key of an account's secret storage from what a person typed: a Security Key or a Security Phrase.
 *
 * Throws `secure_backup_absent`; `secure_backup_check_failed` when the server does not describe the key;
 * `malformed_security_key` when only a key can be meant and it is not one; `wrong_security_key`.
 */
export async function openStorage(access: EncryptionAccess, keyOrPhrase: string): Promise<OpenedStorage> {
  const { storage } = access;
  const defaultKey = await storage.defaultKey();
  if (defaultKey.kind === "absent") throw fail("secure_backup_absent");
  const keyId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const description = keyId === null ? null : await storage.describe(keyId);
  if (keyId === null || !description) throw fail("secure_backup_check_failed", { failed: ["key_description"] });
  const key = await keyFrom(keyOrPhrase, description);
  if (!(await isRightKey({ keyId, key }, description, (name) => storage.read(name)))) throw fail("wrong_security_key");
  return { keyId, key };
}

async function keyFrom(keyOrPhrase: string, { passphrase }: KeyDescription): Promise<Buffer> {
  try {
    return parseSecurityKey(keyOrPhrase);
  } catch (thrown) {
    if (!passphrase || !isFailure(thrown, "malformed_security_key")) throw thrown;
    return await keyFromPhrase(keyOrPhrase, passphrase);
  }
}

/**
 * Whether a key is the one described. Where the description has no MAC, a secret's own tells as well.
 *
 * @param read gives a stored secret
 */
export async function isRightKey(
  { keyId, key }: OpenedStorage,
  description: KeyDescription,
  read: (name: SecretName) => Promise<StoredSecret>,
): Promise<boolean> {
  const asDescribed = await isDescribedKey(key, description);
  if (asDescribed !== null) return asDescribed;
  for (const name of [...IDENTITY_SECRETS, "m.megolm_backup.v1"] as const) {
    const copy = (await read(name)).copyFor(keyId);
    if (copy && (await decryptSecret(copy, key, name)) !== null) return true;
  }
  return false;
}

/**
 * Brings the secrets of an opened Secure Backup into this session: takes the identity's private keys, verifies the
 * session with them, and connects the key backup. Does nothing that is done already.
 *
 * Throws `identity_changed`; `secure_backup_check_failed` with the names of secrets that are stored but do not fit what is on the server;
 * those that do fit have been taken.
 */
export async function takeSecrets(access: EncryptionAccess, opened: OpenedStorage): Promise<void> {
  const misfits: SecretName[] = [];
  await takeIdentity(access, opened, misfits);
  await takeBackup(access, opened, misfits);
  if (misfits.length > 0) throw fail("secure_backup_check_failed", { failed: misfits });
}

async function takeIdentity(access: EncryptionAccess, opened: OpenedStorage, misfits: SecretName[]): Promise<void> {
  const { machine, server } = access;
  const identity = await server.queryOwnKeys(machine);
  refuseChangedIdentity(access);
  const here = await identityKeysHere(access);
  const taken: IdentityPrivateKeys = { ...here };
  for (const name of IDENTITY_SECRETS) {
    const stored = await readStored(access, opened, name, misfits);
    if (stored === null) continue;
    if (!belongsTo(name, stored, identity)) misfits.push(name);
    else if (!belongsTo(name, here[name], identity)) taken[name] = stored;
  }
  await adoptIdentity(access, taken, identity);
}

async function takeBackup(access: EncryptionAccess, opened: OpenedStorage, misfits: SecretName[]): Promise<void> {
  const backup = await access.server.backup();
  if (!backup) return;
  const privateKey = await readStored(access, opened, "m.megolm_backup.v1", misfits);
  if (privateKey === null) return;
  if (!opensBackup(privateKey, backup)) {
    misfits.push("m.megolm_backup.v1");
    return;
  }
  await moveToBackup(access, { version: backup.version, privateKey });
}

/** A stored secret in clear. Null when it is not stored with this key; one that does not decrypt is a misfit too. */
async function readStored(
  { storage }: EncryptionAccess,
  { keyId, key }: OpenedStorage,
  name: SecretName,
  misfits: SecretName[],
): Promise<string | null> {
  const secret = await storage.open(name, keyId, key);
  if (secret === null && (await storage.read(name)).storedFor(keyId) !== "missing") misfits.push(name);
  return secret;
}
