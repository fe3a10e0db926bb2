import type { AppError } from "../../../shared/errors.ts";
import type { ColumnMapping } from "./userColumns.ts";
import { Secret } from "../../../shared/secret.ts";
import type { StaffRows } from "./readStaffList.ts";
import type { ReadFor, ReadUser, ReadUsers } from "./readUsers.ts";

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

/** How many rows go over in one message: what is in it is made anew in main, while the window waits. */
export const ROWS_A_MESSAGE = 1_000;

/**
 * What the thread says; the passwords in it as `forMain` has put them. Each `rows` is followed by more once main has asked for it,
 * `read` ends them.
 */
export type UserFileAnswer =
  | { kind: "rows"; rows: ReadUsers["rows"] | StaffRows["rows"] }
  | { kind: "read"; read: Omit<ReadUsers, "rows"> }
  | { kind: "refused"; error: AppError };

/** A user on the way between threads, where a Secret would lose what is in it. */
interface CrossingUser {
  password: ReadUser["password"] | string;
}

type Rows = ReadUsers["rows"] | StaffRows["rows"];

/** What rows say of users; a list of staff may have a column of passwords, too. */
const usersIn = (rows: Rows): CrossingUser[] => rows.map((row) => ("user" in row ? row.user : row.details)).filter((user) => user !== null);

/** In the thread: makes texts of the passwords, in the rows themselves, since there may be a hundred thousand. */
export function forMain<T extends Rows>(read: T): T {
  for (const user of usersIn(read)) if (user.password instanceof Secret) user.password = user.password.reveal();
  return read;
}

/** In main: makes secrets of them again. */
export function inMain<T extends Rows>(crossed: T): T {
  for (const user of usersIn(crossed)) if (typeof user.password === "string") user.password = new Secret("password", user.password);
  return crossed;
}
