import { join } from "node:path";
import { command } from "./command.ts";
import { root, say } from "./paths.ts";
import { run } from "./processes.ts";
import type { Outcome } from "./testReporter.ts";

/** The checks that need nothing to be run: the lint rules and the types. */
const checks = [
  { name: "eslint", program: "eslint/bin/eslint.js", args: ["--config", "build/eslint.config.mjs", "--max-warnings", "0", "."] },
  { name: "types", program: "typescript/bin/tsc", args: ["-p", ".", "--pretty", "false"] },
];

/** Runs the lint rules and the type check, shows what they say, and tells which passed. */
export async function lint(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, program, args } of checks) {
    say(`checking: ${name}`);
    const { code } = await run(process.execPath, [join(root, "node_modules", program), ...args], { cwd: root, shown: true });
    outcomes.push({ name: `lint > ${name}`, state: code === 0 ? "passed" : "failed" });
  }
  return outcomes;
}

if (import.meta.main) {
  await command(async () => ((await lint()).every(({ state }) => state === "passed") ? 0 : 1));
}
