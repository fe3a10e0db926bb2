import { type OlderBackup, SecretName } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import { backupKeyHere, declareBackupUnwanted, olderBackups, opensBackup } from "./keyBackup.ts";
import { otherKeys } from "./replacedKeys.ts";

/**
 * Turns key storage off: says so in the account data first, so that no client begins it again in between, then deletes
 * the backups of room keys and the stored secrets. The identity and the sessions' verification stay, and so do keys that
 * lock secrets of another kind. Can be done again wherever it was cut off.
 */
export async function turnOffKeyStorage(access: EncryptionAccess): Promise<void> {
  const { crypto, server, storage } = access;
  await declareBackupUnwanted(access);
  for (let backup = await server.backup(); backup; backup = await server.backup()) {
    await server.deleteBackup(backup.version);
  }
  const { all, removable } = otherKeys(await server.allAccountData(), null);
  if ((await storage.defaultKey()).kind !== "absent") await storage.removeDefaultKey();
  for (const name of SecretName.options) await storage.removeCopies(name, all);
  for (const keyId of removable) await storage.removeDescription(keyId);
  await crypto.checkKeyBackupAndEnable();
}

/** The backups of room keys before the newest, newest first. */
export async function describeOlderBackups(access: EncryptionAccess): Promise<OlderBackup[]> {
  const newest = await access.server.backup();
  if (!newest) return [];
  const privateKey = await backupKeyHere(access);
  return (await olderBackups(access.server, newest.version)).map((backup) => ({
    version: backup.version,
    keyCount: backup.keyCount,
    opensHere: opensBackup(privateKey, backup),
  }));
}

/** Deletes an older backup with its room keys. Throws `backup_replaced` when it is not older than the newest. */
export async function deleteOlderBackup({ server }: EncryptionAccess, version: string): Promise<void> {
  const newest = await server.backup();
  const older = newest ? await olderBackups(server, newest.version) : [];
  if (!older.some((backup) => backup.version === version)) throw fail("backup_replaced");
  await server.deleteBackup(version);
}
