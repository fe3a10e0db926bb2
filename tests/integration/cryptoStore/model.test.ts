import fc from "fast-check";
import { IDBFactory as PlainFactory } from "fake-indexeddb";
import { expect, it } from "vitest";
import { anyKey, anyValue } from "../../support/arbitraries.ts";
import { storeInFolder } from "../../support/cryptoFolder.ts";
import { completed, done, dump, openDatabase } from "../../support/indexedDb.ts";
import { sample, seed } from "../../support/seed.ts";

const STORES = ["keyed", "inline", "counting", "countingInline"] as const;
type StoreName = (typeof STORES)[number];

// Few keys, so that operations meet the same records.
const fewKeys: fc.Arbitrary<IDBValidKey> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<IDBValidKey>(1, 2, 3, "a", "b", [1, "x"], new Date(1)) },
  { weight: 1, arbitrary: anyKey },
);
const storeName = fc.constantFrom(...STORES);
const fields = {
  tag: fc.constantFrom(1, 2, "t", undefined),
  tags: fc.array(fc.nat(3), { maxLength: 3 }),
  any: anyValue,
};

type Operation =
  | { do: "put" | "add"; store: StoreName; key: IDBValidKey; value: { tag: unknown; tags: number[]; any: unknown } }
  | { do: "delete"; store: StoreName; key: IDBValidKey }
  | { do: "deleteRange"; store: StoreName; from: IDBValidKey; to: IDBValidKey }
  | { do: "clear"; store: StoreName }
  | { do: "cursor"; store: StoreName; index: boolean; remove: boolean; every: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("put" as const, "add" as const),
      store: storeName,
      key: fewKeys,
      value: fc.record(fields),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), store: storeName, key: fewKeys }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("deleteRange" as const), store: storeName, from: fewKeys, to: fewKeys }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), store: storeName }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("cursor" as const),
      store: storeName,
      index: fc.boolean(),
      remove: fc.boolean(),
      every: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

type Step =
  | { step: "transaction"; operations: Operation[]; abort: boolean }
  | { step: "upgrade"; change: "indexOn" | "indexOff" | "recreate" | "rename"; store: StoreName }
  | { step: "remove" }
  | { step: "reopen" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        step: fc.constant("transaction" as const),
        operations: fc.array(operation, { minLength: 1, maxLength: 8 }),
        abort: fc.nat(7).map((n) => n === 0),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constant("upgrade" as const),
        change: fc.constantFrom("indexOn" as const, "indexOff" as const, "recreate" as const, "rename" as const),
        store: storeName,
      }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ step: "remove" }) },
    { weight: 2, arbitrary: fc.constant<Step>({ step: "reopen" }) },
  ),
  { minLength: 1, maxLength: 10 },
);

function create(database: IDBDatabase, store: StoreName): void {
  const inline = store === "inline" || store === "countingInline";
  const options = { keyPath: inline ? "id" : null, autoIncrement: store.startsWith("counting") };
  const made = database.createObjectStore(store, options);
  made.createIndex("tag", "tag");
  made.createIndex("tags", "tags", { multiEntry: true });
}

/** Runs one operation and answers what the caller sees of it. */
async function perform(transaction: IDBTransaction, operation: Operation): Promise<unknown> {
  const store = transaction.objectStore(operation.store);
  switch (operation.do) {
    case "put":
    case "add": {
      // An aborted transaction does not take back an explicit number from the engine's key generator.
      const counting = store.autoIncrement;
      const value = store.keyPath === null || counting ? operation.value : { ...operation.value, id: operation.key };
      const key = store.keyPath !== null || counting ? undefined : operation.key;
      return forgiven(store[operation.do](value, key));
    }
    case "delete":
      return done(store.delete(operation.key));
    case "deleteRange": {
      const [from, to] = [operation.from, operation.to];
      const ordered = indexedDB.cmp(from, to) <= 0;
      return done(store.delete(IDBKeyRange.bound(ordered ? from : to, ordered ? to : from)));
    }
    case "clear":
      return done(store.clear());
    case "cursor":
      return walk(store, operation);
  }
}

