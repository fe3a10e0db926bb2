import type { EncryptionContext } from "./encryptionContext.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";
import type { TaskResults } from "../roomKeys/workerProtocol.ts";

/**
 * Uploads the room keys of this session that a backup lacks or has worse. The crypto machine does not learn when one was
 * deleted there that it has uploaded, so it would never do so again. Throws `cancelled`, `bad_answer`, `backup_replaced`,
 * and what the download and the upload fail with.
 *
 * @param backup its version, and its public key as the private key that is held here has it, base64
 * @returns how many it lacked, and how many were sent; null when this session has no room keys
 */
export async function completeBackup(
  { server, signal }: EncryptionContext,
  { version, publicKey }: { version: string; publicKey: string },
  { session, readStore }: OwnStore,
): Promise<TaskResults["complete"] | null> {
  if (!session) return null;
  const transfer = server.entriesOf(version);
  return await runWithBackup(
    { kind: "complete", publicKey, session },
    transfer,
    {
      readStore,
      deliver: async ({ upload }) => {
        if (upload !== null) await transfer.upload(upload);
        return { taken: [], refused: [] };
      },
    },
    signal,
  );
}
