import { IDBFactory } from "fake-indexeddb";
import { fail } from "../../shared/errors.ts";
import type { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import { DurableIndexedDb } from "./durableIndexedDb.ts";
import { installIndexedDb } from "./indexedDbGlobals.ts";
import { discardLevel } from "./levelFolder.ts";
import type { StoreReader } from "./storeReader.ts";

/** How a crypto store is mounted. */
export interface MountOptions {
  /** Refuse with `store_damaged` when the folder is empty, as for an account that has been running before. */
  readonly mustExist?: boolean;
  /** Opened beside another store of the same account: it is then found under a prefix of its own. */
  readonly beside?: boolean;
  /**
   * Called once, when the disk has refused a write. The transaction that wrote and all later ones are aborted; what was
   * kept before stays. The store works again after it is closed and mounted anew.
   */
  readonly onWriteFailed?: (failure: AppFailure) => void;
}

/** One account's crypto store, open. */
export interface MountedStore {
  /** What matrix-js-sdk is to be given as `cryptoDatabasePrefix`. */
  readonly databasePrefix: string;
  /** Reads what is in it, for a copy. */
  readonly reader: StoreReader;
  /** Ends every connection, waits for running transactions and writes, and closes the files. */
  close(): Promise<void>;
}

/** The crypto stores of all accounts in this process. */
export interface CryptoStores {
  /**
   * Opens an account's crypto store; makes it when the folder is absent or empty.
   *
   * @param folder the store's own, nothing else may lie in it
   * @throws `store_in_use` when it is open here or in another process; `store_damaged`; `data_too_new`; `file_failed`
   */
  mount(accountId: AccountId, folder: string, options?: MountOptions): Promise<MountedStore>;
  /**
   * Deletes a crypto store of an account with its folder, in whatever state it is: nothing of it is read. Deleting what
   * is absent is no error.
   *
   * @throws `store_in_use` when one of the account's is open here, or this one in another process; nothing is deleted
   *   then; `file_failed`
   */
  remove(accountId: AccountId, folder: string): Promise<void>;
}

let installed: CryptoStores | null = null;

/**
 * Gives this process an `indexedDB` in which the databases of each mounted crypto store are found under its prefix and
 * no others exist. The crypto WASM knows only the global one, so there is one for all accounts; asking again answers
 * the same.
 */
export function installCryptoStores(logger: Logger): CryptoStores {
  if (installed !== null) return installed;
  const router = new Router(logger);
  installIndexedDb(router);
  installed = {
    mount: (accountId, folder, options = {}) => router.mount(accountId, folder, options),
    remove: (accountId, folder) => router.remove(accountId, folder),
  };
  return installed;
}

const prefixOf = (accountId: AccountId, beside: boolean): string => `steward-${accountId}${beside ? "-beside" : ""}`;

/** Sends each database name to the account it belongs to. */
class Router extends IDBFactory {
  readonly #logger: Logger;
  /** By prefix; null while a store is being opened or closed. */
  readonly #mounted = new Map<string, DurableIndexedDb | null>();

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  override open(name: string, version?: number): IDBOpenDBRequest {
    return this.#owner(name).openDatabase(String(name), version);
  }

  override deleteDatabase(name: string): IDBOpenDBRequest {
    return this.#owner(name).deleteDatabase(String(name));
  }

  override async databases(): Promise<IDBDatabaseInfo[]> {
    const mounted = [...this.#mounted.values()].filter((databases) => databases !== null);
    return (await Promise.all(mounted.map((databases) => databases.databases()))).flat();
  }

  async mount(accountId: AccountId, folder: string, options: MountOptions): Promise<MountedStore> {
    const prefix = prefixOf(accountId, options.beside ?? false);
    if (this.#mounted.has(prefix)) throw fail("store_in_use");
    this.#mounted.set(prefix, null);
    const onFailed = (failure: AppFailure): void => {
      this.#logger.error("crypto store: a write failed", { accountId, error: failure.error.kind });
      options.onWriteFailed?.(failure);
    };
    let databases: DurableIndexedDb;
    try {
      databases = await DurableIndexedDb.open(folder, options.mustExist ?? false, `${prefix}::`, onFailed);
    } catch (thrown) {
      this.#mounted.delete(prefix);
      throw thrown;
    }
    this.#mounted.set(prefix, databases);
    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => (closing ??= this.#unmount(prefix, databases));
    return { databasePrefix: prefix, reader: databases.reader, close };
  }

  async remove(accountId: AccountId, folder: string): Promise<void> {
    const prefixes = [prefixOf(accountId, false), prefixOf(accountId, true)];
    if (prefixes.some((prefix) => this.#mounted.has(prefix))) throw fail("store_in_use");
    // Nobody opens it meanwhile.
    for (const prefix of prefixes) this.#mounted.set(prefix, null);
    try {
      await discardLevel(folder);
    } finally {
      for (const prefix of prefixes) this.#mounted.delete(prefix);
    }
  }

  async #unmount(prefix: string, databases: DurableIndexedDb): Promise<void> {
    this.#mounted.set(prefix, null);
    try {
      await databases.close();
    } finally {
      this.#mounted.delete(prefix);
    }
  }

  #owner(name: unknown): DurableIndexedDb {
    const prefix = String(name).split("::", 1)[0] ?? "";
    const databases = String(name).startsWith(`${prefix}::`) ? this.#mounted.get(prefix) : undefined;
    // Thrown at once: an in-memory database in its place would take keys and lose them.
    if (!databases) throw new DOMException("This database belongs to no account that is open", "SecurityError");
    return databases;
  }
}
