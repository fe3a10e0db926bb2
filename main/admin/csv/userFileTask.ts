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

/** What the thread says, once; the passwords in it as `forMain` has put them. */
export type UserFileAnswer = { kind: "read"; rows: ReadUsers | StaffRows } | { kind: "refused"; error: AppError };

/** A user on the way between threads, where a Secret would lose what is in it. */
interface CrossingUser {
  password: ReadUser["password"] | string;
}

/** What rows say of users; a list of staff may have a column of passwords, too. */
const usersIn = ({ rows }: ReadUsers | StaffRows): CrossingUser[] =>
  rows.map((row) => ("user" in row ? row.user : row.details)).filter((user) => user !== null);

/** In the thread: makes texts of the passwords, in the rows themselves, since there may be a hundred thousand. */
export function forMain<T extends ReadUsers | StaffRows>(read: T): T {
  for (const user of usersIn(read)) if (user.password instanceof Secret) user.password = user.password.reveal();
  return read;
}

/** In main: makes secrets of them again. */
export function inMain<T extends ReadUsers | StaffRows>(crossed: T): T {
  for (const user of usersIn(crossed)) if (typeof user.password === "string") user.password = new Secret("password", user.password);
  return crossed;
}
