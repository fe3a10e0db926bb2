import * as z from "zod";
import { AppFailure } from "../../shared/errors.ts";
import { observe } from "./fakeIndexedDb.ts";
import type { EngineDatabase, EngineObserver, EngineRecord, EngineStore, Touched } from "./fakeIndexedDb.ts";
import { encodeValue, entryKey } from "./journalEntries.ts";
import { putChange } from "./journal.ts";
import type { Change, Journal } from "./journal.ts";
import { encodeKey } from "./keyCodec.ts";
import type { Key } from "./keyCodec.ts";

const KeyPath = z.union([z.string(), z.array(z.string())]);

/** A database's definition, as it is kept on disk. */
export const Schema = z.object({
  version: z.number().int().positive(),
  stores: z.array(
    z.object({
      id: z.number().int().nonnegative(),
      name: z.string(),
      keyPath: KeyPath.nullable(),
      autoIncrement: z.boolean(),
      indexes: z.array(z.object({ name: z.string(), keyPath: KeyPath, multiEntry: z.boolean(), unique: z.boolean() })),
    }),
  ),
});
export type Schema = z.infer<typeof Schema>;

/** What is on disk of an object store besides its records. */
export interface KeptStore {
  readonly id: number;
  /** The last key the store's key generator gave, as it is on disk. */
  readonly generator: { readonly last: number; readonly stamp: number } | null;
}

/** What is on disk of a database besides its records. */
export interface KeptDatabase {
  readonly schemaStamp: number | undefined;
  readonly stores: ReadonlyMap<EngineStore, KeptStore>;
}

/** Nothing on disk yet. */
export const NOTHING_KEPT: KeptDatabase = { schemaStamp: undefined, stores: new Map() };

/** Writes to the journal what the transactions of one database change. */
export class DatabaseWriter implements EngineObserver {
  readonly #database: EngineDatabase;
  readonly #nameOnDisk: string;
  readonly #journal: Journal;
  readonly #nextStoreId: () => number;
  readonly #touched = new WeakMap<object, Map<EngineStore, Touched>>();
  #kept: KeptDatabase;

  /**
   * Begins to follow `database`.
   * @param nameOnDisk the database's name without the mounted store's prefix
   * @param kept what is on disk of it
   * @param nextStoreId gives an id that no object store in this journal has
   */
  constructor(database: EngineDatabase, nameOnDisk: string, kept: KeptDatabase, journal: Journal, nextStoreId: () => number) {
    this.#database = database;
    this.#nameOnDisk = nameOnDisk;
    this.#kept = kept;
    this.#journal = journal;
    this.#nextStoreId = nextStoreId;
    observe(database, this);
  }

  touchedBy(transaction: object, store: EngineStore): (key: Key, overwritten: EngineRecord | undefined) => void {
    let stores = this.#touched.get(transaction);
    if (stores === undefined) this.#touched.set(transaction, (stores = new Map<EngineStore, Touched>()));
    let touched = stores.get(store);
    if (touched === undefined) stores.set(store, (touched = new Map() as Touched));
    const into = touched;
    return (key, overwritten) => {
      const name = encodeKey(key).toString("latin1");
      // The first record that was overwritten is the one on disk; later ones are this transaction's own.
      if (!into.has(name)) into.set(name, { key, before: overwritten?.stamp });
    };
  }

  commit(transaction: object, mode: IDBTransactionMode): Promise<void> | null {
    const changes: Change[] = [];
    const touched = this.#touched.get(transaction) ?? new Map<EngineStore, Touched>();
    const kept = mode === "versionchange" ? this.#schemaChanges(changes, touched) : this.#kept;
    const stores = new Map(kept.stores);
    for (const [store, records] of touched) {
      const keptStore = stores.get(store);
      // Without one, the transaction has deleted the store after writing to it.
      if (keptStore === undefined) continue;
      recordChanges(changes, store, keptStore.id, records);
      stores.set(store, generatorChange(changes, store, keptStore));
    }
    if (changes.length === 0) return null;
    this.#kept = { schemaStamp: kept.schemaStamp, stores };
    return this.#journal.write(changes);
  }

