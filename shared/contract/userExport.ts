import * as z from "zod";
import { AccountId, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";
import { PlainJob } from "./jobs.ts";
import { UserFilter } from "./users.ts";

/** More users than this are exported as all that match. */
export const MAX_CHOSEN_USERS = 100_000;

/** Users of an account's server in a file, for its admins. */
export const userExport = domain({
  requests: {
    /**
     * Asks where, and begins a Job that writes everybody who passes the filter into a CSV file, contacts included. Null: the
     * person has cancelled.
     *
     * @param userIds those of them alone; null for all
     */
    save: request(
      z.object({ accountId: AccountId, filter: UserFilter, userIds: z.array(UserId).min(1).max(MAX_CHOSEN_USERS).nullable() }),
      z.object({ job: PlainJob.nullable() }),
      ANY_ADMIN,
    ),
  },
  events: {},
});
