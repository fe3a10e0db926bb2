import { fail } from "../../shared/errors.ts";
import { Schema } from "./databaseWriter.ts";
import type { KeptDatabase, KeptStore } from "./databaseWriter.ts";
import type { EngineDatabase, EngineFactory, EngineStore } from "./fakeIndexedDb.ts";
import { decodeValue, entryName } from "./journalEntries.ts";
import type { Key } from "./keyCodec.ts";

/** So many records are put into a database before others have their turn on this thread: a few milliseconds' worth. */
const RECORDS_AT_ONCE = 250;

interface ReadStore {
  generator: KeptStore["generator"];
  readonly records: { key: Key; value: unknown; stamp: number }[];
}

/** Collects a journal's entries and makes databases of them. */
export class DatabaseLoader {
  readonly #file: string;
  readonly #schemas = new Map<string, { schema: Schema; stamp: number }>();
  readonly #stores = new Map<number, ReadStore>();

  /** @param file names the store to a person, should a newer version have written it */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Takes one entry.
   * @throws `store_damaged`; `data_too_new` when a newer V8 wrote the value
   */
  take(entry: Buffer, content: Buffer, stamp: number): void {
    const name = entryName(entry);
    const value = this.#value(content);
    switch (name.of) {
      case "schema": {
        const schema = Schema.safeParse(value);
        if (!schema.success) throw fail("store_damaged");
        this.#schemas.set(name.database, { schema: schema.data, stamp });
        break;
      }
      case "generator":
        if (typeof value !== "number") throw fail("store_damaged");
        this.#store(name.storeId).generator = { last: value, stamp };
        break;
      case "record":
        this.#store(name.storeId).records.push({ key: name.key, value, stamp });
    }
  }

  /** The lowest id that no object store has. */
  get nextStoreId(): number {
    let next = 0;
    for (const { schema } of this.#schemas.values()) for (const { id } of schema.stores) next = Math.max(next, id + 1);
    return next;
  }

  /**
   * Makes the databases in `factory`, and says for each what is on disk of it.
   * @param prefix goes before each database's name
   * @throws `store_damaged` when the entries do not belong together
   */
  async into(factory: IDBFactory, prefix: string): Promise<Map<EngineDatabase, KeptDatabase>> {
    const made = new Map<EngineDatabase, KeptDatabase>();
    for (const [name, { schema, stamp }] of this.#schemas) {
      await define(factory, prefix + name, schema);
      const database = (factory as unknown as EngineFactory)._databases.get(prefix + name);
      if (database === undefined) throw fail("store_damaged");
      const stores = new Map<EngineStore, KeptStore>();
      for (const { id, name: storeName } of schema.stores) {
        const store = database.rawObjectStores.get(storeName);
        if (store === undefined) throw fail("store_damaged");
        stores.set(store, await this.#fill(store, id));
      }
      made.set(database, { schemaStamp: stamp, stores });
    }
    if (this.#stores.size > 0) throw fail("store_damaged");
    return made;
  }

  /** Past the engine's own requests, which would copy every value once more and take a task for each. */
  async #fill(store: EngineStore, id: number): Promise<KeptStore> {
    const read = this.#stores.get(id);
    this.#stores.delete(id);
    for (const [at, record] of (read?.records ?? []).entries()) {
      // Nobody has the database yet, so that nothing can come between.
      if (at > 0 && at % RECORDS_AT_ONCE === 0) await new Promise(setImmediate);
      store.storeRecord(record, true);
    }
    if (read?.generator && store.keyGenerator) store.keyGenerator.num = read.generator.last;
    return { id, generator: read?.generator ?? null };
  }

  #store(id: number): ReadStore {
    let store = this.#stores.get(id);
    if (store === undefined) this.#stores.set(id, (store = { generator: null, records: [] }));
    return store;
  }

  #value(content: Buffer): unknown {
    try {
      return decodeValue(content);
    } catch {
      // Its stamp fits, so these are the bytes that were written: by a V8 that knows a newer form.
      throw fail("data_too_new", { file: this.#file });
    }
  }
}

/** Makes an empty database in `factory`. Throws `store_damaged` when the definition makes no sense. */
export function define(factory: IDBFactory, name: string, { version, stores }: Schema): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, version);
    request.onupgradeneeded = () => {
      for (const { name: storeName, keyPath, autoIncrement, indexes } of stores) {
        const store = request.result.createObjectStore(storeName, { keyPath, autoIncrement });
        for (const index of indexes) store.createIndex(index.name, index.keyPath, index);
      }
    };
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
    request.onerror = () => reject(fail("store_damaged"));
  });
}
