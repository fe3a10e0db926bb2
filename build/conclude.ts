import { describeElectron, type Electron } from "./electron.ts";
import type { Outcome } from "./testReporter.ts";

/** `3 passed, 0 failed`, and the skipped ones where there are any. */
export function sumUp(outcomes: Outcome[]): string {
  const count = (state: Outcome["state"]): number => outcomes.filter((outcome) => outcome.state === state).length;
  const skipped = count("skipped");
  return `${count("passed")} passed, ${count("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * What a person wants to know at the end of a run, and its exit code: 0 when something ran and nothing failed. The sum
 * is the very last line.
 * @param electron the one that the run used, if any
 */
export function conclude(outcomes: Outcome[], seed: string, electron?: Electron): { code: number; text: string } {
  const lines: string[] = [];
  for (const { name, state, note } of outcomes) {
    if (state === "skipped") lines.push(`skipped: ${name}: ${note ?? "no reason given"}`);
    if (state === "failed") lines.push(`FAILED: ${name}`, ...(note?.split("\n").map((line) => `    ${line}`) ?? []));
  }
  if (electron !== undefined) lines.push(describeElectron(electron));
  lines.push(`seed ${seed}`);
  const failed = outcomes.some(({ state }) => state === "failed");
  const nothing = !outcomes.some(({ state }) => state === "passed");
  if (nothing && !failed) lines.push("nothing ran, which counts as a failure");
  return { code: failed || nothing ? 1 : 0, text: `\n${lines.join("\n")}\n${sumUp(outcomes)}\n` };
}
