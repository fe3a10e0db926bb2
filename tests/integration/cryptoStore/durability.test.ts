import { AbstractChainedBatch } from "abstract-level";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { MountedStore } from "../../../main/cryptoStore/index.ts";
import type { AppFailure } from "../../../shared/errors.ts";
import { storeInFolder } from "../../support/cryptoFolder.ts";
import type { StoreInFolder } from "../../support/cryptoFolder.ts";
import { completed, done, openDatabase } from "../../support/indexedDb.ts";
import { waitUntil } from "../../support/waitUntil.ts";

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

let store: StoreInFolder;
let mounted: MountedStore;
let database: IDBDatabase;
let failures: AppFailure[];
let held: { release: () => void; refuse: (error: Error) => void }[];

beforeEach(async () => {
  store = await storeInFolder();
  failures = [];
  held = [];
  mounted = await store.reopen({ onWriteFailed: (failure) => failures.push(failure) });
  database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`, 1, (upgraded) => {
    upgraded.createObjectStore("s");
    upgraded.createObjectStore("t");
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  held.forEach(({ release }) => release());
  await store.remove();
});

type Write = (options?: { sync?: boolean }) => Promise<void>;
const proto = AbstractChainedBatch.prototype as unknown as { write: Write };

/** Holds back what goes to LevelDB until it is let go or refused; answers the options of each write. */
function holdWrites(): unknown[] {
  const original = proto.write;
  const options: unknown[] = [];
  vi.spyOn(proto, "write").mockImplementation(function (this: unknown, given) {
    options.push(given);
    return new Promise((resolve, reject) => {
      let settled = false;
      const once = (settle: () => void): void => {
        if (!settled) settle();
        settled = true;
      };
      held.push({
        release: () => once(() => resolve(original.call(this, given))),
        refuse: (error) => once(() => reject(error)),
      });
    });
  });
  return options;
}

function put(name: "s" | "t", key: number, value: string): { transaction: IDBTransaction; finished: Promise<void> } {
  const transaction = database.transaction(name, "readwrite");
  const finished = completed(transaction);
  transaction.objectStore(name).put(value, key);
  return { transaction, finished };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

it("says complete, and shows what was written, only when the synced batch is on disk", async () => {
  const options = holdWrites();
  const events: string[] = [];
  const { transaction, finished } = put("s", 1, "v");
  void finished.then(() => events.push("complete"));
  const read = done(database.transaction("s").objectStore("s").get(1));
  void read.then(() => events.push("read"));
  await waitUntil(() => held.length === 1, { what: "the write" });
  await turns(50);
  expect(events).toEqual([]);
  expect(() => transaction.abort()).toThrow();
  expect(() => transaction.objectStore("s")).toThrow();
  held[0]?.release();
  expect(await read).toBe("v");
  expect(events).toEqual(["complete", "read"]);
  expect(options).toEqual([{ sync: true }]);
});

it("puts transactions that are ready at the same moment into one batch", async () => {
  const options = holdWrites();
  const first = put("s", 1, "v");
  await waitUntil(() => held.length === 1, { what: "the first write" });
  const others = [put("t", 1, "w")];
  await turns(50);
  expect(held).toHaveLength(1);
  held[0]?.release();
  await first.finished;
  others.push(put("s", 2, "x"));
  await waitUntil(() => held.length === 2, { what: "the second write" });
  await turns(50);
  held[1]?.release();
  await waitUntil(() => held.length === 3, { what: "the third write" });
  held[2]?.release();
  await Promise.all(others.map(({ finished }) => finished));
  expect(options).toHaveLength(3);
});

it("writes nothing for a transaction that changes nothing", async () => {
  await put("s", 1, "v").finished;
  const options = holdWrites();
  const transaction = database.transaction("s", "readwrite");
  const finished = completed(transaction);
  transaction.objectStore("s").delete(99);
  await done(transaction.objectStore("s").get(1));
  await finished;
  expect(options).toEqual([]);
});

it("aborts what the disk refuses and everything after it, and goes on after it was mounted anew", async () => {
  await put("s", 1, "kept").finished;
  holdWrites();
  const refused = put("s", 1, "lost");
  const added = put("t", 5, "lost too");
  await waitUntil(() => held.length === 1, { what: "the write" });
  held[0]?.refuse(new Error("IO error: 000003.log: No space left on device"));
  await expect(refused.finished).rejects.toMatchObject({ name: "QuotaExceededError" });
  await expect(added.finished).rejects.toMatchObject({ name: "QuotaExceededError" });
  vi.restoreAllMocks();
  await expect(put("s", 2, "after").finished).rejects.toMatchObject({ name: "QuotaExceededError" });
  expect(await done(database.transaction("s").objectStore("s").getAll())).toEqual(["kept"]);
  expect(await done(database.transaction("t").objectStore("t").getAll())).toEqual([]);
  expect(failures.map(({ error }) => error)).toEqual([{ kind: "file_failed", reason: "no_space" }]);

  database.close();
  await expect(
    openDatabase(indexedDB, `${mounted.databasePrefix}::db`, 2, (upgraded) => void upgraded.createObjectStore("u")),
  ).rejects.toMatchObject({ name: "AbortError" });
  await expect(done(indexedDB.deleteDatabase(`${mounted.databasePrefix}::db`))).rejects.toMatchObject({
    name: "UnknownError",
  });

  await store.reopen({ mustExist: true });
  database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`);
  expect(database.version).toBe(1);
  await put("s", 2, "again").finished;
  expect(await done(database.transaction("s").objectStore("s").getAll())).toEqual(["kept", "again"]);
});

it("aborts alone the transaction whose value cannot be written to disk", async () => {
  const transaction = database.transaction("s", "readwrite");
  const finished = completed(transaction);
  // Structured clone takes it within a process, but memory that is shared cannot go to disk.
  transaction.objectStore("s").put({ memory: new SharedArrayBuffer(4) }, 1);
  await expect(finished).rejects.toMatchObject({ name: "DataCloneError" });
  await put("s", 2, "v").finished;
  await store.reopen();
  database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`);
  expect(await done(database.transaction("s").objectStore("s").getAllKeys())).toEqual([2]);
  expect(failures).toEqual([]);
});
