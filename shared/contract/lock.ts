import * as z from "zod";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { SECRETS_HERE } from "./errorKinds.ts";

/** Whether the window shows nothing until the person has said who they are. */
export const LockState = z.object({
  locked: z.boolean(),
  /** Whether there is a passphrase that protects accounts here, and could open it again. */
  canLock: z.boolean(),
});
export type LockState = z.infer<typeof LockState>;

export const lock = domain({
  requests: {
    state: request(z.object({}), LockState, []),
    /**
     * Empties the window and forgets the passphrase's key. Sessions and jobs go on. Until `unlock`, every request that
     * could show or change something is refused with `app_locked`. Throws `invalid_input` where nothing could open it again.
     */
    lock: request(z.object({}), LockState, []),
    /** Throws `wrong_passphrase`. */
    unlock: request(z.object({ passphrase: secretText("passphrase", z.string().min(1).max(4096)) }), LockState, [
      ...SECRETS_HERE,
      "wrong_passphrase",
    ]),
  },
  events: {},
});
