import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";

/** What a registration token may be: up to 64 characters that need no encoding (Client-Server API, "Token-authenticated registration"). */
const TokenName = z.string().regex(/^[A-Za-z0-9._~-]{1,64}$/);

/** A token with which people create accounts where that is not open to everybody. */
export const RegistrationToken = z.object({
  token: z.string().min(1).max(200),
  /** Null where it works without end. */
  usesAllowed: z.number().int().positive().nullable(),
  /** Registrations that have begun with it and not ended. They count as used. */
  pending: z.number().int().nonnegative(),
  completed: z.number().int().nonnegative(),
  /** Milliseconds since 1970; null where it works for ever. */
  expiresAt: z.number().nullable(),
  /** Whether an address can name it: `.` and `..` cannot. */
  addressable: z.boolean(),
});
export type RegistrationToken = z.infer<typeof RegistrationToken>;

export const RegistrationTokens = z.discriminatedUnion("status", [
  z.object({ status: z.literal("known"), tokens: z.array(RegistrationToken) }),
  /** The server has none that are asked for here. */
  z.object({ status: z.literal("not_available") }),
]);
export type RegistrationTokens = z.infer<typeof RegistrationTokens>;

/** How often a token can be used, and how long. */
const limits = z.object({
  usesAllowed: z.number().int().min(1).max(1_000_000_000).nullable(),
  expiresAt: z.number().int().nonnegative().nullable(),
});

const one = z.object({ accountId: AccountId });

export const registrationTokens = domain({
  requests: {
    /** Throws what the server says. */
    list: request(one, RegistrationTokens, ANY_ADMIN),
    /** Makes some, one after the other. Those that were made stay when one fails: `error` says why it ended. */
    create: request(
      one.extend({
        /** The token itself; null for some that are made up here. */
        name: TokenName.refine((name) => name !== "." && name !== "..").nullable(),
        length: z.number().int().min(8).max(64),
        count: z.number().int().min(1).max(100),
        ...limits.shape,
      }),
      z.object({ made: z.array(z.string().max(64)), error: AppError.nullable() }),
      ANY_ADMIN,
    ),
    /**
     * Changes how often one can be used, and how long: what is left out stays. Throws `changed_meanwhile` where it is not as it was `seen`,
     * `change_not_taken`, `not_found` for one that is gone, and what the server says: it takes no end that is past.
     */
    change: request(
      one.extend({
        token: TokenName,
        changes: limits.partial(),
        seen: z.object({ usesAllowed: z.number().nullable(), expiresAt: z.number().nullable() }),
      }),
      RegistrationToken,
      [...ANY_ADMIN, "change_not_taken", "changed_meanwhile"],
    ),
    /** Removes one. One that is gone is no error. */
    remove: request(one.extend({ token: TokenName }), z.object({}), ANY_ADMIN),
  },
  events: {},
});
