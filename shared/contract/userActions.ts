import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId, UserId } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN } from "./errorKinds.ts";
import { UserMediaSum } from "./userServerData.ts";
import { User } from "./users.ts";

/** What an admin can do to one user. Each does one thing and no other. */
export const UserAction = z.enum([
  /** For somebody who is locked out: a password, and what else lets them in again. */
  "help",
  "reset_password",
  "allow_new_identity",
  "lock",
  "unlock",
  "suspend",
  "unsuspend",
  "shadow_ban",
  "lift_shadow_ban",
  "deactivate",
  "erase",
  "reactivate",
  "delete_uploads",
]);
export type UserAction = z.infer<typeof UserAction>;

/** Why an action is not to be had. */
export const ActionRefusal = z.enum([
  /** It would be done to the account that does it. */
  "oneself",
  /** Nobody else could administer the server afterwards. */
  "last_admin",
  /** It is so already. */
  "already",
  "deactivated",
  "not_deactivated",
  /** There is nothing that they have uploaded. */
  "no_media",
  /** The server has no such thing. */
  "not_supported",
  /** Accounts are managed by an authentication service, which would not know of it. */
  "delegated",
  /** The same, and it would let an account do it whose token has its admin scope. */
  "service_scope",
  /** The same, and it erases whom it deactivates. */
  "service_too_old",
]);
export type ActionRefusal = z.infer<typeof ActionRefusal>;

/** What an action would be done to, as main has just read it. What could not be found out is null. */
export const ActionPreview = z.object({
  action: UserAction,
  user: User,
  refusal: ActionRefusal.nullable(),
  /** Hands the action in, once; null where it is refused. */
  token: ConversationId.nullable(),
  /** Whether the Matrix ID has to be typed: nothing brings back what goes, or it is another account of this app. */
  typed: z.boolean(),
  ownAccount: z.boolean(),
  sessions: z.number().int().nullable(),
  rooms: z.number().int().nullable(),
  /** Whether people sign in to this server with passwords that it keeps. */
  passwords: z.boolean().nullable(),
  /** What they have uploaded, where that is what it is about. */
  media: UserMediaSum.nullable(),
});
export type ActionPreview = z.infer<typeof ActionPreview>;

/** Synapse takes up to 512 characters. */
const Password = secretText("password", z.string().min(1).max(512));

/** A password that an admin gives to a user. */
export const PasswordChoice = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("generated") }),
  z.object({ kind: z.literal("own"), password: Password }),
  z.object({ kind: z.literal("none") }),
]);
export type PasswordChoice = z.output<typeof PasswordChoice>;
/** As it is typed. */
export type PasswordChoiceInput = z.input<typeof PasswordChoice>;

/** How an action ended. `user` is as the server has them afterwards, null where that could not be read. */
export const ActionResult = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("done"),
    user: User.nullable(),
    /** The password to hand out, until the person has it. */
    credentialsId: ConversationId.nullable(),
    /** Until when the user may set up a new identity without a password, in milliseconds since 1970. */
    until: z.number().nullable(),
    /** Rooms that a deactivated user is still in. */
    roomsLeft: z.number().int().nullable(),
    /** A display name that the server did not keep. */
    nameLost: z.boolean(),
    /** What came of the parts of helping somebody after their password was set; null where they were not wanted. */
    identity: z.enum(["allowed", "none", "failed"]).nullable(),
    unlocked: z.boolean().nullable(),
    /** Whether sessions that were to end could not all be ended. */
    sessionsLeft: z.boolean(),
    /** What became of what they have uploaded: `leftNames` names the first of what the server could not delete. */
    media: z.object({ deleted: z.number().int(), left: z.number().int(), leftNames: z.array(z.string().max(200)) }).nullable(),
  }),
  /** The user is not as they were shown: nothing was done. */
  z.object({ status: z.literal("changed") }),
  /** The server took it without an error, and it is not so. */
  z.object({ status: z.literal("without_effect"), user: User }),
  /** The answer was lost, and so far it is not so. */
  z.object({ status: z.literal("still_running"), error: AppError }),
  /** The answer was lost, and what is so could not be read. */
  z.object({ status: z.literal("unknown"), error: AppError, credentialsId: ConversationId.nullable() }),
  /** The user has no identity that could be replaced. */
  z.object({ status: z.literal("no_identity") }),
]);
export type ActionResult = z.infer<typeof ActionResult>;

const one = z.object({ accountId: AccountId, userId: UserId });

export const userActions = domain({
  requests: {
    /** Reads what the action would be done to. Throws `not_found` where there is no such user. */
    preview: request(one.extend({ action: UserAction }), ActionPreview, ANY_ADMIN),
    /**
     * Does what was shown, after reading the user again. Throws `conversation_over` for a token that was used or is too
     * old, `not_confirmed` where the Matrix ID was to be typed and `typed` is not it, `password_refused`, and what the
     * server says.
     */
    perform: request(
      z.object({
        accountId: AccountId,
        token: ConversationId,
        typed: z.string().max(300),
        password: PasswordChoice,
        /** Resetting a password: whether all sessions end. */
        signOutSessions: z.boolean(),
        /** Helping: whether they may set up a new identity without a password. */
        allowIdentityReset: z.boolean(),
        /** Reactivating: the name that the user is given; null leaves it to the server. */
        displayName: z.string().trim().min(1).max(256).nullable(),
      }),
      ActionResult,
      [...ANY_ADMIN, "conversation_over", "not_allowed_by_server", "not_confirmed", "password_refused"],
    ),
  },
  events: {
    /** Something was done to a user. */
    done: one,
    /** So many of their files have been deleted so far. */
    mediaDeleted: one.extend({ deleted: z.number().int() }),
  },
});
