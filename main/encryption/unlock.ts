import type { SecretName } from "../../shared/contract/secureBackup.ts";
import { type AppErrorKind, fail, isFailure, type PhraseProblem } from "../../shared/errors.ts";
import type { PrivateKey, SecurityKey, SecurityKeyBytes } from "../../shared/secret.ts";
import { moveToBackup } from "./migrateBackups.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import {
  adoptIdentity,
  belongsTo,
  IDENTITY_SECRETS,
  identityKeysHere,
  type IdentityPrivateKeys,
  refuseChangedIdentity,
} from "./crossSigning.ts";
import { allBackups, opensBackup } from "./keyBackup.ts";
import { openBackupByRecoveryKey } from "./recoveryKeyBackup.ts";
import { KEY_PREFIX, otherKeys } from "./removeStorageKeys.ts";
import { decryptSecret } from "./secretCipher.ts";
import { type DescribedKey, isDescribedKey, type KeyDescription, readDescription, StoredSecret } from "./secretStorage.ts";
import { looksLikeSecurityKey, parseSecurityKey } from "./securityKey.ts";
import { keyFromPhrase } from "./securityPhrase.ts";

/** A key of secret storage, shown to be the right one. */
export interface OpenedStorage {
  keyId: string;
  key: SecurityKeyBytes;
}

/** The key that was found for what a person typed. */
export interface FoundKey extends OpenedStorage {
  /** Whether it is the default key, which other clients ask for. */
  isDefault: boolean;
  /** The name that its description gives it. */
  name: string | null;
}

/** So many keys besides the default one are tried, and phrases with so many rounds together: it takes seconds then. */
const MAX_OTHER_KEYS = 5_000;
const MAX_ROUNDS_TOGETHER = 30_000_000;

/**
 * Finds the key of an account's secret storage from what a person typed: a Security Key or a Security Phrase. The default
 * key is tried first; then all others that are described or that secrets are encrypted with, of which one is taken that
 * opens something which belongs to the identity or a backup on the server.
 *
 * @throws `secure_backup_absent`; `secure_backup_check_failed` when the server does not describe the default key and a
 * phrase was typed; `malformed_security_key` when a key was meant and it is not one; `phrase_unusable`;
 * `wrong_security_key`
 */
export async function openStorage(access: EncryptionContext, keyOrPhrase: SecurityKey): Promise<FoundKey> {
  const { storage } = access;
  const typed = new TypedKey(keyOrPhrase);
  const defaultKey = await storage.defaultKey();
  const defaultId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const description = defaultId === null ? null : await storage.describe(defaultId);
  if (defaultId !== null) {
    const key = await rightKey(typed, defaultId, description, (name) => storage.read(name));
    if (key) return { keyId: defaultId, key, isDefault: true, name: description?.name ?? null };
  }
  // Years of set-ups leave many keys behind: none of them costs a request.
  const accountData = await access.server.allAccountData();
  const { all } = otherKeys(accountData, defaultId);
  const read: ReadSecret = (name) => Promise.resolve(new StoredSecret(accountData.get(name)));
  for (const keyId of all.slice(0, MAX_OTHER_KEYS)) {
    const other = readDescription(accountData.get(`${KEY_PREFIX}${keyId}`));
    const key = await rightKey(typed, keyId, other, read);
    if (key && (await opensSomething(access, { keyId, key }))) {
      return { keyId, key, isDefault: false, name: other?.name ?? null };
    }
  }
  if (defaultKey.kind === "absent" && all.length === 0) throw fail("secure_backup_absent");
  if (typed.phraseProblem) throw fail("phrase_unusable", { reason: typed.phraseProblem });
  if (typed.securityKey) throw fail("wrong_security_key");
  if (looksLikeSecurityKey(keyOrPhrase)) throw fail("malformed_security_key");
  if (defaultKey.kind !== "absent" && !description) {
    throw fail("secure_backup_check_failed", { failed: ["key_description"] });
  }
  throw fail("wrong_security_key");
}

/** What a person typed, as a Security Key and as a phrase. */
class TypedKey {
  readonly #text: SecurityKey;
  readonly securityKey: SecurityKeyBytes | null;
  /** Why a phrase could not be tried, where one could not. */
  phraseProblem: PhraseProblem | null = null;
  #rounds = 0;

  constructor(text: SecurityKey) {
    this.#text = text;
    this.securityKey = readSecurityKey(text);
  }

  /** The key that the phrase leads to; null when the description names no phrase that can be tried. */
  async asPhrase({ passphrase, phraseProblem }: DescribedKey): Promise<SecurityKeyBytes | null> {
    if (phraseProblem) this.phraseProblem ??= phraseProblem;
    if (!passphrase) return null;
    this.#rounds += passphrase.iterations;
    return this.#rounds > MAX_ROUNDS_TOGETHER ? null : await keyFromPhrase(this.#text, passphrase);
  }
}

