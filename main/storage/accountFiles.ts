import type * as z from "zod";
import type { AccountId } from "../../shared/ids.ts";
import { type DamagedFile, JsonFile } from "./jsonFile.ts";
import { KeyedQueue } from "./keyedQueue.ts";

export interface AccountFilesOptions<T> {
  /** Where an account's file is. */
  fileOf: (accountId: AccountId) => string;
  schema: z.ZodType<T>;
  onDamaged: (damaged: DamagedFile) => void;
}

/** One small file for each account, of the version 1, as `JsonFile` keeps it, and turns for what reads and then writes it. */
export class AccountFiles<T> {
  readonly #options: AccountFilesOptions<T>;
  readonly #files = new Map<AccountId, JsonFile<T>>();
  readonly #queue = new KeyedQueue<AccountId>();
  readonly #forgotten = new Set<AccountId>();
  #stopped = false;

  constructor(options: AccountFilesOptions<T>) {
    this.#options = options;
  }

  of(accountId: AccountId): JsonFile<T> {
    const { fileOf, schema, onDamaged } = this.#options;
    const file = this.#files.get(accountId) ?? new JsonFile({ path: fileOf(accountId), schema, version: 1, onDamaged });
    this.#files.set(accountId, file);
    return file;
  }

  /** Does something to an account's file when what was asked for before has ended. */
  inTurn<R>(accountId: AccountId, task: (file: JsonFile<T>) => Promise<R>): Promise<R> {
    const file = this.of(accountId);
    return this.#queue.run(accountId, () => task(file));
  }

  /** Whether the account is gone or the app ends, so that nothing that is seen of it is written any more. */
  isOver(accountId: AccountId): boolean {
    return this.#stopped || this.#forgotten.has(accountId);
  }

  /** Forgets an account that is gone; resolves when nothing of it is being written. Its folder goes by itself. */
  async forget(accountId: AccountId): Promise<void> {
    this.#forgotten.add(accountId);
    await this.#queue.run(accountId, () => Promise.resolve());
    this.#files.delete(accountId);
  }

  /** Ends it; resolves when nothing is being written any more. */
  async stopAll(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#files.keys()].map((accountId) => this.#queue.run(accountId, () => Promise.resolve())));
  }
}
