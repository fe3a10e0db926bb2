import { dirname, join } from "node:path";

/** The project's folder. */
export const root = dirname(import.meta.dirname);

/** Where everything is kept that can be made again. */
export const cache = join(root, ".cache");

/** Where bundles are written. */
export const out = join(root, "out");

/** Where the app lies as it is bundled for the Electron that ships, for tests in a browser as new as that. */
export const modernFolder = join(cache, "modern");

/** Where the app is packaged for its own test. */
export const packagedTest = join(cache, "packaged-test");

/** Tells the person at the terminal what is being done. */
export function say(line: string): void {
  process.stdout.write(`steward: ${line}\n`);
}

/** Tells the person at the terminal, on stderr, what is wrong. */
export function complain(line: string): void {
  process.stderr.write(`steward: ${line}\n`);
}
