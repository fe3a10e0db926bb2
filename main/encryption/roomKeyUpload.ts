import { fail } from "../../shared/errors.ts";
import type { EncryptionAccess } from "./encryptionAccess.ts";

/** How many room keys this session holds, and how many of them the crypto machine knows to be in the key backup. */
export async function roomKeyCounts({
  machine,
}: Pick<EncryptionAccess, "machine">): Promise<{ total: number; backedUp: number }> {
  const counts = await machine.roomKeyCounts();
  const { total, backedUp } = counts;
  counts.free();
  return { total, backedUp };
}

/**
 * Uploads the room keys of this session that are not in the connected key backup yet, and makes sure that they have
 * arrived. The SDK does so too, some seconds later and without telling; doing it ourselves tells.
 *
 * Throws `secure_backup_check_failed` when there are fewer in the backup afterwards than there should be.
 */
export async function uploadRoomKeys(access: EncryptionAccess): Promise<void> {
  const { machine, server } = access;
  for (;;) {
    const request = await machine.backupRoomKeys();
    if (!request) break;
    await server.uploadRoomKeys(machine, request);
  }
  const { total, backedUp } = await roomKeyCounts(access);
  const backup = await server.backup();
  if (backedUp < total || (backup?.keyCount ?? 0) < total) {
    throw fail("secure_backup_check_failed", { failed: ["room_keys"] });
  }
}
