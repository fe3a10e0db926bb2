import { IDBFactory as PlainFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { storeInFolder } from "../../support/cryptoFolder.ts";
import type { StoreInFolder } from "../../support/cryptoFolder.ts";
import { completed, done, dump, openDatabase } from "../../support/indexedDb.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let store: StoreInFolder;

beforeEach(async () => {
  store = await storeInFolder();
});
afterEach(() => store.remove());

/** What a case writes, in a database of version 1 with the object stores that `upgrade` makes. */
interface Case {
  upgrade: (database: IDBDatabase, transaction: IDBTransaction) => void;
  act?: (database: IDBDatabase) => Promise<void>;
  /** The primary keys that must be left in the object store "s". */
  keys: IDBValidKey[];
}

const plainStore = (database: IDBDatabase): void => void database.createObjectStore("s");

async function writing(database: IDBDatabase, work: (s: IDBObjectStore) => unknown): Promise<void> {
  const transaction = database.transaction("s", "readwrite");
  const finished = completed(transaction);
  await work(transaction.objectStore("s"));
  await finished;
}

async function filled(database: IDBDatabase): Promise<void> {
  await writing(database, (s) => {
    for (const key of [1, 2, 3, 4, 5, "a", "b", [1, "x"], [2, "y"]]) s.put({ key }, key);
  });
}

function eachCursor(request: IDBRequest<IDBCursorWithValue | null>, visit: (at: IDBCursorWithValue) => void) {
  return new Promise<void>((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null) return resolve();
      visit(cursor);
      cursor.continue();
    };
  });
}

const cases: Record<string, Case> = {
  "put with a key of every type": {
    upgrade: plainStore,
    act: (database) =>
      writing(database, (s) => {
        for (const key of [-Infinity, 1.5, new Date(7), "", "\ud800", Uint8Array.of(0, 255), [], [[1], "x"]]) {
          s.put({ value: "v" }, key);
        }
      }),
    keys: [-Infinity, 1.5, new Date(7), "", "\ud800", Uint8Array.of(0, 255).buffer, [], [[1], "x"]],
  },
  "values of every kind": {
    upgrade: plainStore,
    act: (database) =>
      writing(database, (s) => {
        s.put({ n: -0, nan: NaN, u: undefined, d: new Date(5), b: Uint8Array.of(1), a: new ArrayBuffer(3) }, 1);
        s.put(undefined, 2);
        s.put(null, 3);
        s.put(new Map([[{ deep: [1] }, new Set([2n])]]), 4);
      }),
    keys: [1, 2, 3, 4],
  },
  "put over an existing record": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      await writing(database, (s) => s.put("newer", 1));
    },
    keys: [1, 2, 3, 4, 5, "a", "b", [1, "x"], [2, "y"]],
  },
  "several writes to one key in one transaction": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      await writing(database, (s) => {
        s.put("x", 1);
        s.delete(1);
        s.put("y", 1);
        s.put("z", 9);
        s.delete(9);
        s.delete(2);
      });
    },
    keys: [1, 3, 4, 5, "a", "b", [1, "x"], [2, "y"]],
  },
  "add that fails and is forgiven": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      await writing(database, (s) => {
        s.add("never", 1).onerror = (event) => {
          event.preventDefault();
          event.stopPropagation();
        };
        s.add("yes", 10);
      });
    },
    keys: [1, 2, 3, 4, 5, 10, "a", "b", [1, "x"], [2, "y"]],
  },
  "delete by key, of one absent, and by range": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      await writing(database, (s) => {
        s.delete("a");
        s.delete("absent");
        s.delete(IDBKeyRange.bound(2, 4, true, false));
        s.delete(IDBKeyRange.lowerBound([2]));
      });
    },
    keys: [1, 2, 5, "b", [1, "x"]],
  },
  "clear, then more": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      await writing(database, (s) => {
        s.clear();
        s.put("again", 2);
      });
    },
    keys: [2],
  },
  "cursor update and delete": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      await writing(database, (s) =>
        eachCursor(s.openCursor(IDBKeyRange.upperBound(5)), (at) =>
          Number(at.key) % 2 === 0 ? at.delete() : at.update({ updated: at.key }),
        ),
      );
    },
    keys: [1, 3, 5, "a", "b", [1, "x"], [2, "y"]],
  },
  "cursor of an index, update and delete, in both directions": {
    upgrade: (database) => void database.createObjectStore("s", { keyPath: "id" }).createIndex("i", "group"),
    act: async (database) => {
      await writing(database, (s) => {
        for (let id = 0; id < 9; id++) s.put({ id, group: id % 3 });
      });
      await writing(database, (s) =>
        eachCursor(s.index("i").openCursor(IDBKeyRange.only(1), "prev"), (at) => at.delete()),
      );
      await writing(database, (s) =>
        eachCursor(s.index("i").openCursor(IDBKeyRange.only(2)), (at) =>
          at.update({ ...(at.value as object), group: 0 }),
        ),
      );
    },
    keys: [0, 2, 3, 5, 6, 8],
  },
  "auto-increment with and without key path": {
    upgrade: (database) => {
      database.createObjectStore("s", { autoIncrement: true });
      database.createObjectStore("t", { keyPath: "in.id", autoIncrement: true });
    },
    act: async (database) => {
      const transaction = database.transaction(["s", "t"], "readwrite");
      const finished = completed(transaction);
      transaction.objectStore("s").add("one");
      transaction.objectStore("s").add("forty", 40);
      transaction.objectStore("s").add("next");
      transaction.objectStore("s").add("named", "name");
      transaction.objectStore("t").add({ in: {} });
      transaction.objectStore("t").add({ other: 1 });
      await finished;
    },
    keys: [1, 40, 41, "name"],
  },
  "indexes: unique, multi-entry, several key paths, keyless records": {
    upgrade: (database) => {
      const s = database.createObjectStore("s", { keyPath: ["a", "b"] });
      s.createIndex("unique", "u", { unique: true });
      s.createIndex("multi", "tags", { multiEntry: true });
      s.createIndex("pair", ["b", "u"]);
    },
    act: (database) =>
      writing(database, (s) => {
        s.put({ a: 1, b: "x", u: 1, tags: ["p", "q", "p"] });
        s.put({ a: 1, b: "y", u: 2, tags: [] });
        s.put({ a: 2, b: "x" });
      }),
    keys: [
      [1, "x"],
      [1, "y"],
      [2, "x"],
    ],
  },
  "a transaction that is aborted": {
    upgrade: plainStore,
    act: async (database) => {
      await filled(database);
      const transaction = database.transaction("s", "readwrite");
      const finished = completed(transaction);
      transaction.objectStore("s").clear();
      await done(transaction.objectStore("s").put("never", 77));
      transaction.abort();
      await expect(finished).rejects.toThrow();
    },
    keys: [1, 2, 3, 4, 5, "a", "b", [1, "x"], [2, "y"]],
  },
  "a transaction that says commit": {
    upgrade: plainStore,
    act: async (database) => {
      const transaction = database.transaction("s", "readwrite", { durability: "relaxed" });
      const finished = completed(transaction);
      transaction.objectStore("s").put("v", 1);
      transaction.commit();
      expect(() => transaction.abort()).toThrow();
      await finished;
    },
    keys: [1],
  },
  "records written during the upgrade": {
    upgrade: (database) => {
      const s = database.createObjectStore("s");
      s.put({ tag: "t" }, 1);
      s.createIndex("i", "tag");
      s.put({ tag: "u" }, 2);
    },
    keys: [1, 2],
  },
};

