import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { fileFailure } from "../../storage/fileErrors.ts";
import { TABLE_LIMITS } from "./readTable.ts";
import { readStaffList } from "./readStaffList.ts";
import { readUsers } from "./readUsers.ts";
import { forMain, ROWS_A_MESSAGE, type StaffFileTask, type UserFileAnswer, type UserFileTask } from "./userFileTask.ts";

const task = workerData as UserFileTask | StaffFileTask;

const say = (answer: UserFileAnswer): void => parentPort?.postMessage(answer);

async function read(): Promise<void> {
  const { path, mapping } = task;
  try {
    const { size } = await stat(path).catch((thrown: unknown) => Promise.reject(fileFailure(thrown)));
    // Before it is in memory.
    if (size > TABLE_LIMITS.bytes) throw fail("too_large", { limitBytes: TABLE_LIMITS.bytes });
    const bytes = await readFile(path).catch((thrown: unknown) => Promise.reject(fileFailure(thrown)));
    const isOfUsers = "readFor" in task;
    const { rows, ...read } = isOfUsers ? readUsers(bytes, task.serverName, task.readFor, { mapping }) : readStaffList(bytes, { mapping });
    for (let at = 0; at < rows.length; at += ROWS_A_MESSAGE) {
      say({ kind: "rows", rows: forMain(rows.slice(at, at + ROWS_A_MESSAGE)) });
      if (parentPort) await once(parentPort, "message");
    }
    say({ kind: "read", read });
  } catch (thrown) {
    if (!(thrown instanceof AppFailure)) throw thrown;
    say({ kind: "refused", error: thrown.error });
  }
}

void read();
