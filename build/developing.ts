import { type ChildProcess, spawn } from "node:child_process";
import { watch } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { appArguments } from "./launch.ts";
import { complain, root, say } from "./paths.ts";
import { endWithUs } from "./processes.ts";
import { appFolder, stage, type Staged } from "./stage.ts";

/** The folders whose files make the app. */
const sources = ["main", "preload", "renderer", "shared"];

/** An editor writes a file in several steps, and many files at once after a checkout; in milliseconds. */
const SETTLE_MS = 60;

/** How long the app may take to end in order before it is killed; in milliseconds. */
const MAX_END_MS = 15_000;

/** Settings of a development run. */
export interface DevelopingOptions {
  /** What the app is started with. */
  args: string[];
  /** The folder that holds main/, preload/, renderer/ and shared/; the project itself unless a test says otherwise. */
  source?: string;
}

/**
 * Runs the app and follows what is changed: where only the renderer comes out otherwise than before, the window is
 * reloaded; else the app is started again. A source that does not build is told, and the app goes on as it is.
 * @returns the app's exit code, when the person ends it
 */
export async function develop({ args, source = root }: DevelopingOptions): Promise<number> {
  const staged = await stage("dev", { production: false, source, runFirst: join(root, "build/devApp.cjs") });
  const app = new RunningApp(staged, args);
  const changes = new Changes(() => apply(app, staged, source));
  const watchers = sources.map((folder) => watch(join(source, folder), { recursive: true }, () => changes.note()));
  app.start();
  say("watching main, preload, renderer and shared; close the window to end");
  try {
    return await app.ended;
  } finally {
    for (const watcher of watchers) watcher.close();
    await changes.stop();
  }
}

/** Bundles anew, and lets the running app show it. */
async function apply(app: RunningApp, { folder, electron }: Staged, source: string): Promise<void> {
  const now = join(appFolder(folder), "out");
  const next = `${now}.next`;
  try {
    await bundle({ production: false, purpose: "dev", electron: electron.version, source, target: next });
  } catch (error) {
    await rm(next, { recursive: true, force: true });
    return complain(`not built: ${(error as Error).message}`);
  }
  const changed: string[] = [];
  for (const part of await readdir(next)) {
    if (!(await sameFiles(join(now, part), join(next, part)))) changed.push(part);
  }
  const rendererAlone = changed.every((part) => part === "renderer");
  if (!rendererAlone) await app.end();
  await rm(now, { recursive: true });
  await rename(next, now);
  if (changed.length === 0) return;
  if (rendererAlone) app.reload();
  else app.start();
}

/** Whether two bundles are alike, source maps excepted: those change with every line that moves. */
async function sameFiles(one: string, other: string): Promise<boolean> {
  const [names, others] = await Promise.all([filesBelow(one), filesBelow(other)]);
  if (names.join() !== others.join()) return false;
  for (const name of names) {
    const [was, is] = await Promise.all([readFile(join(one, name)), readFile(join(other, name))]);
    if (!was.equals(is)) return false;
  }
  return true;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map"))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
    .sort();
}

/** Gathers changes, and handles them one bundle after the other. */
class Changes {
  readonly #handle: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #handling: Promise<void> = Promise.resolve();

  constructor(handle: () => Promise<void>) {
    this.#handle = handle;
  }

  note(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#handling = this.#handling.then(this.#handle).catch((error: unknown) => complain(String(error)));
    }, SETTLE_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#handling;
  }
}

/** The app's process, of which there is one at a time. */
class RunningApp {
  /** Settles when the app has ended otherwise than to be started again. */
  readonly ended: Promise<number>;
  readonly #staged: Staged;
  readonly #args: string[];
  readonly #over: (code: number) => void;
  #process: ChildProcess | undefined;
  #ending = false;

  constructor(staged: Staged, args: string[]) {
    this.#staged = staged;
    this.#args = args;
    let over: (code: number) => void = () => undefined;
    this.ended = new Promise((resolve) => (over = resolve));
    this.#over = over;
  }

  start(): void {
    say("opening Steward");
    const child = spawn(this.#staged.executable, appArguments(this.#args), { stdio: ["inherit", "inherit", "inherit", "ipc"] });
    endWithUs(child);
    this.#process = child;
    child.on("error", (error) => complain(error.message));
    child.on("close", (code) => {
      this.#process = undefined;
      if (this.#ending) return;
      if (code === 0) return this.#over(0);
      // A mistake in main ends it at once; the next change mends it.
      complain(`the app ended with code ${code ?? "none"}. It is opened again after the next change; Ctrl+C ends this.`);
    });
  }

  reload(): void {
    say("reloading the window");
    this.#process?.send("reload");
  }

  /** Ends it in order, so that what it keeps is whole; kills it when it does not. */
  async end(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#ending = true;
    const gone = new Promise<void>((resolve) => void child.once("close", () => resolve()));
    child.send("end");
    const late = setTimeout(() => child.kill("SIGKILL"), MAX_END_MS);
    await gone;
    clearTimeout(late);
    this.#ending = false;
  }
}
