import * as z from "zod";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, FILES_HERE } from "./errorKinds.ts";
import { PlainJob } from "./jobs.ts";
import { TimeSpan, type UserFilter } from "./users.ts";

const count = z.number().int().nonnegative();
const SpanCount = TimeSpan.extend({ count });
export type SpanCount = z.infer<typeof SpanCount>;

/** The kinds of users that are counted, as filters call them. Somebody who is locked is a person or a bot as well. */
export const COUNTED_KINDS = [
  "people",
  "bots",
  "guests",
  "admins",
  "locked",
  "shadowBanned",
  "deactivated",
] as const satisfies readonly UserFilter["kind"][];

/** Counts of the users of a server, and none of their names. Users of bridges, as the person names them, are left out. */
export const UserStatistics = z.object({
  /** Milliseconds since 1970. */
  collectedAt: z.number(),
  /** Everybody who is counted, and how many were left out. */
  total: count,
  leftOut: count,
  kinds: z.object({ people: count, bots: count, guests: count, admins: count, locked: count, shadowBanned: count, deactivated: count }),
  /** When those who are not deactivated were last seen, the latest first; of the others the server does not know. */
  lastSeen: z.object({ spans: z.array(SpanCount).max(20), unknown: count }),
  /** When everybody was created, the earliest first. Months where that is not too many, else years. */
  created: z.object({ by: z.enum(["month", "year"]), spans: z.array(SpanCount).max(60), unknown: count }),
});
export type UserStatistics = z.infer<typeof UserStatistics>;

const one = z.object({ accountId: AccountId });
const answer = z.object({ statistics: UserStatistics.nullable() });

/** The users of an account's server in numbers, for its admins. */
export const userStatistics = domain({
  requests: {
    /** As they were collected last; null before that. Asks nobody. */
    get: request(one, answer, FILES_HERE),
    /** Begins a Job that reads the list of users, and keeps their numbers with their date. */
    collect: request(one, z.object({ job: PlainJob }), ANY_ADMIN),
  },
  events: { changed: one.extend(answer.shape) },
});
