import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { linkTree, stagedApp } from "../../build/stage.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil, within } from "../support/waitUntil.ts";
import { PageConnection } from "../support/pageConnection.ts";

/**
 * A program started as a person would, with no test driver in its way: a debugging port is opened, and used only once the
 * program has done what is measured.
 */
export class RunningApp {
  /** Milliseconds since 1970, just before the process was spawned. */
  readonly spawnedAt: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #address: Promise<string>;
  #page: PageConnection | null = null;

  constructor(executable: string, userData: string, env: Readonly<Record<string, string>> = {}) {
    this.spawnedAt = Date.now();
    const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const args = [`--user-data-dir=${userData}`, "--disable-gpu", "--remote-debugging-port=0", ...root];
    this.#child = spawn(executable, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
    this.#ended = new Promise((resolve) => this.#child.once("exit", () => resolve()));
    this.#address = new Promise((resolve, reject) => {
      let said = "";
      this.#child.stderr?.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const address = /DevTools listening on (ws:\/\/\S+)/.exec(said)?.[1];
        if (address) resolve(address);
      });
      void this.#ended.then(() => reject(new Error(`the program ended early: ${said}`)));
    });
  }

  /** The window's page. Connecting takes time: ask after the measured moment, or for moments the page notes itself. */
  async page(): Promise<PageConnection> {
    const address = await within(this.#address, 30_000, "the debugging port");
    this.#page ??= await PageConnection.open(new URL(address).host);
    return this.#page;
  }

  /** Milliseconds from the spawn to the first moment at which `moment`, run in the page, answers a time since 1970. */
  async sinceSpawn(moment: () => number | null): Promise<number> {
    const page = await this.page();
    // While it is being loaded the page answers nothing.
    const at = await waitUntil(() => page.evaluate(moment).catch(() => null), { what: "the measured moment", timeoutMs: 60_000 });
    return at - this.spawnedAt;
  }

  /** The resident memory of all its processes together, in MB, once it has stopped changing. */
  async restingMemory(): Promise<number> {
    const lately: number[] = [];
    return waitUntil(
      async () => {
        lately.push(await this.#memory());
        const last = lately.slice(-4);
        const resting = last.length === 4 && Math.max(...last) - Math.min(...last) < 0.01 * Math.max(...last);
        return resting ? last.at(-1) : undefined;
      },
      { what: "memory to rest", everyMs: 1000, timeoutMs: 60_000 },
    );
  }

  async #memory(): Promise<number> {
    const parents = new Map<number, number>();
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => null);
      const parent = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
      if (parent !== undefined) parents.set(Number(name), Number(parent));
    }
    const isOurs = (pid: number | undefined): boolean => pid !== undefined && (pid === this.#child.pid || isOurs(parents.get(pid)));
    let kilobytes = 0;
    for (const pid of parents.keys()) {
      if (!isOurs(pid)) continue;
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      kilobytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    }
    return kilobytes / 1024;
  }

  async stop(): Promise<void> {
    this.#page?.close();
    this.#child.kill("SIGTERM");
    await within(this.#ended, 15_000, "the program to end").catch(() => this.#child.kill("SIGKILL"));
    await this.#ended;
  }
}

const BARE_MAIN = `
const { app, BrowserWindow, ipcMain } = require("electron");
ipcMain.handle("echo", (_event, value) => value);
app.whenReady().then(() => {
  const window = new BrowserWindow({
    width: 1180, height: 780, show: false,
    webPreferences: { preload: __dirname + "/preload.js", sandbox: true },
  });
  window.once("ready-to-show", () => window.show());
  window.loadFile(__dirname + "/index.html");
});
app.on("window-all-closed", () => app.quit());
`;
const BARE_PRELOAD = `
const { contextBridge, ipcRenderer } = require("electron");
contextBridge.exposeInMainWorld("bare", { echo: (value) => ipcRenderer.invoke("echo", value) });
`;

/** The same Electron with nothing in it but one window and one echo. Answers its program; `remove` deletes it. */
export async function stageBareApp(): Promise<{ executable: string; remove: () => Promise<void> }> {
  const { executable, electron } = stagedApp();
  const folder = await temporaryFolder("bare");
  await linkTree(electron.dist, folder.path);
  const app = join(folder.path, "resources", "app");
  await rm(join(folder.path, "resources"), { recursive: true, force: true });
  await mkdir(app, { recursive: true });
  await writeFile(join(app, "package.json"), JSON.stringify({ name: "bare", main: "main.js" }));
  await writeFile(join(app, "main.js"), BARE_MAIN);
  await writeFile(join(app, "preload.js"), BARE_PRELOAD);
  await writeFile(join(app, "index.html"), "<!doctype html><title>bare</title><h1>bare</h1>");
  return { executable: join(folder.path, basename(executable)), remove: folder.remove };
}

/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