/** A request that may fail without taking the transaction with it. */
function forgiven(request: IDBRequest<IDBValidKey>): Promise<unknown> {
  return new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      event.stopPropagation();
      resolve(request.error?.name);
    };
  });
}

function walk(store: IDBObjectStore, { index, remove, every }: Operation & { do: "cursor" }): Promise<unknown> {
  const indexed = index && store.indexNames.contains("tags");
  const request = indexed ? store.index("tags").openCursor(null, "prev") : store.openCursor();
  const seen: unknown[] = [];
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      // An index entry that an update puts before the cursor would be met for ever.
      if (cursor === null || seen.length > 50) return resolve(seen);
      seen.push(cursor.primaryKey === 0 ? 0 : cursor.primaryKey);
      if (seen.length % every === 0) {
        if (remove) cursor.delete();
        else cursor.update({ ...(cursor.value as object), tags: [], walked: true });
      }
      cursor.continue();
    };
  });
}

/** Carries out the steps on one factory; `reopen` answers the factory to go on with. */
async function run(program: readonly Step[], name: string, first: IDBFactory, reopen: () => Promise<IDBFactory>) {
  let factory = first;
  let version = 1;
  const seen: unknown[] = [];
  const setUp = (database: IDBDatabase): void => STORES.forEach((store) => create(database, store));
  let database = await openDatabase(factory, name, version, setUp);
  for (const step of program) {
    if (step.step === "reopen") {
      database.close();
      factory = await reopen();
      database = await openDatabase(factory, name);
    } else if (step.step === "remove") {
      database.close();
      await done(factory.deleteDatabase(name));
      database = await openDatabase(factory, name, (version = 1), setUp);
    } else if (step.step === "upgrade") {
      database.close();
      database = await openDatabase(factory, name, ++version, (upgraded, transaction) => {
        const store = transaction.objectStore(step.store);
        const has = store.indexNames.contains("extra");
        if (step.change === "indexOn" && !has) store.createIndex("extra", ["tag", "id"]);
        if (step.change === "indexOff" && has) store.deleteIndex("extra");
        if (step.change === "recreate") {
          store.put({ tags: [9], id: "temporary" }, ...(store.keyPath === null ? ["temporary"] : []));
          upgraded.deleteObjectStore(step.store);
          create(upgraded, step.store);
        }
        if (step.change === "rename") {
          store.name = "between";
          transaction.objectStore("between").name = step.store;
        }
      });
    } else {
      const transaction = database.transaction([...STORES], "readwrite");
      const finished = completed(transaction).then(
        () => "kept",
        () => "undone",
      );
      for (const operation of step.operations) seen.push(await perform(transaction, operation));
      if (step.abort) transaction.abort();
      seen.push(await finished);
    }
    seen.push(await dump(database));
  }
  database.close();
  factory = await reopen();
  const last = await openDatabase(factory, name);
  seen.push(await dump(last));
  last.close();
  return seen;
}

it("is, for any sequence of operations and restarts, what an IndexedDB without restarts is", async () => {
  const store = await storeInFolder();
  try {
    await fc.assert(
      fc.asyncProperty(steps, async (program) => {
        const { databasePrefix } = await store.reopen();
        const name = `${databasePrefix}::model`;
        await done(indexedDB.deleteDatabase(name));
        const plain = new PlainFactory();
        const expected = await run(program, name, plain, () => Promise.resolve(plain));
        const ours = await run(program, name, indexedDB, async () => {
          await store.reopen({ mustExist: true });
          return indexedDB;
        });
        expect(ours).toEqual(expected);
      }),
      { seed, numRuns: sample(60, 1500) },
    );
  } finally {
    await store.remove();
  }
}, 600_000);
