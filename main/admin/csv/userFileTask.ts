import type { AppError } from "../../../shared/errors.ts";
import type { ColumnMapping } from "./userColumns.ts";
import type { StaffRows } from "./readStaffList.ts";
import type { ReadFor, ReadUsers } from "./readUsers.ts";

/** What a thread is to read. */
export interface UserFileTask {
  path: string;
  serverName: string;
  readFor: ReadFor;
  /** What the columns are, where the person has said it. */
  mapping: ColumnMapping | null;
}

/** The same of a list of staff, which may be on several homeservers. */
export type StaffFileTask = Pick<UserFileTask, "path" | "mapping">;

/** What the thread says, once. */
export type UserFileAnswer = { kind: "read"; rows: ReadUsers | StaffRows } | { kind: "refused"; error: AppError };
