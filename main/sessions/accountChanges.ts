import type { AccountId } from "../../shared/ids.ts";

/**
 * What has changed of an account on its server.
 * - `sessions`: some have come or gone.
 * - `verification`: something may be verified, or connected, that was not.
 * - `secureBackup`: a set-up or an unlock has come to an end.
 * - `identity`: another one is served than before, wherever it was set up.
 * - `addresses`: emails or phone numbers.
 */
export type AccountChange = "sessions" | "verification" | "secureBackup" | "identity" | "addresses";

/** Sessions that are about to be signed out from here: by their device ids, or all but this one. */
export type SessionsToEnd = readonly string[] | "others";

type Listener = (accountId: AccountId, change: AccountChange) => void;

/** Who changes something announces it here, and need not know who cares. */
export class AccountChanges {
  readonly #listeners = new Set<Listener>();
  readonly #endingListeners = new Set<(accountId: AccountId, sessions: SessionsToEnd) => void>();

  /** Calls back with every change from now on. */
  onChanged(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /** Calls back, from now on, before sessions are signed out from here. */
  onEndingSessions(listener: (accountId: AccountId, sessions: SessionsToEnd) => void): void {
    this.#endingListeners.add(listener);
  }

  /** Announced before the server is asked: the sync may tell of it before the answer does. */
  announceEndingSessions(accountId: AccountId, sessions: SessionsToEnd): void {
    for (const listener of this.#endingListeners) listener(accountId, sessions);
  }

  announce(accountId: AccountId, change: AccountChange): void {
    for (const listener of this.#listeners) listener(accountId, change);
  }
}
