import { Worker } from "node:worker_threads";
import { AppFailure } from "../../../shared/errors.ts";
import type { ReadUsers } from "./readUsers.ts";
import type { UserFileAnswer, UserFileTask } from "./userFileTask.ts";

/** What a file within the limits takes at most, in megabytes: a text is in memory several times over. */
const LIMITS = { maxOldGenerationSizeMb: 1024 };

/**
 * Reads a file of users in a thread of its own: it may have 200,000 rows, and the window waits for none of them.
 *
 * @throws as `readUsers` does, and `file_failed`
 */
export async function readUserFile(task: UserFileTask): Promise<ReadUsers> {
  const worker = new Worker(new URL("./userFileThread.ts", import.meta.url), { workerData: task, resourceLimits: LIMITS });
  try {
    const answer = await new Promise<UserFileAnswer>((resolve, reject) => {
      worker.on("message", resolve);
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("The thread ended before its work did")));
    });
    if (answer.kind === "refused") throw new AppFailure(answer.error);
    return answer.users;
  } finally {
    await worker.terminate();
  }
}
