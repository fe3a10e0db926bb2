import type { EncryptionAccess } from "./encryptionAccess.ts";
import { olderBackups, opensBackup } from "./keyBackup.ts";
import { takeFromBackup } from "./roomKeys/takeFromBackup.ts";

/**
 * Takes the room keys of every backup that a private key opens into this session, before the key is replaced by another:
 * from here they come into the backup that is connected next. Does nothing where the other opens the same ones.
 */
export async function carryOver(access: EncryptionAccess, leaving: string | null, staying: string): Promise<void> {
  if (leaving === null || leaving === staying) return;
  const newest = await access.server.backup();
  if (!newest) return;
  for (const backup of [newest, ...(await olderBackups(access.server, newest.version))]) {
    if (backup.keyCount === 0 || !opensBackup(leaving, backup) || opensBackup(staying, backup)) continue;
    await takeFromBackup(access, backup.version, leaving);
  }
}
