import { isFailure } from "../../shared/errors.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";
import type { Carried } from "../roomKeys/workerProtocol.ts";

/** A key backup with its private key, base64. */
export interface OpenBackup {
  version: string;
  privateKey: PrivateKey;
}

/**
 * Carries the entries of a backup into another one that is the newest: whatever opens is sealed for it as it is, where
 * that has no copy which opens as much. Can be done again at any time.
 *
 * Answers how they stood before; null when the backup is gone. Throws `cancelled`, `bad_answer`, `backup_replaced` when
 * the other one is not the newest any more, and what the downloads and the upload fail with.
 */
export async function carryEntries(access: EncryptionContext, from: OpenBackup, into: OpenBackup): Promise<Carried | null> {
  return await compareBackups(access, from, into, true);
}

/** The same, and only looks: with nothing unopened and nothing missing, all that is in one backup opens in the other. */
export async function findMissing(access: EncryptionContext, from: OpenBackup, into: OpenBackup): Promise<Carried | null> {
  return await compareBackups(access, from, into, false);
}

/** How two backups stand after what opens in the one was carried over to the other. */
export interface Migrated extends Carried {
  /** These are in the other now, and were not before or opened less. */
  migrated: number;
}

/**
 * Carries over what is missing, and looks what is missing still. Answers null when the backup cannot be looked at, since
 * the server does not bring it. Throws as `carryEntries` does.
 */
export async function migrateAll(access: EncryptionContext, from: OpenBackup, into: OpenBackup): Promise<Migrated | null> {
  const before = await findMissing(access, from, into);
  if (!before || before.missing === 0) return before && { ...before, migrated: 0 };
  await carryEntries(access, from, into);
  const after = await findMissing(access, from, into);
  return after && { ...after, migrated: Math.max(0, before.missing - after.missing) };
}

async function compareBackups(
  { server, signal }: EncryptionContext,
  from: OpenBackup,
  into: OpenBackup,
  send: boolean,
): Promise<Carried | null> {
  const [source, target] = [server.entriesOf(from.version), server.entriesOf(into.version)];
  let gone = false;
  const pull = async (): Promise<Uint8Array | null> => {
    try {
      return await source.pull();
    } catch (thrown) {
      gone = isFailure(thrown, "backup_replaced");
      throw thrown;
    }
  };
  const keys = { fromKey: from.privateKey, intoKey: into.privateKey };
  try {
    return await runWithBackup(
      { kind: "carry", ...keys, send },
      source,
      {
        pull,
        pullInto: () => target.pull(),
        deliver: async ({ upload }) => {
          if (upload !== null) await target.upload(upload);
          return { taken: [], refused: [] };
        },
      },
      signal,
    );
  } catch (thrown) {
    if (!gone) throw thrown;
    return null;
  } finally {
    await target.close();
  }
}
