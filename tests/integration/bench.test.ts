import { describe, expect, it } from "vitest";
import { tryWorkload, workloads } from "../bench/roomKeys.bench.ts";

const FEW = 40;

describe("the benchmarks of room keys", () => {
  it.each(workloads)("still measure: %s", async (what) => {
    for (const { ms, growthMb, delayP99Ms } of await tryWorkload(what, FEW)) {
      expect(ms).toBeGreaterThan(0);
      expect(growthMb).toBeGreaterThanOrEqual(0);
      expect(delayP99Ms).toBeGreaterThan(0);
    }
  });
});
