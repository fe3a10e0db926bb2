import { defineConfig } from "vitest/config";
import { levels } from "./levels.ts";
import { nodeFlags } from "./nodeFlags.ts";
import { root } from "./paths.ts";

/** The full numbers of `npm run soak` take their time. */
const patience = process.env.STEWARD_SOAK === "1" ? 20 : 1;

export default defineConfig({
  root,
  cacheDir: ".cache/vite",
  test: {
    passWithNoTests: true,
    projects: levels.flatMap(({ name, files, notFiles, app, workers, testTimeoutMs }) =>
      files === undefined
        ? []
        : {
            root,
            test: {
              name,
              include: files,
              exclude: notFiles ?? [],
              setupFiles: ["tests/support/secretEquality.ts", ...(app === undefined ? [] : ["tests/support/ownScreen.ts"])],
              pool: "forks" as const,
              execArgv: [...nodeFlags],
              maxWorkers: workers,
              fileParallelism: workers > 1,
              testTimeout: testTimeoutMs * patience,
              hookTimeout: Math.max(testTimeoutMs, 60_000) * patience,
              retry: 0,
            },
          },
    ),
  },
});
