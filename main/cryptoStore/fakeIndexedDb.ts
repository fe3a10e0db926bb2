import type { Key } from "./keyCodec.ts";

/*
 * The insides of fake-indexeddb that the crypto store holds on to. They are no public interface, which is why that
 * package's version is pinned and why no other file may touch them; the conformance tests tell when they change.
 */

/** A record of an object store. Records are replaced, never altered. */
export interface EngineRecord {
  readonly key: Key;
  readonly value: unknown;
  /** Ours: the stamp of the entry on disk that is this record; absent while there is none. */
  stamp?: number;
}

/** An index; it is derived from the records, so only its definition is kept. */
export interface EngineIndex {
  readonly name: string;
  readonly keyPath: string | string[];
  readonly multiEntry: boolean;
  readonly unique: boolean;
  readonly deleted: boolean;
  readonly records: { size(): number };
  count(range?: IDBKeyRange): number;
}

/** The records of an object store, in order. */
export interface EngineRecords {
  get(key: Key): EngineRecord | undefined;
  put(record: EngineRecord, noOverwrite?: boolean): EngineRecord | undefined;
  delete(key: Key | IDBKeyRange): EngineRecord[];
  clear(): EngineRecord[];
  values(range?: IDBKeyRange): Iterable<EngineRecord>;
  size(): number;
}

/** How a running transaction undoes what it did; one list per transaction, and so also the transaction's name. */
type RollbackLog = (() => void)[];

/** An object store. */
export interface EngineStore {
  readonly name: string;
  readonly keyPath: string | string[] | null;
  readonly autoIncrement: boolean;
  readonly records: EngineRecords;
  readonly rawIndexes: Map<string, EngineIndex>;
  readonly keyGenerator: { num: number } | null;
  storeRecord(record: EngineRecord, noOverwrite: boolean, rollbackLog?: RollbackLog): Key;
  deleteRecord(key: Key | IDBKeyRange, rollbackLog?: RollbackLog): void;
  clear(rollbackLog?: RollbackLog): void;
}

/** A transaction. */
export interface EngineTransaction {
  readonly mode: IDBTransactionMode;
  readonly _rollbackLog: RollbackLog;
  readonly _requests: readonly { readonly request: { readonly readyState: IDBRequestReadyState } }[];
  _state: "active" | "inactive" | "committing" | "finished";
  _started: boolean;
  _start(): void;
  _abort(errorName: string): void;
}

/** A connection to a database. */
export interface EngineConnection extends IDBDatabase {
  /** True from the moment an open asks for a newer version until its upgrade is over. */
  readonly _runningVersionchangeTransaction: boolean;
}

/** A database, shared by all connections to it. */
export interface EngineDatabase {
  readonly name: string;
  readonly version: number;
  readonly connections: readonly EngineConnection[];
  readonly rawObjectStores: Map<string, EngineStore>;
  readonly transactions: EngineTransaction[];
}

/** A factory: the databases by name, and per name the end of the queue of opens and deletes. */
export interface EngineFactory {
  _databases: Map<string, EngineDatabase>;
  readonly _connectionQueues: ReadonlyMap<string, Promise<void>>;
}

/** The records a transaction has touched in one store: their former selves by encoded key. */
export type Touched = Map<string, { key: Key; before: number | undefined }>;

/** What is told about a database. */
export interface EngineObserver {
  /** A transaction is about to write to a store; what it touches goes into the answer. */
  touchedBy(transaction: object, store: EngineStore): (key: Key, overwritten: EngineRecord | undefined) => void;
  /**
   * A transaction has nothing left to do and shall be kept. It completes when the answer resolves and is aborted when
   * it rejects; until then it holds its locks. Null when there is nothing to keep.
   * @throws when the transaction cannot be kept
   */
  commit(transaction: object, mode: IDBTransactionMode): Promise<void> | null;
  /** The name of the DOMException that the aborted transaction shall show. */
  errorName(thrown: unknown): string;
}

/**
 * Has every writing transaction on `database` from now on told to `observer`. Only this one database is altered, not
 * the engine's classes.
 */
