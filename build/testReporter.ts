import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** What became of one test. */
export interface Outcome {
  name: string;
  state: "passed" | "failed" | "skipped";
  /** Why it was skipped, where it says; or the errors that made it fail, a line each. */
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
        const errors = suite.errors();
        if (errors.length > 0) {
          outcomes.push({ name: `${module.relativeModuleId} (outside its tests)`, state: "failed", note: reasonsOf(errors) });
        }
      }
    }
    for (const error of unhandled) outcomes.push({ name: "unhandled error", state: "failed", note: reasonsOf([error]) });
    const path = process.env[reportVariable];
    if (path !== undefined) writeFileSync(path, JSON.stringify(outcomes));
  }
}

function outcomeOf(test: TestCase): Outcome {
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  const result = test.result();
  if (result.state === "passed") return { name, state: "passed" };
  if (result.state === "pending") return { name, state: "failed", note: "it never ended" };
  if (result.state !== "skipped") return { name, state: "failed", note: reasonsOf(result.errors) };
  const note = result.note ?? (test.options.mode === "todo" ? "not written yet" : undefined);
  return { name, state: "skipped", ...(note === undefined ? {} : { note }) };
}

/** The first lines of what went wrong, with its causes: enough to know it again when only the end of a run was kept. */
function reasonsOf(errors: readonly unknown[]): string {
  const messages = errors.flatMap((error) => {
    const chain: string[] = [];
    for (let cause: unknown = error; cause !== undefined && chain.length < 3; cause = causeOf(cause)) chain.push(messageOf(cause));
    return chain;
  });
  return messages.map((message) => message.split("\n").slice(0, 3).join(" ").slice(0, 400)).join("\n");
}

const causeOf = (error: unknown): unknown => (typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined);

const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