  errorName(thrown: unknown): string {
    if (thrown instanceof DOMException) return thrown.name;
    const error = thrown instanceof AppFailure ? thrown.error : null;
    return error?.kind === "file_failed" && error.reason === "no_space" ? "QuotaExceededError" : "UnknownError";
  }

  /**
   * Removes the database from disk.
   * @throws as `Journal.write` does
   */
  async remove(): Promise<void> {
    if (this.#kept.schemaStamp === undefined) return;
    const changes: Change[] = [this.#schemaEntry(undefined)];
    for (const [store, { id, generator }] of this.#kept.stores) {
      storeRemoval(changes, store, id, generator, new Map());
    }
    this.#kept = NOTHING_KEPT;
    await this.#journal.write(changes);
  }

  #schemaChanges(changes: Change[], touched: ReadonlyMap<EngineStore, Touched>): KeptDatabase {
    const present = new Set(this.#database.rawObjectStores.values());
    const stores = new Map<EngineStore, KeptStore>();
    for (const [store, keptStore] of this.#kept.stores) {
      if (present.has(store)) stores.set(store, keptStore);
      else storeRemoval(changes, store, keptStore.id, keptStore.generator, touched.get(store) ?? (new Map() as Touched));
    }
    for (const store of present) {
      if (!stores.has(store)) stores.set(store, { id: this.#nextStoreId(), generator: null });
    }
    const schema = this.#schemaEntry(describe(this.#database, stores));
    changes.push(schema);
    return { schemaStamp: schema.after?.stamp, stores };
  }

  #schemaEntry(schema: Schema | undefined): Change {
    const key = entryKey({ of: "schema", database: this.#nameOnDisk });
    const before = this.#kept.schemaStamp;
    return schema === undefined ? { key, before, after: undefined } : putChange(key, before, encodeValue(schema));
  }
}

/** A database's definition as it is now; the ids are those of its object stores on disk. */
export function describe(database: EngineDatabase, kept: ReadonlyMap<EngineStore, KeptStore>): Schema {
  return {
    version: database.version,
    stores: [...kept].map(([store, { id }]) => ({
      id,
      name: store.name,
      keyPath: store.keyPath,
      autoIncrement: store.autoIncrement,
      indexes: [...store.rawIndexes.values()]
        .filter((index) => !index.deleted)
        .map(({ name, keyPath, multiEntry, unique }) => ({ name, keyPath, multiEntry, unique })),
    })),
  };
}

function recordChanges(changes: Change[], store: EngineStore, storeId: number, touched: Touched): void {
  for (const { key, before } of touched.values()) {
    const record = store.records.get(key);
    // A record with a stamp is on disk as it is: a request failed and was undone.
    if (record?.stamp !== undefined || (record === undefined && before === undefined)) continue;
    const entry = entryKey({ of: "record", storeId, key });
    if (record === undefined) {
      changes.push({ key: entry, before, after: undefined });
    } else {
      const change = putChange(entry, before, encodeValue(record.value));
      record.stamp = change.after.stamp;
      changes.push(change);
    }
  }
}

function generatorChange(changes: Change[], store: EngineStore, kept: KeptStore): KeptStore {
  const last = store.keyGenerator?.num;
  if (last === undefined || last === (kept.generator?.last ?? 0)) return kept;
  const key = entryKey({ of: "generator", storeId: kept.id });
  const change = putChange(key, kept.generator?.stamp, encodeValue(last));
  changes.push(change);
  return { id: kept.id, generator: { last, stamp: change.after.stamp } };
}

/** A removed store's records: those it still has, and those the same transaction took out of it before. */
function storeRemoval(changes: Change[], store: EngineStore, storeId: number, generator: KeptStore["generator"], touched: Touched): void {
  const onDisk = new Map<string, { key: Key; before: number }>();
  for (const { key, stamp } of store.records.values()) {
    if (stamp !== undefined) onDisk.set(encodeKey(key).toString("latin1"), { key, before: stamp });
  }
  for (const [name, { key, before }] of touched) if (before !== undefined) onDisk.set(name, { key, before });
  for (const { key, before } of onDisk.values()) {
    changes.push({ key: entryKey({ of: "record", storeId, key }), before, after: undefined });
  }
  if (generator !== null) {
    changes.push({ key: entryKey({ of: "generator", storeId }), before: generator.stamp, after: undefined });
  }
}
