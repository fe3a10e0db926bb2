import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inTime, LATE } from "../../../main/storage/inTime.ts";

const never = new Promise<never>(() => undefined);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("waiting no longer than so long", () => {
  it("answers what came in time, and leaves no timer behind", async () => {
    expect(await inTime(Promise.resolve(1), 1_000)).toBe(1);
    await expect(inTime(Promise.reject(new Error("no")), 1_000)).rejects.toThrow("no");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("says that something is late, whatever comes of it", async () => {
    const { promise, reject } = ((): { promise: Promise<never>; reject: (error: Error) => void } => {
      let refuse = (_error: Error): void => undefined;
      const promise = new Promise<never>((_resolve, given) => (refuse = given));
      return { promise, reject: (error) => refuse(error) };
    })();
    const waited = inTime(promise, 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waited).toBe(LATE);
    // Nobody waits for it any more: it must not end the process.
    reject(new Error("too late"));
  });

  it("waits for ever where that is wanted", () => {
    void inTime(never, Infinity);
    expect(vi.getTimerCount()).toBe(0);
  });
});
