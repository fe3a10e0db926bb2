import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { FILES_HERE } from "./errorKinds.ts";
import { SessionAnswer } from "./devices.ts";

/** What happened to an account, as far as Steward can see it. */
export const ActivityKind = z.enum([
  "session_new",
  /** A session is no longer listed: signed out, or removed. */
  "session_gone",
  /** The server no longer takes this session's token: it was signed out elsewhere, or by the server. */
  "session_ended",
  "session_verified",
  "session_unverified",
  /** The server gives another identity than the one that was known. */
  "identity_changed",
  "backup_created",
  "backup_replaced",
  "backup_deleted",
  "email_added",
  "email_removed",
]);
export type ActivityKind = z.infer<typeof ActivityKind>;

export const Activity = z.object({
  activityId: z.string(),
  kind: ActivityKind,
  /** When Steward first saw it, in milliseconds since 1970. It happened after `since`. */
  noticedAt: z.number(),
  /** When Steward had last seen that it was not so. */
  since: z.number(),
  /** The session's name or device id, or the address with its middle hidden; null where there is nothing to name. */
  subject: z.string().max(1000).nullable(),
  /** Whether it was done in this Steward. */
  here: z.boolean(),
  /** Whether the person is asked about it. New sessions are asked about by `devices.newSessions`. */
  asked: z.boolean(),
  /** What the person has said of it; null while they have not been asked, or have not answered. */
  answer: SessionAnswer.nullable(),
});
export type Activity = z.infer<typeof Activity>;

const one = z.object({ accountId: AccountId });
const activities = z.object({ activities: z.array(Activity) });

export const activity = domain({
  requests: {
    /** Newest first. What was so when the account was added did not happen. */
    list: request(one, activities, FILES_HERE),
    answer: request(one.extend({ activityId: z.string().max(64), answer: SessionAnswer }), activities, FILES_HERE),
  },
  events: { changed: one.extend(activities.shape) },
});
