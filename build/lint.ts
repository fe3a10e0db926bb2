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

/** Runs the lint rules and the type check side by side, shows what they say, and tells which passed. */
export function lint(): Promise<Outcome[]> {
  say(`checking: ${checks.map(({ name }) => name).join(", ")}`);
  return Promise.all(
    checks.map(async ({ name, program, args }): Promise<Outcome> => {
      const { code } = await run(process.execPath, [join(root, "node_modules", program), ...args], { cwd: root, shown: true });
      return { name: `lint > ${name}`, state: code === 0 ? "passed" : "failed" };
    }),
  );
}

if (import.meta.main) {
  await command(async () => ((await lint()).every(({ state }) => state === "passed") ? 0 : 1));
}
