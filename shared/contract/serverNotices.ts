import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";

/** Messages that a server sends its users in its own name, for its admins. */
export const serverNotices = domain({
  requests: {
    /** Whether the server sends notices. Asked once until the app ends, unless `again`. Throws as `AdminApi` does. */
    available: request(z.object({ accountId: AccountId, again: z.boolean() }), z.object({ available: z.boolean() }), ANY_ADMIN),
    /** Sends one, once. Throws `not_found` where there is no such user, and as `AdminApi` does. */
    send: request(
      z.object({ accountId: AccountId, userId: UserId, text: z.string().trim().min(1).max(4000) }),
      z.discriminatedUnion("status", [
        z.object({ status: z.literal("sent") }),
        z.object({ status: z.literal("off") }),
        /** The answer was lost: it may have been sent. */
        z.object({ status: z.literal("unknown"), error: AppError }),
      ]),
      ANY_ADMIN,
    ),
  },
  events: {},
});
