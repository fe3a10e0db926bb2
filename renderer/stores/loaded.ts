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

/** The one way to load something of an account into a page. `K` names what: the account itself unless said otherwise. */
export interface LoadedStore<T, K extends string = AccountId> {
  /** What is known, for a component. */
  use(key: K): Loaded<T>;
  /** What is known of all of them, for a component. */
  useAll(): Readonly<Record<string, Loaded<T>>>;
  /** What is known, now. */
  get(key: K): Loaded<T>;
  /** Asks main for it. An answer that comes after that of a later request, or after `set`, is not taken. Never rejects. */
  load(key: K): Promise<void>;
  /** Asks again for what has been asked for before, because it is not as it was. */
  reload(key: K): void;
  /** Takes in what was told otherwise, by an event or in answer to a change. It is newer than any request under way. */
  set(key: K, answer: T): void;
}

const stores: { forget(accountId: AccountId): void }[] = [];
/** Accounts that are gone. Their ids are never given again, and what still comes of them is not kept. */
const removed = new Set<AccountId>();

/** Forgets everything that was loaded of an account, and what is still under way. */
export function forgetLoaded(accountId: AccountId): void {
  removed.add(accountId);
  for (const store of stores) store.forget(accountId);
}

/**
 * Makes the store of one kind of thing.
 *
 * @param ask asks main for it, and rejects with `RequestFailure`
 * @param accountOf whose a key is, where the keys are not the accounts themselves
 */
export function createLoaded<T, K extends string = AccountId>(
  ask: (key: K) => Promise<T>,
  accountOf: (key: K) => AccountId = (key) => key as string as AccountId,
): LoadedStore<T, K> {
  const useStore = create<{ readonly byKey: Readonly<Record<string, Loaded<T>>> }>()(() => ({ byKey: {} }));
  /** Of each key: the number of the last request, and of the newest whose end has been taken in. */
  const turns = new Map<K, { last: number; taken: number }>();

  const get = (key: K): Loaded<T> => useStore.getState().byKey[key] ?? nothing;
  const update = (key: K, changes: Partial<Loaded<T>>): void => {
    useStore.setState(({ byKey }) => ({
      byKey: { ...byKey, [key]: { ...(byKey[key] ?? nothing), ...changes } },
    }));
  };
  const nextTurn = (key: K): number => {
    const known = turns.get(key) ?? { last: 0, taken: 0 };
    turns.set(key, { ...known, last: known.last + 1 });
    return known.last + 1;
  };
  /** Takes in the end of a request unless a newer one has ended. Other requests may still be under way. */
  const take = (key: K, turn: number, changes: Partial<Loaded<T>>): void => {
    const known = turns.get(key);
    if (!known || turn <= known.taken) return;
    turns.set(key, { ...known, taken: turn });
    update(key, { ...changes, loading: turn < known.last });
  };

  stores.push({
    forget: (accountId) => {
      for (const key of turns.keys()) if (accountOf(key) === accountId) turns.delete(key);
      useStore.setState(({ byKey }) => ({
        byKey: Object.fromEntries(Object.entries(byKey).filter(([key]) => accountOf(key as K) !== accountId)),
      }));
    },
  });

  const load = async (key: K): Promise<void> => {
    if (removed.has(accountOf(key))) return;
    const turn = nextTurn(key);
    update(key, { loading: true });
    try {
      const answer = await ask(key);
      take(key, turn, { answer, error: null, answeredAt: Date.now() });
    } catch (thrown) {
      take(key, turn, { error: errorOf(thrown) });
    }
  };
  return {
    use: (key) => useStore((state) => state.byKey[key] ?? nothing),
    useAll: () => useStore((state) => state.byKey),
    get,
    load,
    reload: (key) => {
      if (useStore.getState().byKey[key]) void load(key);
    },
    set: (key, answer) => {
      if (removed.has(accountOf(key))) return;
      take(key, nextTurn(key), { answer, error: null, answeredAt: Date.now() });
    },
  };
}
