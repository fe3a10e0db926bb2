import type { OlderBackup } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import { type AccountServer, BACKUP_ALGORITHM } from "./accountServer.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";
import { allBackups, backupKeyHere, declareBackupUnwanted, olderBackups, opensBackup } from "./keyBackup.ts";
import { heldHere, removeKeys } from "./replacedKeys.ts";

/**
 * Turns key storage off: says so in the account data first, so that no client begins it again in between, then deletes
 * the backups of room keys and the stored secrets. The identity and the sessions' verification stay, and so do keys that
 * secrets of another kind are encrypted with; secrets that nobody has opened here are put aside. Can be done again wherever it was cut off. Throws `bad_answer` when the server deletes a
 * backup and has it still.
 */
export async function turnOffKeyStorage(access: EncryptionAccess): Promise<void> {
  const { crypto, server, storage } = access;
  await declareBackupUnwanted(access);
  await deleteAllBackups(server);
  if ((await storage.defaultKey()).kind !== "absent") await storage.removeDefaultKey();
  await removeKeys(access, {
    keep: null,
    which: "all others",
    keys: [],
    stays: await heldHere(access),
    unproven: "put_aside",
  });
  await crypto.checkKeyBackupAndEnable();
}

/** Throws `bad_answer` when the server goes on naming one that it says it has deleted. */
async function deleteAllBackups(server: AccountServer): Promise<void> {
  const deleted = new Set<string>();
  for (let backup = await server.backup(); backup; backup = await server.backup()) {
    const { version } = backup;
    if (deleted.has(version)) throw fail("bad_answer", { host: server.host });
    await server.deleteBackup(version);
    deleted.add(version);
  }
}

/** All backups of room keys, newest first. */
export async function describeBackups(access: EncryptionAccess): Promise<OlderBackup[]> {
  const privateKey = await backupKeyHere(access);
  return (await allBackups(access.server)).map((backup) => ({
    version: backup.version,
    algorithm: backup.algorithm,
    known: backup.algorithm === BACKUP_ALGORITHM,
    keyCount: backup.keyCount,
    opensHere: opensBackup(privateKey, backup),
  }));
}

/** The backups of room keys before the newest, newest first. */
export async function describeOlderBackups(access: EncryptionAccess): Promise<OlderBackup[]> {
  return (await describeBackups(access)).slice(1);
}

/** The versions of the backups that nothing here opens. */
export async function unopenedVersions(access: EncryptionAccess): Promise<string[]> {
  return (await describeBackups(access)).filter(({ opensHere }) => !opensHere).map(({ version }) => version);
}

/** Deletes an older backup with its room keys. Throws `backup_replaced` when it is not older than the newest. */
export async function deleteOlderBackup({ server }: EncryptionAccess, version: string): Promise<void> {
  const newest = await server.backup();
  const older = newest ? await olderBackups(server, newest.version) : [];
  if (!older.some((backup) => backup.version === version)) throw fail("backup_replaced");
  await server.deleteBackup(version);
}
