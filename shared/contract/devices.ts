import * as z from "zod";
import { AccountId, DeviceId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, CONFIRMING, FILES_HERE } from "./errorKinds.ts";

/** One signed-in device of an account. */
export const Session = z.object({
  deviceId: DeviceId,
  name: z.string().max(1000).nullable(),
  /** Milliseconds since 1970; null when the server does not say. */
  lastSeenAt: z.number().nullable(),
  lastSeenIp: z.string().max(100).nullable(),
  thisSession: z.boolean(),
  /** `no_encryption`: it never uploaded keys, so nobody can verify it. */
  verification: z.enum(["verified", "unverified", "no_encryption"]),
  /** Not seen for 90 days. */
  inactive: z.boolean(),
});
export type Session = z.infer<typeof Session>;

/** What the person says of a session that was new. */
export const SessionAnswer = z.enum(["mine", "not_mine"]);
export type SessionAnswer = z.infer<typeof SessionAnswer>;

/** A session that was not there before, and that the person has not said anything about. */
export const NewSession = z.object({
  session: Session,
  /** When Steward first saw it, in milliseconds since 1970. */
  noticedAt: z.number(),
});
export type NewSession = z.infer<typeof NewSession>;

const one = z.object({ accountId: AccountId });
const list = z.object({ sessions: z.array(Session) });
const news = z.object({ newSessions: z.array(NewSession) });

export const devices = domain({
  requests: {
    /** All sessions, this one first, then those seen last. A dehydrated device is none a person knows of: it is left out. */
    list: request(one, list, ANY_SESSION),
    /** An empty name removes it. Bounds are the server's to judge. */
    rename: request(one.extend({ deviceId: DeviceId, name: z.string().trim().max(255) }), list, ANY_SESSION),
    /**
     * Signs other sessions out, all with one Challenge. Throws `invalid_input` when this session is among them:
     * signing that out is `accounts.signOut`.
     */
    signOut: request(one.extend({ deviceIds: z.array(DeviceId).min(1).max(50_000) }), list, [
      ...ANY_SESSION,
      ...CONFIRMING,
      "not_allowed_by_server",
    ]),
    /** Newest first, of the list as it was last read. What was there when the account was added is not new. */
    newSessions: request(one, news, FILES_HERE),
    answerNewSession: request(one.extend({ deviceId: DeviceId, answer: SessionAnswer }), news, FILES_HERE),
  },
  events: {
    newSessionsChanged: one.extend(news.shape),
    /** The list is not as it was; ask again. */
    changed: one,
  },
});
