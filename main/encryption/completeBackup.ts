import type { EncryptionContext } from "./encryptionContext.ts";
import { backupKeyHere, opensBackup } from "./keyBackup.ts";
import { backupPublicKey } from "../roomKeys/keyPairs.ts";
import type { OwnStore } from "../roomKeys/ownStore.ts";
import { runWithBackup } from "../roomKeys/runWithBackup.ts";
import type { TaskResults } from "../roomKeys/workerProtocol.ts";
import type { CryptoMachine } from "../sdk/cryptoInternals.ts";

/**
 * Which entries a server keeps although this session has sent copies that open more, by the backup's version: the
 * specification has it keep one that is verified. Known as long as the session runs.
 */
const refused = new WeakMap<CryptoMachine, Map<string, readonly string[]>>();

/**
 * Uploads the room keys of this session that its backup lacks or has worse, and looks whether they have arrived. The
 * crypto machine does not learn when one was deleted there that it has uploaded, so it would never do so again. Throws
 * `cancelled`, `bad_answer`, `backup_replaced`, and what the downloads and the upload fail with.
 *
 * @returns whether the backup has an entry of every room key of this session; false also where there is no backup that
 * this session's private key opens
 */
export async function completeBackup(access: EncryptionContext, ownStore: () => Promise<OwnStore>): Promise<boolean> {
  const [backup, privateKey] = [await access.server.backup(), await backupKeyHere(access)];
  if (!backup || privateKey === null || !opensBackup(privateKey, backup)) return false;
  const { version } = backup;
  const publicKey = backupPublicKey(privateKey)!;
  const known = refused.get(access.machine)?.get(version) ?? [];
  const compare = async (send: boolean): Promise<TaskResults["complete"] | null> =>
    await compareWithBackup(access, { version, publicKey, send, refused: known }, await ownStore());
  const found = await compare(true);
  if (!found || found.sent === 0) return found?.missing === 0;
  const after = await compare(false);
  if (!after) return false;
  refused.set(access.machine, new Map([[version, after.worse]]));
  return after.missing === 0;
}

/** Null when this session has no room keys. */
async function compareWithBackup(
  { server, signal }: EncryptionContext,
  { version, ...task }: { version: string; publicKey: string; send: boolean; refused: readonly string[] },
  { session, readStore }: OwnStore,
): Promise<TaskResults["complete"] | null> {
  if (!session) return null;
  const transfer = server.entriesOf(version);
  return await runWithBackup(
    { kind: "complete", ...task, session },
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
