import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FORMAT_KEY, sealEntry, stampOf } from "../../../main/cryptoStore/journalEntries.ts";
import { FORMAT_VERSION } from "../../../main/cryptoStore/levelFolder.ts";
import { installCryptoStores } from "../../../main/cryptoStore/index.ts";
import { AppFailure } from "../../../shared/errors.ts";
import { silent, someAccount, storeInFolder } from "../../support/cryptoFolder.ts";
import { createWriterStores, readState, stateAfter, writeTransaction } from "../../support/cryptoStoreLoad.ts";
import { openDatabase } from "../../support/indexedDb.ts";
import { randomNumbers, sample, seed } from "../../support/seed.ts";

const BEFORE = 60;
const LAST = 90;

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let pristine: string;
let work: string;

/** A store with a table file of the transactions up to BEFORE, and a log of those up to LAST. */
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "steward-damage-"));
  pristine = join(work, "pristine");
  const stores = installCryptoStores(silent);
  for (const [from, to] of [
    [1, BEFORE],
    [BEFORE + 1, LAST],
  ] as const) {
    const mounted = await stores.mount(someAccount, pristine);
    const database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`, 1, createWriterStores);
    for (let number = from; number <= to; number++) await writeTransaction(database, number);
    await mounted.close();
  }
});
afterAll(() => rm(work, { recursive: true, force: true }));

let copies = 0;

async function copy(): Promise<string> {
  const folder = join(work, `copy${copies++}`);
  await cp(pristine, folder, { recursive: true });
  return folder;
}

async function levelFiles(folder: string, ending: RegExp): Promise<string[]> {
  const level = join(folder, "level");
  return (await readdir(level)).filter((name) => ending.test(name)).map((name) => join(level, name));
}

async function contents(folder: string, ending = /^(?!LOG|LOCK)/): Promise<Record<string, Buffer>> {
  const all: Record<string, Buffer> = {};
  for (const file of await levelFiles(folder, ending)) all[file] = await readFile(file);
  return all;
}

/** Mounts the folder and answers the number of its last transaction, having compared everything with it. */
async function lastIn(folder: string): Promise<number> {
  const mounted = await installCryptoStores(silent).mount(someAccount, folder, { mustExist: true });
  try {
    const database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`);
    const state = await readState(database);
    expect(state).toEqual(stateAfter(state.counter));
    return state.counter;
  } finally {
    await mounted.close();
  }
}

async function change(file: string, alter: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(file, alter(await readFile(file)));
}

const flip =
  (at: number, mask: number) =>
  (bytes: Buffer): Buffer => {
    bytes[at] = (bytes[at] ?? 0) ^ mask;
    return bytes;
  };

async function only(folder: string, ending: RegExp): Promise<string> {
  const files = await levelFiles(folder, ending);
  const [file] = files;
  if (file === undefined) throw new Error(`No file ${ending}`);
  return file;
}

/** Where the last record of a short log begins. */
function lastRecord(log: Buffer): number {
  let last = 0;
  for (let at = 0; at + 7 <= log.length; at += 7 + log.readUInt16LE(at + 4)) last = at;
  return last;
}

async function biggestTable(folder: string): Promise<string> {
  const files = Object.entries(await contents(folder, /\.ldb$/));
  files.sort(([, one], [, other]) => other.length - one.length);
  return files[0]?.[0] ?? "";
}

