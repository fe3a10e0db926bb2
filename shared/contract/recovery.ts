import * as z from "zod";
import { AppError, PasswordRefusal } from "../errors.ts";
import { MAX_TYPED, readEmail } from "../fields.ts";
import { AccountId, BaseUrl, ConversationId, ServerName, UserId } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SERVER, ANY_SESSION, SECRETS_HERE, SIGNING_IN } from "./errorKinds.ts";
import { PhraseStrength } from "./phraseStrength.ts";
import { typed } from "./typed.ts";

/** The longest password that is sent on, in UTF-16 code units. What a server takes is its own to say. */
const newPassword = secretText("password", z.string().min(1).max(4096));

const common = z.object({
  recoveryId: ConversationId,
  /** The account that was signed out here; null where it is not here. */
  accountId: AccountId.nullable(),
  /** Null when the homeserver was given as a URL: its name is not known then. */
  serverName: ServerName.nullable(),
  baseUrl: BaseUrl,
  address: z.string(),
  signOutOthers: z.boolean(),
});

/** A forgotten password that is being replaced by way of a mail. Every change is sent whole. */
export const Recovery = z.discriminatedUnion("status", [
  /** A mail was asked for; the link in it is still to be used. */
  common.extend({
    status: z.literal("waiting"),
    /** When the mail was asked for last: milliseconds since 1970. */
    sentAt: z.number(),
    /** How often it was asked for. */
    mails: z.number().int(),
    /** Until then the server sends no further mail: milliseconds since 1970. */
    resendAfter: z.number().nullable(),
    /** The person says that the link was used, and the server is being asked. */
    checking: z.boolean(),
    /** The server was asked because the person said so, and knows nothing of it. */
    notUsedYet: z.boolean(),
    /** So much time has passed that the link is good no more; nothing is asked by itself any longer. */
    expired: z.boolean(),
    /** Why the server could not be asked the last time. */
    problem: AppError.nullable(),
  }),
  /** The mail counts as it did, but a password is wanted: another one, or, after a restart, the same one again. */
  common.extend({ status: z.literal("password_needed"), refused: PasswordRefusal.nullable() }),
  /** The new password is set; it remains to sign in. */
  common.extend({ status: z.literal("changed") }),
  common.extend({ status: z.literal("done"), accountId: AccountId }),
  common.extend({ status: z.literal("cancelled") }),
  common.extend({ status: z.literal("failed"), error: AppError }),
]);
export type Recovery = z.infer<typeof Recovery>;

/** Whom to ask at a homeserver (Client-Server API, "GET /.well-known/matrix/support"). */
export const SupportContacts = z.object({
  contacts: z.array(
    z.object({
      role: z.enum(["admin", "security", "other"]),
      userId: UserId.nullable(),
      email: z.string().max(500).nullable(),
    }),
  ),
  /** A page with help: https alone. */
  page: z.string().max(2048).nullable(),
});
export type SupportContacts = z.infer<typeof SupportContacts>;

const one = z.object({ recoveryId: ConversationId });
const homeserver = z.object({ serverName: ServerName.nullable(), baseUrl: BaseUrl });

export const recovery = domain({
  requests: {
    /**
     * Asks the homeserver to send a mail, once it is known that it takes the new password. The same address on the same
     * homeserver goes on with what is under way, without a further mail. Throws `password_refused`, `email_unknown`,
     * `recovery_not_offered`, `mail_not_sent`, `insecure_http`, `rate_limited`.
     */
    start: request(
      homeserver.extend({
        accountId: AccountId.nullable().default(null),
        address: typed(readEmail),
        /** Sent exactly as it was typed, and kept nowhere. */
        newPassword,
        signOutOthers: z.boolean(),
        acceptInsecureHttp: z.boolean().default(false),
      }),
      one,
      [
        ...SIGNING_IN,
        "email_unknown",
        "mail_not_sent",
        "not_allowed_by_server",
        "password_maybe_changed",
        "password_refused",
        "recovery_not_offered",
      ],
    ),
    /** Those under way, also from before a restart: what a renderer asks that was loaded again. */
    list: request(z.object({}), z.object({ recoveries: z.array(Recovery) }), SECRETS_HERE),
    /** How hard a new password is to guess. */
    strength: request(z.object({ address: z.string().max(MAX_TYPED), newPassword }), PhraseStrength, []),
    /** Goes on with another password, or the same again after a restart; no further mail is sent. */
    setPassword: request(one.extend({ newPassword }), z.object({}), [
      ...SIGNING_IN,
      "email_unknown",
      "not_allowed_by_server",
      "password_maybe_changed",
      "password_refused",
      "recovery_not_offered",
    ]),
    /** Has one more mail sent. The links of those before stay good. */
    resend: request(one, z.object({}), [...ANY_SESSION, "conversation_over", "email_unknown", "mail_not_sent", "recovery_not_offered"]),
    /** The person says that the link was used. */
    verified: request(one, z.object({}), ["conversation_over"]),
    /** Signs in with the new password. */
    signIn: request(one, z.object({ accountId: AccountId }), SIGNING_IN),
    cancel: request(one, z.object({}), [...SECRETS_HERE, "conversation_over"]),
    /** Whom to ask at the homeserver; nobody where it does not say. */
    contacts: request(homeserver, SupportContacts, ANY_SERVER),
  },
  events: { changed: Recovery },
});
