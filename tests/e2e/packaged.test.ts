import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extractFile, listPackage } from "@electron/asar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Account } from "../../shared/contract/accounts.ts";
import type { Reply } from "../../shared/errors.ts";
import { fuses, readFuses } from "../../build/fuses.ts";
import { packagedTest } from "../../build/paths.ts";
import { PageConnection } from "../support/pageConnection.ts";
import { startSecretService } from "../support/secretService.ts";
import { startSynapse } from "../support/synapse.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";

/** Fuses younger than Electron 25, the oldest that the app runs on. */
const youngFuses = ["GrantFileProtocolExtraPrivileges", "WasmTrapHandlers"];

const folders: Record<string, string> = {
  darwin: `mac${process.arch === "arm64" ? "-arm64" : ""}/Steward.app/Contents/MacOS/Steward`,
  win32: "win-unpacked/Steward.exe",
  linux: `linux${process.arch === "x64" ? "" : `-${process.arch}`}-unpacked/steward`,
};
const executable = join(packagedTest, folders[process.platform] ?? "steward");
const archive = join(executable, process.platform === "darwin" ? "../../Resources" : "../resources", "app.asar");

/** How long the app may take to open the debugging port it was started with. It takes less than a second. */
const portLimitMs = 60_000;

/** Starts the packaged app on a French desktop with a debugging port, and with what else is to be in its environment. */
function startApp(home: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  // Root cannot use Chromium's sandbox, and Xvfb has no graphics card.
  const flags = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return spawn(
    executable,
    [...flags, "--disable-gpu", "--lang=fr-FR", "--remote-debugging-port=0", `--user-data-dir=${join(home, "data")}`],
    {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        HOME: home,
        XDG_CONFIG_HOME: join(home, "config"),
        XDG_DATA_HOME: join(home, "share"),
        ...env,
      },
    },
  );
}

/**
 * Reaches the window of the app. Playwright's own way of starting Electron needs Node's inspector, which the fuses
 * forbid, and where it attaches to a running program it expects a browser; a debugging port shows the page alone.
 */
async function pageOf(app: ChildProcess): Promise<PageConnection> {
  const host = await new Promise<string>((resolve, reject) => {
    let words = "";
    const limit = setTimeout(() => reject(new Error(`no debugging port. The app said: ${words}`)), portLimitMs);
    app.stderr?.on("data", (chunk: Buffer) => {
      words += chunk.toString();
      const found = /DevTools listening on ws:\/\/([^/]+)/.exec(words)?.[1];
      if (found === undefined) return;
      clearTimeout(limit);
      resolve(found);
    });
    app.on("close", (code) => reject(new Error(`the app ended with code ${code}. It said: ${words}`)));
    app.on("error", reject);
  });
  const page = await PageConnection.open(host, "app://");
  // While the page takes the place of the first empty one, it answers nothing.
  const heading = () => page.evaluate(() => document.querySelector("h1")?.textContent).catch(() => undefined);
  await waitUntil(heading, { what: "a heading", timeoutMs: portLimitMs });
  return page;
}

/** Ends it as a power cut would. */
async function kill(app: ChildProcess | undefined): Promise<void> {
  if (app === undefined || app.exitCode !== null || app.signalCode !== null) return;
  const closed = new Promise((resolve) => app.once("close", resolve));
  app.kill("SIGKILL");
  await closed;
}

