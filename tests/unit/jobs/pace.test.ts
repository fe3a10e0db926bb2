import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { Pace, paced } from "../../../main/jobs/pace.ts";

const NEVER = new AbortController().signal;

describe("the pace", () => {
  it("grows with quick answers to its most, and shrinks with slow ones to one", () => {
    const pace = new Pace({ start: 2, most: 4 });
    for (let answers = 0; answers < 50; answers += 1) pace.answered(100);
    expect(pace.limit).toBe(4);
    for (let answers = 0; answers < 50; answers += 1) pace.answered(10_000);
    expect(pace.limit).toBe(1);
  });

  it("is halved where there are too many requests, and nothing is sent for as long as the server says", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const pace = new Pace({ start: 8, most: 8 });
      pace.limited(60);
      expect(pace.limit).toBe(4);
      let isSent = false;
      const sent = pace.turn(NEVER).then(() => (isSent = true));
      await turn();
      expect(isSent).toBe(false);
      vi.setSystemTime(Date.now() + 61);
      await sent;
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not waited for any more by whoever is stopped", async () => {
    const pace = new Pace({ start: 1, most: 1 });
    pace.limited(Number.MAX_SAFE_INTEGER);
    const controller = new AbortController();
    const waiting = pace.turn(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow();
  });
});

describe("work at a pace", () => {
  it("has as many under way as the pace allows, and does each once", async () => {
    const pace = new Pace({ start: 3, most: 3 });
    let active = 0;
    let most = 0;
    const seen: number[] = [];
    await paced(
      Array.from({ length: 20 }, (_, at) => at),
      pace,
      NEVER,
      async (item) => {
        most = Math.max(most, (active += 1));
        await turn();
        seen.push(item);
        active -= 1;
      },
    );
    expect(most).toBe(3);
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it("begins nothing after a failure or a stop, and brings to its end what is under way", async () => {
    const ended: number[] = [];
    const failing = paced([1, 2, 3, 4], new Pace({ start: 2, most: 2 }), NEVER, async (item) => {
      if (item === 1) throw new Error("no");
      await turn();
      ended.push(item);
    });
    await expect(failing).rejects.toThrow("no");
    expect(ended).toEqual([2]);
    const stopping = new AbortController();
    await paced([1, 2, 3, 4], new Pace({ start: 1, most: 1 }), stopping.signal, async (item) => {
      stopping.abort();
      await turn();
      ended.push(item * 10);
    });
    expect(ended).toEqual([2, 10]);
  });
});
