import * as z from "zod";
import { AccountId, DeviceId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";

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

const one = z.object({ accountId: AccountId });
const list = z.object({ sessions: z.array(Session) });

export const devices = domain({
  requests: {
    /** All sessions, this one first, then those seen last. A dehydrated device is none a person knows of: it is left out. */
    list: request(one, list),
    /** An empty name removes it. Bounds are the server's to judge. */
    rename: request(one.extend({ deviceId: DeviceId, name: z.string().trim().max(255) }), list),
    /**
     * Signs other sessions out, all with one Challenge. Throws `invalid_input` when this session is among them:
     * signing that out is `accounts.signOut`.
     */
    signOut: request(one.extend({ deviceIds: z.array(DeviceId).min(1).max(50_000) }), list),
  },
  events: {
    /** The list is not as it was; ask again. */
    changed: one,
  },
});
