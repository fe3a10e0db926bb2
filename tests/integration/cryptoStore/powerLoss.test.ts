import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { installCryptoStores } from "../../../main/cryptoStore/index.ts";
import { silent, someAccount } from "../../support/cryptoFolder.ts";
import { createWriterStores, readState, stateAfter, writeTransaction } from "../../support/cryptoStoreLoad.ts";
import { completed, openDatabase } from "../../support/indexedDb.ts";
import { randomNumbers, sample, seed } from "../../support/seed.ts";

// LevelDB writes through its own code, so no port of ours can lose its writes. What a power cut leaves is made here by
// hand: the folder as it was when a batch was said to be on the disk, and behind that what the next batch had appended
// and nobody had synced: not there, cut off, zeroes, or whatever lay on the disk before. That each batch is synced
// before it is said to be kept is shown by durability.test.ts.

const TRANSACTIONS = sample(24, 160);
/** Between some of them, so that LevelDB begins new logs and makes tables of old ones; more than its buffer of 1 MiB. */
const FILLER_EVERY = 6;
const FILLER = "x".repeat(400_000);

vi.setConfig({ testTimeout: sample(120_000, 900_000), hookTimeout: 120_000 });

type Contents = ReadonlyMap<string, Buffer>;

let work: string;
/** After each batch: the files, and the last transaction that was complete. */
const moments: { last: number; files: Contents }[] = [];

/** LevelDB's files at one moment: it may be making a table meanwhile. */
async function contentsOf(level: string): Promise<Contents> {
  for (;;) {
    const read = async (): Promise<Contents> => {
      const names = (await readdir(level)).filter((name) => !/^LO(?:G|CK)/.test(name)).sort();
      return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(level, name))] as const)));
    };
    const [first, second] = [await read().catch(() => null), await read().catch(() => null)];
    const same = first?.size === second?.size && [...(first ?? [])].every(([name, bytes]) => second?.get(name)?.equals(bytes));
    if (first !== null && second !== null && same) return first;
  }
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "steward-power-"));
  const folder = join(work, "written");
  const mounted = await installCryptoStores(silent).mount(someAccount, folder);
  const database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`, 1, createWriterStores);
  const other = await openDatabase(indexedDB, `${mounted.databasePrefix}::other`, 1, (made) => made.createObjectStore("s"));
  const note = async (last: number): Promise<void> => {
    moments.push({ last, files: await contentsOf(join(folder, "level")) });
  };
  await note(0);
  for (let number = 1; number <= TRANSACTIONS; number += 1) {
    await writeTransaction(database, number);
    await note(number);
    if (number % FILLER_EVERY !== 0) continue;
    const transaction = other.transaction("s", "readwrite");
    transaction.objectStore("s").put(FILLER, number);
    await completed(transaction);
    await note(number);
  }
  await mounted.close();
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** What may have become of bytes that were written and not synced. */
const fates: Record<string, (tail: Buffer, random: () => number) => Buffer> = {
  lost: () => Buffer.alloc(0),
  "cut off": (tail, random) => tail.subarray(0, Math.floor(random() * tail.length)),
  zeroes: (tail) => Buffer.alloc(tail.length),
  "zeroes at the end": (tail, random) => {
    const from = Math.floor(random() * tail.length);
    return Buffer.concat([tail.subarray(0, from), Buffer.alloc(tail.length - from)]);
  },
  "zeroes at the beginning": (tail, random) => {
    const to = Math.floor(random() * tail.length);
    return Buffer.concat([Buffer.alloc(to), tail.subarray(to)]);
  },
  "other bytes": (tail, random) => Buffer.from(tail.map(() => Math.floor(random() * 256))),
  "other bytes in places": (tail, random) => {
    const bytes = Buffer.from(tail);
    for (let page = 0; page < bytes.length; page += 512) {
      if (random() < 0.5) for (let at = page; at < Math.min(page + 512, bytes.length); at += 1) bytes[at] = Math.floor(random() * 256);
    }
    return bytes;
  },
  kept: (tail) => tail,
};

let copies = 0;

/** The folder as the power cut left it, opened: the last transaction in it, after everything has been compared. */
async function lastAfterCut(files: Contents): Promise<number> {
  const folder = join(work, `cut${(copies += 1)}`);
  const level = join(folder, "level");
  await cp(join(work, "written"), folder, { recursive: true, filter: (path) => !path.startsWith(join(work, "written", "level", "0")) });
  for (const name of await readdir(level)) await rm(join(level, name));
  for (const [name, bytes] of files) await writeFile(join(level, name), bytes);
  const mounted = await installCryptoStores(silent).mount(someAccount, folder, { mustExist: true });
  try {
    const database = await openDatabase(indexedDB, `${mounted.databasePrefix}::db`);
    const state = await readState(database);
    expect(state).toEqual(stateAfter(state.counter));
    // It can be written to again, and what is written is there after that.
    await writeTransaction(database, state.counter + 1);
    return state.counter;
  } finally {
    await mounted.close();
    await rm(folder, { recursive: true });
  }
}

describe("when the power goes while a crypto store is written", () => {
  it("has begun new logs and made tables meanwhile, or this would show little", () => {
    const names = new Set(moments.flatMap(({ files }) => [...files.keys()]));
    expect([...names].filter((name) => name.endsWith(".log")).length).toBeGreaterThan(1);
    expect([...names].some((name) => name.endsWith(".ldb"))).toBe(true);
  });

  it.each(Object.keys(fates))("keeps every transaction that was complete, with what was not synced: %s", async (fate) => {
    const random = randomNumbers(seed);
    for (const [at, { last, files }] of moments.entries()) {
      const next = moments[at + 1];
      if (!next) continue;
      const left = new Map(files);
      for (const [name, bytes] of next.files) {
        const before = files.get(name);
        if (!name.endsWith(".log") || (before && bytes.length <= before.length)) continue;
        const tail = fates[fate]?.(bytes.subarray(before?.length ?? 0), random) ?? Buffer.alloc(0);
        // The name of a new log may be there without what it holds.
        left.set(name, Buffer.concat([before ?? Buffer.alloc(0), tail]));
      }
      expect([last, next.last], `after batch ${at}`).toContain(await lastAfterCut(left));
    }
  });
});
