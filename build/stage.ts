import { existsSync } from "node:fs";
import { copyFile, link, mkdir, readFile, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { bundle, type BundleOptions, nativePackages } from "./bundle.ts";
import { type Electron, findElectron } from "./electron.ts";
import { needArchive, setFuses } from "./fuses.ts";
import { notices, packageFolders } from "./notices.ts";
import { cache, root } from "./paths.ts";
import { buildFacts, type Purpose } from "./purposes.ts";
import { keepHelper } from "./sandbox.ts";

/** The app, ready to be started the way an installed one is. */
export interface Staged {
  /** The program to start; it takes the app's own arguments. */
  executable: string;
  /** The folder that holds the program, with the app in `resources/app`. */
  folder: string;
  electron: Electron;
}

/** Carries what was staged from a command to the tests it starts. */
const handedOn = "STEWARD_STAGED";

type LeftOut = (name: string, folder: string) => boolean;

/** What a package's folder holds that nobody needs at run time: sources, build leftovers, other systems' binaries. */
const leftOut: LeftOut = (name, folder) =>
  /^(?:deps|src|\.deps|obj\.target|obj|binding\.(?:gyp|cc)|.*\.d\.c?ts|.*\.map|Makefile)$/.test(name) ||
  (basename(folder) === "prebuilds" && !name.startsWith(`${process.platform}-`));

export interface StageOptions {
  production: boolean;
  /** A CommonJS file that the app starts with, and that then starts the app. For tests. */
  runFirst?: string;
  /** The folder that holds main/, preload/ and renderer/; the project itself unless a test says otherwise. */
  source?: string;
}

/**
 * Bundles the app and puts it below a copy of Electron, in `.cache/staged/<purpose>-<process id>/`, so that commands that
 * run at the same time do not disturb each other. Files are hard links, so this takes moments and no space. The
 * program is called `electron` still, so `app.isPackaged` is false.
 * @throws Error when the app does not build, or no Electron can be had.
 */
export async function stage(purpose: Purpose, { production, runFirst, source }: StageOptions): Promise<Staged> {
  const electron = await findElectron();
  await removeAbandoned();
  const folder = join(stagedFolder, `${purpose}-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await linkTree(electron.dist, folder);
  await keepHelper(electron.dist, folder);
  const app = appFolder(folder);
  await rm(join(app, "../default_app.asar"), { force: true });
  await layOutApp(app, { production, purpose, electron: electron.version, ...(source !== undefined && { source }) });
  if (runFirst !== undefined) await startWith(runFirst, app);
  const executable = join(folder, relative(electron.dist, electron.executable));
  // Not on a Mac, where the fuses lie in a signed framework.
  if (buildFacts(purpose, electron.version).locked && process.platform !== "darwin") {
    await setFuses(executable, needArchive);
  }
  return { executable, folder, electron };
}

/** Where the app lies below a staged copy of Electron. */
export function appFolder(staged: string): string {
  return join(staged, process.platform === "darwin" ? "Electron.app/Contents/Resources" : "resources", "app");
}

async function startWith(file: string, app: string): Promise<void> {
  const manifestFile = join(app, "package.json");
  const described = JSON.parse(await readFile(manifestFile, "utf8")) as Manifest;
  await copyFile(file, join(app, basename(file)));
  await writeFile(manifestFile, JSON.stringify({ ...described, main: basename(file) }));
}

const stagedFolder = join(cache, "staged");

/** Removes what commands that have ended have staged. */
async function removeAbandoned(): Promise<void> {
  for (const name of existsSync(stagedFolder) ? await readdir(stagedFolder) : []) {
    if (!isRunning(Number(/\d+$/.exec(name)?.[0]))) await rm(join(stagedFolder, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Lays out what is installed with the app: the bundle, the packages that carry binaries, a package.json that names
 * those alone, and, for production, the licences of all that it is made of.
 */
export async function layOutApp(folder: string, { production, purpose, electron, source }: Omit<BundleOptions, "target">): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const target = join(folder, "out");
  const inputs = await bundle({ production, purpose, electron, target, ...(source !== undefined && { source }) });
  const versions: Record<string, string> = {};
  const packages = await withDependencies(nativePackages);
  for (const name of packages) {
    const { version } = await manifest(name);
    versions[name] = version;
    await linkTree(join(root, "node_modules", name), join(folder, "node_modules", name), leftOut);
  }
  const { name, productName, version, description, license, main } = await manifest();
  const described = { name, productName, version, description, license, main, dependencies: versions };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(described, undefined, 2)}\n`);
  if (!production) return;
  const handedOut = [...packageFolders(inputs), ...packages.map((name) => `node_modules/${name}`)];
  await writeFile(join(folder, "THIRD-PARTY-LICENSES.txt"), await notices(new Set(handedOut)));
}

/** The app that the running command has staged; for tests. @throws Error when no command has. */
export function stagedApp(): Staged {
  const staged = process.env[handedOn];
  if (staged === undefined) throw new Error("There is no staged app. Start these tests through npm test.");
  return JSON.parse(staged) as Staged;
}

/** Lets `stagedApp` find it in this process and in those it starts. */
export function handOn(staged: Staged): void {
  process.env[handedOn] = JSON.stringify(staged);
}

interface Manifest {
  name: string;
  productName?: string;
  version: string;
  description?: string;
  license: string;
  main?: string;
  dependencies?: Record<string, string>;
}

/** A package's package.json, or the project's own. */
async function manifest(name?: string): Promise<Manifest> {
  const path = name === undefined ? join(root, "package.json") : join(root, "node_modules", name, "package.json");
  return JSON.parse(await readFile(path, "utf8")) as Manifest;
}

/** Packages that only fetch or compile another's binary while it is being installed. */
const installOnly = new Set(["prebuild-install", "node-addon-api", "napi-macros"]);

/** The packages and all they need when they run. */
async function withDependencies(names: string[]): Promise<string[]> {
  const all = new Set(names);
  for (const name of all) {
    for (const needed of Object.keys((await manifest(name)).dependencies ?? {})) {
      if (!installOnly.has(needed)) all.add(needed);
    }
  }
  return [...all].sort();
}

/** Copies a folder by hard links; copies where the disk has none. What `except` says yes to is left out. */
export async function linkTree(from: string, to: string, except?: LeftOut): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (except?.(entry.name, from)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target, except);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else await link(source, target).catch(() => copyFile(source, target));
  }
}
