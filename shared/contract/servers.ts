import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";

/** The homeservers that accounts here are admins of, as a whole. */
export const servers = domain({
  requests: {
    /** How often each account's server has answered, within the last hour, that it is asked too often (429). */
    rateLimits: request(
      z.object({}),
      z.object({ counts: z.array(z.object({ accountId: AccountId, lastHour: z.number().int().nonnegative() })) }),
      [],
    ),
  },
  events: {},
});
