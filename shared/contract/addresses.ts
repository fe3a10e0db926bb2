import * as z from "zod";
import { AppError } from "../errors.ts";
import { readCode, readEmail } from "../fields.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, CONFIRMING, SECRETS_HERE } from "./errorKinds.ts";
import { PhoneNumber } from "./phoneNumber.ts";
import { typed } from "./typed.ts";

/** An email address or phone number on an account. */
export const AccountAddress = z.object({
  medium: z.enum(["email", "msisdn"]),
  /** As the server keeps it: a phone number without its `+`. */
  address: z.string().min(1).max(500),
});
export type AccountAddress = z.infer<typeof AccountAddress>;

export const AccountAddresses = z.object({
  addresses: z.array(AccountAddress),
  /** False where the server takes no changes (`m.3pid_changes`). */
  canChange: z.boolean(),
});
export type AccountAddresses = z.infer<typeof AccountAddresses>;

const common = {
  pendingId: ConversationId,
  address: z.string().max(500),
  /** How many emails the server has sent for it. The link in each of them works. */
  emails: z.number().int(),
};

/** An email address that is being added to an account, and is not on it yet. It outlives the app. */
export const PendingEmail = z.discriminatedUnion("status", [
  /** The server was asked for an email, and its answer was lost. */
  z.object({ ...common, status: z.literal("maybe_sent") }),
  /** The link has to be opened, and the person to confirm who they are, in either order. */
  z.object({ ...common, status: z.literal("sent") }),
  /** Confirmed: main adds the address by itself once the link has been opened. */
  z.object({ ...common, status: z.literal("confirmed") }),
  /** So long ago that most servers no longer take the link. */
  z.object({ ...common, status: z.literal("expired") }),
  /** The server refused to add it although it had sent the email. */
  z.object({ ...common, status: z.literal("refused"), error: AppError }),
]);
export type PendingEmail = z.infer<typeof PendingEmail>;

const phone = {
  pendingId: ConversationId,
  /** As the server understood it, or as it was typed where the server did not say. */
  number: z.string().max(500),
};

/** A phone number that is being added to an account, and is not on it yet. It outlives the app. */
export const PendingPhone = z.discriminatedUnion("status", [
  /** The server was asked for a code, and its answer was lost. */
  z.object({ ...phone, status: z.literal("maybe_sent") }),
  /** The code has to be typed; where `wantsCode` is false, the server learns of it in a way of its own. */
  z.object({ ...phone, status: z.literal("sent"), wantsCode: z.boolean(), codes: z.number().int() }),
  /** The code was right: what is left is for the person to confirm who they are. */
  z.object({ ...phone, status: z.literal("verified") }),
]);
export type PendingPhone = z.infer<typeof PendingPhone>;

const one = z.object({ accountId: AccountId });
const onePending = one.extend({ pendingId: ConversationId });
const pendingPhones = z.object({ pending: z.array(PendingPhone) });
const pendingEmails = z.object({ pending: z.array(PendingEmail) });

export const addresses = domain({
  requests: {
    /** Read from the server each time. */
    list: request(one, AccountAddresses, ANY_SESSION),
    /** Takes one off the account; one that is not on it is no error. Answers what is left. */
    remove: request(one.extend(AccountAddress.shape), AccountAddresses, [...ANY_SESSION, "not_allowed_by_server", "stop_sharing_failed"]),
    pendingEmails: request(one, pendingEmails, SECRETS_HERE),
    /** Has the server send an email with a link. Throws `address_refused` and `not_allowed_by_server`. */
    addEmail: request(one.extend({ address: typed(readEmail) }), z.object({ pendingId: ConversationId }), [
      ...ANY_SESSION,
      "address_refused",
      "conversation_over",
      "not_allowed_by_server",
    ]),
    /** Has it send one more. Throws as `addEmail` does, and `conversation_over`. */
    sendEmailAgain: request(onePending, z.object({}), [...ANY_SESSION, "address_refused", "conversation_over", "not_allowed_by_server"]),
    /** Adds the address after a Challenge. `added` is false while the link has not been opened. Throws `challenge_cancelled`. */
    confirmEmail: request(onePending, z.object({ added: z.boolean() }), [
      ...ANY_SESSION,
      ...CONFIRMING,
      "address_refused",
      "conversation_over",
      "not_allowed_by_server",
    ]),
    /** Forgets it. The links in its emails lead to nothing then. */
    dropEmail: request(onePending, z.object({}), SECRETS_HERE),
    pendingPhones: request(one, pendingPhones, SECRETS_HERE),
    /** Has the server send a code. Throws `phone_refused` and `not_allowed_by_server`. */
    addPhone: request(one.extend(PhoneNumber.shape), z.object({ pendingId: ConversationId }), [
      ...ANY_SESSION,
      "conversation_over",
      "not_allowed_by_server",
      "phone_refused",
    ]),
    /** Has it send one more. Throws as `addPhone` does, and `conversation_over`. */
    sendCodeAgain: request(onePending, z.object({}), [...ANY_SESSION, "conversation_over", "not_allowed_by_server", "phone_refused"]),
    /**
     * Gives the server the code, null where that is done or not wanted, and adds the number after a Challenge. Throws
     * `phone_refused` and `challenge_cancelled`.
     */
    confirmPhone: request(onePending.extend({ code: typed(readCode).nullable() }), z.object({}), [
      ...ANY_SESSION,
      ...CONFIRMING,
      "conversation_over",
      "not_allowed_by_server",
      "phone_refused",
    ]),
    dropPhone: request(onePending, z.object({}), SECRETS_HERE),
  },
  events: {
    /** What is on the account is no longer what was listed. */
    changed: one,
    pendingChanged: one.extend(pendingEmails.shape),
    pendingPhonesChanged: one.extend(pendingPhones.shape),
  },
});
