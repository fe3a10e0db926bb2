import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";

/** Something that an admin did to a server from this computer. Nothing secret is in it. */
export const LoggedAction = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** The Matrix ID of the account that did it. */
  actor: z.string().max(255),
  /** The Matrix ID or the registration token that it was done to, shortened where it is a token. */
  target: z.string().max(255),
  action: z.string().max(50),
  /** `begun`: the app ended before there was a result. */
  result: z.enum(["begun", "done", "failed", "unknown"]),
  /** What kind of failure it was, and what the server said. */
  detail: z.string().max(200).nullable(),
});
export type LoggedAction = z.infer<typeof LoggedAction>;

export const actionLog = domain({
  requests: {
    /** What was done to the account's server, by whichever account. The last comes first. */
    list: request(z.object({ accountId: AccountId }), z.object({ actions: z.array(LoggedAction) })),
  },
  events: {},
});
