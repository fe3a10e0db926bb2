import { create } from "zustand";
import type { AppError } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { errorOf } from "../bridge.ts";

/** What is known of one thing of one account. */
export interface Loaded<T> {
  /** As it was last told; stays while it is asked for again, and when that fails. */
  readonly answer: T | null;
  /** Why the last request failed; null when it went well. */
  readonly error: AppError | null;
  /** Whether a request is under way. */
  readonly loading: boolean;
  /** When the answer came, in milliseconds since 1970. */
  readonly answeredAt: number | null;
}

const nothing: Loaded<never> = { answer: null, error: null, loading: false, answeredAt: null };

/** The one way to load something of an account into a page. */
export interface LoadedStore<T> {
  /** What is known, for a component. */
  use(accountId: AccountId): Loaded<T>;
  /** What is known, now. */
  get(accountId: AccountId): Loaded<T>;
  /** Asks main for it. An answer that comes after that of a later request, or after `set`, is not taken. Never rejects. */
  load(accountId: AccountId): Promise<void>;
  /** Asks again for what has been asked for before, because it is not as it was. */
  reload(accountId: AccountId): void;
  /** Takes in what was told otherwise, by an event or in answer to a change. It is newer than any request under way. */
  set(accountId: AccountId, answer: T): void;
}

const stores: { forget(accountId: AccountId): void }[] = [];
/** Accounts that are gone. Their ids are never given again, and what still comes of them is not kept. */
const removed = new Set<AccountId>();

/** Forgets everything that was loaded of an account, and what is still under way. */
export function forgetLoaded(accountId: AccountId): void {
  removed.add(accountId);
  for (const store of stores) store.forget(accountId);
}

/** Makes the store of one kind of thing. @param ask asks main for it, and rejects with `RequestFailure` */
export function createLoaded<T>(ask: (accountId: AccountId) => Promise<T>): LoadedStore<T> {
  const useStore = create<{ readonly byAccount: Readonly<Record<AccountId, Loaded<T>>> }>()(() => ({ byAccount: {} }));
  /** Of each account: the number of the last request, and of the newest whose end has been taken in. */
  const turns = new Map<AccountId, { last: number; taken: number }>();

  const get = (accountId: AccountId): Loaded<T> => useStore.getState().byAccount[accountId] ?? nothing;
  const update = (accountId: AccountId, changes: Partial<Loaded<T>>): void => {
    useStore.setState(({ byAccount }) => ({
      byAccount: { ...byAccount, [accountId]: { ...(byAccount[accountId] ?? nothing), ...changes } },
    }));
  };
  const nextTurn = (accountId: AccountId): number => {
    const known = turns.get(accountId) ?? { last: 0, taken: 0 };
    turns.set(accountId, { ...known, last: known.last + 1 });
    return known.last + 1;
  };
  /** Takes in the end of a request unless a newer one has ended. Other requests may still be under way. */
  const take = (accountId: AccountId, turn: number, changes: Partial<Loaded<T>>): void => {
    const known = turns.get(accountId);
    if (!known || turn <= known.taken) return;
    turns.set(accountId, { ...known, taken: turn });
    update(accountId, { ...changes, loading: turn < known.last });
  };

  stores.push({
    forget: (accountId) => {
      turns.delete(accountId);
      useStore.setState(({ byAccount }) => {
        const { [accountId]: _removed, ...rest } = byAccount;
        return { byAccount: rest };
      });
    },
  });

  const load = async (accountId: AccountId): Promise<void> => {
    if (removed.has(accountId)) return;
    const turn = nextTurn(accountId);
    update(accountId, { loading: true });
    try {
      const answer = await ask(accountId);
      take(accountId, turn, { answer, error: null, answeredAt: Date.now() });
    } catch (thrown) {
      take(accountId, turn, { error: errorOf(thrown) });
    }
  };
  return {
    use: (accountId) => useStore((state) => state.byAccount[accountId] ?? nothing),
    get,
    load,
    reload: (accountId) => {
      if (useStore.getState().byAccount[accountId]) void load(accountId);
    },
    set: (accountId, answer) => {
      if (removed.has(accountId)) return;
      take(accountId, nextTurn(accountId), { answer, error: null, answeredAt: Date.now() });
    },
  };
}
