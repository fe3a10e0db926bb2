import { expect, test } from "vitest";
import { conclude } from "../../../build/conclude.ts";
import type { Electron } from "../../../build/electron.ts";
import type { Outcome } from "../../../build/testReporter.ts";

const passed: Outcome = { name: "unit > adds", state: "passed" };
const failed: Outcome = { name: "unit > divides", state: "failed" };
const skipped: Outcome = { name: "unit > prints", state: "skipped", note: "there is no printer" };

const electron: Electron = { executable: "/e/electron", dist: "/e", version: "1.2.3", source: "official" };

test("a run that went well ends with the sum, after the Electron it used and its seed", () => {
  expect(conclude([passed, passed], "7", electron)).toEqual({
    code: 0,
    text: "\nElectron 1.2.3, official release\nseed 7\n2 passed, 0 failed\n",
  });
});

test("a run that failed names what failed and what was skipped, and the sum is last still", () => {
  const noted = { name: "unit > draws", state: "skipped" } as const;
  expect(conclude([passed, failed, skipped, noted, failed], "7")).toEqual({
    code: 1,
    text:
      "\nFAILED: unit > divides\nskipped: unit > prints: there is no printer\nskipped: unit > draws: no reason given\n" +
      "FAILED: unit > divides\nseed 7\n1 passed, 2 failed, 2 skipped\n",
  });
});

test("a failed test is followed by what went wrong", () => {
  const { text } = conclude([{ ...failed, note: "Error: by zero\nthe divisor was 0" }], "7");
  expect(text).toBe("\nFAILED: unit > divides\n    Error: by zero\n    the divisor was 0\nseed 7\n0 passed, 1 failed\n");
});

test("a run of nothing is not one that went well", () => {
  for (const outcomes of [[], [skipped]]) {
    const { code, text } = conclude(outcomes, "7");
    expect(code).toBe(1);
    expect(text).toContain("nothing ran, which counts as a failure\n0 passed, 0 failed");
  }
});

test("the Electron is named with where it comes from", () => {
  const said = (source: Electron["source"]): string => conclude([passed], "7", { ...electron, source }).text;
  expect(said("override")).toContain("Electron 1.2.3, from /e (ELECTRON_OVERRIDE_DIST_PATH)\n");
  expect(said("fallback")).toMatch(/Electron 1\.2\.3, fallback from npm .* it gets no security fixes\n/);
});
