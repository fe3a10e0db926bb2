import { setTimeout as pause } from "node:timers/promises";
import { fail } from "../../shared/errors.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { completeBackup } from "./completeBackup.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";

/** How many room keys this session holds, and how many of them the crypto machine knows to be in the key backup. */
export async function roomKeyCounts({ machine }: Pick<EncryptionContext, "machine">): Promise<{ total: number; backedUp: number }> {
  const counts = await machine.roomKeyCounts();
  const { total, backedUp } = counts;
  counts.free();
  return { total, backedUp };
}

/** How long the SDK's own upload of the same keys may take, in milliseconds. */
const OTHERS_UPLOAD_MS = 30_000;
const LOOK_EVERY_MS = 200;

/**
 * Uploads the room keys of this session that are not in the connected key backup yet, and makes sure that they have
 * arrived. The SDK does so too, some seconds later and without telling; doing it ourselves tells. Keys that the SDK is
 * just uploading are not given to us: they are waited for. What another client has deleted in the backup is uploaded again.
 *
 * Throws `secure_backup_check_failed` when one of them is not in the backup afterwards.
 *
 * @param ownStore gives this session's room keys
 */
export async function uploadRoomKeys(access: EncryptionContext, ownStore: () => Promise<OwnStore>): Promise<void> {
  const { machine, server } = access;
  const deadline = performance.now() + OTHERS_UPLOAD_MS;
  for (;;) {
    const request = await machine.backupRoomKeys();
    if (request) {
      await server.uploadRoomKeys(machine, request);
      continue;
    }
    const { total, backedUp } = await roomKeyCounts(access);
    if (backedUp >= total || performance.now() > deadline) break;
    await pause(LOOK_EVERY_MS);
  }
  const { total, backedUp } = await roomKeyCounts(access);
  // Key by key: neither the machine nor the number that the server names knows what others deleted.
  if (backedUp < total || (total > 0 && !(await completeBackup(access, ownStore)))) {
    throw fail("secure_backup_check_failed", { failed: ["room_keys"] });
  }
}