export function observe(database: EngineDatabase, observer: EngineObserver): void {
  for (const store of database.rawObjectStores.values()) observeStore(store, observer);
  const stores = database.rawObjectStores;
  const observed = new WeakSet<EngineStore>(stores.values());
  stores.set = (name, store) => {
    // A rename or a rollback sets a store again that is observed already.
    if (!observed.has(store)) {
      observed.add(store);
      observeStore(store, observer);
    }
    return Map.prototype.set.call(stores, name, store) as typeof stores;
  };
  const transactions = database.transactions;
  transactions.push = (...added) => {
    for (const transaction of added) if (transaction.mode !== "readonly") holdCommit(transaction, observer);
    return Array.prototype.push.apply(transactions, added);
  };
}

function observeStore(store: EngineStore, observer: EngineObserver): void {
  const { records, rawIndexes } = store;
  for (const index of rawIndexes.values()) countAtOnce(index);
  rawIndexes.set = (name, index) => {
    countAtOnce(index);
    return Map.prototype.set.call(rawIndexes, name, index) as typeof rawIndexes;
  };
  let touch: ((key: Key, overwritten: EngineRecord | undefined) => void) | null = null;

  const put = records.put.bind(records);
  records.put = (record, noOverwrite) => {
    const overwritten = put(record, noOverwrite);
    touch?.(record.key, overwritten);
    return overwritten;
  };
  const remove = records.delete.bind(records);
  records.delete = (key) => {
    const removed = remove(key);
    for (const record of removed) touch?.(record.key, record);
    return removed;
  };
  const clearRecords = records.clear.bind(records);
  records.clear = () => {
    const removed = clearRecords();
    for (const record of removed) touch?.(record.key, record);
    return removed;
  };

  // Undoing runs without a rollback log; it restores what is on disk and so is nothing to be told.
  const during = <T>(rollbackLog: RollbackLog | undefined, act: () => T): T => {
    if (rollbackLog === undefined) return act();
    touch = observer.touchedBy(rollbackLog, store);
    try {
      return act();
    } finally {
      touch = null;
    }
  };
  const storeRecord = store.storeRecord.bind(store);
  store.storeRecord = (record, noOverwrite, log) => during(log, () => storeRecord(record, noOverwrite, log));
  const deleteRecord = store.deleteRecord.bind(store);
  store.deleteRecord = (key, log) => during(log, () => deleteRecord(key, log));
  const clear = store.clear.bind(store);
  store.clear = (log) => during(log, () => clear(log));
}

/**
 * The engine goes through all records of an index to count them, and blocks meanwhile: half a second for the room keys
 * of a large account, which are counted whenever its health is looked at.
 */
function countAtOnce(index: EngineIndex): void {
  const countIn = index.count.bind(index);
  index.count = (range) => (range === undefined ? index.records.size() : countIn(range));
}

/** The engine completes a transaction when `_start` finds no request left; at that point ours waits for the disk. */
function holdCommit(transaction: EngineTransaction, observer: EngineObserver): void {
  const start = transaction._start.bind(transaction);
  let stage: "running" | "writing" | "kept" = "running";

  const settle = (then: () => void): void => {
    // In a task of its own, as every event of the engine: what a listener throws must not end up in our promise.
    setImmediate(() => {
      stage = "kept";
      then();
    });
  };
  const abort = (thrown: unknown): void => {
    settle(() => {
      transaction._state = "active";
      transaction._abort(observer.errorName(thrown));
    });
  };

  transaction._start = () => {
    if (stage === "writing") return;
    const hasWork = transaction._requests.some(({ request }) => request.readyState !== "done");
    if (stage === "kept" || transaction._state === "finished" || hasWork) {
      start();
      return;
    }
    transaction._started = true;
    transaction._state = "committing";
    stage = "writing";
    try {
      const kept = observer.commit(transaction._rollbackLog, transaction.mode);
      if (kept === null) {
        stage = "kept";
        start();
      } else {
        kept.then(() => settle(start), abort);
      }
    } catch (thrown) {
      abort(thrown);
    }
  };
}
