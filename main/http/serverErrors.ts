import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import { connectionError } from "./connectionErrors.ts";
import { retryAfterMs } from "./retryAfter.ts";
import { serverText } from "./serverText.ts";

const MAX_MESSAGE = 500;
const MAX_URL = 2048;

/** A Matrix error body, as far as it can be trusted: not at all. */
export interface ServerErrorBody {
  errcode?: unknown;
  error?: unknown;
  retry_after_ms?: unknown;
  soft_logout?: unknown;
  consent_uri?: unknown;
  admin_contact?: unknown;
}

/** Statuses that proxies answer with, in a server's place, when they want somebody to sign in to them. */
const OF_A_PROXY: ReadonlySet<number> = new Set([401, 403, 407, 511]);

/**
 * The meaning of an error answer (Client-Server API, "Standard error response"). What the server wrote is bounded, freed
 * of controls, and only ever shown as text. An answer without an error code of Matrix is not the homeserver's own: a
 * proxy in front of it gives such, mostly as a page for browsers.
 *
 * @param host the homeserver's name, for the sentence
 */
export function serverError(status: number, body: ServerErrorBody, host: string, headers: Headers | null = null): AppError {
  const errcode = serverText(body.errcode, 100);
  const message = serverText(body.error, MAX_MESSAGE);
  if (status === 429 || errcode === "M_LIMIT_EXCEEDED") {
    return { kind: "rate_limited", retryAfterMs: retryAfterMs(headers, body.retry_after_ms) };
  }
  switch (errcode) {
    case "":
      if (status === 413) return { kind: "too_large", limitBytes: null };
      if (status >= 500 || OF_A_PROXY.has(status)) return { kind: "gateway_error", host, status };
      break;
    case "M_UNKNOWN_TOKEN":
    case "M_MISSING_TOKEN":
      return { kind: "unauthenticated", softLogout: body.soft_logout === true };
    case "M_USER_DEACTIVATED":
      return { kind: "user_deactivated" };
    case "M_USER_LOCKED":
      return { kind: "user_locked" };
    case "M_USER_SUSPENDED":
    case "ORG.MATRIX.MSC3823.USER_ACCOUNT_SUSPENDED":
      return { kind: "user_suspended" };
    case "M_CONSENT_NOT_GIVEN":
      return { kind: "consent_required", host, url: webUrl(body.consent_uri, /^https?:$/) };
    case "M_RESOURCE_LIMIT_EXCEEDED":
    case "M_SERVER_NOTICE_ROOM_LIMIT_EXCEEDED":
      return { kind: "resource_limit", host, contact: webUrl(body.admin_contact, /^(?:https?|mailto):$/) };
    case "M_TOO_LARGE":
      return { kind: "too_large", limitBytes: null };
    case "M_NOT_FOUND":
      return { kind: "not_found" };
    case "M_FORBIDDEN":
      return { kind: "forbidden", message };
  }
  return { kind: "server", status, errcode, message };
}

/** An address that a server names, if it is one of these schemes; null for anything else. */
function webUrl(value: unknown, schemes: RegExp): string | null {
  if (typeof value !== "string" || value.length > MAX_URL || !URL.canParse(value)) return null;
  const { protocol, href } = new URL(value);
  return schemes.test(protocol) ? href : null;
}

/** Why work was stopped: what its signal was aborted with, where that says it, or else that somebody stopped it. */
export function stopOf(signal: AbortSignal): AppFailure {
  return signal.reason instanceof AppFailure ? signal.reason : fail("cancelled");
}

/** Thrown to whoever waits for something of a session that ends meanwhile. What is on its way to the server stays on its way. */
export class StoppedFailure extends AppFailure {}

interface SdkHttpError extends Error {
  httpStatus?: number;
  httpHeaders?: Headers;
  errcode?: string;
  data?: ServerErrorBody;
}

/**
 * Turns what matrix-js-sdk (or `fetch`) threw into an `AppFailure`. Errors are told apart by shape, not by class, so that
 * this module needs no part of the SDK. What is none of the server's doing is given back unchanged: the router reports
 * it as a defect. Whoever asked with a signal looks first whether that was aborted (`stopOf`): a request that was stopped
 * and one that took too long look alike from here.
 */
export function toServerFailure(thrown: unknown, host: string): unknown {
  if (thrown instanceof AppFailure || !(thrown instanceof Error)) return thrown;
  const error = thrown as SdkHttpError;
  if (typeof error.httpStatus === "number") {
    const body = error.data ?? { errcode: error.errcode };
    return new AppFailure(serverError(error.httpStatus, body, host, error.httpHeaders ?? null), { cause: thrown });
  }
  if (error.name === "AbortError") return new AppFailure({ kind: "cancelled" }, { cause: thrown });
  if (error instanceof SyntaxError) return new AppFailure({ kind: "bad_answer", host }, { cause: thrown });
  const isConnection =
    error.name === "ConnectionError" || error.name === "TimeoutError" || /fetch failed|terminated|net::ERR_/.test(error.message);
  if (isConnection) return new AppFailure(connectionError(error, host), { cause: thrown });
  return thrown;
}
