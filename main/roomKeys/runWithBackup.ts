import { fail, isFailure } from "../../shared/errors.ts";
import type { BackupEntriesApi } from "./backupEntriesApi.ts";
import { runWorker } from "./runWorker.ts";
import type { ResultOf, RoomKeysTask, WorkerCalls } from "./workerProtocol.ts";

/**
 * Does a task in a thread, as `runWorker` does, that reads a backup while it is downloaded. What is left of the download
 * in the end is given up. Throws `bad_answer` besides, and what the download fails with.
 *
 * @param transfer downloads the backup; null where there is none, and the task does without
 */
export async function runWithBackup<T extends RoomKeysTask>(
  task: T,
  transfer: BackupEntriesApi | null,
  calls: Partial<WorkerCalls>,
  signal: AbortSignal,
): Promise<ResultOf<T>> {
  try {
    return await runWorker(task, { ...(transfer && { pull: () => transfer.pull() }), ...calls }, signal);
  } catch (thrown) {
    // The thread sees that an answer is none, but not whose it is.
    const unnamed = isFailure(thrown, "bad_answer") && thrown.error.host === "";
    throw unnamed && transfer ? fail("bad_answer", { host: transfer.host }) : thrown;
  } finally {
    await transfer?.close();
  }
}
