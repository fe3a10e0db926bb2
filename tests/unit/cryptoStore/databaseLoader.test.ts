import { IDBFactory } from "fake-indexeddb";
import { expect, it } from "vitest";
import { DatabaseLoader } from "../../../main/cryptoStore/databaseLoader.ts";
import { encodeValue, entryKey, type EntryName, stampOf } from "../../../main/cryptoStore/journalEntries.ts";
import { done } from "../../support/indexedDb.ts";

const RECORDS = 2_000;

function loaderOf(records: number): DatabaseLoader {
  const loader = new DatabaseLoader("a store");
  const take = (name: EntryName, value: unknown): void => {
    const [key, content] = [entryKey(name), encodeValue(value)];
    loader.take(key, content, stampOf(key, content));
  };
  const stores = [{ id: 0, name: "room keys", keyPath: null, autoIncrement: false, indexes: [] }];
  take({ of: "schema", database: "crypto" }, { version: 1, stores });
  for (let number = 0; number < records; number += 1) take({ of: "record", storeId: 0, key: number }, { number });
  return loader;
}

/** How many turns others have on this thread while a store of so many records is opened. */
async function turnsWhileOpening(records: number): Promise<number> {
  const loader = loaderOf(records);
  const factory = new IDBFactory();
  let turns = 0;
  let opening = true;
  const turn = (): void => {
    turns += 1;
    if (opening) setImmediate(turn);
  };
  setImmediate(turn);
  await loader.into(factory, "");
  opening = false;
  const database = await done(factory.open("crypto"));
  expect(await done(database.transaction("room keys").objectStore("room keys").count())).toBe(records);
  database.close();
  return turns;
}

it("lets others have their turn while a large store is opened", async () => {
  const forNoRecords = await turnsWhileOpening(0);
  expect(await turnsWhileOpening(RECORDS)).toBeGreaterThanOrEqual(forNoRecords + RECORDS / 500);
});
