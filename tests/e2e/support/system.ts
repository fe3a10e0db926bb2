import type { Clipboard, SaveDialogOptions } from "electron";
import type { StewardApp } from "../../support/electronApp.ts";

/** What is on the system's clipboard. */
export function readClipboard({ electron }: StewardApp): Promise<string> {
  return electron.evaluate(({ clipboard }: { clipboard: Clipboard }) => clipboard.readText());
}

/** Puts a text on the clipboard and pastes it with the keyboard into a field, in place of what is in it. */
export async function paste({ electron, page }: StewardApp, field: string, text: string): Promise<void> {
  await electron.evaluate(({ clipboard }, copied) => clipboard.writeText(copied), text);
  await page.getByLabel(field, { exact: true }).focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Control+V");
}

/**
 * Stands in for the person before the system's own dialog, which no test can reach: chooses this path. Answers how to
 * ask for the name that the dialog suggested.
 */
export async function chooseWhereToSave({ electron }: StewardApp, path: string): Promise<() => Promise<string>> {
  await electron.evaluate(({ dialog }, filePath) => {
    const answer = (...args: unknown[]): Promise<{ canceled: boolean; filePath: string }> => {
      const { defaultPath } = args.at(-1) as SaveDialogOptions;
      Object.assign(globalThis, { suggestedPath: defaultPath });
      return Promise.resolve({ canceled: false, filePath });
    };
    Object.assign(dialog, { showSaveDialog: answer });
  }, path);
  return () => electron.evaluate(() => (globalThis as unknown as { suggestedPath: string }).suggestedPath);
}

/** Notes how the window is kept out of screenshots, which Linux cannot do. Answers how to ask for it. */
export async function notesScreenPrivacy({ electron }: StewardApp): Promise<() => Promise<boolean | undefined>> {
  await electron.evaluate(({ BrowserWindow }) => {
    const window = BrowserWindow.getAllWindows()[0];
    if (!window) throw new Error("there is no window");
    Object.assign(window, { setContentProtection: (on: boolean) => Object.assign(globalThis, { isPrivate: on }) });
  });
  return () => electron.evaluate(() => (globalThis as unknown as { isPrivate?: boolean }).isPrivate);
}

/** Stands in for a printer, of which there is none here. Answers how to ask how often something was printed. */
export async function countPrints({ electron }: StewardApp): Promise<() => Promise<number>> {
  await electron.evaluate(({ BrowserWindow }) => {
    const prints = { count: 0 };
    Object.assign(globalThis, { prints });
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (!contents) throw new Error("there is no window");
    Object.assign(contents, {
      print: (_options: unknown, done: (printed: boolean) => void) => {
        prints.count += 1;
        done(true);
      },
    });
  });
  return () => electron.evaluate(() => (globalThis as unknown as { prints: { count: number } }).prints.count);
}
