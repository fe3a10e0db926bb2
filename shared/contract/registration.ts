import * as z from "zod";
import { AppError } from "../errors.ts";
import { MAX_TYPED, readCode, readEmail, readUsername } from "../fields.ts";
import { AccountId, BaseUrl, ServerName } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SERVER, SECRETS_HERE, SIGNING_IN } from "./errorKinds.ts";
import { PhoneNumber } from "./phoneNumber.ts";
import { PhraseStrength } from "./phraseStrength.ts";
import { typed } from "./typed.ts";

/** The longest password that is sent on, in UTF-16 code units. What a server takes is its own to say. */
const MAX_PASSWORD = 4096;
const MAX_URL = 2048;

/** One of the documents that a server wants agreed to, in the languages in which it has it. */
export const Policy = z.object({
  id: z.string().min(1).max(255),
  texts: z
    .array(
      z.object({
        /** As the server writes it: `en`, `de-AT`, `en_US`. */
        language: z.string().max(100),
        name: z.string().max(300),
        url: z.url({ protocol: /^https?$/ }).max(MAX_URL),
      }),
    )
    .min(1)
    .max(200),
});
export type Policy = z.infer<typeof Policy>;

/** What the server wants to know before it creates the account: one step of user-interactive authentication. */
export const RegistrationStage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("terms"), policies: z.array(Policy).max(50) }),
  /** A link in a mail has to be used. Main notices by itself when it was. `sent` is false where no mail could be sent. */
  z.object({ kind: z.literal("email"), address: z.string(), sent: z.boolean() }),
  /**
   * The code has to be typed that is sent to a phone; where `wantsCode` is false, the server learns of it in a way of its
   * own, and main notices that. `number` is as the server understood it, once a code was sent; `optional`: the account can
   * be had without one.
   */
  z.object({ kind: z.literal("phone"), number: z.string(), sent: z.boolean(), wantsCode: z.boolean(), optional: z.boolean() }),
  /** A registration token, which the people who run the server hand out. */
  z.object({ kind: z.literal("token") }),
  /** Done on a page of the server's, in the browser. Main notices by itself when it is done. */
  z.object({ kind: z.literal("browser"), type: z.string(), url: z.string() }),
  /** Cannot be done here. */
  z.object({ kind: z.literal("unsupported"), type: z.string() }),
]);
export type RegistrationStage = z.infer<typeof RegistrationStage>;

/** What a person answers to the stage of the same kind. */
export const RegistrationAnswer = z.discriminatedUnion("kind", [
  /** The ids of the policies agreed to. */
  z.object({ kind: z.literal("terms"), accepted: z.array(z.string().max(255)).max(50) }),
  z.object({ kind: z.literal("token"), token: z.string().max(MAX_TYPED) }),
  /** "I have done it": asks the server now instead of in some seconds. */
  z.object({ kind: z.literal("email") }),
  /** The code; null for "I have done it" where none is wanted. */
  z.object({ kind: z.literal("phone"), code: typed(readCode).nullable() }),
  z.object({ kind: z.literal("browser") }),
]);
export type RegistrationAnswer = z.infer<typeof RegistrationAnswer>;

const common = z.object({
  /** The id that the account will have. */
  registrationId: AccountId,
  /** Null where only the server's address is known. */
  serverName: ServerName.nullable(),
  baseUrl: BaseUrl,
  username: z.string(),
  email: z.string().nullable(),
  phone: PhoneNumber.nullable(),
});

