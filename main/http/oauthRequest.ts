import type * as z from "zod";
import { AppFailure, fail } from "../../shared/errors.ts";
import { connectionError } from "./connectionErrors.ts";
import { errorBody } from "./errorAnswers.ts";
import { SERVER_LIMITS } from "./limits.ts";
import type { Fetch } from "./redirects.ts";
import { type ServerErrorBody, serverError } from "./serverErrors.ts";
import { serverText } from "./serverText.ts";
import { Wire } from "./wire.ts";

export interface OauthRequest<T extends z.ZodType> {
  fetch: Fetch;
  url: string;
  /** Sent as a form, as the token endpoint and its kin want it (RFC 6749, appendix B). */
  form?: Readonly<Record<string, string>>;
  /** Sent as JSON, as client registration wants it (RFC 7591, section 3.1). */
  json?: object;
  userAgent: string;
  /** Stops the request. */
  signal?: AbortSignal;
  schema: T;
}

/** An authorization server said no, in the words of OAuth (RFC 6749, section 5.2; RFC 7591, section 3.2.2). */
export class OauthError extends Error {
  readonly status: number;
  /** Such as `invalid_grant`. */
  readonly code: string;
  /** The server's own explanation; empty where it gives none. */
  readonly description: string;

  constructor(status: number, code: string, description: string) {
    super(code);
    this.name = "OauthError";
    this.status = status;
    this.code = code;
    this.description = description;
  }
}

/** How long an authorization server is given for its answer, in milliseconds. */
export const OAUTH_ANSWER_MS = 20_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_CODE = 100;
const MAX_DESCRIPTION = 500;
const NEVER = new AbortController().signal;

/**
 * Sends one request to an authorization server, once, to that address and nowhere else. Bounds and meaning of errors are
 * those of every other request; only an answer in the words of OAuth is thrown as `OauthError`. An error of Matrix, of a
 * rate limiter or of a proxy is none, whatever its status.
 *
 * @throws `OauthError`, and as `HomeserverClient` does
 */
export async function oauthRequest<T extends z.ZodType>(request: OauthRequest<T>): Promise<z.output<T>> {
  const { fetch, form, json, userAgent, signal, schema } = request;
  const url = new URL(request.url);
  const limits = { ...SERVER_LIMITS, answerMs: OAUTH_ANSWER_MS, wholeAnswerMs: OAUTH_ANSWER_MS, answerBytes: MAX_ANSWER_BYTES };
  try {
    const response = await new Wire({ fetch, limits, ended: signal ?? NEVER }).send({
      url,
      init: {
        method: "POST",
        headers: {
          Accept: "application/json",
          "Content-Type": json ? "application/json" : "application/x-www-form-urlencoded",
          "User-Agent": userAgent,
        },
        credentials: "omit",
        body: json ? JSON.stringify(json) : new URLSearchParams(form).toString(),
      },
    });
    if (!response.ok) throw refusal(response, await errorBody(response), url.host);
    const parsed = schema.safeParse(asJson(await response.text()));
    if (!parsed.success) throw fail("bad_answer", { host: url.host });
    return parsed.data;
  } catch (thrown) {
    if (thrown instanceof OauthError || thrown instanceof AppFailure) throw thrown;
    throw new AppFailure(connectionError(thrown, url.host), { cause: thrown });
  }
}

function refusal({ status, headers }: Response, body: ServerErrorBody & { error_description?: unknown }, host: string): Error {
  const code = serverText(body.error, MAX_CODE);
  const isOauth = body.errcode === undefined && /^[a-z_]+$/.test(code) && status >= 400 && status < 500 && ![408, 429].includes(status);
  return isOauth
    ? new OauthError(status, code, serverText(body.error_description, MAX_DESCRIPTION))
    : new AppFailure(serverError(status, body, host, headers));
}

/** An empty body is what a revocation is answered with. */
function asJson(text: string): unknown {
  try {
    return text.trim() === "" ? {} : JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return undefined;
  }
}
