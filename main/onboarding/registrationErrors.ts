import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { Password } from "../../shared/secret.ts";
import { withoutPassword } from "../http/passwordRefusal.ts";

/** What was sent with a request that was refused. */
export interface Sent {
  host: string;
  username: string;
  password: Password;
  /** Whether a phone number was the only thing that could belong to somebody. */
  phoneOnly: boolean;
  /** Whether it named a session of the authentication. */
  inSession: boolean;
}

/**
 * What the refusal of a new account means (Client-Server API, "POST /register"), without the server's text: that may
 * quote what was sent. What is no failure of the server's is given back as it is.
 */
export function registrationFailure(thrown: unknown, { host, username, password, phoneOnly, inSession }: Sent): unknown {
  const bare = withoutPassword(thrown, password);
  if (!(bare instanceof AppFailure)) return bare;
  const { error } = bare;
  if (error.kind === "forbidden") return new AppFailure({ kind: "registration_closed", host });
  if (error.kind !== "server") return bare;
  switch (error.errcode) {
    case "M_USER_IN_USE":
      return new AppFailure({ kind: "user_name_taken", username });
    case "M_INVALID_USERNAME":
    case "M_EXCLUSIVE":
      return new AppFailure({ kind: "user_name_refused", username });
    case "M_THREEPID_IN_USE":
      return phoneOnly ? fail("phone_refused", { reason: "in_use" }) : fail("email_in_use");
    case "M_THREEPID_DENIED":
      return phoneOnly ? fail("phone_refused", { reason: "denied" }) : fail("email_refused");
    case "M_UNKNOWN":
      // There is no code for it. Synapse says so of a session that it does not know, and of one with another name in it.
      return inSession && error.status === 400 ? new AppFailure({ kind: "registration_expired", host }) : bare;
    default:
      return bare;
  }
}

/** What the refusal to send a mail means (Client-Server API, "POST /register/email/requestToken"). */
export function mailFailure(error: AppError, host: string): AppError {
  if (error.kind === "forbidden") return { kind: "registration_closed", host };
  if (error.kind !== "server") return error;
  if (error.errcode === "M_THREEPID_IN_USE") return { kind: "email_in_use" };
  const refused = ["M_THREEPID_DENIED", "M_INVALID_PARAM", "M_BAD_JSON", "M_INVALID_EMAIL"].includes(error.errcode);
  if (refused) return { kind: "email_refused" };
  return error.status >= 500 ? { kind: "mail_not_sent", host } : { ...error, message: "" };
}

/** Whether a request may have been carried out although no good answer came: cut, late, or not to be understood. */
export function mayBeDone(error: AppError): boolean {
  if (error.kind === "network") return error.reason === "cut" || error.reason === "timeout";
  if (error.kind === "bad_answer") return true;
  return (error.kind === "server" || error.kind === "gateway_error") && error.status >= 500;
}

/** Whether it may be well again when the same is asked a little later. */
export function isPassing(error: AppError): boolean {
  if (mayBeDone(error)) return true;
  // A single 401 without flows comes from something in between.
  if (error.kind === "server") return error.status === 401;
  return ["rate_limited", "network", "homeserver_not_found", "gateway_error"].includes(error.kind);
}

/** Whether the connection broke before there was an answer. */
export const isCut = (thrown: unknown): boolean => isFailure(thrown, "network") && thrown.error.reason === "cut";
