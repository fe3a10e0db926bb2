import { isFailure } from "../../../shared/errors.ts";
import type { EncryptionAccess } from "../encryptionAccess.ts";
import type { OpenBackup } from "./carryEntries.ts";
import type { OwnStore } from "./ownStore.ts";
import { runWithBackup } from "./runWithBackup.ts";
import type { Carried } from "./threadProtocol.ts";

/**
 * Compares a backup with this session's room keys: with nothing unopened and nothing missing, the session has all of it.
 * Null when the backup is gone. Throws `cancelled`, `bad_answer`, and what the download fails with.
 */
export async function findNotInSession(
  { server, signal }: EncryptionAccess,
  { version, privateKey }: OpenBackup,
  { session, readStore }: OwnStore,
): Promise<Carried | null> {
  try {
    return await runWithBackup(
      { kind: "prove", backupKey: Buffer.from(privateKey, "base64"), session },
      server.entriesOf(version),
      { readStore },
      signal,
    );
  } catch (thrown) {
    if (isFailure(thrown, "backup_replaced")) return null;
    throw thrown;
  }
}
