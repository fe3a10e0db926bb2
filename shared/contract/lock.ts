import * as z from "zod";
import { domain, request } from "./defineDomain.ts";

/** Whether the window shows nothing until the person has said who they are. */
export const LockState = z.object({
  locked: z.boolean(),
  /** What opens it: the passphrase that protects accounts here, or the system's own question. Null: it can't be locked. */
  way: z.enum(["passphrase", "system"]).nullable(),
});
export type LockState = z.infer<typeof LockState>;

export const lock = domain({
  requests: {
    state: request(z.object({}), LockState),
    /**
     * Empties the window and forgets the passphrase's key. Sessions and jobs go on. Until `unlock`, every request that
     * could show or change something is refused with `app_locked`. Throws `invalid_input` where there is no way to unlock.
     */
    lock: request(z.object({}), LockState),
    /** With `way: "system"`, the system asks and no passphrase is given. Throws `wrong_passphrase`, `unlock_refused`. */
    unlock: request(z.object({ passphrase: z.string().min(1).max(4096).nullable() }), LockState),
  },
  events: {},
});
