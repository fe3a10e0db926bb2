import { execFile, spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stagedApp } from "../../build/stage.ts";
import { expectNoAxeViolations } from "../support/electronApp.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { harnessArgs, request, type Shell, startShell } from "./shell.ts";

let userData: string;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder("lifecycle");
  userData = folder.path;
});
afterEach(() => folder.remove());

async function withShell<T>(work: (shell: Shell) => Promise<T>): Promise<T> {
  const shell = await startShell({ userData });
  try {
    return await work(shell);
  } finally {
    await shell.close();
  }
}

/** The icon's menu, once it has one. */
interface Icon {
  iconMenu?: Electron.Menu;
}

/** What the tests put into main. */
interface Put {
  window: Electron.BrowserWindow;
  other: Electron.BrowserWindow;
  maximized: number[];
}

describe("starting twice", () => {
  test.each(["hidden", "behind another one"])(
    "brings a window that is %s forward, and ends",
    async (where) => {
      await withShell(async (shell) => {
        const hidden = where === "hidden";
        await shell.app.evaluate(({ BrowserWindow }) => {
          Object.assign(globalThis, { window: BrowserWindow.getAllWindows()[0] });
        });
        const now = () =>
          shell.app.evaluate(() => {
            const { window, other } = globalThis as unknown as Partial<Put>;
            return [window?.isVisible(), window?.isFocused(), other?.isFocused() ?? false].join();
          });
        // It has come forward by itself, and will not do so again while the other one is given the focus.
        await waitUntil(async () => (await now()) === "true,true,false", { what: "the window to be there" });
        await shell.app.evaluate(({ BrowserWindow }, hide) => {
          const other = new BrowserWindow({ width: 200, height: 200 });
          Object.assign(globalThis, { other });
          if (hide) (globalThis as unknown as Put).window.hide();
          other.focus();
        }, hidden);
        const away = `${String(!hidden)},false,true`;
        await waitUntil(async () => (await now()) === away, { what: "another window to have the focus" });
        // Resolves only when the second process has ended by itself, with 0.
        await promisify(execFile)(stagedApp().executable, harnessArgs(userData), { timeout: 20_000 });
        await waitUntil(async () => (await now()) === "true,true,false", { what: "the first window to have the focus" });
        expect(await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(2);
        expect(await request(shell.page, "app.settings", {})).toMatchObject({ ok: true });
      });
    },
    60_000,
  );
});

describe("the icon beside the clock", () => {
  /** What is in its menu: label, and whether it can be chosen. */
  const menu = (shell: Shell) =>
    shell.app.evaluate(() => (globalThis as unknown as Icon).iconMenu?.items.map(({ label, enabled }) => [label, enabled]));
  const choose = (shell: Shell, wanted: string) =>
    shell.app.evaluate((_, label) => {
      (globalThis as unknown as Icon).iconMenu?.items.find((item) => item.label === label)?.click();
    }, wanted);

  test("keeps the app running behind a closed window, and opens it again; without it, closing is the end", async () => {
    const shell = await startShell({ userData });
    let ended = false;
    try {
      const exit = new Promise<number | null>((resolve) => shell.app.process().once("exit", resolve)).finally(() => (ended = true));
      await shell.app.evaluate(({ Tray }) => {
        const set = Reflect.get(Tray.prototype, "setContextMenu") as (menu: unknown) => void;
        Tray.prototype.setContextMenu = function note(this: Electron.Tray, menu) {
          Object.assign(globalThis, { iconMenu: menu });
          set.call(this, menu);
        };
      });
      const close = () => shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
      expect(await menu(shell)).toBeUndefined();
      expect(await request(shell.page, "app.updateSettings", { keepRunning: true })).toMatchObject({ ok: true });
      // Nothing could open a locked window: there is no passphrase here.
      expect(await menu(shell)).toEqual([
        ["Open Steward", true],
        ["Lock now", false],
        ["", true],
        ["Quit Steward", true],
      ]);
      await request(shell.page, "app.updateSettings", { language: "de" });
      expect((await menu(shell))?.[0]).toEqual(["Steward öffnen", true]);
      await Promise.all([shell.page.waitForEvent("close"), close()]);
      const [page] = await Promise.all([shell.app.waitForEvent("window"), choose(shell, "Steward öffnen")]);
      await page.waitForSelector("#root > *");
      expect(await request(page, "app.updateSettings", { keepRunning: false })).toMatchObject({ ok: true });
      await close().catch(() => undefined);
      expect(await exit).toBe(0);
    } finally {
      if (!ended) await shell.close();
    }
  }, 60_000);
});

describe("a start that fails", () => {
  /** What the app says on stderr, when it cannot open its settings. Its dialog waits for somebody, so it is killed. */
  async function failedStart(): Promise<string> {
    const child = spawn(stagedApp().executable, harnessArgs(userData), { stdio: ["ignore", "ignore", "pipe"] });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await waitUntil(() => said.includes("Steward couldn’t start") || said.includes("newer version of Steward"), {
      what: "the app to say why it does not start",
    }).finally(() => child.kill("SIGKILL"));
    await ended;
    return said;
  }
  const reports = async () => (await readdir(join(userData, "logs"))).filter((name) => name.startsWith("crash"));

  test("is told at the next start", async () => {
    await mkdir(join(userData, "settings.json"));
    expect(await failedStart()).toContain(`A report is in ${join(userData, "logs")}.`);
    expect(await reports()).toEqual(["crash.json"]);
    await rm(join(userData, "settings.json"), { recursive: true });
    await withShell(async ({ page }) => {
      expect(await request(page, "app.info", {})).toMatchObject({ value: { notices: [{ kind: "previous_crash" }] } });
    });
  }, 60_000);

  test("is nothing to be told later, when a newer Steward wrote the settings", async () => {
    await mkdir(join(userData, "logs"));
    await writeFile(join(userData, "settings.json"), JSON.stringify({ version: 99, data: {} }));
    expect(await failedStart()).toContain("settings.json was written by a newer version of Steward");
    expect(await reports()).toEqual([]);
  }, 60_000);
});

describe("the window's place", () => {
  const bounds = (shell: Shell) => shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds());

  /** What is on the disk of it; undefined while there is nothing. */
  const kept = async (): Promise<{ maximized: boolean; width: number } | undefined> => {
    const text = await readFile(join(userData, "settings.json"), "utf8").catch(() => '{"data":{}}');
    return (JSON.parse(text) as { data: { window?: { maximized: boolean; width: number } } }).data.window;
  };

  test("is kept over a restart", async () => {
    const wanted = { x: 60, y: 40, width: 901, height: 633 };
    await withShell(async (shell) => {
      await shell.app.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.setBounds(to), wanted);
      await waitUntil(async () => (await bounds(shell))?.width === wanted.width, { what: "the window to be resized" });
      await shell.app.evaluate(({ BrowserWindow }) => {
        BrowserWindow.getAllWindows()[0]?.webContents.setZoomFactor(1.25);
      });
    });
    await withShell(async (shell) => {
      expect(await bounds(shell)).toEqual(wanted);
      expect(await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomFactor())).toBeCloseTo(
        1.25,
      );
    });
  }, 60_000);

  test("is kept as maximized, beside the place it had before", async () => {
    await withShell(async (shell) => {
      // There may be no window manager, without which no window can be maximized: so what main asks of the window,
      // and what the window answers, is put in its place. Another window keeps the app from ending with the first.
      await shell.app.evaluate(({ BrowserWindow }) => {
        const maximized: number[] = [];
        Object.assign(globalThis, { maximized, other: new BrowserWindow({ show: false }) });
        BrowserWindow.prototype.maximize = function (this: Electron.BrowserWindow) {
          maximized.push(this.id);
        };
      });
      /** Closes the window as one that is maximized, or is not, and opens it again as a Mac's dock icon does. */
      const reopened = async (maximized: boolean) => {
        await shell.app.evaluate(({ BrowserWindow }, answer) => {
          const { other } = globalThis as unknown as Put;
          const window = BrowserWindow.getAllWindows().find(({ id }) => id !== other.id);
          if (!window) throw new Error("there is no window");
          window.isMaximized = () => answer;
          window.close();
        }, maximized);
        await waitUntil(async () => (await kept())?.maximized === maximized, { what: "the place to be written" });
        return shell.app.evaluate(async ({ app, BrowserWindow }) => {
          const created = new Promise<Electron.BrowserWindow>((resolve) =>
            app.once("browser-window-created", (_event, window) => resolve(window)),
          );
          app.emit("activate");
          const { id } = await created;
          // What main does with a new window it does at once.
          await new Promise((resolve) => setImmediate(resolve));
          const asked = (globalThis as unknown as Put).maximized.includes(id);
          return { asked, bounds: BrowserWindow.fromId(id)?.getNormalBounds() };
        });
      };
      const wanted = { x: 70, y: 50, width: 911, height: 643 };
      await shell.app.evaluate(({ BrowserWindow }, to) => {
        const { other } = globalThis as unknown as Put;
        BrowserWindow.getAllWindows()
          .find(({ id }) => id !== other.id)
          ?.setBounds(to);
      }, wanted);
      await waitUntil(async () => (await kept())?.width === wanted.width, { what: "the size to be written" });
      expect(await reopened(true)).toEqual({ asked: true, bounds: wanted });
      expect(await reopened(false)).toEqual({ asked: false, bounds: wanted });
    });
  }, 60_000);
});

