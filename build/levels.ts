import { bundle } from "./bundle.ts";
import { modernFolder } from "./paths.ts";
import { electronVersion } from "./purposes.ts";
import { ensureDendrite, whyNoDendrite } from "../tests/support/dendrite.ts";

/** A level of tests, in the order in which they run: what is quick to fail comes first. */
export interface Level {
  name: string;
  /** The files, as globs. Undefined for the level that runs no tests: lint and types. */
  files?: string[];
  notFiles?: string[];
  /** Which app its tests start, if any: as `npm start` makes it, or as `npm run package` does. Both need a screen. */
  app?: "staged" | "packaged";
  /** Its tests start homeservers, of today or older. Their Synapse is installed beforehand: no test's time limit is made for that. */
  homeserver?: "today" | "older";
  /** Why it does not run, in a sentence; null when it does. Asked before anything of it is made ready. */
  whyNot?: (named: boolean) => Promise<string | null>;
  /** Makes ready what its tests need: no test's time limit is made for that. */
  prepare?: () => Promise<unknown>;
  /** Files that run side by side, each worker with a screen of its own. More would slow each other down to time-outs. */
  workers: number;
  /** Milliseconds for one test. */
  testTimeoutMs: number;
}

const packaged = "tests/e2e/packaged.test.ts";

export const levels: Level[] = [
  { name: "lint", workers: 1, testTimeoutMs: 0 },
  { name: "unit", files: ["tests/unit/**/*.test.{ts,tsx}"], workers: 2, testTimeoutMs: 30_000 },
  {
    name: "integration",
    files: ["tests/integration/**/*.test.ts"],
    homeserver: "today",
    workers: 2,
    testTimeoutMs: 120_000,
  },
  {
    name: "security",
    files: ["tests/security/**/*.test.ts"],
    app: "staged",
    // For its certificate authority alone: one of the tests needs a server that nobody trusts.
    homeserver: "today",
    workers: 2,
    testTimeoutMs: 120_000,
  },
  {
    name: "e2e",
    files: ["tests/e2e/**/*.test.ts"],
    notFiles: [packaged],
    app: "staged",
    homeserver: "today",
    workers: 2,
    testTimeoutMs: 180_000,
  },
  {
    // The window in a browser as new as the one that ships, where the others may run in the old Electron.
    name: "modern",
    files: ["tests/modern/**/*.test.ts"],
    homeserver: "today",
    prepare: () => bundle({ production: true, purpose: "test", electron: electronVersion, target: modernFolder }),
    workers: 1,
    testTimeoutMs: 60_000,
  },
  {
    name: "packaged",
    files: [packaged],
    app: "packaged",
    homeserver: "today",
    workers: 1,
    testTimeoutMs: 300_000,
  },
  {
    name: "dendrite",
    files: ["tests/dendrite/**/*.test.ts"],
    whyNot: async (named) =>
      named || process.env.STEWARD_SOAK === "1"
        ? whyNoDendrite()
        : "takes minutes to build Dendrite: `npm test -- dendrite` and `npm run soak` run it",
    prepare: ensureDendrite,
    workers: 1,
    testTimeoutMs: 120_000,
  },
  {
    name: "older-synapse",
    files: ["tests/olderSynapse/**/*.test.ts"],
    whyNot: async (named) =>
      named || process.env.STEWARD_SOAK === "1"
        ? null
        : "takes a minute and another Synapse: `npm test -- older-synapse` and `npm run soak` run it",
    homeserver: "older",
    workers: 1,
    testTimeoutMs: 120_000,
  },
];
