import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { channelNames } from "../../shared/contract/index.ts";
import { request, type Shell, startShell } from "./shell.ts";

const REFUSED = { ok: false, error: { kind: "forbidden_sender" } };

let shell: Shell;
beforeAll(async () => {
  shell = await startShell();
}, 60_000);
afterAll(() => shell.close());

/** Asks from a second window that has the very same preload script, and shows `url`. */
function askFromOtherWindow(url: string, partition: string): Promise<unknown[]> {
  return shell.app.evaluate(
    async ({ app, BrowserWindow, session }, { url, partition, channels }) => {
      // Without the app's own filter, so that the page really loads and it is the sender that is judged.
      if (partition !== "steward") session.fromPartition(partition).webRequest.onBeforeRequest(null);
      const window = new BrowserWindow({
        show: false,
        webPreferences: { partition, preload: `${app.getAppPath()}/out/preload/index.cjs`, sandbox: true },
      });
      await window.loadURL(url);
      const answers = (await window.webContents.executeJavaScript(
        `Promise.all(${JSON.stringify(channels)}.map((channel) => steward.request(channel, {})))`,
      )) as unknown[];
      window.destroy();
      return answers;
    },
    { url, partition, channels: channelNames().requests },
  );
}

describe("a caller that is not our window", () => {
  test.each([
    ["a blank page", "about:blank", "steward"],
    ["a file", `file://${import.meta.filename}`, "stranger"],
    ["a data page", "data:text/html,<p>x", "stranger"],
    ["our own page in another window", "app://steward/index.html", "steward"],
  ])("%s is refused every request", async (_name, url, partition) => {
    const answers = await askFromOtherWindow(url, partition);
    expect(answers).toHaveLength(channelNames().requests.length);
    for (const answer of answers) expect(answer).toEqual(REFUSED);
  });

  test("a frame inside our own page has no bridge, and is refused when it speaks all the same", async () => {
    const bridge = await shell.page.evaluate(() => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      return typeof (frame.contentWindow as unknown as { steward: unknown }).steward;
    });
    expect(bridge).toBe("undefined");
    const answers = await shell.app.evaluate(async ({ BrowserWindow, ipcMain }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      const frame = contents?.mainFrame.frames[0];
      if (!contents || !frame) throw new Error("the frame is not there");
      type Listener = (event: unknown, input: unknown) => unknown;
      // What Electron does when a message arrives; there is no other way to speak for a frame without a bridge.
      const { _invokeHandlers: listeners } = ipcMain as unknown as { _invokeHandlers: Map<string, Listener> };
      const speak = (senderFrame: unknown): unknown => listeners.get("app.settings")?.({ sender: contents, senderFrame }, {});
      return { frame: await speak(frame), gone: await speak(null), main: await speak(contents.mainFrame) };
    });
    expect(answers.frame).toEqual(REFUSED);
    expect(answers.gone).toEqual(REFUSED);
    expect(answers.main).toMatchObject({ ok: true });
  });

  test("our own window is answered", async () => {
    expect(await request(shell.page, "app.settings", {})).toMatchObject({ ok: true });
  });
});