describe("the packaged app", () => {
  let home: string;
  let app: ChildProcess | undefined;
  let page: PageConnection | undefined;

  beforeAll(async () => {
    expect(existsSync(executable), `packaging for the test left no ${executable}`).toBe(true);
    home = await mkdtemp(join(tmpdir(), "steward-packaged-"));
    app = startApp(home);
    page = await pageOf(app);
  });

  afterAll(async () => {
    page?.close();
    await kill(app);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  test("opens its window and shows the first page", async () => {
    expect(await page?.evaluate(() => document.querySelector("h1")?.textContent)).toBeTruthy();
    expect(await page?.evaluate(() => document.title)).toContain("Steward");
  });

  test("knows that it is packaged", async () => {
    const info = await page?.evaluate(() => window.steward.request("app.info", {}));
    expect(info).toMatchObject({ ok: true, value: { packaged: true } });
  });

  test("opens its command palette, whatever the desktop's language", async () => {
    // Where the package brings none of Chromium's texts in that language, the page's own is English.
    expect(await page?.evaluate(() => navigator.language)).toMatch(/^(?:fr|en)\b/);
    const opened = await page?.evaluate(async () => {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, metaKey: false, bubbles: true }));
      const deadline = performance.now() + 15_000;
      while (performance.now() < deadline && document.querySelector("[role=combobox]") === null) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      return document.querySelector("[role=combobox]") !== null && document.querySelector("h1") !== null;
    });
    expect(opened).toBe(true);
  });

  test("keeps an account over a kill: keychain, crypto store and crypto are there in the package too", async () => {
    const synapse = await startSynapse();
    const keyring = await startSecretService();
    const folder = await temporaryFolder("packaged-account");
    let running: ChildProcess | undefined;
    let shown: PageConnection | undefined;
    try {
      const { user, password } = await synapse.register({ user: "ada", password: "a password" });
      running = startApp(folder.path, keyring.env);
      shown = await pageOf(running);
      const signedIn = await shown.evaluate(
        (baseUrl, name, word) =>
          window.steward.request("signIn.withPassword", {
            serverName: null,
            baseUrl,
            identifier: { kind: "user", user: name },
            password: word,
          }),
        synapse.baseUrl,
        user,
        password,
      );
      expect(signedIn).toMatchObject({ ok: true });
      shown.close();
      await kill(running);
      running = startApp(folder.path, keyring.env);
      shown = await pageOf(running);
      const sessions = () =>
        shown?.evaluate(async () => {
          const reply = (await window.steward.request("accounts.list", {})) as Reply<{ accounts: Account[] }>;
          return reply.ok ? reply.value.accounts.map(({ session }) => session) : reply.error;
        });
      const isOver = (found: unknown): boolean => !/"(starting|stopped)"/.test(JSON.stringify(found));
      const found = await waitUntil(async () => ((one) => (isOver(one) ? one : undefined))(await sessions()), {
        what: "the account to start or to fail",
        timeoutMs: 60_000,
      });
      expect(found).toEqual([{ status: "running", error: null, offline: false }]);
    } finally {
      shown?.close();
      await kill(running);
      await keyring.stop();
      await synapse.stop();
      await folder.remove();
    }
  });

  test("has every fuse set as decided", async () => {
    const set = await readFuses(executable);
    const expected = Object.entries(fuses).filter(([name]) => name in set || !youngFuses.includes(name));
    expect(set).toEqual(Object.fromEntries(expected));
  });

  test("refuses to be used as Node", async () => {
    const other = await temporaryFolder("as-node");
    const asNode = startApp(other.path, { ELECTRON_RUN_AS_NODE: "1" });
    try {
      // Node would not know the flags it is started with, and has no window to open.
      const opened = await pageOf(asNode);
      expect(await opened.evaluate(() => document.location.origin)).toBe("app://steward");
      opened.close();
    } finally {
      await kill(asNode);
      await other.remove();
    }
  });

  test("holds the bundle, the packages with binaries and all licences, and nothing else", () => {
    const entries = listPackage(archive, { isPack: false });
    const tops = new Set(entries.map((entry) => entry.split(/[\\/]/)[1]));
    expect([...tops].sort()).toEqual(["THIRD-PARTY-LICENSES.txt", "node_modules", "out", "package.json"]);
    const packages = new Set(entries.map((entry) => /node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)$/.exec(entry)?.[1]));
    expect(packages).toContain("keytar");
    expect(packages).not.toContain("react");
    expect(entries.filter((entry) => entry.endsWith(".map"))).toEqual([]);
    const licences = extractFile(archive, "THIRD-PARTY-LICENSES.txt").toString();
    for (const name of ["react", "matrix-js-sdk", "keytar"]) expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
  });
});
