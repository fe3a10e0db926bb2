import type { AppError, PasswordRefusal } from "../../shared/errors.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { Password } from "../../shared/secret.ts";
import { StoppedFailure } from "./serverErrors.ts";

/** The codes with which servers refuse a password (Client-Server API, "Password management"; those of Synapse). */
const REASONS: Readonly<Record<string, PasswordRefusal>> = {
  M_PASSWORD_TOO_SHORT: "too_short",
  M_PASSWORD_NO_DIGIT: "no_digit",
  M_PASSWORD_NO_SYMBOL: "no_symbol",
  M_PASSWORD_NO_UPPERCASE: "no_uppercase",
  M_PASSWORD_NO_LOWERCASE: "no_lowercase",
  M_PASSWORD_IN_DICTIONARY: "in_dictionary",
  M_WEAK_PASSWORD: "weak",
};

/** Beyond so many characters Synapse refuses a password as malformed. */
const MAX_ON_SYNAPSE = 512;
const MALFORMED: ReadonlySet<string> = new Set(["M_BAD_JSON", "M_INVALID_PARAM", "M_UNKNOWN"]);

/**
 * What the refusal of a request that carries a new password means, without the server's text: Synapse quotes the
 * beginning and the end of a value that it refuses. What is no failure of the server's is given back as it is.
 */
export function withoutPassword(thrown: unknown, newPassword: Password): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  if (thrown instanceof StoppedFailure) return new StoppedFailure(thrown.error);
  return new AppFailure(passwordError(thrown.error, newPassword));
}

/** Gives the answer to a request that may carry a new password; what goes wrong does not quote it. @throws as `withoutPassword` gives it */
export async function redactingPassword<T>(newPassword: Password | null, sent: Promise<T>): Promise<T> {
  try {
    return await sent;
  } catch (thrown) {
    throw newPassword === null ? thrown : withoutPassword(thrown, newPassword);
  }
}

function passwordError(error: AppError, newPassword: Password): AppError {
  if (error.kind === "forbidden") return { ...error, message: "" };
  if (error.kind !== "server") return error;
  const reason = REASONS[error.errcode];
  if (reason !== undefined) return { kind: "password_refused", reason };
  const tooLong = error.status === 400 && MALFORMED.has(error.errcode) && newPassword.length > MAX_ON_SYNAPSE;
  return tooLong ? { kind: "password_refused", reason: "too_long" } : { ...error, message: "" };
}
