import { IDBKeyRange } from "fake-indexeddb";
import { describe, type Schema } from "./databaseWriter.ts";
import type { EngineDatabase, EngineFactory, EngineStore } from "./fakeIndexedDb.ts";
import type { Key } from "./keyCodec.ts";

/** A record on its way into a copy. */
export interface CopiedRecord {
  key: Key;
  value: unknown;
}

/** A database of a store, and those of its records that a copy begins with. */
export interface DatabaseOutline {
  /** Without the mounted store's prefix. */
  name: string;
  schema: Schema;
  records: { store: string; records: CopiedRecord[] }[];
}

/** A part of an object store, in the order of its keys. */
export interface RecordRange {
  /** The last key before it; null: it begins with the first record. */
  after: Key | null;
  /** The last key in it; null: it has no end but the store's. */
  upTo: Key | null;
  /** So many records of it, at most. */
  most: number;
}

/**
 * Reads a mounted store for a copy elsewhere, past the engine's requests, which take a task and a clone for each
 * record. Whoever gets a record must copy it, as sending it to a thread does, and not alter it.
 *
 * Every record is whole, for the engine replaces records and never alters them. Two calls may see different moments.
 */
export class StoreReader {
  readonly #engine: EngineFactory;
  readonly #prefix: string;

  /** @param prefix what the databases' names begin with in the engine */
  constructor(engine: EngineFactory, prefix: string) {
    this.#engine = engine;
    this.#prefix = prefix;
  }

  /**
   * All databases, and the records of the object stores that are asked for.
   * @param isWanted whether the copy is to begin with the records of that object store
   */
  outline(isWanted: (database: string, store: string) => boolean): DatabaseOutline[] {
    return [...this.#engine._databases.values()].map((database) => {
      const name = database.name.slice(this.#prefix.length);
      const stores = [...database.rawObjectStores.values()];
      return {
        name,
        schema: describe(database, new Map(stores.map((store, id) => [store, { id, generator: null }]))),
        records: stores
          .filter((store) => isWanted(name, store.name))
          .map((store) => ({ store: store.name, records: [...store.records.values()].map(copied) })),
      };
    });
  }

  /** The names of a database's object stores; none when there is no such database. */
  storeNames(database: string): string[] {
    return [...(this.#engine._databases.get(this.#prefix + database)?.rawObjectStores.keys() ?? [])];
  }

  /** How many records an object store has. Throws Error when there is no such store. */
  count(database: string, store: string): number {
    return this.#store(database, store).records.size();
  }

  /** The records of a range, and whether there may be more of them. Throws Error when there is no such store. */
  records(database: string, store: string, range: RecordRange): { records: CopiedRecord[]; more: boolean } {
    const { after, upTo, most } = range;
    const { records } = this.#store(database, store);
    const found: CopiedRecord[] = [];
    for (const record of records.values(rangeOf(after, upTo))) {
      if (found.length === most) return { records: found, more: true };
      found.push(copied(record));
    }
    return { records: found, more: false };
  }

  #store(database: string, store: string): EngineStore {
    const found: EngineDatabase | undefined = this.#engine._databases.get(this.#prefix + database);
    const wanted = found?.rawObjectStores.get(store);
    if (!wanted) throw new Error(`The crypto store has no ${store} in ${database}`);
    return wanted;
  }
}

const copied = ({ key, value }: CopiedRecord): CopiedRecord => ({ key, value });

function rangeOf(after: Key | null, upTo: Key | null): IDBKeyRange | undefined {
  if (after !== null && upTo !== null) return IDBKeyRange.bound(after, upTo, true, false);
  if (after !== null) return IDBKeyRange.lowerBound(after, true);
  return upTo === null ? undefined : IDBKeyRange.upperBound(upTo);
}
