import { AppFailure, fail } from "../../../shared/errors.ts";
import type { EncryptionAccess } from "../encryptionAccess.ts";
import type { RoomKey } from "./roomKey.ts";
import { runThread } from "./runThread.ts";
import { takeExported } from "./sessionRoomKeys.ts";

const refuseCall = (): Promise<never> => Promise.reject(new Error("Nothing else is asked for here"));

/**
 * Takes the room keys of a backup into this session, as keys that are in no backup yet. What does not open with the key
 * is left out: nobody can read it. Throws `cancelled`, `bad_answer`, and what the download fails with.
 *
 * @param privateKey opens the backup; base64
 */
export async function takeFromBackup(
  { machine, server, signal }: EncryptionAccess,
  version: string,
  privateKey: string,
): Promise<void> {
  const text = await server.roomKeys(version);
  if (text === null) return;
  const pieces = [new TextEncoder().encode(text)];
  try {
    await runThread(
      { kind: "restore", backupKey: Buffer.from(privateKey, "base64") },
      {
        pull: () => Promise.resolve(pieces.shift() ?? null),
        progress: () => Promise.resolve(),
        problem: () => Promise.resolve(),
        readStore: refuseCall,
        deliver: async ({ sessionKeys }) => {
          const { taken, refused } = await takeExported(machine, JSON.parse(sessionKeys) as RoomKey[]);
          return { taken, refused: refused.length };
        },
      },
      signal,
    );
  } catch (thrown) {
    const unnamed = thrown instanceof AppFailure && thrown.error.kind === "bad_answer" && thrown.error.host === "";
    throw unnamed ? fail("bad_answer", { host: server.host }) : thrown;
  }
}
