import { EventEmitter } from "node:events";
import type { BrowserWindow } from "electron";
import { afterEach, expect, test, vi } from "vitest";
import { RendererWatch } from "../../../main/app/rendererWatch.ts";
import { unhandledDuring } from "../../support/unhandled.ts";

const showMessageBox = vi.hoisted(() => vi.fn());
vi.mock("electron", () => ({
  app: { commandLine: { getSwitchValue: () => "" }, getPreferredSystemLanguages: () => ["fr-FR"], isPackaged: true },
  dialog: { showMessageBox },
  protocol: {},
}));
afterEach(() => void showMessageBox.mockReset());

test("a question that cannot be asked is logged, and asked again the next time the window hangs", async () => {
  const errors: string[] = [];
  const silent = (): void => undefined;
  const logger = { debug: silent, info: silent, warn: silent, error: (message: string) => void errors.push(message) };
  const forcefullyCrashRenderer = vi.fn();
  const window = Object.assign(new EventEmitter(), {
    webContents: Object.assign(new EventEmitter(), { forcefullyCrashRenderer }),
  });
  new RendererWatch(window as unknown as BrowserWindow, logger);

  showMessageBox.mockRejectedValueOnce(new Error("Object has been destroyed"));
  expect(await unhandledDuring(() => Promise.resolve(window.emit("unresponsive")))).toEqual([]);
  expect(errors).toHaveLength(1);
  showMessageBox.mockResolvedValueOnce({ response: 1 });
  window.emit("unresponsive");
  await vi.waitFor(() => expect(forcefullyCrashRenderer).toHaveBeenCalledOnce());
});
