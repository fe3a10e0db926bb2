import { isFailure } from "../../../shared/errors.ts";
import type { EncryptionAccess } from "../encryptionAccess.ts";
import type { RoomKey } from "./roomKey.ts";
import { runWithBackup } from "./runWithBackup.ts";
import { takeExported } from "./sessionRoomKeys.ts";

/**
 * Takes the room keys of a backup into this session, as keys that are in no backup yet. What does not open with the key
 * is left out: nobody can read it. A backup that is gone has none. Throws `cancelled`, `bad_answer`, and what the
 * download fails with.
 *
 * @param privateKey opens the backup; base64
 */
export async function takeFromBackup(
  { machine, server, signal }: EncryptionAccess,
  version: string,
  privateKey: string,
): Promise<void> {
  try {
    await runWithBackup(
      { kind: "restore", backupKey: Buffer.from(privateKey, "base64") },
      server.entriesOf(version),
      {
        deliver: async ({ sessionKeys }) => {
          const { taken, refused } = await takeExported(machine, JSON.parse(sessionKeys) as RoomKey[]);
          return { taken, refused: refused.length };
        },
      },
      signal,
    );
  } catch (thrown) {
    if (!isFailure(thrown, "backup_replaced")) throw thrown;
  }
}
