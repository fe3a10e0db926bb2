import { setTimeout as pause } from "node:timers/promises";
import { type AppError, AppFailure } from "../../shared/errors.ts";
import { LostAnswerFailure, mayBeDone } from "./lostAnswer.ts";
import { stopOf } from "./serverErrors.ts";

/** Whether asking again may help: never, after a while that the server names, or after a while of ours. */
export type RetryKind = { kind: "never" } | { kind: "after"; ms: number } | { kind: "backOff" };

/** How often, and how patiently, a request is sent again that may be. */
export interface RetryPolicy {
  /** Tries in all. */
  tries: number;
  /** The first wait of ours, in milliseconds; each further one is twice as long. */
  firstWaitMs: number;
  /** The longest wait, in milliseconds: a server that asks for more gets no further try. */
  longestWaitMs: number;
}

export const RETRY_POLICY: RetryPolicy = { tries: 5, firstWaitMs: 1_000, longestWaitMs: 120_000 };

/** What may be mended by time alone: a server that is busy, or restarting, or a connection that broke. */
export function retryKind(error: AppError): RetryKind {
  switch (error.kind) {
    case "rate_limited":
      return { kind: "after", ms: error.retryAfterMs };
    case "network":
      // What a proxy says of itself stays so until somebody changes a setting.
      return ["proxy_password", "proxy_denied", "proxy_unsupported"].includes(error.reason) ? { kind: "never" } : { kind: "backOff" };
    case "sign_in_service_unreachable":
      return { kind: "backOff" };
    case "gateway_error":
    case "server":
      // 501 and 505 say that it will never be done.
      return error.status >= 500 && error.status !== 501 && error.status !== 505 ? { kind: "backOff" } : { kind: "never" };
    default:
      return { kind: "never" };
  }
}

/**
 * Does something until it succeeds, fails for good, or has failed as often as the policy allows; throws the last failure
 * then, and why it was stopped when the signal is aborted meanwhile. Only for what may be done twice: the answer to
 * something that was done may have been lost.
 *
 * @param changes whether it changes something: a loss is not forgotten then for a later refusal
 * @throws `LostAnswerFailure` in place of such a refusal
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
  { changes }: { changes: boolean },
): Promise<T> {
  let lost: AppFailure | null = null;
  for (let tried = 1; ; tried += 1) {
    if (signal.aborted) throw stopOf(signal);
    try {
      return await attempt();
    } catch (thrown) {
      if (signal.aborted) throw stopOf(signal);
      const wait = thrown instanceof AppFailure && tried < policy.tries ? waitBefore(thrown.error, tried, policy) : null;
      if (changes && thrown instanceof AppFailure && mayBeDone(thrown)) lost = thrown;
      if (wait === null) {
        throw lost !== null && lost !== thrown && thrown instanceof AppFailure ? new LostAnswerFailure(lost.error, thrown) : thrown;
      }
      await pause(wait, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Milliseconds until the next try; null when there is to be none. */
function waitBefore(error: AppError, tried: number, { firstWaitMs, longestWaitMs }: RetryPolicy): number | null {
  const again = retryKind(error);
  if (again.kind === "never") return null;
  if (again.kind === "after") return again.ms <= longestWaitMs ? again.ms : null;
  return Math.min(firstWaitMs * 2 ** (tried - 1), longestWaitMs);
}
