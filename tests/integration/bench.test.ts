import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { measureBulk } from "../bench/bulk.bench.ts";
import { measureCsv } from "../bench/csv.bench.ts";
import { measureOauthRestart } from "../bench/oauth.bench.ts";
import { countRegistration } from "../bench/registration.bench.ts";
import { tryWorkload, workloads } from "../bench/roomKeys.bench.ts";
import { measureStartDelay, measureStartRequests } from "../bench/start.bench.ts";
import { measurePage } from "../bench/users.bench.ts";

const FEW = 40;

it("is tried of every benchmark whether it still measures: here, or with the app", async () => {
  const tests = ["tests/integration/bench.test.ts", "tests/e2e/bench.test.ts"];
  const texts = (await Promise.all(tests.map((path) => readFile(path, "utf8")))).join("\n");
  const files = (await readdir("tests/bench")).filter((name) => name.endsWith(".bench.ts"));
  expect(files.filter((name) => !texts.includes(`/bench/${name}"`))).toEqual([]);
});

describe("the benchmarks of room keys", () => {
  it.each(workloads)("still measure: %s", async (what) => {
    for (const { ms, growthMb, delayP99Ms } of await tryWorkload(what, FEW)) {
      expect(ms).toBeGreaterThan(0);
      expect(growthMb).toBeGreaterThanOrEqual(0);
      expect(delayP99Ms).toBeGreaterThan(0);
    }
  });
});

describe("the benchmarks of bulk work", () => {
  it("still measure, and come to the same users", async () => {
    for (const { ours, reference } of [measureCsv(FEW, 1), await measureBulk(FEW)]) {
      expect(ours).toBeGreaterThan(0);
      expect(reference).toBeGreaterThan(0);
    }
  }, 120_000);
});

describe("the benchmark of OAuth 2.0 accounts", () => {
  it("still measures, and each start has its tokens replaced once", async () => {
    const { ours, reference } = await measureOauthRestart(1);
    expect(ours).toBeGreaterThan(0);
    expect(reference).toBeGreaterThan(0);
  }, 120_000);
});

describe("the benchmarks of starts", () => {
  it("still measure, and a start asks for little more than it must", async () => {
    const { requests, bytes } = await measureStartRequests();
    expect(requests.ratio).toBeLessThanOrEqual(requests.target!);
    expect(bytes.ratio).toBeLessThanOrEqual(bytes.target!);
    expect((await measureStartDelay(2, 1)).ours).toBeGreaterThan(0);
  }, 120_000);
});

describe("the benchmarks of users", () => {
  it("still measure a page of the list", async () => {
    const { ours, reference } = await measurePage(FEW, 2);
    expect(ours).toBeGreaterThan(0);
    expect(reference).toBeGreaterThan(0);
  }, 120_000);

  it("still count what creating an account asks", async () => {
    const { steps, perMinute } = await countRegistration(1);
    expect(steps).toBeGreaterThan(0);
    expect(perMinute).toBeGreaterThanOrEqual(0);
  }, 120_000);
});
