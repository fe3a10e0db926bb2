import type { OlderBackupOutcome } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import { newPrivateKey } from "../roomKeys/keyPairs.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { backupKeyHere, olderBackups, opensBackup } from "./keyBackup.ts";
import { findMissing, migrateAll } from "./migrateEntries.ts";

/**
 * Deletes an older backup with its room keys, after every entry of it that opens was carried over to the newest and shown
 * to be there. It stays where one is not, and where entries do not open that the person has not given up. What is in it
 * its entries say, not the number or the public key that the server names.
 *
 * Throws `backup_replaced` when it is not older than the newest, and what downloads and upload fail with: it stays then.
 *
 * @param deleteUnopened whether the person gives up what nothing here opens
 */
export async function deleteOlderBackup(access: EncryptionContext, version: string, deleteUnopened: boolean): Promise<OlderBackupOutcome> {
  const { server } = access;
  const newest = await server.backup();
  const older = newest ? await olderBackups(server, newest.version) : [];
  const backup = older.find((one) => one.version === version);
  if (!newest || !backup) throw fail("backup_replaced");

  const keyHere = await backupKeyHere(access);
  // A key that opens nothing shows how many entries there are.
  const privateKey = keyHere ?? newPrivateKey();
  const [from, into] = [
    { version, privateKey },
    { version: newest.version, privateKey },
  ];
  const compared = opensBackup(keyHere, newest) ? await migrateAll(access, from, into) : null;
  const found = compared ?? (await findMissing(access, from, into));
  const missing = found?.missing ?? 0;
  const unopened = found ? found.unopened : backup.keyCount;
  const allOpens = found !== null && unopened === 0;
  const deleted = missing === 0 && (allOpens || deleteUnopened);
  if (deleted) await server.deleteBackup(version);
  return { deleted, migrated: compared?.migrated ?? 0, unopened, missing };
}
