import type { AccountId } from "../../shared/ids.ts";

/**
 * What has changed of an account on its server.
 * - `sessions`: some have come or gone.
 * - `verification`: something may be verified, or connected, that was not.
 * - `secureBackup`: a set-up or an unlock has come to an end.
 * - `addresses`: emails or phone numbers.
 */
export type AccountChange = "sessions" | "verification" | "secureBackup" | "addresses";

type Listener = (accountId: AccountId, change: AccountChange) => void;

/** Who changes something announces it here, and need not know who cares. */
export class AccountChanges {
  readonly #listeners = new Set<Listener>();

  /** Calls back with every change from now on. */
  onChanged(listener: Listener): void {
    this.#listeners.add(listener);
  }

  announce(accountId: AccountId, change: AccountChange): void {
    for (const listener of this.#listeners) listener(accountId, change);
  }
}
