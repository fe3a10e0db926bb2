import { Worker } from "node:worker_threads";
import { AppFailure } from "../../../shared/errors.ts";
import type { StaffRows } from "./readStaffList.ts";
import type { ReadUsers } from "./readUsers.ts";
import { inMain, type StaffFileTask, type UserFileAnswer, type UserFileTask } from "./userFileTask.ts";

/** What a file within the limits takes at most, in megabytes: a text is in memory several times over. */
const LIMITS = { maxOldGenerationSizeMb: 1024 };

/**
 * Reads a file of users in a thread of its own: it may have 200,000 rows, and the window waits for none of them.
 *
 * @throws as `readUsers` does, and `file_failed`
 */
export const readUserFile = (task: UserFileTask): Promise<ReadUsers> => readInThread(task) as Promise<ReadUsers>;

/** The same for a list of staff. @throws as `readUserFile` does */
export const readStaffFile = (task: StaffFileTask): Promise<StaffRows> => readInThread(task) as Promise<StaffRows>;

async function readInThread(task: UserFileTask | StaffFileTask): Promise<ReadUsers | StaffRows> {
  const worker = new Worker(new URL("./userFileThread.ts", import.meta.url), { workerData: task, resourceLimits: LIMITS });
  const rows: (ReadUsers["rows"][number] | StaffRows["rows"][number])[] = [];
  try {
    const read = await new Promise<Omit<ReadUsers, "rows">>((resolve, reject) => {
      worker.on("message", (answer: UserFileAnswer) => {
        if (answer.kind === "refused") return reject(new AppFailure(answer.error));
        if (answer.kind === "read") return resolve(answer.read);
        rows.push(...inMain(answer.rows));
        worker.postMessage("more");
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("The thread ended before its work did")));
    });
    return { ...read, rows } as ReadUsers | StaffRows;
  } finally {
    await worker.terminate();
  }
}
