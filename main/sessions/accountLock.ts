import { fail } from "../../shared/errors.ts";

/** What is done to an account as a whole. */
export type AccountOperation = "add" | "start" | "retry" | "resume" | "sign_out";

/**
 * Sees to it that an account is changed by one operation at a time, and knows which. An operation may ask its server
 * before it has its turn, since that may hang: from then on it is known, and what must not cross it can see it.
 */
export class AccountLock {
  readonly #appEnds: () => boolean;
  /** Those that are under way and let no second of their kind begin, their turn or the wait for it included. */
  readonly #exclusive = new Map<AccountOperation, Promise<unknown>>();
  #holder: AccountOperation | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** @param appEnds whether the app is about to end */
  constructor(appEnds: () => boolean = () => false) {
    this.#appEnds = appEnds;
  }

  /** What is being done to the account; null where nothing is. */
  get holder(): AccountOperation | null {
    return this.#holder;
  }

  /** Whether the account is about to go for good. */
  get isLeaving(): boolean {
    return this.#exclusive.has("sign_out");
  }

  /** Whether its session may start: not while the account or the app is about to go. */
  get mayStart(): boolean {
    return !this.isLeaving && !this.#appEnds();
  }

  /** Does the work when everything that was given before has ended, well or badly. @throws what the work throws */
  inTurn<T>(operation: AccountOperation, work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      this.#holder = operation;
      try {
        return await work();
      } finally {
        this.#holder = null;
      }
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * Does work of which a second would be a mistake. It has no turn by that: `inTurn` gives it one.
   *
   * @throws `conversation_over` while the same operation is under way, and what the work throws
   */
  once<T>(operation: AccountOperation, work: () => Promise<T>): Promise<T> {
    if (this.#exclusive.has(operation)) return Promise.reject(fail("conversation_over"));
    return this.#begin(operation, work);
  }

  /** As `once`, but who asks for a second gets what comes of the first. @throws what the work throws */
  shared<T>(operation: AccountOperation, work: () => Promise<T>): Promise<T> {
    return (this.#exclusive.get(operation) as Promise<T> | undefined) ?? this.#begin(operation, work);
  }

  #begin<T>(operation: AccountOperation, work: () => Promise<T>): Promise<T> {
    let begin: () => void = () => undefined;
    const result = new Promise<void>((resolve) => (begin = resolve)).then(work).finally(() => this.#exclusive.delete(operation));
    this.#exclusive.set(operation, result);
    begin();
    return result;
  }
}

/** The locks of all accounts, by Matrix ID: an account that is being added has one before it is listed. */
export class AccountLocks {
  readonly #locks = new Map<string, AccountLock>();
  #ended = false;

  /** True from `end` on. */
  get ended(): boolean {
    return this.#ended;
  }

  of(userId: string): AccountLock {
    const lock = this.#locks.get(userId) ?? new AccountLock(() => this.#ended);
    this.#locks.set(userId, lock);
    return lock;
  }

  /** The app ends: no session starts any more. What is under way goes on to its end; answers what that is. */
  end(): AccountOperation[] {
    this.#ended = true;
    return [...this.#locks.values()].flatMap(({ holder }) => holder ?? []);
  }
}
