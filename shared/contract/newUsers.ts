import * as z from "zod";
import { AppError } from "../errors.ts";
import { readContactEmail, readUsername } from "../fields.ts";
import { AccountId, ConversationId, UserId } from "../ids.ts";
import { secretText, shownSecret } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, SECRETS_HERE } from "./errorKinds.ts";
import { PhraseStrength } from "./phraseStrength.ts";
import { typed } from "./typed.ts";
import { PasswordChoice } from "./userActions.ts";
import { SquarePicture } from "./userServerData.ts";
import { ExternalId, User } from "./users.ts";

/** Whom an admin makes. The server checks little of it, so it is checked here. */
export const NewUser = z.object({
  username: typed((text) => readUsername(text)),
  displayName: z.string().trim().min(1).max(256).nullable(),
  emails: z.array(typed(readContactEmail)).max(20),
  externalIds: z.array(ExternalId).max(20),
  admin: z.boolean(),
  /** `bot`, `support` or a type of the server's own; null for a person. */
  userType: z.string().trim().min(1).max(255).nullable(),
  /** How they begin. A server passes over it where it makes somebody: it takes a request more. */
  startsAs: z.enum(["active", "locked", "deactivated"]),
  picture: SquarePicture.nullable(),
  password: PasswordChoice,
});
export type NewUser = z.output<typeof NewUser>;

/** Who has an email address or an identity of single sign-on already. */
const TakenContact = z.object({ kind: z.enum(["email", "external_id"]), contact: z.string().max(1300), owner: UserId });
export type TakenContact = z.infer<typeof TakenContact>;

/** What of a new user the server did not take, and why where it said so. */
const MissingPart = z.object({
  part: z.enum(["display_name", "emails", "external_ids", "admin", "user_type", "picture", "password", "locked", "deactivated"]),
  error: AppError.nullable(),
});
export type MissingPart = z.infer<typeof MissingPart>;

/** How making a user ended. Only `created` has changed anything, and perhaps `unknown`. */
export const NewUserResult = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("created"),
    user: User,
    /** The password to hand out, until the person has it. */
    credentialsId: ConversationId.nullable(),
    missing: z.array(MissingPart),
  }),
  /** There is one of that name, perhaps in other case or deactivated; what is known of them. */
  z.object({ status: z.literal("exists"), userId: UserId, user: User.nullable() }),
  /** The server takes no such name, or keeps it for a bridge. */
  z.object({ status: z.literal("name_refused"), reason: z.enum(["invalid", "reserved"]) }),
  z.object({ status: z.literal("contacts_taken"), taken: z.array(TakenContact) }),
  /** Accounts are made by an authentication service. */
  z.object({ status: z.literal("delegated") }),
  /** The answer was lost. Asking again finishes what may be there. */
  z.object({ status: z.literal("unknown"), error: AppError }),
]);
export type NewUserResult = z.infer<typeof NewUserResult>;

/** A password that was made or typed for a user, sealed until the person has it. */
export const Credentials = z.object({
  credentialsId: ConversationId,
  userId: UserId,
  password: shownSecret("password"),
  /** Whether the server has said that it is set: its answer may have been lost, or the app have ended before. */
  isSet: z.boolean(),
});
export type Credentials = z.infer<typeof Credentials>;

const one = z.object({ accountId: AccountId });
const oneCredentials = one.extend({ credentialsId: ConversationId });

export const newUsers = domain({
  requests: {
    /** How hard a password for a user is to guess. */
    strength: request(z.object({ userId: z.string().max(300), password: secretText("password", z.string().max(512)) }), PhraseStrength, []),
    /** Makes a user, or says why not. Throws `password_refused` and what the server says. */
    create: request(one.extend({ user: NewUser }), NewUserResult, [...ANY_ADMIN, "not_allowed_by_server", "password_refused"]),
    /** Passwords that are still to be handed out. */
    waitingCredentials: request(one, z.object({ waiting: z.array(Credentials.omit({ password: true })) }), SECRETS_HERE),
    /** For the screen. Throws `conversation_over` where they are gone. */
    showCredentials: request(oneCredentials, Credentials, [...SECRETS_HERE, "conversation_over"]),
    /** `print` prints what the window shows. Answers whether it was done. */
    keepCredentials: request(oneCredentials.extend({ how: z.enum(["copy", "save", "print"]) }), z.object({ kept: z.boolean() }), [
      ...SECRETS_HERE,
      "conversation_over",
    ]),
    /** The person has them: they are deleted here. */
    forgetCredentials: request(oneCredentials, z.object({}), SECRETS_HERE),
  },
  events: {},
});
