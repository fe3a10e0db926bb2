import { setTimeout as pause } from "node:timers/promises";
import { fail } from "../../shared/errors.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";

/** How many room keys this session holds, and how many of them the crypto machine knows to be in the key backup. */
export async function roomKeyCounts({
  machine,
}: Pick<EncryptionContext, "machine">): Promise<{ total: number; backedUp: number }> {
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
 * just uploading are not given to us: they are waited for.
 *
 * Throws `secure_backup_check_failed` when there are fewer in the backup afterwards than there should be.
 */
export async function uploadRoomKeys(access: EncryptionContext): Promise<void> {
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
  if (backedUp < total || (total > 0 && (await countEntries(access)) < total)) {
    throw fail("secure_backup_check_failed", { failed: ["room_keys"] });
  }
}

/** How many room keys a download of the newest backup brings: the number that the server names beside it may be any. */
async function countEntries({ server, signal }: EncryptionContext): Promise<number> {
  const backup = await server.backup();
  if (!backup) return 0;
  const { rooms } = await runWithBackup(
    { kind: "list", hasBackup: true, session: null },
    server.entriesOf(backup.version),
    {},
    signal,
  );
  return rooms.reduce((sum, [, inBackup]) => sum + inBackup, 0);
}