describe("a store that is damaged", () => {
  it("is whole to begin with", async () => {
    const folder = await copy();
    expect(await levelFiles(folder, /\.ldb$/)).not.toEqual([]);
    expect(await lastIn(folder)).toBe(LAST);
  });

  it.each<[string, (folder: string) => Promise<void>]>([
    ["a bit in the middle of the log", async (f) => change(await only(f, /\.log$/), (b) => flip(b.length >> 1, 4)(b))],
    ["the log's first record", async (f) => change(await only(f, /\.log$/), flip(20, 1))],
    ["a record's length in the log", async (f) => change(await only(f, /\.log$/), flip(5, 0x40))],
    ["no log", async (f) => rm(await only(f, /\.log$/))],
    ["no CURRENT", async (f) => rm(await only(f, /^CURRENT$/))],
    ["an empty CURRENT", async (f) => change(await only(f, /^CURRENT$/), () => Buffer.alloc(0))],
    ["no manifest", async (f) => rm(await only(f, /^MANIFEST/))],
    ["a bit in the manifest", async (f) => change(await only(f, /^MANIFEST/), flip(15, 1))],
    ["no table", async (f) => rm(await biggestTable(f))],
    ["half a table", async (f) => change(await biggestTable(f), (b) => b.subarray(0, b.length >> 1))],
    ["a bit in a table", async (f) => change(await biggestTable(f), (b) => flip(b.length >> 1, 1)(b))],
    // Where LevelDB would end the process.
    ["a bit in a table's index", async (f) => change(await biggestTable(f), (b) => flip(b.length - 48 - 30, 1)(b))],
    ["the manifest's last length", async (f) => change(await only(f, /^MANIFEST/), (b) => flip(lastRecord(b) + 5, 1)(b))],
    ["nothing but the folder", async (f) => rm(join(f, "level"), { recursive: true })],
  ])("is refused and left as it was: %s", async (_, damage) => {
    const folder = await copy();
    await damage(folder);
    const before = await contents(folder).catch(() => ({}));
    await expect(lastIn(folder)).rejects.toThrow("store_damaged");
    await expect(lastIn(folder)).rejects.toThrow("store_damaged");
    expect(await contents(folder).catch(() => ({}))).toEqual(before);
  });

  it("is refused when an entry is missing, stale or foreign, though each one left is sound", async () => {
    for (const tamper of ["remove", "stale", "foreign"]) {
      const folder = await copy();
      const level = new ClassicLevel<Buffer, Buffer>(join(folder, "level"), {
        keyEncoding: "buffer",
        valueEncoding: "buffer",
      });
      const entries = await level.iterator().all();
      const [key, value] = entries.at(-1) ?? [Buffer.of(), Buffer.of()];
      if (tamper === "remove") await level.del(key);
      const other = Buffer.from(value.subarray(6));
      const shorter = other.subarray(0, -1);
      if (tamper === "stale") await level.put(key, sealEntry(stampOf(key, shorter), shorter));
      const foreign = Buffer.concat([key.subarray(0, 1), Buffer.of(0, 0, 1, 0), key.subarray(5)]);
      if (tamper === "foreign") await level.put(foreign, sealEntry(stampOf(foreign, other), other));
      await level.close();
      await expect(lastIn(folder), tamper).rejects.toThrow(/store_damaged|data_too_new/);
    }
  });

  it("does not mind a table that was cut short while it was written and is not yet in use", async () => {
    const folder = await copy();
    await cp(await biggestTable(folder), join(folder, "level", "000999.ldb"));
    await change(join(folder, "level", "000999.ldb"), (bytes) => bytes.subarray(0, 700));
    expect(await lastIn(folder)).toBe(LAST);
  });

  it("loses the last transaction and no more when the end of its log is cut off", async () => {
    for (const missing of [1, 5, 30]) {
      const folder = await copy();
      await change(await only(folder, /\.log$/), (bytes) => bytes.subarray(0, bytes.length - missing));
      expect(await lastIn(folder)).toBe(LAST - 1);
    }
  });

  it("is, for any flipped bit, refused or whole but for the last transaction", async () => {
    const random = randomNumbers(seed);
    for (let round = 0; round < sample(60, 2000); round++) {
      const folder = await copy();
      const files = await levelFiles(folder, /^(?!LOG$|LOG\.old$|LOCK$)/);
      const file = files[Math.floor(random() * files.length)] ?? "";
      const place = random();
      const mask = 1 << Math.floor(random() * 8);
      await change(file, (bytes) => flip(Math.floor(place * bytes.length), mask)(bytes));
      try {
        expect([LAST - 1, LAST], file).toContain(await lastIn(folder));
      } catch (thrown) {
        if (!(thrown instanceof AppFailure)) throw thrown;
        expect(thrown.error.kind).toBe("store_damaged");
      }
      await rm(folder, { recursive: true });
    }
  }, 300_000);
});

async function setFormat(folder: string, content: string): Promise<void> {
  const level = new ClassicLevel<Buffer, Buffer>(join(folder, "level"), {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
  });
  const bytes = Buffer.from(content);
  await level.put(FORMAT_KEY, sealEntry(stampOf(FORMAT_KEY, bytes), bytes));
  await level.close();
}

