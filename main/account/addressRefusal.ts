import { type AddressRefusal, AppFailure, fail } from "../../shared/errors.ts";

/** The codes with which servers refuse an address (Client-Server API, "Account management"; those of Synapse). */
const REASONS: Readonly<Record<string, AddressRefusal>> = {
  M_THREEPID_IN_USE: "in_use",
  M_THREEPID_DENIED: "denied",
  M_THREEPID_MEDIUM_NOT_SUPPORTED: "not_supported",
  M_INVALID_PARAM: "invalid",
  M_BAD_JSON: "invalid",
  M_INVALID_EMAIL: "invalid",
};

/** What the refusal of an address means. What is no refusal of one is given back as it is. */
export function withoutAddressWords(thrown: unknown): unknown {
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  if (error.kind === "forbidden") return fail("not_allowed_by_server");
  if (error.kind !== "server") return thrown;
  const reason = REASONS[error.errcode] ?? (error.errcode === "M_UNKNOWN" ? ofUnknown(error.status) : null);
  return reason === null ? thrown : fail("address_refused", { reason });
}

/** Synapse has no code of its own for a server without email (400) and for a mail that could not be sent (500). */
function ofUnknown(status: number): AddressRefusal | null {
  if (status === 400) return "not_supported";
  return status === 500 ? "not_sent" : null;
}
