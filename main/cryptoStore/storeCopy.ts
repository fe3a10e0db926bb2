import { IDBFactory } from "fake-indexeddb";
import type { EngineFactory } from "./fakeIndexedDb.ts";
import { installIndexedDb } from "./indexedDbGlobals.ts";
import { define } from "./databaseLoader.ts";
import type { CopiedRecord, DatabaseOutline } from "./storeReader.ts";

const PREFIX = "copy";

/**
 * A copy of a crypto store, or of a part of it, in this thread's memory and nowhere else: what is written to it is
 * forgotten with the thread. It becomes the thread's `indexedDB`.
 */
export class StoreCopy {
  /** What the databases are found under, as the `databasePrefix` of a mounted store. */
  readonly databasePrefix = PREFIX;
  readonly #engine: EngineFactory;

  private constructor(engine: EngineFactory) {
    this.#engine = engine;
  }

  /** Makes the databases, with the records that the outlines have. Throws `store_damaged` when one makes no sense. */
  static async open(outlines: readonly DatabaseOutline[]): Promise<StoreCopy> {
    const factory = new IDBFactory();
    const copy = new StoreCopy(factory as unknown as EngineFactory);
    for (const { name, schema, records } of outlines) {
      await define(factory, `${PREFIX}::${name}`, schema);
      for (const { store, records: held } of records) copy.hold(name, store, held);
    }
    installIndexedDb(factory);
    return copy;
  }

  /** Has an object store hold these records and no others. No transaction may be running. */
  hold(database: string, store: string, records: readonly CopiedRecord[]): void {
    const held = this.#engine._databases.get(`${PREFIX}::${database}`)?.rawObjectStores.get(store);
    if (!held) throw new Error(`The copy has no ${store} in ${database}`);
    held.clear();
    for (const record of records) held.storeRecord(record, true);
  }
}
