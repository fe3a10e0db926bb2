import { isFailure } from "../../shared/errors.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { backedUpRoomKeysOf } from "../sdk/cryptoInternals.ts";
import type { OpenBackup } from "./migrateEntries.ts";
import { idOf, type RoomKey } from "../roomKeys/roomKey.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";
import { takeBackedUp } from "../roomKeys/importToSession.ts";

/**
 * Takes the room keys of a backup into this session, as far as it takes them. A backup that is gone has none. Throws
 * `cancelled`, `bad_answer`, and what the download fails with.
 *
 * @param inVersion the backup that the session takes them to be in: it does not upload them to that one
 */
export async function restoreFromBackup(
  { crypto, server, signal }: EncryptionContext,
  { version, privateKey }: OpenBackup,
  inVersion: string,
): Promise<void> {
  const session = backedUpRoomKeysOf(crypto);
  try {
    await runWithBackup(
      { kind: "restore", backupKey: privateKey },
      server.entriesOf(version),
      {
        deliver: async ({ sessionKeys }) => {
          const refused = await takeBackedUp(session, JSON.parse(sessionKeys) as RoomKey[], inVersion);
          return { taken: [], refused: refused.map(idOf) };
        },
      },
      signal,
    );
  } catch (thrown) {
    if (!isFailure(thrown, "backup_replaced")) throw thrown;
  }
}
