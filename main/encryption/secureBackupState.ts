import type { KeyBackupInfo } from "matrix-js-sdk/lib/crypto-api/keybackup.js";
import {
  SecretName,
  type SecureBackupDiagnosis,
  type SecureBackupState,
} from "../../shared/contract/secureBackup.ts";
import type { ServerBackup, ServerIdentity } from "./accountServer.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import {
  belongsTo,
  IDENTITY_SECRETS,
  identityKeysHere,
  type IdentityPrivateKeys,
  isThisSessionVerified,
} from "./identity.ts";
import { backupKeyHere, opensBackup } from "./keyBackup.ts";
import type { DefaultKey, KeyDescription, StoredSecret } from "./secretStorage.ts";

/** Everything that the server and this session have of a Secure Backup, read at one time. Holds private keys. */
export interface SecureBackupReading {
  identity: ServerIdentity;
  defaultKey: DefaultKey;
  /** Of the default key; null when there is none that makes sense. */
  description: KeyDescription | null;
  stored: Record<SecretName, StoredSecret>;
  backup: ServerBackup | null;
  identityKeys: IdentityPrivateKeys;
  backupKey: string | null;
  thisSessionVerified: boolean;
  activeVersion: string | null;
  backupTrusted: boolean;
}

/** Reads the server and this session. */
export async function readSecureBackup(access: EncryptionAccess): Promise<SecureBackupReading> {
  const { crypto, machine, server, storage } = access;
  const [identity, defaultKey, backup, stored] = await Promise.all([
    server.queryOwnKeys(machine),
    storage.defaultKey(),
    server.backup(),
    Promise.all(SecretName.options.map(async (name) => [name, await storage.read(name)] as const)),
  ]);
  const [description, identityKeys, backupKey, thisSessionVerified, activeVersion] = await Promise.all([
    defaultKey.kind === "found" ? storage.describe(defaultKey.keyId) : null,
    identityKeysHere(access),
    backupKeyHere(access),
    isThisSessionVerified(access),
    crypto.getActiveSessionBackupVersion(),
  ]);
  return {
    identity,
    defaultKey,
    description,
    stored: Object.fromEntries(stored) as Record<SecretName, StoredSecret>,
    backup,
    identityKeys,
    backupKey,
    thisSessionVerified,
    activeVersion,
    backupTrusted: opensBackup(backupKey, backup) || (backup !== null && (await isSignedByTrusted(access, backup))),
  };
}

async function isSignedByTrusted({ crypto }: EncryptionAccess, { raw }: ServerBackup): Promise<boolean> {
  try {
    return (await crypto.isKeyBackupTrusted(raw as KeyBackupInfo)).trusted;
  } catch {
    // The crypto machine refuses to read signatures that are not shaped as such: they are nobody's.
    return false;
  }
}

/**
 * Says, secret by secret, how Secure Backup stands, without anything that must stay in main.
 *
 * @param unfinished whether a set-up of this app waits to be continued
 */
export function describeSecureBackup(parts: SecureBackupReading, unfinished: boolean): SecureBackupState {
  const { identity, defaultKey, description, stored, backup, identityKeys, backupKey } = parts;
  const keyId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const here = { ...identityKeys, "m.megolm_backup.v1": backupKey };
  const proven =
    IDENTITY_SECRETS.every((name) => belongsTo(name, identityKeys[name], identity)) && opensBackup(backupKey, backup);
  const described: Omit<SecureBackupState, "diagnosis"> = {
    checkedAt: Date.now(),
    proven,
    identity: { exists: identity.master !== null, thisSessionVerified: parts.thisSessionVerified },
    key: description && {
      hasPhrase: description.passphrase !== undefined,
      checkable: description.iv !== undefined && description.mac !== undefined,
    },
    secrets: SecretName.options.map((name) => ({
      name,
      stored: stored[name].storedFor(keyId),
      here: here[name] !== null,
    })),
    backup: backup && {
      version: backup.version,
      algorithm: backup.algorithm,
      keyCount: backup.keyCount,
      active: parts.activeVersion === backup.version,
      trusted: parts.backupTrusted,
    },
  };
  return { ...described, diagnosis: diagnose(described, parts, unfinished) };
}

/** Names the first thing that is wrong, in the order of `SecureBackupDiagnosis`. */
function diagnose(
  { key, secrets, backup, identity, proven }: Omit<SecureBackupState, "diagnosis">,
  parts: SecureBackupReading,
  unfinished: boolean,
): SecureBackupDiagnosis {
  // Without a backup on the server there is nothing that its key could be needed for.
  const needed = secrets.filter(({ name }) => name !== "m.megolm_backup.v1" || backup !== null);
  const anyStored = (...ways: string[]): boolean => needed.some(({ stored }) => ways.includes(stored));
  if (unfinished) return "unfinished_set_up";
  if (parts.defaultKey.kind === "absent") return "not_set_up";
  if (key === null) return "key_description_missing";
  if (anyStored("missing", "other_key_only")) return "secret_not_stored";
  if (anyStored("malformed")) return "secret_unreadable";
  if (backup === null) return "backup_missing";
  if (!identity.thisSessionVerified) return "session_unverified";
  if (secrets.some(({ here }) => !here)) return "secret_missing_here";
  if (!backup.active || !opensBackup(parts.backupKey, parts.backup)) return "backup_not_connected";
  return proven ? "working" : "session_unverified";
}
