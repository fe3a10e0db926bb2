import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Shell, startShell } from "./shell.ts";

let shell: Shell;
beforeAll(async () => {
  shell = await startShell();
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
    ["camera and microphone", () => navigator.mediaDevices.getUserMedia({ audio: true, video: true })],
    ["the screen", () => navigator.mediaDevices.getDisplayMedia()],
    ["reading the clipboard", () => navigator.clipboard.readText()],
    ["writing the clipboard", () => navigator.clipboard.writeText("x")],
    ["midi", () => navigator.requestMIDIAccess({ sysex: true })],
    ["full screen", () => document.documentElement.requestFullscreen()],
    ["usb", () => (navigator as unknown as Devices).usb.requestDevice({ filters: [] })],
    [
      "hid",
      () => (navigator as unknown as Devices).hid.requestDevice({ filters: [] }).then(
        // It answers an empty list where the others reject.
        (devices) => devices.length > 0 || Promise.reject(new Error("empty")),
      ),
    ],
    ["serial", () => (navigator as unknown as Devices).serial.requestPort({})],
    ["bluetooth", () => (navigator as unknown as Devices).bluetooth.requestDevice({ acceptAllDevices: true })],
  ] as [string, () => Promise<unknown>][])("%s", async (_name, ask) => {
    await shell.page.mouse.click(2, 2);
    const outcome = await shell.page.evaluate(ask).then(
      () => "given",
      (error: Error) => error.message,
    );
    expect(outcome).toMatch(/NotAllowedError|SecurityError|NotFoundError|NotSupportedError|denied|TypeError|empty/);
  });

  test("are refused in every other session, too", async () => {
    const elsewhere = await shell.app.evaluate(async ({ BrowserWindow, session }, all) => {
      const other = session.fromPartition("made-by-the-test");
      other.protocol.handle(
        "app",
        () => new Response("<!doctype html><p>x", { headers: { "content-type": "text/html" } }),
      );
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

interface Devices {
  usb: { requestDevice(options: object): Promise<unknown> };
  hid: { requestDevice(options: object): Promise<unknown[]> };
  serial: { requestPort(options: object): Promise<unknown> };
  bluetooth: { requestDevice(options: object): Promise<unknown> };
}
