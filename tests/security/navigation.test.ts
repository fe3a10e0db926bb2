import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { waitUntil } from "../support/waitUntil.ts";
import { openTrap, type Shell, startShell, type Trap } from "./shell.ts";

const HOME = "app://steward/index.html";

let shell: Shell;
let page: Page;
let trap: Trap;

interface Seen {
  seen: { refused: string[]; went: string[] };
}

beforeAll(async () => {
  shell = await startShell();
  page = shell.page;
  await shell.app.evaluate(({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    const now = globalThis as unknown as Seen;
    const note = (event: Electron.Event, url?: string): void => {
      const where = url ?? (event as unknown as { url: string }).url;
      if (event.defaultPrevented) now.seen.refused.push(where);
    };
    contents?.on("will-navigate", note);
    contents?.on("will-frame-navigate", (event) => note(event, event.url));
    contents?.on("did-navigate", (_event, url) => now.seen.went.push(url));
    contents?.on("did-frame-navigate", (_event, url) => now.seen.went.push(url));
  });
}, 60_000);
afterAll(() => shell.close());

beforeEach(async () => {
  trap = await openTrap();
  await page.evaluate(() => void ((globalThis as { marker?: boolean }).marker = true));
  await shell.app.evaluate(() => void ((globalThis as unknown as Seen).seen = { refused: [], went: [] }));
});
afterEach(() => trap.close());

const seen = (): Promise<Seen["seen"]> => shell.app.evaluate(() => (globalThis as unknown as Seen).seen);

/** The page is the very document it was, in the only window. */
async function nothingMoved(): Promise<void> {
  expect(await page.evaluate(() => (globalThis as { marker?: boolean }).marker)).toBe(true);
  expect(page.url().replace(/#.*$/, "")).toBe(HOME);
  expect(await shell.app.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(1);
  expect((await seen()).went).toEqual([]);
  expect(trap.visits()).toBe(0);
}

const targets = ["http://127.0.0.1:PORT/", "file:///etc/hostname", "app://steward/crashed.html", "app://other/index.html"];

describe("navigation", () => {
  test.each([
    ["location =", (url: string) => void (location.href = url)],
    ["location.replace", (url: string) => location.replace(url)],
    [
      "a click on a link",
      (url: string) => {
        const link = document.createElement("a");
        link.href = url;
        document.body.append(link);
        link.click();
        link.remove();
      },
    ],
    [
      "a meta refresh",
      (url: string) => {
        const meta = document.createElement("meta");
        meta.httpEquiv = "refresh";
        meta.content = `0; url=${url}`;
        document.head.append(meta);
      },
    ],
  ] as [string, (url: string) => void][])("%s goes nowhere", async (how, attempt) => {
    for (const template of targets) {
      const url = template.replace("PORT", String(trap.port));
      // Chromium itself refuses a page's wish for a file, before anybody is asked.
      const asked = !url.startsWith("file:");
      await page.evaluate(attempt, url);
      if (asked) {
        await waitUntil(async () => (await seen()).refused.includes(url), { what: `${how} to ${url} to be refused` });
      }
      await nothingMoved();
    }
  });

  test("history and hash stay within the page", async () => {
    await page.evaluate(() => {
      location.hash = "#here";
    });
    await nothingMoved();
    expect(page.url()).toBe(`${HOME}#here`);
  });

  test("a page that does not want to be left cannot keep the window open", async () => {
    const closing = await startShell();
    await closing.page.evaluate(() => {
      addEventListener("beforeunload", (event) => event.preventDefault());
    });
    await closing.page.mouse.click(5, 5);
    await closing.close();
  });
});

describe("new windows", () => {
  test("window.open answers null", async () => {
    for (const url of ["", "about:blank", ...targets]) {
      const target = url.replace("PORT", String(trap.port));
      expect(await page.evaluate((where) => globalThis.open(where) === null, target), target).toBe(true);
      await nothingMoved();
    }
  });

  test.each(["_blank", "named"])("a link to %s opens none", async (name) => {
    for (const template of targets) {
      await page.evaluate(
        ([url, target]) => {
          const link = document.createElement("a");
          link.href = url as string;
          link.target = target as string;
          link.rel = "opener";
          document.body.append(link);
          link.click();
          link.remove();
        },
        [template.replace("PORT", String(trap.port)), name],
      );
      await nothingMoved();
    }
  });

  test("a webview is no element here", async () => {
    const attached = await page.evaluate(() => {
      const view = document.createElement("webview");
      view.setAttribute("src", "app://steward/index.html");
      document.body.append(view);
      const known = "getURL" in view;
      view.remove();
      return known;
    });
    expect(attached).toBe(false);
    await nothingMoved();
  });

  test("a download is not begun", async () => {
    const begun = await shell.app.evaluate(({ session, BrowserWindow }) => {
      const states: string[] = [];
      (globalThis as unknown as { downloads: string[] }).downloads = states;
      session.fromPartition("steward").on("will-download", (event) => {
        states.push(event.defaultPrevented ? "refused" : "begun");
      });
      return BrowserWindow.getAllWindows().length;
    });
    expect(begun).toBe(1);
    await page.evaluate(() => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["x"]));
      link.download = "x.txt";
      document.body.append(link);
      link.click();
      link.remove();
    });
    const downloads = () => shell.app.evaluate(() => (globalThis as unknown as { downloads: string[] }).downloads);
    await waitUntil(async () => (await downloads()).length > 0, { what: "the download to be refused" });
    expect(await downloads()).toEqual(["refused"]);
    await nothingMoved();
  });
});

describe("things dropped onto the window", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "steward-drop-"));
    await writeFile(join(folder, "dropped.html"), "<title>dropped</title>");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("are not opened", async () => {
    const devtools = await page.context().newCDPSession(page);
    const url = `http://127.0.0.1:${trap.port}/`;
    const drops = [
      { items: [{ mimeType: "text/uri-list", data: url }], files: [], dragOperationsMask: 1 },
      { items: [], files: [join(folder, "dropped.html")], dragOperationsMask: 1 },
    ];
    for (const data of drops) {
      for (const type of ["dragEnter", "dragOver", "drop"] as const) {
        await devtools.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
      }
      await nothingMoved();
      // Not even tried: with navigation by dropping switched off there is nothing to refuse.
      expect((await seen()).refused).toEqual([]);
    }
    await devtools.detach();
  });
});
