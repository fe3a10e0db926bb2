import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { secretText } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";

/** One step of user-interactive authentication, as the person sees it. */
export const Stage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("password") }),
  /** Done at the person's provider, in the browser. Main notices by itself when it is done. */
  z.object({ kind: z.literal("sso"), url: z.string() }),
  /** Done on a page of the server's, in the browser. Main notices by itself when it is done. */
  z.object({ kind: z.literal("browser"), type: z.string(), url: z.string() }),
  /** The server has no way at all for this account: it has no password, and no provider that the server still knows. */
  z.object({ kind: z.literal("none_offered") }),
  /** Cannot be done here. */
  z.object({ kind: z.literal("unsupported"), type: z.string() }),
]);
export type Stage = z.infer<typeof Stage>;

/** What a person answers to the stage of the same kind. */
export const ChallengeAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("password"), password: secretText("password", z.string().min(1).max(4096)) }),
  /** "I have done it": asks the server now instead of in some seconds. */
  z.object({ kind: z.literal("sso") }),
  z.object({ kind: z.literal("browser") }),
]);
export type ChallengeAnswer = z.infer<typeof ChallengeAnswer>;

const common = z.object({
  challengeId: ConversationId,
  accountId: AccountId,
  /** What the person is confirming, so that the question can be put in words. */
  purpose: z.enum(["upload_identity", "reset_identity", "sign_out_sessions", "change_password", "add_email", "add_phone", "deactivate"]),
});

/** A UIA conversation. It lives in main; every change is sent whole. */
export const Challenge = z.discriminatedUnion("status", [
  /** Waits for the person to answer the stage; `error` says why the last answer was not taken. */
  common.extend({ status: z.literal("asking"), stage: Stage, error: AppError.nullable() }),
  /** The server is being asked. */
  common.extend({ status: z.literal("checking") }),
  common.extend({ status: z.literal("done") }),
  common.extend({ status: z.literal("cancelled") }),
  /** The error is null where it is none that a person can do something about. */
  common.extend({ status: z.literal("failed"), error: AppError.nullable() }),
]);
export type Challenge = z.infer<typeof Challenge>;

const one = z.object({ challengeId: ConversationId });

export const challenges = domain({
  requests: {
    /** Those still waiting for an answer: what a renderer asks after it was reloaded. */
    list: request(z.object({}), z.object({ challenges: z.array(Challenge) }), []),
    answer: request(one.extend({ answer: ChallengeAnswer }), z.object({}), ["conversation_over"]),
    cancel: request(one, z.object({}), ["conversation_over"]),
  },
  events: { changed: Challenge },
});
