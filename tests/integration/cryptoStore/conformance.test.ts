import { IDBFactory as PlainFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { storeInFolder } from "../../support/cryptoFolder.ts";
import type { StoreInFolder } from "../../support/cryptoFolder.ts";
import { completed, done, dump, filled, openDatabase, writing } from "../../support/indexedDb.ts";

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
      await writing(database, (s) => eachCursor(s.index("i").openCursor(IDBKeyRange.only(1), "prev"), (at) => at.delete()));
      await writing(database, (s) =>
        eachCursor(s.index("i").openCursor(IDBKeyRange.only(2)), (at) => at.update({ ...(at.value as object), group: 0 })),
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
    expect(
      await done(
        again
          .transaction("s")
          .objectStore("s")
          .get(keys[0] ?? ""),
      ),
    ).toEqual(
      await done(
        plain
          .transaction("s")
          .objectStore("s")
          .get(keys[0] ?? ""),
      ),
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
