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
 * Stands in for the desktop, which shows no notification where tests run. Answers how to see those that came, and to click
 * the last one.
 */
export async function takeNotifications({ electron }: StewardApp): Promise<{ shown: () => Promise<string[]>; click: () => Promise<void> }> {
  await electron.evaluate(({ Notification }) => {
    const shown: Electron.Notification[] = [];
    Object.assign(globalThis, { shownNotifications: shown });
    Object.assign(Notification, { isSupported: () => true });
    Notification.prototype.show = function show(this: Electron.Notification) {
      shown.push(this);
    };
  });
  type Shown = { shownNotifications: Electron.Notification[] };
  return {
    shown: () => electron.evaluate(() => (globalThis as unknown as Shown).shownNotifications.map(({ title, body }) => `${title}: ${body}`)),
    click: () => electron.evaluate(() => void (globalThis as unknown as Shown).shownNotifications.at(-1)?.emit("click")),
  };
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

/** A dialog for saving that stays open until it is answered with this path, as by somebody who comes by. */
export async function holdSaveDialog(
  { electron }: StewardApp,
  path: string,
): Promise<{ open: () => Promise<boolean>; answer: () => Promise<void> }> {
  await electron.evaluate(({ dialog }, filePath) => {
    const held: { answer: (() => void) | null } = { answer: null };
    Object.assign(globalThis, { heldDialog: held });
    const ask = (): Promise<{ canceled: boolean; filePath: string }> =>
      new Promise((resolve) => (held.answer = () => resolve({ canceled: false, filePath })));
    Object.assign(dialog, { showSaveDialog: ask });
  }, path);
  type Held = { heldDialog: { answer: (() => void) | null } };
  return {
    open: () => electron.evaluate(() => (globalThis as unknown as Held).heldDialog.answer !== null),
    answer: () => electron.evaluate(() => (globalThis as unknown as Held).heldDialog.answer?.()),
  };
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

interface Prints {
  count: number;
  /** Ends the printing that is held. */
  done: ((printed: boolean) => void) | null;
}

/** Stands in for a printer, of which there is none here. Answers how to ask how often something was printed. */
export async function countPrints({ electron }: StewardApp): Promise<() => Promise<number>> {
  await standInForPrinter(electron, false);
  return () => electron.evaluate(() => (globalThis as unknown as { prints: Prints }).prints.count);
}

/** A printer that goes on printing, so that what it prints can be looked at, until it is told to end. */
export async function holdPrints({ electron }: StewardApp): Promise<{ begun: () => Promise<boolean>; end: () => Promise<void> }> {
  await standInForPrinter(electron, true);
  return {
    begun: () => electron.evaluate(() => (globalThis as unknown as { prints: Prints }).prints.done !== null),
    end: () => electron.evaluate(() => (globalThis as unknown as { prints: Prints }).prints.done?.(true)),
  };
}

async function standInForPrinter(electron: StewardApp["electron"], holds: boolean): Promise<void> {
  await electron.evaluate(({ BrowserWindow }, held) => {
    const prints: Prints = { count: 0, done: null };
    Object.assign(globalThis, { prints });
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (!contents) throw new Error("there is no window");
    Object.assign(contents, {
      print: (_options: unknown, done: (printed: boolean) => void) => {
        prints.count += 1;
        if (held) prints.done = done;
        else done(true);
      },
    });
  }, holds);
}
