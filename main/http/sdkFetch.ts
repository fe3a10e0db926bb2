import { type AppError, AppFailure } from "../../shared/errors.ts";
import { errorBody, readableError } from "./errorAnswers.ts";
import type { ServerLimits } from "./limits.ts";
import type { Fetch } from "./redirects.ts";
import type { TokenSource } from "./tokenKeeper.ts";
import type { Wire } from "./wire.ts";

/** A whole key backup: taken piece by piece, as it comes, so that neither its length nor its time says anything. */
const TAKEN_IN_PIECES = /\/room_keys\/keys$/;

const SYNC = /\/sync$/;

/**
 * How long an answer may take to begin. Where a sync does not wait for news, the server is to answer at once, and one
 * without rooms has little to say; but for the first one. Of everything else, the SDK knows.
 */
function answerMsOf({ pathname, searchParams }: URL, { answerMs, firstSyncMs }: ServerLimits): number {
  if (!SYNC.test(pathname)) return Infinity;
  if (!searchParams.has("since")) return firstSyncMs;
  return searchParams.get("timeout") === "0" ? answerMs : Infinity;
}

export interface SdkFetchOptions {
  wire: Wire;
  /** Where the token may go. */
  baseUrl: string;
  tokens?: TokenSource;
}

/**
 * The SDK wraps what `fetch` throws and forgets its cause, but for errors of this name; nor does it try again after
 * them.
 */
function pastTheSdk(error: AppError): AppFailure {
  return Object.assign(new AppFailure(error), { name: "AbortError" });
}

/**
 * The `fetch` of an account's SDK client. The wire's rules hold for it; the token is the keeper's, whatever the SDK
 * believes it to be, and goes nowhere but to the account's server; errors come in a form that the SDK reads.
 *
 * Throws as `Wire.send` does, each `AppFailure` under a name that the SDK lets through. The SDK's own time-outs count:
 * a sync that waits for news is waited for longer than anything else.
 */
export function sdkFetch({ wire, baseUrl, tokens }: SdkFetchOptions): Fetch {
  const home = new URL(baseUrl).origin;
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    const inPieces = (init.method ?? "GET") === "GET" && TAKEN_IN_PIECES.test(url.pathname);
    const limits: Partial<ServerLimits> = {
      answerMs: answerMsOf(url, wire.limits),
      ...(inPieces && { wholeAnswerMs: Infinity, answerBytes: Infinity }),
    };
    const once = (): Promise<Response> => wire.send({ url, init: { ...init, headers }, limits, shape: pastTheSdk });
    const signed = headers.has("authorization");
    if (url.origin !== home) headers.delete("authorization");
    if (!signed || url.origin !== home || !tokens) return readable(await once());

    const tokenOr = async <T>(asked: Promise<T>): Promise<T> => {
      try {
        return await asked;
      } catch (thrown) {
        throw thrown instanceof AppFailure ? pastTheSdk(thrown.error) : thrown;
      }
    };
    let token = await tokenOr(tokens.accessToken());
    for (;;) {
      headers.set("authorization", `Bearer ${token.reveal()}`);
      const response = await readable(await once());
      const refused = response.status === 401 && (await errorBody(response.clone())).errcode === "M_UNKNOWN_TOKEN";
      if (response.ok) tokens.accepted(token);
      if (!refused) return response;
      // A server that says so of each new token is not asked for ever: the keeper throws.
      const better = await tokenOr(tokens.replacementFor(token));
      if (better === null) return response;
      token = better;
    }
  };
}

async function readable(response: Response): Promise<Response> {
  return response.ok || response.status < 400 ? response : await readableError(response);
}
