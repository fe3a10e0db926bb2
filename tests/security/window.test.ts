import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { channelNames } from "../../shared/contract/index.ts";
import { request, type Shell, startShell } from "./shell.ts";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
  "connect-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";

let shell: Shell;
beforeAll(async () => {
  shell = await startShell();
}, 60_000);
afterAll(() => shell.close());

describe("the window", () => {
  test("is one, called Steward, and shows our own page", async () => {
    const windows = await shell.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => ({
        title: window.getTitle(),
        url: window.webContents.getURL(),
        smallest: window.getMinimumSize(),
      })),
    );
    expect(windows).toEqual([{ title: "Steward", url: "app://steward/index.html", smallest: [720, 520] }]);
  });

  test("has hardened preferences, and so has every other web contents", async () => {
    const all = await shell.app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => {
        const known = contents as unknown as { getLastWebPreferences(): Record<string, unknown> };
        return known.getLastWebPreferences();
      }),
    );
    expect(all).toHaveLength(1);
    for (const preferences of all) {
      expect(preferences).toMatchObject({ sandbox: true, contextIsolation: true });
      expect(preferences).toMatchObject({ nodeIntegration: false, webSecurity: true });
      for (const off of [
        "nodeIntegrationInWorker",
        "nodeIntegrationInSubFrames",
        "webviewTag",
        "allowRunningInsecureContent",
        "experimentalFeatures",
        "navigateOnDragDrop",
        "plugins",
      ]) {
        expect(preferences[off] ?? false, off).toBe(false);
      }
    }
  });

  test("keeps its session in memory", async () => {
    const paths = await shell.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map(({ webContents }) => [webContents.session.isPersistent(), webContents.session.getStoragePath()]),
    );
    expect(paths).toEqual([[false, null]]);
  });

  test("has no developer tools or reload of its own in the menu of a shipped app, but has copy and paste", async () => {
    const roles = await shell.app.evaluate(({ Menu }) => {
      const walk = (items: Electron.MenuItem[]): string[] =>
        items.flatMap((item) => [String(item.role ?? ""), ...walk(item.submenu?.items ?? [])]);
      return walk(Menu.getApplicationMenu()?.items ?? []).map((role) => role.toLowerCase());
    });
    expect(roles).toEqual(expect.arrayContaining(["copy", "paste", "cut", "selectall", "zoomin", "zoomout", "quit"]));
    expect(roles).not.toContain("reload");
    expect(roles).not.toContain("forcereload");
  });
});

describe("the page's world", () => {
  test("has nothing of Node", async () => {
    const types = await shell.page.evaluate(() =>
      ["require", "process", "module", "exports", "Buffer", "global", "__dirname", "setImmediate", "electron"].map(
        (name) => typeof (globalThis as Record<string, unknown>)[name],
      ),
    );
    expect(new Set(types)).toEqual(new Set(["undefined"]));
  });

  test("sees a bridge of three members that cannot be changed", async () => {
    const bridge = await shell.page.evaluate(() => {
      const { steward } = globalThis as unknown as { steward: Record<string, unknown> };
      const before = steward["request"];
      try {
        steward["request"] = () => "mine";
      } catch {
        // Frozen objects throw in strict mode; either way the next line tells.
      }
      try {
        (globalThis as Record<string, unknown>)["steward"] = "mine";
      } catch {
        // As above.
      }
      const now = (globalThis as unknown as { steward: Record<string, unknown> }).steward;
      return {
        members: Object.entries(now).map(([name, value]) => [name, typeof value]),
        unchanged: now["request"] === before,
        // The isolated world's Function would reach its globals; the bridge's functions must be the page's own.
        foreign: (before as { constructor: unknown }).constructor !== Function,
      };
    });
    expect(bridge).toEqual({
      members: [
        ["platform", "string"],
        ["request", "function"],
        ["on", "function"],
      ],
      unchanged: true,
      foreign: false,
    });
  });

  test("can reach exactly the channels of the contract", async () => {
    const names = channelNames();
    const known = await shell.page.evaluate(async ({ requests, events }) => {
      const { steward } = globalThis as unknown as {
        steward: {
          request(channel: string, input: unknown): Promise<unknown>;
          on(channel: string, listener: () => void): () => void;
        };
      };
      const answered: string[] = [];
      for (const channel of requests) {
        // Not an object, so that nothing is carried out.
        await steward.request(channel, "surface").then(
          () => answered.push(channel),
          () => undefined,
        );
      }
      const listened = events.filter((channel) => {
        try {
          steward.on(channel, () => undefined)();
          return true;
        } catch {
          return false;
        }
      });
      const refused: string[] = [];
      for (const channel of ["app.nothing", "ELECTRON_BROWSER_REQUIRE", "", "__proto__", "accounts.changed"]) {
        await steward.request(channel, {}).catch(() => refused.push(channel));
      }
      return { answered, listened, refused: refused.length };
    }, names);
    expect(known).toEqual({ answered: names.requests, listened: names.events, refused: 5 });
  });

  test("gets the content security policy as a header", async () => {
    const response = await shell.page.reload();
    expect(response?.headers()).toMatchObject({
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
  });

  test("asks main and gets an answer", async () => {
    expect(await request(shell.page, "app.settings", {})).toMatchObject({ ok: true, value: { theme: "system" } });
  });
});
