import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import { inTime } from "../storage/inTime.ts";

/** How long a set-up that is continued waits before each further try, in milliseconds. */
const WAITS_MS = [500, 2_000, 8_000];
/** A server that wants a longer pause is not waited for: the person is told. */
const MAX_WAIT_MS = 30_000;

/** What may be gone the next time without anybody having done anything. */
function passes(error: AppError): boolean {
  switch (error.kind) {
    case "network":
    case "gateway_error":
    case "bad_answer":
    case "rate_limited":
    // What was written a moment ago, by an app that was killed then, may not be read back yet.
    case "secure_backup_check_failed":
    case "account_not_running":
      return true;
    case "server":
      return error.status >= 500;
    default:
      return false;
  }
}

/** What work that is taken up again needs. */
export interface TakeUpOptions {
  /** Resolves when the session has started or said why not. */
  ready: () => Promise<void>;
  /** Whether trying again could put a question to the person that they have answered once. */
  asked: () => boolean;
  /** Aborted when the person stops it. */
  stop: AbortSignal;
}

/**
 * Does work that can be done again from its beginning at any time: once its session has started, and again where it was
 * stopped by what passes by itself. Throws what stopped it in the end, and `cancelled`.
 */
export async function takeUpAgain<T>(work: () => Promise<T>, { ready, asked, stop }: TakeUpOptions): Promise<T> {
  const stopped = new Promise<never>((_resolve, reject) => {
    const end = (): void => reject(fail("cancelled"));
    if (stop.aborted) end();
    else stop.addEventListener("abort", end, { once: true });
  });
  stopped.catch(() => undefined);
  for (let attempt = 0; ; attempt += 1) {
    await Promise.race([ready(), stopped]);
    try {
      return await work();
    } catch (thrown) {
      const wait = WAITS_MS[attempt];
      if (!(thrown instanceof AppFailure) || !passes(thrown.error)) throw thrown;
      // The request that was under way when the person stopped it may have failed by itself.
      if (stop.aborted) throw stop.reason instanceof AppFailure ? thrown : fail("cancelled");
      if (wait === undefined || asked()) throw thrown;
      const wanted = thrown.error.kind === "rate_limited" ? thrown.error.retryAfterMs : 0;
      if (wanted > MAX_WAIT_MS) throw thrown;
      await inTime(stopped, Math.max(wait, wanted));
    }
  }
}
