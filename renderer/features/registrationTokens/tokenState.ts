import type { RegistrationToken } from "../../../shared/contract/registrationTokens.ts";

/** How a token stands: registrations that have begun count, because the server counts them. */
export type TokenState = "usable" | "used_up" | "expired";

export function tokenState({ usesAllowed, pending, completed, expiresAt }: RegistrationToken, now: number = Date.now()): TokenState {
  if (expiresAt !== null && expiresAt < now) return "expired";
  return usesAllowed !== null && pending + completed >= usesAllowed ? "used_up" : "usable";
}

const DAY_MS = 86_400_000;
/** More than a server counts. */
export const MAX_USES = 1_000_000_000;
/** How long a token can be made to work from now on, in days; 0 for ever. */
export const EXPIRIES = ["1", "7", "30", "90", "365", "0"] as const;

/** When a token ends that works for so many days from now on; null for one without end. */
export const expiresAfter = (days: string, now: number = Date.now()): number | null => (days === "0" ? null : now + Number(days) * DAY_MS);

/** A whole number within bounds; null for an empty field, undefined for anything else. */
export function readCount(typed: string, least: number, most: number): number | null | undefined {
  const text = typed.trim();
  if (text === "") return null;
  const count = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return count >= least && count <= most ? count : undefined;
}

/** Whether a token of that name can be made: up to 64 characters, and none that an address would swallow. */
export function isTokenName(name: string): boolean {
  return /^[A-Za-z0-9._~-]{1,64}$/.test(name) && name !== "." && name !== "..";
}
