import { createRequire } from "node:module";
import { TEST_FEED, TEST_FEED_PUBLIC_KEY } from "./feedForTests.ts";

/**
 * What an app is built for. `start` is for a person's own accounts, `dev` for work on the app, `package` for everybody;
 * `packaged-test` is the latter with a debugging port that the tests drive it by, and is handed to nobody.
 */
export type Purpose = "start" | "dev" | "demo" | "test" | "bench" | "package" | "packaged-test";

/** What the app knows of how it was built: `virtual:build` in its source. */
export interface BuildFacts {
  /** No developer tools, and no switches that Chromium or Node would listen in with. */
  readonly locked: boolean;
  /** Locked, save for a debugging port that the system chooses. */
  readonly debuggingPort: boolean;
  /** It runs on an Electron without security fixes, and so takes homeservers of this computer alone. */
  readonly trial: boolean;
  /** Where newer versions are announced, and the key that announcements are signed with; null: nowhere. */
  readonly updates: { readonly url: string; readonly publicKey: string } | null;
}

/** The Electron that the project names, as in package.json. */
export const electronVersion = (createRequire(import.meta.url)("electron/package.json") as { version: string }).version;

const majorOf = (version: string): number => Number.parseInt(version, 10);

/** Electron's latest three major versions get security fixes. */
const maintainedMajors = 3;

/** Whether an Electron gets security fixes, as far as the version that the project names tells. */
export function isMaintained(version: string): boolean {
  return majorOf(version) > majorOf(electronVersion) - maintainedMajors;
}

/**
 * @param version of the Electron that the app will run on
 * @param env names where newer versions of a package are announced: `STEWARD_UPDATE_FEED` and `STEWARD_UPDATE_PUBLIC_KEY`
 * @throws Error when that is no https address with a key
 */
export function buildFacts(purpose: Purpose, version: string, env: NodeJS.ProcessEnv = process.env): BuildFacts {
  return {
    locked: purpose === "start" || purpose === "package" || purpose === "packaged-test",
    debuggingPort: purpose === "packaged-test",
    trial: (purpose === "start" || purpose === "dev" || purpose === "package") && !isMaintained(version),
    updates: purpose === "package" ? updateFeed(env) : purpose === "test" ? { url: TEST_FEED, publicKey: TEST_FEED_PUBLIC_KEY } : null,
  };
}

function updateFeed({ STEWARD_UPDATE_FEED: feed, STEWARD_UPDATE_PUBLIC_KEY: publicKey }: NodeJS.ProcessEnv): BuildFacts["updates"] {
  if (!feed) return null;
  if (!publicKey || new URL(feed).protocol !== "https:")
    throw new Error("STEWARD_UPDATE_FEED is an https address, and needs STEWARD_UPDATE_PUBLIC_KEY");
  return { url: feed.replace(/\/+$/, ""), publicKey };
}
