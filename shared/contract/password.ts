import * as z from "zod";
import { AccountId } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, CONFIRMING } from "./errorKinds.ts";
import { PhraseStrength } from "./phraseStrength.ts";

/** The longest password that is sent on, in UTF-16 code units. What a server takes is its own to say. */
const newPassword = secretText("password", z.string().min(1).max(4096));

export const PasswordState = z.object({
  /**
   * Whether it can be changed from here: not where the server says no (`m.change_password`), nor where it leaves
   * passwords to an OAuth 2.0 service.
   */
  change: z.enum(["possible", "not_allowed", "elsewhere"]),
  /** Whether the account has a password; null where the server does not say. */
  hasPassword: z.boolean().nullable(),
});
export type PasswordState = z.infer<typeof PasswordState>;

/** What became of the other sessions, read from the server afterwards. */
export const PasswordChange = z.object({
  /** Null when the server did not tell them before and after. */
  others: z.object({ signedOut: z.number().int(), left: z.number().int() }).nullable(),
});
export type PasswordChange = z.infer<typeof PasswordChange>;

const one = z.object({ accountId: AccountId });

export const password = domain({
  requests: {
    state: request(one, PasswordState, ANY_SESSION),
    /** How hard a new password is to guess. */
    strength: request(one.extend({ newPassword }), PhraseStrength, ["no_such_account"]),
    /**
     * Sets a new password, or the first, after a Challenge. It is sent exactly as it was typed. Throws
     * `password_refused`, `password_maybe_changed`, `challenge_cancelled`.
     */
    change: request(one.extend({ newPassword, signOutOthers: z.boolean() }), PasswordChange, [
      ...ANY_SESSION,
      ...CONFIRMING,
      "not_allowed_by_server",
      "password_maybe_changed",
      "password_refused",
    ]),
  },
  events: {},
});
