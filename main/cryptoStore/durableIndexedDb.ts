import { basename } from "node:path";
import { IDBFactory, IDBVersionChangeEvent, forceCloseDatabase } from "fake-indexeddb";
import type { AppFailure } from "../../shared/errors.ts";
import { DatabaseWriter, NOTHING_KEPT } from "./databaseWriter.ts";
import type { KeptDatabase } from "./databaseWriter.ts";
import type { EngineDatabase, EngineFactory } from "./fakeIndexedDb.ts";
import { Journal } from "./journal.ts";
import { DatabaseLoader } from "./databaseLoader.ts";
import { StoreReader } from "./storeReader.ts";

/** One account's databases: an IndexedDB of its own whose every commit is on disk before it is told. */
export class DurableIndexedDb {
  /** Reads what is in them, for a copy. */
  readonly reader: StoreReader;
  readonly #factory: IDBFactory;
  readonly #engine: EngineFactory;
  readonly #journal: Journal;
  readonly #removals = new Map<string, Promise<void>>();

  private constructor(factory: IDBFactory, journal: Journal, prefix: string) {
    this.#factory = factory;
    this.#engine = factory as unknown as EngineFactory;
    this.#journal = journal;
    this.reader = new StoreReader(this.#engine, prefix);
  }

  /**
   * Rebuilds the databases that are kept in `folder`.
   * @param prefix goes before every database's name; it is not written to disk
   * @param onFailed called once, when a write to disk has failed; from then on every writing transaction is aborted
   * @throws as `openLevel` does
   */
  static async open(
    folder: string,
    mustExist: boolean,
    prefix: string,
    onFailed: (failure: AppFailure) => void,
  ): Promise<DurableIndexedDb> {
    const rebuild = new DatabaseLoader(basename(folder));
    const visit = rebuild.take.bind(rebuild);
    const journal = await Journal.open(folder, mustExist, visit, onFailed);
    try {
      const factory = new IDBFactory();
      let nextStoreId = rebuild.nextStoreId;
      const kept = await rebuild.into(factory, prefix);
      const databases = new DurableIndexedDb(factory, journal, prefix);
      databases.#follow(kept, prefix.length, () => nextStoreId++);
      return databases;
    } catch (thrown) {
      await journal.close();
      throw thrown;
    }
  }

  /** As `IDBFactory.open`. */
  openDatabase(name: string, version?: number): IDBOpenDBRequest {
    return this.#factory.open(name, version);
  }

  /** As `IDBFactory.deleteDatabase`; succeeds when the database is gone from disk as well. */
  deleteDatabase(name: string): IDBOpenDBRequest {
    const request = this.#factory.deleteDatabase(name);
    const dispatch = request.dispatchEvent.bind(request);
    request.dispatchEvent = (event) => {
      const removal = this.#removals.get(name);
      if (event.type !== "success" || removal === undefined) return dispatch(event);
      this.#removals.delete(name);
      removal.then(
        () => setImmediate(dispatch, event),
        () => {
          Object.assign(request, { error: new DOMException("The disk refused", "UnknownError") });
          setImmediate(dispatch, new IDBVersionChangeEvent("error"));
        },
      );
      return true;
    };
    return request;
  }

  /** As `IDBFactory.databases`. */
  databases(): Promise<IDBDatabaseInfo[]> {
    return this.#factory.databases();
  }

  /**
   * Closes every connection, waits until running transactions have ended and are on disk, and closes the files.
   * Nothing may ask to open a database any more when this is called.
   */
  async close(): Promise<void> {
    await this.#closeConnections();
    // Opens that had been asked for before, and may have been waiting for those connections to close, run to their end.
    // The engine puts them into its queue a task after they were asked for.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(this.#engine._connectionQueues.values());
    await this.#closeConnections();
    await this.#journal.close();
  }

  async #closeConnections(): Promise<void> {
    // To close a connection before its upgrade begins makes the engine throw where nobody can catch it.
    const connections = [...this.#engine._databases.values()]
      .flatMap((database) => database.connections)
      .filter((connection) => !connection._runningVersionchangeTransaction);
    await Promise.all(
      connections.map(
        (connection) =>
          new Promise<void>((resolve) => {
            connection.addEventListener("close", () => resolve());
            (forceCloseDatabase as (database: unknown) => void)(connection);
          }),
      ),
    );
  }

  #follow(kept: ReadonlyMap<EngineDatabase, KeptDatabase>, prefixLength: number, nextStoreId: () => number): void {
    const mirrors = new WeakMap<EngineDatabase, DatabaseWriter>();
    const follow = (database: EngineDatabase): void => {
      const nameOnDisk = database.name.slice(prefixLength);
      const known = kept.get(database) ?? NOTHING_KEPT;
      mirrors.set(database, new DatabaseWriter(database, nameOnDisk, known, this.#journal, nextStoreId));
    };
    const databases = this.#engine._databases;
    for (const database of databases.values()) follow(database);
    databases.set = (name, database) => {
      follow(database);
      return Map.prototype.set.call(databases, name, database) as typeof databases;
    };
    databases.delete = (name) => {
      const database = databases.get(name);
      const mirror = database && mirrors.get(database);
      // Asked for at once, so that it is written before anything of a new database of this name.
      if (mirror) this.#removals.set(name, swallowed(mirror.remove()));
      return Map.prototype.delete.call(databases, name);
    };
  }
}

/** The same promise, which nobody needs to look at. */
function swallowed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
