import type { AppError } from "../../../shared/errors.ts";
import type { ColumnMapping } from "./userColumns.ts";
import type { ReadFor, ReadUsers } from "./readUsers.ts";

/** What a thread is to read. */
export interface UserFileTask {
  path: string;
  serverName: string;
  readFor: ReadFor;
  /** What the columns are, where the person has said it. */
  mapping: ColumnMapping | null;
}

/** What the thread says, once. */
export type UserFileAnswer = { kind: "read"; users: ReadUsers } | { kind: "refused"; error: AppError };
