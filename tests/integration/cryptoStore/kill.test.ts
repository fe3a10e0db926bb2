import { readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runScript } from "../../support/childProcess.ts";
import type { LineProcess } from "../../support/childProcess.ts";
import { someAccount, storeInFolder } from "../../support/cryptoFolder.ts";
import type { StoreInFolder } from "../../support/cryptoFolder.ts";
import { WRITER_DATABASES, readState, stateAfter } from "../../support/cryptoStoreLoad.ts";
import { openDatabase } from "../../support/indexedDb.ts";
import { randomNumbers, sample, seed } from "../../support/seed.ts";

const WRITER = fileURLToPath(new URL("../../support/cryptoStoreWriter.ts", import.meta.url));
const KILLS = sample(8, 50);

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let store: StoreInFolder;
let children: LineProcess[];

beforeEach(async () => {
  store = await storeInFolder();
  children = [];
});
afterEach(async () => {
  for (const child of children) await child.kill();
  await store.remove();
});

function start(...args: Parameters<typeof runScript>): LineProcess {
  const child = runScript(...args);
  children.push(child);
  return child;
}

/** The last transaction of a database that the writer was told is complete. */
function acknowledged(lines: readonly string[], database: string): number {
  const numbers = lines.map((line) => line.split(" ")).filter(([name, , error]) => name === database && !error);
  return Number(numbers.at(-1)?.[1] ?? 0);
}

/** Mounts the store, compares each database with what the writer was told, and answers what was found. */
async function check(lines: readonly string[], before: readonly number[]): Promise<number[]> {
  const mounted = await store.reopen();
  const known = (await indexedDB.databases()).map(({ name }) => name);
  const found: number[] = [];
  for (const [at, name] of WRITER_DATABASES.entries()) {
    const told = Math.max(acknowledged(lines, name), before[at] ?? 0);
    const fullName = `${mounted.databasePrefix}::${name}`;
    if (!known.includes(fullName)) {
      expect(told).toBe(0);
      found.push(0);
      continue;
    }
    const database = await openDatabase(indexedDB, fullName);
    const state = await readState(database);
    expect(state).toEqual(stateAfter(state.counter));
    expect(state.counter).toBeGreaterThanOrEqual(told);
    // One more may have been kept without the writer having been able to say so.
    expect(state.counter).toBeLessThanOrEqual(told + 1);
    found.push(state.counter);
  }
  await mounted.close();
  return found;
}

it(`keeps every acknowledged transaction, as a whole, through SIGKILL at ${KILLS} random points`, async () => {
  const random = randomNumbers(seed);
  let found: number[] = [];
  for (let round = 0; round < KILLS; round++) {
    const writer = start(WRITER, [store.folder]);
    // A quarter of the kills fall into mounting and the first writes, the others anywhere in the load.
    await writer.line("mounting");
    if (random() > 0.25) await writer.line("one");
    await pause(random() * 400);
    await writer.kill();
    found = await check(writer.lines, found);
  }
  for (const count of found) expect(count).toBeGreaterThan(KILLS);
}, 300_000);

it("tells of a disk that is full, keeps what it had acknowledged, and works again when there is room", async () => {
  const writer = start(WRITER, [store.folder], { limitFileBlocks: 200 });
  expect(await writer.ended()).toBe(0);
  const { lines } = writer;
  expect(lines).toContain("failed");
  for (const name of WRITER_DATABASES) {
    // One of them met the full disk itself, or both did in one batch; the other was refused from then on.
    expect(lines.filter((line) => line.startsWith(`${name} `)).at(-1)).toMatch(/ QuotaExceededError$/);
    expect(acknowledged(lines, name)).toBeGreaterThan(0);
  }
  const found = await check(lines, []);
  const again = start(WRITER, [store.folder, "20"]);
  expect(await again.ended()).toBe(0);
  expect(await check(again.lines, found)).toEqual(found.map((count) => count + 20));
});

it("is not removed while another process uses it, which goes on as if nothing had been", async () => {
  const holder = start(WRITER, [store.folder]);
  await holder.line("one");
  await expect(store.stores.remove(someAccount, store.folder)).rejects.toThrow("store_in_use");
  const written = acknowledged(holder.lines, "one");
  await holder.line(`one ${written + 5}`);
  await holder.kill();
  await check(holder.lines, []);
  await store.stores.remove(someAccount, store.folder);
  await expect(readdir(store.folder)).rejects.toMatchObject({ code: "ENOENT" });
});

it("is not shared by two processes, nor mounted twice in one", async () => {
  const holder = start(WRITER, [store.folder]);
  await holder.line("mounted");
  await expect(store.reopen()).rejects.toThrow("store_in_use");
  await expect(store.reopen({ mustExist: true })).rejects.toThrow("store_in_use");
  await holder.kill();
  const mounted = await store.reopen();
  const refused = start(WRITER, [store.folder]);
  await expect(refused.line("mounted")).rejects.toThrow("store_in_use");
  const account = mounted.databasePrefix.slice(-16) as Parameters<typeof store.stores.mount>[0];
  await expect(store.stores.mount(account, `${store.folder}2`)).rejects.toThrow("store_in_use");
});
