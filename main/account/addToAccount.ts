import { AppFailure, isFailure } from "../../shared/errors.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import type { AuthDict } from "../uia/challenges.ts";
import { THREEPIDS_PATH } from "./addresses.ts";

/** What the server knows the validations of one address or number by. */
export interface Validations {
  clientSecret: string;
  /** Oldest first. */
  sids: readonly string[];
}

/**
 * Adds what was validated to the account. The newest validation is tried first.
 *
 * @returns false while none of them is done: no link was opened, no code given
 * @throws what the server answers
 */
export async function addToAccount(
  homeserver: HomeserverClient,
  { clientSecret, sids }: Validations,
  auth: AuthDict | null,
  signal: AbortSignal,
): Promise<boolean> {
  for (const sid of [...sids].reverse()) {
    try {
      const body = { client_secret: clientSecret, sid, ...(auth && { auth }) };
      await homeserver.text({ method: "POST", path: `${THREEPIDS_PATH}/add`, body, signal });
      return true;
    } catch (thrown) {
      if (!isNotValidated(thrown)) throw thrown;
    }
  }
  return false;
}

const isNotValidated = (thrown: unknown): boolean => isFailure(thrown, "server") && thrown.error.errcode === "M_THREEPID_AUTH_FAILED";

/** Whether the server may have done what it was asked, and nobody knows. */
export function isLost(thrown: unknown): boolean {
  if (!(thrown instanceof AppFailure)) return false;
  const { error } = thrown;
  return (
    error.kind === "gateway_error" || error.kind === "bad_answer" || (error.kind === "network" && ["cut", "timeout"].includes(error.reason))
  );
}

/** Whether it may be otherwise the next time. */
export function isPassing(thrown: unknown): boolean {
  if (isLost(thrown)) return true;
  if (!(thrown instanceof AppFailure)) return false;
  const { error } = thrown;
  return error.kind === "network" || error.kind === "homeserver_not_found" || (error.kind === "server" && error.status >= 500);
}
