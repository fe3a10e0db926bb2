import { isFailure } from "../../shared/errors.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import type { OpenBackup } from "./migrateEntries.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";
import type { Carried } from "../roomKeys/workerProtocol.ts";

/**
 * Compares a backup with this session's room keys: with nothing unopened and nothing missing, the session has all of it.
 * Null when the backup is gone. Throws `cancelled`, `bad_answer`, and what the download fails with.
 */
export async function findNotInSession(
  { server, signal }: EncryptionContext,
  { version, privateKey }: OpenBackup,
  { session, readStore }: OwnStore,
): Promise<Carried | null> {
  try {
    return await runWithBackup({ kind: "prove", backupKey: privateKey, session }, server.entriesOf(version), { readStore }, signal);
  } catch (thrown) {
    if (isFailure(thrown, "backup_replaced")) return null;
    throw thrown;
  }
}