/** An account that is being created. It lives in main, and is kept over a restart; every change is sent whole. */
export const Registration = z.discriminatedUnion("status", [
  /** The server is being asked. */
  common.extend({ status: z.literal("working") }),
  /** The person is asked. `error` says why the last answer was not taken; `checking` that an answer is on its way. */
  common.extend({
    status: z.literal("asking"),
    stage: RegistrationStage,
    error: AppError.nullable(),
    checking: z.boolean(),
  }),
  /** Something has to be typed, once more or in another way. After a restart the password, which is not kept. */
  common.extend({
    status: z.literal("input"),
    needs: z.enum(["username", "password", "email", "no_email", "phone", "no_phone"]),
    error: AppError.nullable(),
  }),
  /** It cannot continue now. It can be tried again, and nothing that was done need be done again. */
  common.extend({ status: z.literal("stopped"), error: AppError }),
  common.extend({ status: z.literal("done"), accountId: AccountId }),
  common.extend({ status: z.literal("dropped") }),
]);
export type Registration = z.infer<typeof Registration>;

/** Whether a user name can be had. `unknown`: the server does not say, or not now. */
export const Availability = z.object({
  status: z.enum(["free", "taken", "refused", "closed", "unknown"]),
  /** When to ask again, in milliseconds, where the server wants to be left alone until then. */
  retryAfterMs: z.number().int().nonnegative().nullable(),
});
export type Availability = z.infer<typeof Availability>;

const Wish = z.enum(["required", "optional", "not_offered", "unknown"]);

/** What a server says of new accounts before anything is typed. */
export const RegistrationOffer = z.object({
  /** Null where it does not say. */
  open: z.boolean().nullable(),
  email: Wish,
  phone: Wish,
});
export type RegistrationOffer = z.infer<typeof RegistrationOffer>;

const one = z.object({ registrationId: AccountId });
const username = typed((text) => readUsername(text));
const email = typed(readEmail);
const password = secretText("password", z.string().min(1).max(MAX_PASSWORD));

export const registration = domain({
  requests: {
    offer: request(z.object({ baseUrl: BaseUrl }), RegistrationOffer, ANY_SERVER),
    availability: request(z.object({ baseUrl: BaseUrl, username }), Availability, ANY_SERVER),
    /** How hard a password is to guess for somebody who knows the user name. */
    strength: request(z.object({ username: z.string().max(MAX_TYPED), password }), PhraseStrength, []),
    /**
     * Asks the server to create an account. What it refuses at once is thrown, and nothing is kept; what it wants to know
     * comes with `changed`.
     */
    start: request(
      z.object({
        serverName: ServerName.nullable(),
        baseUrl: BaseUrl,
        username,
        password,
        email: email.nullable(),
        phone: PhoneNumber.nullable().default(null),
        acceptInsecureHttp: z.boolean().default(false),
      }),
      one,
      [
        ...SIGNING_IN,
        "email_in_use",
        "email_not_verified",
        "email_refused",
        "mail_not_sent",
        "not_allowed_by_server",
        "password_refused",
        "phone_refused",
        "registration_closed",
        "registration_expired",
        "registration_token_refused",
        "stage_not_finished",
        "user_name_refused",
        "user_name_taken",
      ],
    ),
    /** Those under way, and those that were when the app ended. */
    list: request(z.object({}), z.object({ registrations: z.array(Registration) }), SECRETS_HERE),
    answer: request(one.extend({ answer: RegistrationAnswer }), z.object({}), ["conversation_over"]),
    /** Another user name, password, email address or phone number for the same account; null: without one. */
    change: request(
      one.extend({
        username: username.optional(),
        password: password.optional(),
        email: email.nullable().optional(),
        phone: PhoneNumber.nullable().optional(),
      }),
      z.object({}),
      ["conversation_over", "password_refused"],
    ),
    /** Has the server send one more mail, or one more code, whichever it waits for. */
    resend: request(one, z.object({}), ["conversation_over"]),
    /** Opens a page that the stage names: a policy's, or the one on which the stage is done. */
    openPage: request(one.extend({ url: z.string().max(4096) }), z.object({}), ["conversation_over", "forbidden"]),
    /** Continues where it stopped. */
    retry: request(one, z.object({}), ["conversation_over"]),
    /** Ends it, and forgets all of it here. */
    drop: request(one, z.object({}), [...SECRETS_HERE, "conversation_over"]),
  },
  events: { changed: Registration },
});
