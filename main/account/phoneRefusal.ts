import { AppFailure, fail, type PhoneRefusal } from "../../shared/errors.ts";

/** The codes with which servers refuse a number (Client-Server API, "Account management"; those of Synapse). */
const REASONS: Readonly<Record<string, PhoneRefusal>> = {
  M_THREEPID_IN_USE: "in_use",
  M_THREEPID_DENIED: "denied",
  M_THREEPID_MEDIUM_NOT_SUPPORTED: "not_supported",
  M_INVALID_PARAM: "invalid",
  M_BAD_JSON: "invalid",
  M_INVALID_ADDRESS: "invalid",
  M_SEND_ERROR: "not_sent",
  M_DESTINATION_REJECTED: "denied",
};

/** The codes with which a code is refused (Identity Service API, and those of Sydent). */
const CODE_REASONS: Readonly<Record<string, PhoneRefusal>> = {
  M_TOKEN_INCORRECT: "wrong_code",
  M_SESSION_EXPIRED: "code_expired",
  M_NO_VALID_SESSION: "code_expired",
};

function refusal(thrown: unknown, reasonOf: (status: number, errcode: string) => PhoneRefusal | undefined): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  if (error.kind === "forbidden") return new AppFailure({ kind: "not_allowed_by_server" }, { cause: thrown });
  const reason = error.kind === "server" ? reasonOf(error.status, error.errcode) : undefined;
  return reason === undefined ? thrown : fail("phone_refused", { reason });
}

/** What the server's refusal of a number means. What is no refusal of one is given back as it is. */
export const asPhoneRefusal = (thrown: unknown): unknown => refusal(thrown, (_status, errcode) => REASONS[errcode]);

/** The same for a request that has a code sent. Synapse has no code of its own for what it cannot read or send. */
export const asCodeSendRefusal = (thrown: unknown): unknown =>
  refusal(thrown, (status, errcode) => {
    if (errcode !== "M_UNKNOWN") return REASONS[errcode];
    return status === 400 ? "invalid" : status >= 500 ? "not_sent" : undefined;
  });

/** The same for a code. Synapse calls a wrong one an error in contacting the identity server (400). */
export const asCodeRefusal = (thrown: unknown): unknown =>
  refusal(thrown, (status, errcode) => CODE_REASONS[errcode] ?? (status === 400 ? "wrong_code" : undefined));
