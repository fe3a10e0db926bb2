import type { AccountId } from "../../shared/ids.ts";

/** More at once take no less time in all, since they share one thread, and each takes longer. */
const AT_ONCE = 6;
/** How long a start keeps its place, in milliseconds: what still waits then waits for its server, and needs none. */
const MAX_PLACE_MS = 1_500;

interface Entry {
  readonly done: Promise<void>;
  readonly begin: () => void;
}

/**
 * Lets accounts start some at a time, in the order they were given. The one that a person opens goes first, whatever
 * else is under way. A server that does not answer holds up nobody.
 */
export class StartQueue {
  readonly #entries = new Map<AccountId, Entry>();
  /** Those that have not begun, in order. */
  #waiting: AccountId[] = [];
  #places = AT_ONCE;
  /** The one that was opened last. */
  #first: AccountId | null = null;

  /**
   * Starts an account when it is its turn; resolves when it has started or failed to. One that is in the queue already is
   * not started twice.
   */
  add(accountId: AccountId, start: () => Promise<void>): Promise<void> {
    const known = this.#entries.get(accountId);
    if (known) return known.done;
    let begin = (): void => undefined;
    const turn = new Promise<void>((resolve) => (begin = resolve));
    const done = turn.then(start).finally(() => this.#entries.delete(accountId));
    this.#entries.set(accountId, { done, begin });
    this.#waiting.push(accountId);
    if (accountId === this.#first) this.#begin(accountId, done);
    // Not at once: whoever adds the next ones may know which of them comes first.
    queueMicrotask(() => this.#next());
    return done;
  }

  /** Adds several; resolves when each has started or failed to. `onChange` is told when one has come in and gone out. */
  async addAll(
    accountIds: readonly AccountId[],
    start: (accountId: AccountId) => Promise<void>,
    onChange: (accountId: AccountId) => void,
  ): Promise<void> {
    const starts = accountIds.map((accountId) => {
      const started = this.add(accountId, () => start(accountId));
      onChange(accountId);
      return started.finally(() => onChange(accountId));
    });
    await Promise.allSettled(starts);
  }

  /** Whether an account waits for its turn, or has it. */
  has(accountId: AccountId): boolean {
    return this.#entries.has(accountId);
  }

  /** Lets an account start now; or as soon as it is added. */
  goFirst(accountId: AccountId): void {
    this.#first = accountId;
    const entry = this.#entries.get(accountId);
    if (entry) this.#begin(accountId, entry.done);
  }

  /** Resolves when those accounts are not in the queue. Never rejects. */
  async settled(accounts: readonly { accountId: AccountId }[]): Promise<void> {
    await Promise.allSettled(accounts.map(({ accountId }) => this.#entries.get(accountId)?.done ?? Promise.resolve()));
  }

  #next(): void {
    for (;;) {
      const accountId = this.#places > 0 ? this.#waiting[0] : undefined;
      const entry = accountId && this.#entries.get(accountId);
      if (!accountId || !entry) return;
      this.#begin(accountId, entry.done);
    }
  }

  /** Takes a place, also where there is none left: the next ones then wait a little longer. */
  #begin(accountId: AccountId, done: Promise<void>): void {
    if (!this.#waiting.includes(accountId)) return;
    this.#waiting = this.#waiting.filter((waiting) => waiting !== accountId);
    this.#places -= 1;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      clearTimeout(limit);
      this.#places += 1;
      this.#next();
    };
    const limit = setTimeout(release, MAX_PLACE_MS);
    limit.unref();
    done.then(release, release);
    this.#entries.get(accountId)?.begin();
  }
}
