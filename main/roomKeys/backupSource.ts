import { AppFailure, fail } from "../../shared/errors.ts";
import type { BackupSlice } from "./backupEntries.ts";
import { JsonShapeError, type JsonSlice, JsonSlices } from "./jsonSlices.ts";
import type { WorkerHost } from "./workerHost.ts";

/** A room key takes 840 bytes; one that was forwarded a hundred times would take 6,000 more. */
export const MAX_ENTRY = 64 * 1024;
const PATH = { kind: "objects", names: ["rooms", null, "sessions", null] } as const;

/** Gives a piece's memory back at once: the garbage collector lets tens of megabytes of such pieces lie about. */
function forget({ buffer }: Uint8Array): void {
  (buffer as { transfer?: (length: number) => ArrayBuffer }).transfer?.(0);
}

/**
 * Goes through the entries of the account's backup while they are downloaded, in batches. Throws `bad_answer` when the
 * answer is cut or no backup, and what the download fails with.
 *
 * @param pull gives the next piece of the download; of the account's backup unless another is meant
 */
export async function* backupEntries(
  host: Pick<WorkerHost, "pull" | "signal">,
  batchSize: number,
  pull: WorkerHost["pull"] = () => host.pull(),
): AsyncGenerator<BackupSlice[], void> {
  const batch: BackupSlice[] = [];
  const slices = new JsonSlices(PATH, MAX_ENTRY, ({ text, names }: JsonSlice) => {
    batch.push({ text, roomId: names[1] as string, sessionId: names[3] as string });
  });
  try {
    for (;;) {
      const piece = await pull();
      if (host.signal.aborted) throw fail("cancelled");
      if (piece === null) break;
      slices.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
      forget(piece);
      while (batch.length >= batchSize) yield batch.splice(0, batchSize);
    }
    slices.end();
  } catch (thrown) {
    // Who the server is, only the one that asked it knows; it puts in the name.
    throw thrown instanceof JsonShapeError ? new AppFailure({ kind: "bad_answer", host: "" }) : thrown;
  }
  if (batch.length > 0) yield batch;
}