function readSecurityKey(text: SecurityKey): SecurityKeyBytes | null {
  try {
    return parseSecurityKey(text);
  } catch {
    return null;
  }
}

/** The key that was typed when it is the one of this id, else null. */
async function rightKey(
  typed: TypedKey,
  keyId: string,
  description: DescribedKey | null,
  read: ReadSecret,
): Promise<SecurityKeyBytes | null> {
  // A description whose MAC was made with something else must not be what stands between a person and their secrets.
  const isRight = async (key: SecurityKeyBytes): Promise<boolean> => {
    return (await isRightKey({ keyId, key }, description, read)) || (await decryptsAny({ keyId, key }, read));
  };
  if (typed.securityKey && (await isRight(typed.securityKey))) return typed.securityKey;
  const derived = description && (await typed.asPhrase(description));
  return derived && (await isRight(derived)) ? derived : null;
}

/** Whether a key opens a secret that belongs to the identity or to a backup on the server. */
async function opensSomething(access: EncryptionContext, { keyId, key }: OpenedStorage): Promise<boolean> {
  const { machine, server, storage } = access;
  const identity = await server.queryOwnKeys(machine);
  for (const name of IDENTITY_SECRETS) {
    if (belongsTo(name, await storage.open(name, keyId, key), identity)) return true;
  }
  const backupKey = await storage.open("m.megolm_backup.v1", keyId, key);
  return backupKey !== null && (await allBackups(server)).some((backup) => opensBackup(backupKey, backup));
}

/**
 * Whether a key is the one described. Where the description has no MAC, or there is none, a secret's own tells as well.
 *
 * @param read gives a stored secret
 */
export async function isRightKey(opened: OpenedStorage, description: KeyDescription | null, read: ReadSecret): Promise<boolean> {
  const asDescribed = description && (await isDescribedKey(opened.key, description));
  return asDescribed ?? (await decryptsAny(opened, read));
}

type ReadSecret = (name: SecretName) => Promise<StoredSecret>;

/** Whether a key decrypts any of the secrets: their MACs are made with it. */
async function decryptsAny({ keyId, key }: OpenedStorage, read: ReadSecret): Promise<boolean> {
  for (const name of [...IDENTITY_SECRETS, "m.megolm_backup.v1"] as const) {
    const copy = (await read(name)).copyFor(keyId);
    if (copy && (await decryptSecret(copy, key, name)) !== null) return true;
  }
  return false;
}

const OPENS_NO_STORAGE: readonly AppErrorKind[] = [
  "secure_backup_absent",
  "secure_backup_check_failed",
  "malformed_security_key",
  "phrase_unusable",
  "wrong_security_key",
];

/**
 * Opens secret storage and takes its secrets; where what was typed opens none, a backup of room keys that it opens by
 * itself.
 *
 * @returns the key that was used, null when it opened a backup alone
 * @throws as `openStorage` and `takeSecrets` do
 */
export async function unlockStorage(access: EncryptionContext, keyOrPhrase: SecurityKey): Promise<FoundKey | null> {
  let opened: FoundKey;
  try {
    opened = await openStorage(access, keyOrPhrase);
  } catch (thrown) {
    const opensNone = OPENS_NO_STORAGE.some((kind) => isFailure(thrown, kind));
    if (!opensNone || !(await openBackupByRecoveryKey(access, keyOrPhrase))) throw thrown;
    return null;
  }
  await takeSecrets(access, opened);
  return opened;
}

/**
 * Brings the secrets of an opened Secure Backup into this session: takes the identity's private keys, verifies the
 * session with them, and connects the key backup. Does nothing that is done already.
 *
 * Throws `identity_changed`; `secure_backup_check_failed` with the names of secrets that are stored but do not fit what is on the server;
 * those that do fit have been taken.
 */
export async function takeSecrets(access: EncryptionContext, opened: OpenedStorage): Promise<void> {
  const misfits: SecretName[] = [];
  await takeIdentity(access, opened, misfits);
  await takeBackup(access, opened, misfits);
  if (misfits.length > 0) throw fail("secure_backup_check_failed", { failed: misfits });
}

async function takeIdentity(access: EncryptionContext, opened: OpenedStorage, misfits: SecretName[]): Promise<void> {
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

async function takeBackup(access: EncryptionContext, opened: OpenedStorage, misfits: SecretName[]): Promise<void> {
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
  { storage }: EncryptionContext,
  { keyId, key }: OpenedStorage,
  name: SecretName,
  misfits: SecretName[],
): Promise<PrivateKey | null> {
  const secret = await storage.open(name, keyId, key);
  if (secret === null && (await storage.read(name)).storedFor(keyId) !== "missing") misfits.push(name);
  return secret;
}