describe("a store of another format", () => {
  it.each([
    [FORMAT_VERSION + 1, { kind: "data_too_new", file: "copy" }],
    [FORMAT_VERSION - 1, { kind: "store_damaged" }],
    ["text", { kind: "store_damaged" }],
  ])("%s is refused, and nothing of it is lost", async (version, error) => {
    const folder = await copy();
    await setFormat(folder, JSON.stringify({ version, more: 1 }));
    const failure = await lastIn(folder).catch((thrown: unknown) => thrown);
    const expected = "file" in error ? { ...error, file: folder.split("/").at(-1) } : error;
    expect(failure).toMatchObject({ error: expected });
    await setFormat(folder, JSON.stringify({ version: FORMAT_VERSION }));
    expect(await lastIn(folder)).toBe(LAST);
  });

  it("is what a missing format entry is held for", async () => {
    const folder = await copy();
    const level = new ClassicLevel<Buffer, Buffer>(join(folder, "level"), { keyEncoding: "buffer" });
    await level.del(FORMAT_KEY);
    await level.close();
    await expect(lastIn(folder)).rejects.toThrow("store_damaged");
  });
});

describe("a store's folder", () => {
  it("is made for this user alone, and leftovers of a making that was cut short are cleared away", async () => {
    const store = await storeInFolder();
    try {
      await store.reopen();
      await cp(join(store.folder, "level"), join(store.folder, "level.new-left"), { recursive: true });
      await store.reopen({ mustExist: true });
      expect(await readdir(store.folder)).toEqual(["level"]);
    } finally {
      await store.remove();
    }
  });
});

describe("a store that is removed", () => {
  const stores = installCryptoStores(silent);
  const level = (folder: string, name = ""): string => join(folder, "level", name);

  it.each<[string, (folder: string) => Promise<unknown>]>([
    ["whole", () => Promise.resolve()],
    ["damaged", async (f) => change(await only(f, /\.log$/), (b) => flip(b.length >> 1, 4)(b))],
    ["one that LevelDB would end the process for", async (f) => change(await biggestTable(f), (b) => flip(b.length - 78, 1)(b))],
    ["without CURRENT", async (f) => rm(level(f, "CURRENT"))],
    ["of a newer format", (f) => setFormat(f, JSON.stringify({ version: FORMAT_VERSION + 1 }))],
    ["with a folder where a table belongs", (f) => mkdir(level(f, "000777.ldb/deep"), { recursive: true })],
    ["with a file in its place", async (f) => rm(level(f), { recursive: true }).then(() => writeFile(level(f), "level"))],
    ["begun and no more", async (f) => rename(level(f), `${level(f)}.new-half`)],
    ["empty", async (f) => rm(level(f), { recursive: true })],
    ["absent", async (f) => rm(f, { recursive: true })],
  ])("is gone, and an empty one can be mounted in its place: %s", async (_, prepare) => {
    const folder = await copy();
    await prepare(folder);
    await stores.remove(someAccount, folder);
    await expect(readdir(folder)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(lastIn(folder)).rejects.toThrow("store_damaged");
    const mounted = await stores.mount(someAccount, folder);
    expect(await indexedDB.databases()).toEqual([]);
    await mounted.close();
  });

  it("stays as it is when it is open here, or another of its account is", async () => {
    const folder = await copy();
    for (const beside of [false, true]) {
      const mounted = await stores.mount(someAccount, beside ? `${folder}-next` : folder, { beside });
      await expect(stores.remove(someAccount, folder)).rejects.toThrow("store_in_use");
      await mounted.close();
    }
    expect(await lastIn(folder)).toBe(LAST);
  });

  it("is refused as damaged, or whole, wherever its removal was cut short, and can be removed to the end", async () => {
    const names = await readdir(level(pristine));
    for (let gone = 1; gone <= names.length; gone++) {
      const folder = await copy();
      for (const name of names.slice(0, gone)) await rm(level(folder, name));
      const left = await lastIn(folder).catch((thrown: unknown) => thrown);
      if (left !== LAST) expect(left).toMatchObject({ error: { kind: "store_damaged" } });
      await stores.remove(someAccount, folder);
      await expect(readdir(folder)).rejects.toMatchObject({ code: "ENOENT" });
    }
  });
});
