import * as z from "zod";
import type { User } from "../../../../shared/contract/users.ts";
import type { Password } from "../../../../shared/secret.ts";
import { secretText } from "../../../../shared/secretSchemas.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { generatePassword } from "../../generatePassword.ts";
import type { ReadUser } from "../../csv/readUsers.ts";
import type { ResultColumns } from "../bulkKind.ts";
import { localpartOf } from "../resultCells.ts";
import { skipped } from "../rowEnds.ts";

/** A row of which the Matrix ID alone counts. */
export const UserRow = z.object({ userId: z.string() });
export type UserRow = z.infer<typeof UserRow>;

export const userRowOf = ({ userId }: ReadUser): UserRow => ({ userId });

export const idAlone: ResultColumns<UserRow> = { names: ["id"], cellsOf: ({ userId }) => [localpartOf(userId)] };

export const NoPayload = z.object({});
export const noPayload = () => ({});

/** Somebody who gets a password. */
export const PasswordRow = z.object({
  userId: z.string(),
  password: secretText("password", z.string().min(1)),
  /** Whether the password was made here, and has to be handed out. */
  passwordMade: z.boolean(),
});

/** The password that a row gives, or one that is made for it. */
export const passwordFor = ({ password }: ReadUser): { password: Password; passwordMade: boolean } => ({
  password: password ?? generatePassword(),
  passwordMade: password === null,
});

/** Why nothing is done to somebody who has to be there, and not deactivated; null where something would be. */
export function notThere(user: User | null, userId: string, own: ReadonlySet<string>): RowEnd | null {
  if (own.has(userId)) return skipped("own_account");
  if (user === null) return skipped("no_such_user");
  return user.deactivated ? skipped("exists_deactivated") : null;
}
