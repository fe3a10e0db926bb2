import type { AppError } from "../../shared/errors.ts";

const CERTIFICATE_CODES = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL/;
const REFUSED_CODES = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_CONNECTION_REFUSED|ERR_ADDRESS_UNREACHABLE/;
const TIMEOUT_CODES = /ETIMEDOUT|TIMED_OUT|_TIMEOUT|TimeoutError/;
const OFFLINE_CODES = /EAI_AGAIN|ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED/;
const NOT_FOUND_CODES = /ENOTFOUND|ERR_NAME_NOT_RESOLVED/;

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
