import { type AddressRefusal, AppFailure, fail, isFailure } from "../../shared/errors.ts";

/** The codes with which servers refuse an address (Client-Server API, "Account management"; those of Synapse and Sydent). */
const REASONS: Readonly<Record<string, AddressRefusal>> = {
  M_THREEPID_IN_USE: "in_use",
  M_THREEPID_DENIED: "denied",
  M_THREEPID_MEDIUM_NOT_SUPPORTED: "not_supported",
  M_INVALID_PARAM: "invalid",
  M_BAD_JSON: "invalid",
  M_INVALID_EMAIL: "invalid",
  M_EMAIL_SEND_ERROR: "not_sent",
};

/** What the server's refusal of an address means. What is no refusal of one is given back as it is. */
export function asAddressRefusal(thrown: unknown): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  if (error.kind === "forbidden") return new AppFailure({ kind: "not_allowed_by_server" }, { cause: thrown });
  const reason = error.kind === "server" ? REASONS[error.errcode] : undefined;
  return reason === undefined ? thrown : fail("address_refused", { reason });
}

/**
 * The same for a request that has an email sent. Synapse has no code of its own for being without email (400) and for an
 * email that could not be sent (500).
 */
export function asSendRefusal(thrown: unknown): unknown {
  if (isFailure(thrown, "server") && thrown.error.errcode === "M_UNKNOWN") {
    if (thrown.error.status === 400) return fail("address_refused", { reason: "not_supported" });
    if (thrown.error.status === 500) return fail("address_refused", { reason: "not_sent" });
  }
  return asAddressRefusal(thrown);
}
