import { AppFailure } from "../../shared/errors.ts";

/** Whether a request may have been carried out although it failed. */
export function mayBeDone(thrown: unknown): boolean {
  if (!(thrown instanceof AppFailure)) return false;
  const { error } = thrown;
  if (error.kind === "network") return error.reason === "cut" || error.reason === "timeout";
  return (error.kind === "server" || error.kind === "gateway_error") && error.status >= 500;
}

/** Whether the server could not be asked now, and may be later. */
export function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof AppFailure && (thrown.error.kind === "network" || thrown.error.kind === "rate_limited");
}
