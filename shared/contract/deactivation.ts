import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_SESSION, CONFIRMING, FILES_HERE } from "./errorKinds.ts";

const Address = z.object({ medium: z.enum(["email", "msisdn"]), address: z.string().max(320) });

/** What a person should know of an account before it is deactivated. What could not be found out is null. */
export const DeactivationPreview = z.object({
  /** What has to be typed: the full Matrix ID. */
  userId: UserId,
  /** Emails and phones on the account. */
  addresses: z.array(Address).nullable(),
  /** Whether people sign in to this server by single sign-on: such a login stays tied to the account. */
  singleSignOn: z.boolean().nullable(),
  /** Room keys in this session; they can be exported as long as the account is there. */
  roomKeys: z.number().int().nullable(),
  otherSessions: z.number().int().nullable(),
  /** When the server was asked to deactivate it and gave no answer, in milliseconds since 1970. */
  unansweredSince: z.number().nullable(),
});
export type DeactivationPreview = z.infer<typeof DeactivationPreview>;

/** The search for rooms that nobody can manage once this account has left them. Each change is sent whole. */
export const RoomsCheck = z.object({
  accountId: AccountId,
  status: z.enum(["checking", "done", "stopped", "failed"]),
  /** Services looked at, and all there are; 0 of 0 until the server has listed them. */
  checked: z.number().int(),
  total: z.number().int(),
  /** Services that the server gave no usable answer about, and those beyond what is looked at. */
  unknown: z.number().int(),
  /** Services with others in them where only this account can change who may do what. */
  rooms: z.array(z.object({ roomId: z.string().max(255), name: z.string().max(500).nullable(), others: z.number().int() })),
  error: AppError.nullable(),
});
export type RoomsCheck = z.infer<typeof RoomsCheck>;

/** How a deactivation ended. One that was cancelled is a failed request. */
export const DeactivationResult = z.discriminatedUnion("status", [
  /** The account is deactivated, and nothing of it is left on this computer but what `ended` says. */
  z.object({ status: z.literal("done") }),
  /** The server said no. Account and session stay; addresses that it has removed all the same are named. */
  z.object({ status: z.literal("refused"), error: AppError, removed: z.array(Address).nullable() }),
  /** The server's answer was lost. The session still worked afterwards, or the server could not be asked. */
  z.object({ status: z.literal("unanswered"), sessionWorks: z.boolean(), error: AppError }),
]);
export type DeactivationResult = z.infer<typeof DeactivationResult>;

/** An account that was deactivated from here. Told until the person has read it. */
export const EndedAccount = z.object({
  userId: UserId,
  /** Whether messages are hidden from people who join later. */
  erased: z.boolean(),
  /** Milliseconds since 1970 when it was noticed. */
  at: z.number(),
  /** Whether the server's own answer was lost, and what happened was found out afterwards. */
  foundOutLater: z.boolean(),
  /** Whether the identity server has forgotten the addresses too; null when nobody said. */
  unboundEverywhere: z.boolean().nullable(),
});
export type EndedAccount = z.infer<typeof EndedAccount>;

const one = z.object({ accountId: AccountId });
const endedAccounts = z.object({ ended: z.array(EndedAccount) });

export const deactivation = domain({
  requests: {
    preview: request(one, DeactivationPreview, ANY_SESSION),
    /** Begins to look at the rooms, or answers how far that has come. */
    checkRooms: request(one.extend({ again: z.boolean() }), RoomsCheck, ANY_SESSION),
    /** Ends the look at the rooms; what was found stays. */
    stopRooms: request(one, z.object({}), []),
    /**
     * The final yes: nothing was sent to the server's deactivation before. `erase` cannot be changed afterwards. Throws
     * `not_confirmed` when `typed` is not the Matrix ID, and `challenge_cancelled`.
     */
    confirm: request(one.extend({ typed: z.string().max(300), erase: z.boolean() }), DeactivationResult, [
      ...ANY_SESSION,
      ...CONFIRMING,
      "conversation_over",
      "not_allowed_by_server",
      "not_confirmed",
    ]),
    ended: request(z.object({}), endedAccounts, FILES_HERE),
    /** The person has read it. */
    dismissEnded: request(z.object({ userId: UserId }), z.object({}), FILES_HERE),
  },
  events: {
    roomsChanged: RoomsCheck,
    endedChanged: endedAccounts,
  },
});
