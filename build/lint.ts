import { join } from "node:path";
import { command } from "./command.ts";
import { root, say } from "./paths.ts";
import { run } from "./processes.ts";
import type { Outcome } from "./testReporter.ts";

interface Check {
  name: string;
  program: string;
  args: string[];
}

const typesOf = (name: string, project: string): Check => ({
  name,
  program: "typescript/bin/tsc",
  args: ["-p", project, "--pretty", "false"],
});

/** What each runtime has: `document` in main does not compile. */
const RUNTIMES = ["shared", "renderer", "preload", "main"];

/** The checks that need nothing to be run: the lint rules and the types. Each list is done in turn, both side by side. */
const checks: Check[][] = [
  [{ name: "eslint", program: "eslint/bin/eslint.js", args: ["--max-warnings", "0", "."] }],
  [
    { name: "layout", program: "prettier/bin/prettier.cjs", args: ["--check", "--log-level", "warn", "."] },
    typesOf("types", "."),
    ...RUNTIMES.map((runtime) => typesOf(`types of ${runtime}`, `build/tsconfig.${runtime}.json`)),
  ],
];

/** Runs the lint rules and the type check side by side, shows what they say, and tells which passed. */
export async function lint(): Promise<Outcome[]> {
  say(
    `checking: ${checks
      .flat()
      .map(({ name }) => name)
      .join(", ")}`,
  );
  const outcomes = await Promise.all(
    checks.map(async (list) => {
      const done: Outcome[] = [];
      for (const { name, program, args } of list) {
        const { code } = await run(process.execPath, [join(root, "node_modules", program), ...args], { cwd: root, shown: true });
        done.push({ name: `lint > ${name}`, state: code === 0 ? "passed" : "failed" });
      }
      return done;
    }),
  );
  return outcomes.flat();
}

if (import.meta.main) {
  await command(async () => ((await lint()).every(({ state }) => state === "passed") ? 0 : 1));
}
