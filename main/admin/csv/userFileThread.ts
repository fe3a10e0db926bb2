import { readFile, stat } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { fileFailure } from "../../storage/fileErrors.ts";
import { TABLE_LIMITS } from "./readTable.ts";
import { readStaffList } from "./readStaffList.ts";
import { readUsers } from "./readUsers.ts";
import { forMain, type StaffFileTask, type UserFileAnswer, type UserFileTask } from "./userFileTask.ts";

const task = workerData as UserFileTask | StaffFileTask;

async function read(): Promise<UserFileAnswer> {
  const { path, mapping } = task;
  try {
    const { size } = await stat(path).catch((thrown: unknown) => Promise.reject(fileFailure(thrown)));
    // Before it is in memory.
    if (size > TABLE_LIMITS.bytes) throw fail("too_large", { limitBytes: TABLE_LIMITS.bytes });
    const bytes = await readFile(path).catch((thrown: unknown) => Promise.reject(fileFailure(thrown)));
    return {
      kind: "read",
      rows: forMain("readFor" in task ? readUsers(bytes, task.serverName, task.readFor, { mapping }) : readStaffList(bytes, { mapping })),
    };
  } catch (thrown) {
    if (thrown instanceof AppFailure) return { kind: "refused", error: thrown.error };
    throw thrown;
  }
}

void read().then((answer) => parentPort?.postMessage(answer));