describe("an IndexedDB that is written to", () => {
  it.each(Object.entries(cases))("keeps %s, live and from disk", async (_, { upgrade, act, keys }) => {
    const name = `${(await store.reopen()).databasePrefix}::db`;
    const plain = await openDatabase(new PlainFactory(), name, 1, upgrade);
    const ours = await openDatabase(indexedDB, name, 1, upgrade);
    await act?.(plain);
    await act?.(ours);
    const live = await dump(ours);
    expect(live).toEqual(await dump(plain));
    const read = await done(ours.transaction("s").objectStore("s").getAllKeys());
    expect(read).toEqual(keys);

    await store.reopen({ mustExist: true });
    const again = await openDatabase(indexedDB, name);
    expect(await dump(again)).toEqual(live);
    expect(await done(again.transaction("s").objectStore("s").count())).toBe(keys.length);
    expect(await done(again.transaction("s").objectStore("s").get(keys[0] ?? ""))).toEqual(
      await done(plain.transaction("s").objectStore("s").get(keys[0] ?? "")),
    );
  });

  it("counts keys on where it was, even when the last records are gone", async () => {
    const name = `${(await store.reopen()).databasePrefix}::db`;
    const ours = await openDatabase(indexedDB, name, 1, (database) => {
      database.createObjectStore("s", { autoIncrement: true });
    });
    await writing(ours, (s) => {
      for (let i = 0; i < 5; i++) s.add(i);
      s.delete(IDBKeyRange.lowerBound(3));
    });
    await store.reopen();
    const again = await openDatabase(indexedDB, name);
    await writing(again, async (s) => expect(await done(s.add("x"))).toBe(6));
    await writing(again, (s) => s.clear());
    await store.reopen();
    const third = await openDatabase(indexedDB, name);
    await writing(third, async (s) => expect(await done(s.add("y"))).toBe(7));
  });

  it("enforces a unique index after it was read from disk", async () => {
    const name = `${(await store.reopen()).databasePrefix}::db`;
    const ours = await openDatabase(indexedDB, name, 1, (database) => {
      database.createObjectStore("s").createIndex("u", "u", { unique: true });
    });
    await writing(ours, (s) => s.put({ u: 1 }, "a"));
    await store.reopen();
    const again = await openDatabase(indexedDB, name);
    await expect(writing(again, (s) => s.put({ u: 1 }, "b"))).rejects.toMatchObject({ name: "ConstraintError" });
  });
});

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
