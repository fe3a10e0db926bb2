import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StartQueue } from "../../../main/sessions/startQueue.ts";
import { AccountId } from "../../../shared/ids.ts";

const idOf = (number: number): AccountId => AccountId.parse(`account${String(number).padStart(9, "0")}`);
const turn = () => vi.advanceTimersByTimeAsync(0);

let queue: StartQueue;
let begun: number[];
let finish: Map<number, (error?: Error) => void>;

beforeEach(() => {
  vi.useFakeTimers();
  queue = new StartQueue();
  begun = [];
  finish = new Map();
});
afterEach(() => void vi.useRealTimers());

const add = (number: number): Promise<void> =>
  queue.add(idOf(number), () => {
    begun.push(number);
    return new Promise((resolve, reject) => finish.set(number, (error) => (error ? reject(error) : resolve())));
  });
const addAll = (count: number): Promise<PromiseSettledResult<void>[]> =>
  Promise.allSettled(Array.from({ length: count }, (_, at) => add(at + 1)));

it("starts some at a time, in order, and the next one when one has started or failed", async () => {
  void addAll(10);
  await turn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6]);
  finish.get(3)?.();
  finish.get(4)?.(new Error("failed"));
  await turn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([3, 5, 10].map((number) => queue.has(idOf(number)))).toEqual([false, true, true]);
});

it("lets the one that is opened start at once, whatever is under way, and once only", async () => {
  void addAll(10);
  await turn();
  queue.goFirst(idOf(9));
  queue.goFirst(idOf(9));
  queue.goFirst(idOf(1));
  await turn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 9]);
  // It has taken a place of those that follow.
  finish.get(1)?.();
  await turn();
  expect(begun).toHaveLength(7);
  finish.get(2)?.();
  await turn();
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 9, 7]);
});

it("remembers which one was opened before there was a queue", async () => {
  queue.goFirst(idOf(8));
  void addAll(10);
  await turn();
  expect(begun[0]).toBe(8);
  expect(begun).toHaveLength(6);
});

it("does not let servers that never answer hold up the others", async () => {
  const all = addAll(20);
  for (let at = 0; at < 4; at += 1) await vi.advanceTimersByTimeAsync(1_500);
  expect(begun).toHaveLength(20);
  for (const end of finish.values()) end();
  await turn();
  expect(await all).toHaveLength(20);
  // No place has been lost or won.
  begun = [];
  void addAll(10);
  await turn();
  expect(begun).toHaveLength(6);
});

it("starts none twice, and says when they have settled", async () => {
  const [first, second] = [add(1), add(1)];
  expect(first).toBe(second);
  await turn();
  expect(begun).toEqual([1]);
  let settled = false;
  void queue.settled([{ accountId: idOf(1) }, { accountId: idOf(2) }]).then(() => (settled = true));
  await turn();
  expect(settled).toBe(false);
  finish.get(1)?.(new Error("failed"));
  await expect(first).rejects.toThrow("failed");
  await turn();
  expect(settled).toBe(true);
});
