import * as z from "zod";
import type { User } from "../../../../shared/contract/users.ts";
import type { RowEnd } from "../../../jobs/jobJournal.ts";
import { skipped } from "../rowEnds.ts";
import { PasswordRow } from "./userRow.ts";

/** How often a creation is sent whose answer was lost, and after which there was no such user. */
export const MAX_TRIES = 3;
/** How far the clocks of the server and of this computer may be apart, in milliseconds. */
export const CLOCKS_MS = 60 * 60_000;

/** A user to be made. */
export const NewUserRow = PasswordRow.extend({
  displayName: z.string().nullable(),
  admin: z.boolean().nullable(),
  avatarUrl: z.string().nullable(),
  userType: z.string().nullable(),
  threepids: z.array(z.object({ medium: z.enum(["email", "msisdn"]), address: z.string() })),
  externalIds: z.array(z.object({ provider: z.string(), id: z.string() })),
  locked: z.boolean(),
  deactivated: z.boolean(),
});
export type NewUserRow = z.infer<typeof NewUserRow>;

/** Who is there already, as far as a new user of that name is concerned. */
export function existing(user: Pick<User, "deactivated" | "locked">): RowEnd {
  return skipped(user.deactivated ? "exists_deactivated" : user.locked ? "exists_locked" : "exists");
}
