import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stagedApp } from "../../build/stage.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { harnessArgs, request, type Shell, startShell } from "./shell.ts";

let userData: string;
beforeEach(async () => {
  userData = await mkdtemp(join(tmpdir(), "steward-lifecycle-"));
});
afterEach(() => rm(userData, { recursive: true, force: true }));

async function withShell<T>(work: (shell: Shell) => Promise<T>): Promise<T> {
  const shell = await startShell({ userData });
  try {
    return await work(shell);
  } finally {
    await shell.close();
  }
}

describe("starting twice", () => {
  test("brings the open window forward and ends the second start", async () => {
    await withShell(async (shell) => {
      await shell.app.evaluate(({ BrowserWindow }) => {
        const window = BrowserWindow.getAllWindows()[0];
        window?.hide();
        window?.on("show", () => void ((globalThis as { cameForward?: boolean }).cameForward = true));
      });
      // Resolves only when the second process has ended by itself, with 0.
      await promisify(execFile)(stagedApp().executable, harnessArgs(userData), { timeout: 20_000 });
      await waitUntil(() => shell.app.evaluate(() => (globalThis as { cameForward?: boolean }).cameForward ?? false), {
        what: "the first window to come forward",
      });
      expect(await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
      expect(await request(shell.page, "app.settings", {})).toMatchObject({ ok: true });
    });
  }, 60_000);
});

describe("the window's place", () => {
  const bounds = (shell: Shell) =>
    shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds());

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
      expect(
        await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getZoomFactor()),
      ).toBeCloseTo(1.25);
    });
  }, 60_000);
});

describe("a renderer that crashes", () => {
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
        shell.app.evaluate(({ BrowserWindow }) =>
          BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
        );
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
  test("takes no longer than it must", async () => {
    const shell = await startShell({ userData });
    const before = performance.now();
    await shell.close();
    // Five seconds is when what hangs is cut off.
    expect(performance.now() - before).toBeLessThan(5_000);
  }, 60_000);
});
