import { type AppError, AppFailure, fail } from "../../shared/errors.ts";

const CERTIFICATE_CODES = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL/;
const REFUSED_CODES = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_CONNECTION_REFUSED|ERR_ADDRESS_UNREACHABLE/;
const TIMEOUT_CODES = /ETIMEDOUT|TIMED_OUT|_TIMEOUT|TimeoutError/;
const OFFLINE_CODES = /EAI_AGAIN|ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED/;
const NOT_FOUND_CODES = /ENOTFOUND|ERR_NAME_NOT_RESOLVED/;

/** How long to wait when a server limits the rate and does not say for how long. */
const DEFAULT_RETRY_AFTER_MS = 5_000;
const LONGEST_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** The words that name a failed connection: the codes and messages along the chain of causes. */
function describe(thrown: unknown): string {
  const words: string[] = [];
  for (let error = thrown, depth = 0; error instanceof Error && depth < 6; error = error.cause, depth += 1) {
    words.push(error.name, error.message);
    if ("code" in error && typeof error.code === "string") words.push(error.code);
    if (error instanceof AggregateError) words.push(...error.errors.map(describe));
  }
  return words.join(" ");
}

/** What went wrong when no answer came at all. Understands Node's and Chromium's words. */
export function connectionError(thrown: unknown, host: string): AppError {
  const words = describe(thrown);
  if (TIMEOUT_CODES.test(words)) return { kind: "network", reason: "timeout", host };
  // Node and Chromium write the reason as one word in capitals, such as CERT_HAS_EXPIRED.
  const certificate = words.split(/[^A-Z0-9_]+/).find((word) => CERTIFICATE_CODES.test(word));
  if (certificate !== undefined) return { kind: "bad_certificate", host, reason: certificate };
  if (NOT_FOUND_CODES.test(words)) return { kind: "homeserver_not_found", host };
  if (REFUSED_CODES.test(words)) return { kind: "network", reason: "refused", host };
  if (OFFLINE_CODES.test(words)) return { kind: "network", reason: "offline", host };
  return { kind: "network", reason: "cut", host };
}

/** A Matrix error body, as far as it can be trusted. */
export interface ServerErrorBody {
  errcode?: unknown;
  error?: unknown;
  retry_after_ms?: unknown;
  soft_logout?: unknown;
}

function retryAfterMs(body: ServerErrorBody, retryAfterHeader: string | null): number {
  const fromHeader = retryAfterHeader === null ? Number.NaN : Number(retryAfterHeader) * 1000;
  const asked = Number.isFinite(fromHeader) ? fromHeader : body.retry_after_ms;
  const ms = typeof asked === "number" && Number.isFinite(asked) && asked >= 0 ? asked : DEFAULT_RETRY_AFTER_MS;
  return Math.min(Math.ceil(ms), LONGEST_RETRY_AFTER_MS);
}

/**
 * The meaning of an error answer (Client-Server API, "Standard error response"). What the server wrote is bounded and
 * only ever shown as text.
 */
export function serverError(status: number, body: ServerErrorBody, retryAfterHeader: string | null = null): AppError {
  const errcode = typeof body.errcode === "string" ? body.errcode.slice(0, 100) : "";
  const message = typeof body.error === "string" ? body.error.slice(0, 500) : "";
  if (status === 429 || errcode === "M_LIMIT_EXCEEDED") {
    return { kind: "rate_limited", retryAfterMs: retryAfterMs(body, retryAfterHeader) };
  }
  switch (errcode) {
    case "M_UNKNOWN_TOKEN":
    case "M_MISSING_TOKEN":
      return { kind: "unauthenticated", softLogout: body.soft_logout === true };
    case "M_USER_DEACTIVATED":
      return { kind: "user_deactivated" };
    case "M_USER_LOCKED":
      return { kind: "user_locked" };
    case "M_NOT_FOUND":
      return { kind: "not_found" };
    case "M_FORBIDDEN":
      return { kind: "forbidden", message };
    case "M_TOO_LARGE":
      return { kind: "too_large", limitBytes: 0 };
    default:
      return { kind: "server", status, errcode, message };
  }
}

/** Why work was stopped: what its signal was aborted with, where that says it, or else that somebody stopped it. */
export function stopOf(signal: AbortSignal): AppFailure {
  return signal.reason instanceof AppFailure ? signal.reason : fail("cancelled");
}

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
    const header = error.httpHeaders?.get("retry-after") ?? null;
    const body = error.data ?? { errcode: error.errcode };
    return new AppFailure(serverError(error.httpStatus, body, header), { cause: thrown });
  }
  if (error.name === "AbortError") return new AppFailure({ kind: "cancelled" }, { cause: thrown });
  if (error instanceof SyntaxError) return new AppFailure({ kind: "bad_answer", host }, { cause: thrown });
  const isConnection =
    error.name === "ConnectionError" || error.name === "TimeoutError" || /fetch failed|terminated|net::ERR_/.test(error.message);
  if (isConnection) return new AppFailure(connectionError(error, host), { cause: thrown });
  return thrown;
}
