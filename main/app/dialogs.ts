import { app, type BrowserWindow, clipboard, dialog } from "electron";
import { join } from "node:path";
import type { Secret } from "../../shared/secret.ts";
import { writeForPerson } from "../storage/durableFile.ts";
import type { SuggestedName } from "../storage/suggestedName.ts";
import { ClipboardTimeout } from "./clipboardTimeout.ts";
import { fileNameOf } from "./fileNames.ts";
import { mainText } from "./language.ts";

/** A text to be saved where the person says. */
export interface TextToSave {
  suggestedName: SuggestedName;
  text: string | Secret;
}

const filterNames = { txt: "dialogs.textFiles", csv: "dialogs.csvFiles", pdf: "dialogs.pdfFiles" } as const;

/** Where paper is in inches: the rest of the world has A4 (CLDR, `paperSize`). */
const LETTER_COUNTRIES = new Set(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"]);

/** The ways in which a person keeps a text outside the app. Other folders declare what they need of it as a port. */
export class Dialogs {
  readonly #windowOf: () => BrowserWindow | null;
  readonly #timesLocked: () => number;
  readonly #clipboardTimeout = new ClipboardTimeout(clipboard);

  /**
   * @param windowOf the window that dialogs belong to; null while it is closed
   * @param timesLocked how often the window was locked: a dialog that was open then counts as cancelled
   */
  constructor(windowOf: () => BrowserWindow | null, timesLocked: () => number = () => 0) {
    this.#windowOf = windowOf;
    this.#timesLocked = timesLocked;
  }

  /** Copies a text that is no secret. */
  async copyText(text: string): Promise<void> {
    await clipboard.writeText(text);
  }

  /** Copies a secret; after 60 seconds, or when the app ends, it is taken off the clipboard if it is still there. */
  async copySecret(secret: Secret): Promise<void> {
    await this.#clipboardTimeout.copy(secret.reveal());
  }

  /** Takes a secret copied before off the clipboard: part of ending the app. */
  async forgetCopiedSecret(): Promise<void> {
    await this.#clipboardTimeout.clear();
  }

  /**
   * Asks where, then writes the text into a file that only this person may read. Throws `file_failed`.
   *
   * @returns false when the person cancelled
   */
  async saveText({ suggestedName, text }: TextToSave): Promise<boolean> {
    const path = await this.chooseTarget(suggestedName);
    if (path === null) return false;
    await writeForPerson(path, typeof text === "string" ? text : text.reveal());
    return true;
  }

  /**
   * Asks where a text file is to be written; the person has agreed to replacing one that is there.
   *
   * @returns null when they cancelled
   */
  async chooseTarget(suggestedName: SuggestedName): Promise<string | null> {
    return this.#chooseTarget(await fileNameOf(suggestedName));
  }

  async #chooseTarget(suggestedName: string): Promise<string | null> {
    const options: Electron.SaveDialogOptions = {
      defaultPath: join(app.getPath("documents"), suggestedName),
      filters: [filterOf(suggestedName)],
      properties: ["createDirectory", "showOverwriteConfirmation"],
    };
    const { canceled, filePath } = await this.#ask(
      (window) => dialog.showSaveDialog(window, options),
      () => dialog.showSaveDialog(options),
    );
    return canceled || !filePath ? null : filePath;
  }

  /** Asks which file is to be read. Any name will do: clients give key files names of all kinds. Null: cancelled. */
  async chooseSource(): Promise<string | null> {
    const options: Electron.OpenDialogOptions = { defaultPath: app.getPath("documents"), properties: ["openFile"] };
    const { canceled, filePaths } = await this.#ask(
      (window) => dialog.showOpenDialog(window, options),
      () => dialog.showOpenDialog(options),
    );
    return canceled ? null : (filePaths[0] ?? null);
  }

  /** Whoever answers after the window was locked need not be the person who was asked. */
  async #ask<T extends { canceled: boolean }>(over: (window: BrowserWindow) => Promise<T>, alone: () => Promise<T>): Promise<T> {
    const timesLocked = this.#timesLocked();
    const window = this.#windowOf();
    const answer = await (window ? over(window) : alone());
    return timesLocked === this.#timesLocked() ? answer : { ...answer, canceled: true };
  }

  /**
   * Asks where, then writes what the window would print into a PDF that only this person may read.
   *
   * @returns false when the person cancelled or there is no window
   * @throws `file_failed`
   * @see https://www.electronjs.org/docs/latest/api/web-contents#contentsprinttopdfoptions
   */
  async savePdf(suggestedName: string): Promise<boolean> {
    const window = this.#windowOf();
    const path = await this.#chooseTarget(suggestedName);
    if (path === null || !window || window.isDestroyed()) return false;
    const pageSize = LETTER_COUNTRIES.has(app.getLocaleCountryCode()) ? "Letter" : "A4";
    await writeForPerson(path, await window.webContents.printToPDF({ pageSize, preferCSSPageSize: false }));
    return true;
  }

  /** Prints what the window shows. Answers false when the person cancelled or nothing could be printed. */
  printWindow(): Promise<boolean> {
    const window = this.#windowOf();
    if (!window) return Promise.resolve(false);
    return new Promise((resolve) => window.webContents.print({}, (printed) => resolve(printed)));
  }
}

/** The kind of file that a dialog offers for a name: text, where its end says nothing else. */
function filterOf(name: string): Electron.FileFilter {
  const extension = (["csv", "pdf"] as const).find((one) => name.endsWith(`.${one}`)) ?? "txt";
  return { name: mainText(filterNames[extension]), extensions: [extension] };
}
