import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import { readableError } from "./errorAnswers.ts";
import { type Fetch, fetchStaying } from "./redirects.ts";
import { stopOf } from "./serverErrors.ts";

/** What a session puts up with from its server. */
export interface ServerLimits {
  /** Until a request without an answer counts as lost, in milliseconds. The SDK gives a sync and a few others longer. */
  answerMs: number;
  /** Until an answer that has begun and does not go on counts as cut, in milliseconds. */
  silenceMs: number;
  /** Until an answer must be there as a whole, in milliseconds: one that drips is never silent. */
  wholeAnswerMs: number;
  /**
   * The longest answer, in bytes. A sync of Steward's brings account data, the changes of devices and up to a hundred
   * messages of 64 KiB for this session; what JSON of this length takes in memory, an account can be given.
   */
  answerBytes: number;
}

export const SERVER_LIMITS: ServerLimits = {
  answerMs: 30_000,
  silenceMs: 60_000,
  wholeAnswerMs: 300_000,
  answerBytes: 32 * 1024 * 1024,
};

/** A whole key backup: taken piece by piece, as it comes, so that neither its length nor its time says anything. */
const TAKEN_IN_PIECES = /\/room_keys\/keys$/;

export interface SessionFetchOptions {
  fetch: Fetch;
  limits: ServerLimits;
  /** The end of the session. Aborted with an `AppFailure`, that is what the requests under way fail with. */
  ended: AbortSignal;
}

/**
 * The SDK wraps what `fetch` throws and forgets its cause, but for errors of this name; nor does it try again after
 * them.
 */
function pastTheSdk(error: AppError): AppFailure {
  return Object.assign(new AppFailure(error), { name: "AbortError" });
}

/**
 * The `fetch` of one session. It goes nowhere else (`fetchStaying`), bounds every answer in size and time, and ends with
 * the session: what is under way fails, and what is asked later gets no answer at all. The SDK has pollers that nothing
 * stops, each of which goes on for ever after an error; so they come to rest.
 *
 * Throws `cancelled` or what the session ended with; `network` when nothing came in time, or when whoever asked has
 * aborted, which that one must know; `bad_answer` for too much; `redirected`; and what `fetch` throws.
 */
export function sessionFetch({ fetch, limits, ended }: SessionFetchOptions): Fetch {
  return async (input, init = {}) => {
    if (ended.aborted) return new Promise<never>(() => undefined);
    const url = new URL(input instanceof Request ? input.url : input);
    const wire = new AbortController();
    const cut = (): void => wire.abort();
    const signals = init.signal ? [ended, init.signal] : [ended];
    for (const signal of signals) {
      if (signal.aborted) cut();
      signal.addEventListener("abort", cut, { once: true });
    }
    const release = (): void => {
      for (const signal of signals) signal.removeEventListener("abort", cut);
    };
    const meaningOf = (thrown: unknown): unknown => {
      if (thrown instanceof AppFailure) return pastTheSdk(thrown.error);
      if (ended.aborted) return pastTheSdk(stopOf(ended).error);
      return wire.signal.aborted ? pastTheSdk({ kind: "network", reason: "timeout", host: url.host }) : thrown;
    };
    try {
      const response = await fetchStaying(fetch, url, { ...init, signal: wire.signal });
      if (response.body === null) {
        release();
        return response;
      }
      const inPieces = (init.method ?? "GET") === "GET" && TAKEN_IN_PIECES.test(url.pathname);
      const bounds = inPieces ? { ...limits, wholeAnswerMs: Infinity, answerBytes: Infinity } : limits;
      const tooLong = (): AppFailure => fail("bad_answer", { host: url.host });
      const body = boundedBody(response.body, bounds, { tooLong, cut, release, meaningOf });
      const { status, statusText, headers } = response;
      const bounded = new Response(body, { status, statusText, headers });
      return status < 400 ? bounded : await readableError(bounded);
    } catch (thrown) {
      release();
      throw meaningOf(thrown);
    }
  };
}

interface Wire {
  tooLong: () => AppFailure;
  /** Ends the request, wherever it is: a read under way then fails. */
  cut: () => void;
  /** Called once, when the body has ended one way or another. */
  release: () => void;
  meaningOf: (thrown: unknown) => unknown;
}

/** The same bytes, as long as they keep to the bounds. Nothing is read ahead of whoever takes them. */
function boundedBody(
  body: ReadableStream<Uint8Array>,
  bounds: ServerLimits,
  { tooLong, cut, release, meaningOf }: Wire,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const deadline = performance.now() + bounds.wholeAnswerMs;
  let left = bounds.answerBytes;
  return new ReadableStream(
    {
      async pull(controller) {
        const patience = Math.min(bounds.silenceMs, deadline - performance.now());
        const timer = setTimeout(cut, Math.max(0, patience));
        try {
          const { done, value } = await reader.read();
          if (done) {
            release();
            controller.close();
            return;
          }
          left -= value.byteLength;
          if (left < 0) throw tooLong();
          controller.enqueue(value);
        } catch (thrown) {
          const meaning = meaningOf(thrown);
          release();
          cut();
          throw meaning;
        } finally {
          clearTimeout(timer);
        }
      },
      async cancel(reason) {
        release();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
