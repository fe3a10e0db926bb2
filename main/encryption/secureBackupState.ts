import type { KeyBackupInfo } from "matrix-js-sdk/lib/crypto-api/keybackup.js";
import {
  SecretName,
  type SecureBackupDiagnosis,
  type SecureBackupState,
} from "../../shared/contract/secureBackup.ts";
import type { ServerBackup } from "./accountServer.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import { belongsTo, IDENTITY_SECRETS, identityKeysHere, isThisSessionVerified } from "./identity.ts";
import { backupKeyHere, opensBackup } from "./keyBackup.ts";

/**
 * Reads the server and this session and says, secret by secret, how Secure Backup stands.
 *
 * @param unfinished whether a set-up of this app waits to be continued
 */
export async function readSecureBackupState(
  access: EncryptionAccess,
  unfinished: boolean,
): Promise<SecureBackupState> {
  const { crypto, machine, server, storage } = access;
  const [identity, defaultKey, backup, stored] = await Promise.all([
    server.queryOwnKeys(machine),
    storage.defaultKey(),
    server.backup(),
    Promise.all(SecretName.options.map(async (name) => ({ name, secret: await storage.read(name) }))),
  ]);
  const keyId = defaultKey.kind === "found" ? defaultKey.keyId : null;
  const description = keyId === null ? null : await storage.describe(keyId);
  const [identityKeys, backupKey, thisSessionVerified, activeVersion] = await Promise.all([
    identityKeysHere(access),
    backupKeyHere(access),
    isThisSessionVerified(access),
    crypto.getActiveSessionBackupVersion(),
  ]);
  const backupKeyMatches = opensBackup(backupKey, backup);
  const here = { ...identityKeys, "m.megolm_backup.v1": backupKey };
  const read: Omit<SecureBackupState, "diagnosis"> = {
    checkedAt: Date.now(),
    proven: IDENTITY_SECRETS.every((name) => belongsTo(name, identityKeys[name], identity)) && backupKeyMatches,
    identity: { exists: identity.master !== null, thisSessionVerified },
    key: description && {
      hasPhrase: description.passphrase !== undefined,
      checkable: description.iv !== undefined && description.mac !== undefined,
    },
    secrets: stored.map(({ name, secret }) => ({ name, stored: secret.storedFor(keyId), here: here[name] !== null })),
    backup: backup && {
      version: backup.version,
      algorithm: backup.algorithm,
      keyCount: backup.keyCount,
      active: activeVersion === backup.version,
      trusted: backupKeyMatches || (await isSignedByTrusted(access, backup)),
    },
  };
  return { ...read, diagnosis: diagnose(read, { unfinished, defaultKey: defaultKey.kind, backupKeyMatches }) };
}

async function isSignedByTrusted({ crypto }: EncryptionAccess, { raw }: ServerBackup): Promise<boolean> {
  try {
    return (await crypto.isKeyBackupTrusted(raw as KeyBackupInfo)).trusted;
  } catch {
    // The crypto machine refuses to read signatures that are not shaped as such: they are nobody's.
    return false;
  }
}

/** Names the first thing that is wrong, in the order of `SecureBackupDiagnosis`. */
function diagnose(
  { key, secrets, backup, identity, proven }: Omit<SecureBackupState, "diagnosis">,
  more: { unfinished: boolean; defaultKey: "absent" | "malformed" | "found"; backupKeyMatches: boolean },
): SecureBackupDiagnosis {
  // Without a backup on the server there is nothing that its key could be needed for.
  const needed = secrets.filter(({ name }) => name !== "m.megolm_backup.v1" || backup !== null);
  const anyStored = (...ways: string[]): boolean => needed.some(({ stored }) => ways.includes(stored));
  if (more.unfinished) return "unfinished_set_up";
  if (more.defaultKey === "absent") return "not_set_up";
  if (key === null) return "key_description_missing";
  if (anyStored("missing", "other_key_only")) return "secret_not_stored";
  if (anyStored("malformed")) return "secret_unreadable";
  if (backup === null) return "backup_missing";
  if (!identity.thisSessionVerified) return "session_unverified";
  if (secrets.some(({ here }) => !here)) return "secret_missing_here";
  if (!backup.active || !more.backupKeyMatches) return "backup_not_connected";
  return proven ? "working" : "session_unverified";
}
