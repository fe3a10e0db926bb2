import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Shell, startShell } from "./shell.ts";

let shell: Shell;
beforeAll(async () => {
  // A camera and a microphone are there, so that being refused them is not having none.
  shell = await startShell({ args: ["--use-fake-device-for-media-stream"] });
}, 60_000);
afterAll(() => shell.close());

/** Names that Chromium knows; one it does not know yet answers "unknown", which is as good. */
const names = [
  "geolocation",
  "notifications",
  "camera",
  "microphone",
  "clipboard-read",
  "clipboard-write",
  "midi",
  "background-sync",
  "persistent-storage",
  "idle-detection",
  "screen-wake-lock",
  "storage-access",
  "window-management",
  "local-fonts",
  "payment-handler",
];

function states(page: Page): Promise<string[]> {
  return page.evaluate(
    (all) =>
      Promise.all(
        all.map((name) =>
          navigator.permissions.query({ name: name as PermissionName }).then(
            ({ state }) => `${name}: ${state}`,
            () => `${name}: unknown`,
          ),
        ),
      ),
    names,
  );
}

describe("permissions", () => {
  test("are all refused when checked", async () => {
    for (const state of await states(shell.page)) expect(state).toMatch(/: (denied|unknown)$/);
  });

  test("notifications", async () => {
    expect(await shell.page.evaluate(() => Notification.permission)).toBe("denied");
    expect(await shell.page.evaluate(() => Notification.requestPermission())).toBe("denied");
  });

  test("geolocation", async () => {
    const code = await shell.page.evaluate(
      () =>
        new Promise((resolve) => {
          navigator.geolocation.getCurrentPosition(
            () => resolve("given"),
            (error) => resolve(error.code),
          );
        }),
    );
    expect(code).toBe(1);
  });

  test.each([
    ["camera", () => navigator.mediaDevices.getUserMedia({ video: true })],
    ["microphone", () => navigator.mediaDevices.getUserMedia({ audio: true })],
    ["the screen", () => navigator.mediaDevices.getDisplayMedia()],
    ["reading the clipboard", () => navigator.clipboard.readText()],
    ["writing the clipboard", () => navigator.clipboard.writeText("x")],
    ["midi", () => navigator.requestMIDIAccess({ sysex: true })],
  ] as [string, () => Promise<unknown>][])("%s", async (name, ask) => {
    await shell.page.mouse.click(2, 2);
    // As text, so that it runs as the debugger's own; the page could not make a function out of it.
    const outcome = await shell.page.evaluate(`(${ask.toString()})().then(() => "given", (error) => error.name)`);
    // Refused, and not merely absent: NotFoundError or NotSupportedError would be. MIDI's was a SecurityError once.
    expect(name === "midi" && outcome === "SecurityError" ? "NotAllowedError" : outcome).toBe("NotAllowedError");
  });

  test("full screen", async () => {
    await shell.page.mouse.click(2, 2);
    // Asked and not awaited: Chromium leaves the promise of a refused request open.
    await shell.page.evaluate(() => void document.documentElement.requestFullscreen().catch(() => undefined));
    expect(await shell.page.evaluate(() => document.fullscreenElement)).toBeNull();
    expect(await shell.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((one) => one.isFullScreen()))).toEqual([
      false,
    ]);
  });

  test("devices: the page does not even know that there are any", async () => {
    const known = await shell.page.evaluate(() => ["usb", "hid", "serial", "bluetooth"].filter((name) => name in navigator));
    expect(known).toEqual([]);
  });

  test("are refused in every other session, too", async () => {
    const elsewhere = await shell.app.evaluate(async ({ BrowserWindow, session }, all) => {
      const other = session.fromPartition("made-by-the-test");
      other.protocol.handle("app", () => new Response("<!doctype html><p>x", { headers: { "content-type": "text/html" } }));
      const window = new BrowserWindow({ show: false, webPreferences: { session: other } });
      await window.loadURL("app://steward/x.html");
      const found = (await window.webContents.executeJavaScript(
        `Promise.all(${JSON.stringify(all)}.map((name) => navigator.permissions.query({ name })
          .then(({ state }) => name + ": " + state, () => name + ": unknown")))`,
      )) as string[];
      window.destroy();
      return found;
    }, names);
    expect(elsewhere).toHaveLength(names.length);
    for (const state of elsewhere) expect(state).toMatch(/: (denied|unknown)$/);
  });
});
