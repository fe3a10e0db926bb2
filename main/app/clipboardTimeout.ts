/** The clipboard, as far as this needs it. Electron's answers with promises since 40, and at once before. */
export interface ClipboardPort {
  readText(): string | Promise<string>;
  writeText(text: string): void | Promise<void>;
  clear(): void;
}

/** How long a secret stays on the clipboard, in milliseconds. */
export const SECRET_STAYS_MS = 60_000;

/** Puts secrets on the clipboard and takes them off again, unless something else has been copied in the meantime. */
export class ClipboardTimeout {
  readonly #clipboard: ClipboardPort;
  readonly #staysMs: number;
  #text: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(clipboard: ClipboardPort, staysMs = SECRET_STAYS_MS) {
    this.#clipboard = clipboard;
    this.#staysMs = staysMs;
  }

  /** Copies the text. Copying again starts the time anew. */
  async copy(text: string): Promise<void> {
    clearTimeout(this.#timer);
    await this.#clipboard.writeText(text);
    this.#text = text;
    this.#timer = setTimeout(() => void this.clear().catch(() => undefined), this.#staysMs);
  }

  /** Takes the text off the clipboard now, if it is still there: when the time is up, and when the app ends. */
  async clear(): Promise<void> {
    clearTimeout(this.#timer);
    const text = this.#text;
    this.#text = null;
    if (text !== null && (await this.#clipboard.readText()) === text) this.#clipboard.clear();
  }
}
