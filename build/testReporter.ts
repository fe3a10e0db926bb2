import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** What became of one test. */
export interface Outcome {
  name: string;
  state: "passed" | "failed" | "skipped";
  /** Why it was skipped, where it says. */
  note?: string;
}

/** Names the file that the reporter writes; set by the test runner. */
export const reportVariable = "STEWARD_TEST_REPORT";

/**
 * Writes what became of each test as a JSON list of `Outcome`. A file that does not load and an error outside any test
 * count as failed tests, so that neither is lost from the sum.
 */
export default class TestReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const outcomes: Outcome[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) outcomes.push(outcomeOf(test));
      for (const suite of [module, ...module.children.allSuites()]) {
        if (suite.errors().length > 0) outcomes.push({ name: `${module.relativeModuleId} (outside its tests)`, state: "failed" });
      }
    }
    for (const error of unhandled) outcomes.push({ name: `unhandled error: ${messageOf(error)}`, state: "failed" });
    const path = process.env[reportVariable];
    if (path !== undefined) writeFileSync(path, JSON.stringify(outcomes));
  }
}

function outcomeOf(test: TestCase): Outcome {
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  const result = test.result();
  if (result.state === "passed") return { name, state: "passed" };
  if (result.state !== "skipped") return { name, state: "failed" };
  const note = result.note ?? (test.options.mode === "todo" ? "not written yet" : undefined);
  return { name, state: "skipped", ...(note === undefined ? {} : { note }) };
}

const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
