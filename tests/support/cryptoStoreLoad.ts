import { completed, done } from "./indexedDb.ts";

/** The databases that the writer process writes to at the same time. */
export const WRITER_DATABASES = ["one", "two"] as const;

const SLOTS = 40;
const CLEAR_EVERY = 97;

/** What a writer's database holds, by object store. */
export interface WriterState {
  counter: number;
  slots: Map<number, { number: number; text: string }>;
  recent: Map<number, number>;
}

/** Makes the object stores of a writer's database. */
export function createWriterStores(database: IDBDatabase): void {
  database.createObjectStore("counter");
  database.createObjectStore("slots", { keyPath: "slot" }).createIndex("number", "number");
  database.createObjectStore("recent");
}

/** Writes the transaction with that number; resolves when it is complete. */
export async function writeTransaction(database: IDBDatabase, number: number): Promise<void> {
  const transaction = database.transaction(["counter", "slots", "recent"], "readwrite");
  const finished = completed(transaction);
  transaction.objectStore("counter").put(number, "last");
  transaction.objectStore("slots").put({ slot: number % SLOTS, number, text: textOf(number) });
  const recent = transaction.objectStore("recent");
  if (number % CLEAR_EVERY === 0) recent.clear();
  recent.put(number * 2, number);
  recent.delete(IDBKeyRange.upperBound(number - 5));
  await finished;
}

/** The number of the last transaction that a writer's database shows; 0 for none. */
export async function lastTransaction(database: IDBDatabase): Promise<number> {
  return ((await done(database.transaction("counter").objectStore("counter").get("last"))) as number | undefined) ?? 0;
}

/** What a writer's database holds after that many transactions and not one request more or less. */
export function stateAfter(last: number): WriterState {
  const state: WriterState = { counter: last, slots: new Map(), recent: new Map() };
  for (let number = Math.max(1, last - SLOTS + 1); number <= last; number++) {
    state.slots.set(number % SLOTS, { number, text: textOf(number) });
  }
  const cleared = last - (last % CLEAR_EVERY);
  for (let number = Math.max(1, last - 4, cleared); number <= last; number++) state.recent.set(number, number * 2);
  return state;
}

/** What a writer's database holds. */
export async function readState(database: IDBDatabase): Promise<WriterState> {
  const state = stateAfter(0);
  const transaction = database.transaction(["counter", "slots", "recent"]);
  state.counter = ((await done(transaction.objectStore("counter").get("last"))) as number | undefined) ?? 0;
  const rows = (await done(transaction.objectStore("slots").index("number").getAll())) as {
    slot: number;
    number: number;
    text: string;
  }[];
  for (const { slot, number, text } of rows) state.slots.set(slot, { number, text });
  const recent = transaction.objectStore("recent");
  const keys = (await done(recent.getAllKeys())) as number[];
  const values = (await done(recent.getAll())) as number[];
  keys.forEach((key, at) => state.recent.set(key, values[at] ?? NaN));
  return state;
}

/** Of very different lengths, up to more than one block of LevelDB's log. */
function textOf(number: number): string {
  return `${number}:`.repeat(1 + ((number * 7919) % (number % 50 === 0 ? 9000 : 60)));
}