describe("a renderer that crashes", () => {
  test("leaves a page that anybody can read, light and dark", async () => {
    await withShell(async ({ app, page }) => {
      await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.loadURL("app://steward/crashed.html"));
      await page.getByRole("heading", { name: "This window stopped working" }).waitFor();
      await expectNoAxeViolations(page);
    });
  }, 60_000);

  test("is loaded again three times, then a page says so, and a person can start again", async () => {
    await withShell(async (shell) => {
      await shell.app.evaluate(({ BrowserWindow }) => {
        const state = globalThis as { loads?: string[] };
        const loads: string[] = [];
        state.loads = loads;
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        contents?.on("did-finish-load", () => loads.push(contents.getURL()));
      });
      const loads = () => shell.app.evaluate(() => (globalThis as { loads?: string[] }).loads ?? []);
      const crash = () =>
        shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer());
      for (let crashes = 1; crashes <= 4; crashes += 1) {
        await crash();
        await waitUntil(async () => (await loads()).length === crashes, { what: `load ${crashes} after a crash` });
      }
      const home = "app://steward/index.html";
      expect(await loads()).toEqual([home, home, home, "app://steward/crashed.html"]);
      const shown = await shell.app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(
          "[...['h1', 'code'].map((name) => document.querySelector(name).textContent), document.scripts.length]",
        ),
      );
      expect(shown).toEqual(["This window stopped working", join(userData, "logs"), 0]);
      // Crashing the last page too must not begin another round.
      await crash();
      await shell.app.evaluate(({ Menu }) => {
        const items = (Menu.getApplicationMenu()?.items ?? []).flatMap((item) => item.submenu?.items ?? []);
        items.find(({ label }) => label === "Reload Window")?.click();
      });
      await waitUntil(async () => (await loads()).length === 5, { what: "the page that was asked for" });
      expect((await loads())[4]).toBe(home);
      const log = await readFile(join(userData, "logs", "steward.log"), "utf8");
      expect(log.match(/the window's process is gone/g)).toHaveLength(5);
    });
  }, 90_000);
});

describe("ending", () => {
  test("comes to its end by itself, and nothing is cut off", async () => {
    const shell = await startShell({ userData });
    await shell.close();
    const log = await readFile(join(userData, "logs", "steward.log"), "utf8");
    expect(log).not.toMatch(/ending (?:took too long|failed)/);
    expect(log).toContain("ended in order");
  }, 60_000);
});
