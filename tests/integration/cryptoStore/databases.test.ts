import { IDBFactory as PlainFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { storeInFolder } from "../../support/cryptoFolder.ts";
import type { StoreInFolder } from "../../support/cryptoFolder.ts";
import { done, dump, filled, openDatabase, writing } from "../../support/indexedDb.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let store: StoreInFolder;

beforeEach(async () => {
  store = await storeInFolder();
});
afterEach(() => store.remove());

const plainStore = (database: IDBDatabase): void => void database.createObjectStore("s");

describe("schema upgrades", () => {
  it("keep renames, removals, new indexes over old records, and a new store in the place of an old one", async () => {
    const name = `${(await store.reopen()).databasePrefix}::db`;
    const plainFactory = new PlainFactory();
    const steps: ((database: IDBDatabase, transaction: IDBTransaction) => void)[] = [
      (database) => {
        database.createObjectStore("a", { autoIncrement: true }).put({ t: 1 });
        database.createObjectStore("b").put({ t: 2 }, "k");
        database.createObjectStore("c").createIndex("gone", "t");
      },
      (database, transaction) => {
        transaction.objectStore("a").name = "renamed";
        transaction.objectStore("b").clear();
        transaction.objectStore("b").put({ t: 3 }, "l");
        database.deleteObjectStore("b");
        database.createObjectStore("b", { keyPath: "id" }).put({ id: 1 });
        transaction.objectStore("c").deleteIndex("gone");
        transaction.objectStore("c").createIndex("new", ["t", "u"]);
      },
      (_, transaction) => {
        transaction.objectStore("renamed").createIndex("t", "t");
        transaction.objectStore("c").index("new").name = "newer";
      },
      (database) => database.deleteObjectStore("c"),
    ];
    for (const [index, step] of steps.entries()) {
      const plain = await openDatabase(plainFactory, name, index + 1, step);
      const live = await openDatabase(indexedDB, name, index + 1, step);
      const expected = await dump(plain);
      expect(await dump(live)).toEqual(expected);
      plain.close();
      await store.reopen();
      const again = await openDatabase(indexedDB, name);
      expect(await dump(again)).toEqual(expected);
      again.close();
    }
  });

  it("that abort leave the disk as it was", async () => {
    const name = `${(await store.reopen()).databasePrefix}::db`;
    const first = await openDatabase(indexedDB, name, 1, (database) => {
      database.createObjectStore("s").put("v", 1);
    });
    const before = await dump(first);
    first.close();
    const failing = openDatabase(indexedDB, name, 2, (database, transaction) => {
      database.deleteObjectStore("s");
      database.createObjectStore("t");
      transaction.abort();
    });
    await expect(failing).rejects.toMatchObject({ name: "AbortError" });
    await store.reopen();
    expect(await dump(await openDatabase(indexedDB, name))).toEqual(before);
  });
});

describe("databases by name", () => {
  it("are deleted from disk, and a new one of the same name is empty", async () => {
    const { databasePrefix } = await store.reopen();
    const make = async (suffix: string): Promise<void> => {
      const database = await openDatabase(indexedDB, `${databasePrefix}::${suffix}`, 3, (upgraded) => {
        upgraded.createObjectStore(suffix, { autoIncrement: true }).add(suffix);
      });
      database.close();
    };
    await make("one");
    await make("two");
    const deletion = indexedDB.deleteDatabase(`${databasePrefix}::one`);
    const event = await new Promise<Event>((resolve) => (deletion.onsuccess = resolve));
    expect(event).toMatchObject({ type: "success", oldVersion: 3, newVersion: null });
    await store.reopen();
    expect(await indexedDB.databases()).toEqual([{ name: `${databasePrefix}::two`, version: 3 }]);

    await done(indexedDB.deleteDatabase(`${databasePrefix}::two`));
    const anew = openDatabase(indexedDB, `${databasePrefix}::two`, 1, (upgraded) => {
      upgraded.createObjectStore("fresh").put(1, 1);
    });
    const expected = await dump(await anew);
    await store.reopen();
    expect(await dump(await openDatabase(indexedDB, `${databasePrefix}::two`))).toEqual(expected);
  });

  it("wait for connections that are still open, and tell them", async () => {
    const name = `${(await store.reopen()).databasePrefix}::db`;
    const open = await openDatabase(indexedDB, name, 1, plainStore);
    const told = new Promise((resolve) => (open.onversionchange = resolve));
    const deletion = indexedDB.deleteDatabase(name);
    const blocked = new Promise((resolve) => (deletion.onblocked = resolve));
    const gone = done(deletion);
    await told;
    await blocked;
    await filled(open);
    open.close();
    await gone;
    await store.reopen();
    expect(await indexedDB.databases()).toEqual([]);
  });

  it("of no open account are refused at once, in every way to name them", async () => {
    const mounted = await store.reopen();
    for (const name of ["db", "::db", "", mounted.databasePrefix, `${mounted.databasePrefix}:db`, "other::db"]) {
      expect(() => indexedDB.open(name)).toThrow("belongs to no account");
      expect(() => indexedDB.deleteDatabase(name)).toThrow("belongs to no account");
    }
    await mounted.close();
    expect(() => indexedDB.open(`${mounted.databasePrefix}::db`)).toThrow("belongs to no account");
    expect(await indexedDB.databases()).toEqual([]);
  });
});

describe("closing", () => {
  it("waits for what was asked for, and lets nothing be written afterwards", async () => {
    const mounted = await store.reopen();
    const name = `${mounted.databasePrefix}::db`;
    const database = await openDatabase(indexedDB, name, 1, plainStore);
    const writes = Array.from({ length: 20 }, (_, i) => writing(database, (s) => s.put(i, i)));
    const closed = mounted.close();
    expect(() => database.transaction("s", "readwrite")).toThrow();
    await Promise.all([...writes, closed]);
    expect(() => database.transaction("s", "readwrite")).toThrow();
    await mounted.close();
    await store.reopen();
    const again = await openDatabase(indexedDB, name);
    expect(await done(again.transaction("s").objectStore("s").count())).toBe(20);
  });

  it("lets an upgrade run that was waiting for an open connection", async () => {
    const mounted = await store.reopen();
    const name = `${mounted.databasePrefix}::db`;
    const first = await openDatabase(indexedDB, name, 1, plainStore);
    const opening = indexedDB.open(name, 2);
    await new Promise((resolve) => (opening.onblocked = resolve));
    opening.onupgradeneeded = () => void opening.result.createObjectStore("new");
    const upgraded = done(opening);
    await mounted.close();
    expect((await upgraded).version).toBe(2);
    expect(() => first.transaction("s")).toThrow();
    await store.reopen();
    expect([...(await openDatabase(indexedDB, name)).objectStoreNames]).toEqual(["new", "s"]);
  });

  it("waits for an upgrade that had been asked for", async () => {
    const mounted = await store.reopen();
    const name = `${mounted.databasePrefix}::db`;
    const opening = openDatabase(indexedDB, name, 1, (database) => void database.createObjectStore("s").put(1, 1));
    await mounted.close();
    expect((await opening).version).toBe(1);
    await store.reopen();
    expect(await indexedDB.databases()).toEqual([{ name, version: 1 }]);
  });
});
