import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./define.ts";

/** One step of user-interactive authentication, as the person sees it. */
export const Stage = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("password") }),
  /** Done in the browser; afterwards the person says so. */
  z.object({ kind: z.literal("browser"), type: z.string(), url: z.string() }),
  z.object({ kind: z.literal("unsupported"), type: z.string() }),
]);
export type Stage = z.infer<typeof Stage>;

/** A UIA conversation. It lives in main; every change is sent whole. */
export const Challenge = z.object({
  challengeId: ConversationId,
  accountId: AccountId,
  /** What the person is confirming, so that the question can be put in words. */
  purpose: z.enum(["upload_identity", "reset_identity", "sign_out_sessions"]),
  status: z.enum(["asking", "checking", "done", "cancelled", "failed"]),
  /** The step to answer now; null unless `asking`. */
  stage: Stage.nullable(),
  /** Why the last answer was not taken. */
  error: AppError.nullable(),
});
export type Challenge = z.infer<typeof Challenge>;

const one = z.object({ challengeId: ConversationId });

export const challenges = domain({
  requests: {
    /** Those still waiting for an answer: what a renderer asks after it was reloaded. */
    list: request(z.object({}), z.object({ challenges: z.array(Challenge) })),
    answer: request(
      one.extend({
        answer: z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("password"), password: z.string().min(1).max(4096) }),
          z.object({ kind: z.literal("browser_done") }),
        ]),
      }),
      z.object({}),
    ),
    cancel: request(one, z.object({})),
  },
  events: { changed: Challenge },
});
