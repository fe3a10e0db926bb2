import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { errorOf } from "../bridge.ts";

/** What one server has of what is searched for. */
export interface FoundOnServer<T> {
  readonly status: "searching" | "found" | "failed";
  readonly rows: readonly T[];
  /** Whether there are more than these. */
  readonly more: boolean;
  readonly error: AppError | null;
}

/** By the account that is asked. */
export type FoundOnServers<T> = Readonly<Record<AccountId, FoundOnServer<T>>>;

/** One search after another over several servers. Each is searched by itself: none waits for another. */
export interface SearchOnServers {
  /** Another search: what comes for an earlier one is not taken from now on. */
  readonly next: () => void;
  /** Answers whether this is still the search that it is now. */
  readonly current: () => () => boolean;
  /** Ends the search on the server of an account that is gone, for good: ids are never given again. */
  readonly forget: (accountId: AccountId) => void;
  /** Searches one server, also once more. Never rejects. */
  readonly on: (accountId: AccountId) => Promise<void>;
}

/**
 * @param ask asks one server; rejects with `RequestFailure`. `isCurrent` says whether its answer is still wanted
 * @param take keeps how far the search of one server is
 */
export function searchOnServers<T>(
  ask: (accountId: AccountId, isCurrent: () => boolean) => Promise<{ readonly rows: readonly T[]; readonly more: boolean }>,
  take: (accountId: AccountId, found: FoundOnServer<T>) => void,
): SearchOnServers {
  let turn = 0;
  const removed = new Set<AccountId>();
  const current = () => {
    const asked = turn;
    return () => asked === turn;
  };
  return {
    next: () => {
      turn += 1;
    },
    current,
    forget: (accountId) => void removed.add(accountId),
    on: async (accountId) => {
      if (removed.has(accountId)) return;
      const isThisTurn = current();
      const isCurrent = (): boolean => isThisTurn() && !removed.has(accountId);
      take(accountId, { status: "searching", rows: [], more: false, error: null });
      let found: FoundOnServer<T>;
      try {
        found = { status: "found", ...(await ask(accountId, isCurrent)), error: null };
      } catch (thrown) {
        found = { status: "failed", rows: [], more: false, error: errorOf(thrown) };
      }
      if (isCurrent()) take(accountId, found);
    },
  };
}
