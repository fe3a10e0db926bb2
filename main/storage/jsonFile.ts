import { basename } from "node:path";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import { damagedCopyPath, MAX_COPY_AGE_MS } from "./damagedCopies.ts";
import { readIfThere, removeDurably, renameDurably, writeDurably } from "./durableFile.ts";
import { files } from "./fileLayer.ts";
import { KeyedQueue } from "./keyedQueue.ts";

/** A file that could not be understood. Nothing of it is lost: it lies beside under another name. */
export interface DamagedFile {
  /** The file's name without its folder. */
  readonly file: string;
  /** The name it was given, in the same folder. */
  readonly keptAs: string;
  /** Whether the previous good content was put in its place. */
  readonly restored: boolean;
}

/** How one JSON file is kept. */
export interface JsonFileOptions<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** The version that this app writes, from 1 on. A file of a later one is refused and left alone. */
  readonly version: number;
  /** `migrations[n]` turns the data of version n into that of version n + 1. */
  readonly migrations?: Readonly<Record<number, (data: unknown) => unknown>>;
  readonly onDamaged: (damaged: DamagedFile) => void;
}

const Envelope = z.object({ version: z.number().int().positive(), data: z.unknown() });

type Parsed<T> = { kind: "good"; value: T } | { kind: "damaged" } | { kind: "too_new" };

/**
 * A small JSON file, `{"version": n, "data": ...}`, written in one step, with the previous good content beside it as
 * `.bak`: for 90 days, then the present one takes its place there. Calls on one object are carried out in order; there must be one object per file.
 */
export class JsonFile<T> {
  readonly #options: JsonFileOptions<T>;
  readonly #queue = new KeyedQueue<"file">();
  /** The text on the disk as far as it was found good: what becomes the `.bak` at the next write. */
  #goodText: string | null = null;
  #loaded = false;

  constructor(options: JsonFileOptions<T>) {
    this.#options = options;
  }

  /**
   * The content, or null when there is none. A damaged file is renamed, reported, and replaced by the `.bak` if that
   * is good.
   * @throws `data_too_new` when a later version of the app wrote it; nothing is changed then
   * @throws `file_failed` when the disk does not give it
   */
  read(): Promise<T | null> {
    return this.#queue.run("file", () => this.#read());
  }

  /**
   * Writes durably before it resolves.
   * @param forgetting whether what was there before is not kept as `.bak` either: something in it is to be gone
   * @throws `data_too_new`, `file_failed`
   */
  write(value: T, { forgetting = false } = {}): Promise<void> {
    return this.#queue.run("file", () => this.#write(value, forgetting));
  }

  /**
   * Reads, changes and writes as one step. `change` gets null when there is no content yet.
   * @throws as `read` and `write` do
   */
  update(change: (value: T | null) => T): Promise<T> {
    return this.#queue.run("file", async () => {
      const value = change(await this.#read());
      await this.#write(value, false);
      return value;
    });
  }

  /**
   * Removes the file and its `.bak`.
   * @throws `data_too_new`, `file_failed`
   */
  remove(): Promise<void> {
    return this.#queue.run("file", async () => {
      await this.#read();
      // The copy first: a crash in between must not bring back what was to go.
      await removeDurably(this.#backupPath);
      await removeDurably(this.#options.path);
      this.#goodText = null;
    });
  }

  get #backupPath(): string {
    return `${this.#options.path}.bak`;
  }

  async #read(): Promise<T | null> {
    const { path } = this.#options;
    const text = (await readIfThere(path))?.toString("utf8") ?? null;
    let keptAs: string | null = null;
    if (text !== null) {
      const parsed = this.#parse(text);
      if (parsed.kind === "too_new") throw fail("data_too_new", { file: basename(path) });
      if (parsed.kind === "good") {
        if (!this.#loaded) await this.#renewOldBackup(text);
        return this.#found(text, parsed.value);
      }
    }
    const backup = (await readIfThere(this.#backupPath))?.toString("utf8") ?? null;
    const fromBackup: Parsed<T> = backup === null ? { kind: "damaged" } : this.#parse(backup);
    if (fromBackup.kind === "too_new") throw fail("data_too_new", { file: basename(this.#backupPath) });
    if (text !== null) {
      keptAs = damagedCopyPath(path);
      await renameDurably(path, keptAs);
    }
    const restored = backup !== null && fromBackup.kind === "good";
    if (restored) await writeDurably(path, backup);
    if (keptAs !== null) this.#options.onDamaged({ file: basename(path), keptAs: basename(keptAs), restored });
    if (restored) return this.#found(backup, fromBackup.value);
    this.#goodText = null;
    this.#loaded = true;
    return null;
  }

  /** Puts the present content in place of a `.bak` that is too old. One that cannot be renewed now serves as it is. */
  async #renewOldBackup(text: string): Promise<void> {
    try {
      const { mtimeMs } = await files().stat(this.#backupPath);
      if (Date.now() - mtimeMs > MAX_COPY_AGE_MS) await writeDurably(this.#backupPath, text);
    } catch {
      // There is none, or the disk refuses: what was asked for is the content.
    }
  }

  #found(text: string, value: T): T {
    this.#goodText = text;
    this.#loaded = true;
    return value;
  }

  async #write(value: T, forgetting: boolean): Promise<void> {
    // What is there must be known before it is replaced: it may be of a later version.
    if (!this.#loaded) await this.#read();
    const { path, schema, version } = this.#options;
    const text = `${JSON.stringify({ version, data: schema.parse(value) }, null, 2)}\n`;
    if (text !== this.#goodText) {
      if (this.#goodText !== null) await writeDurably(this.#backupPath, this.#goodText);
      await writeDurably(path, text);
      this.#goodText = text;
    }
    if (forgetting) await writeDurably(this.#backupPath, text);
  }

  #parse(text: string): Parsed<T> {
    const { schema, version, migrations = {} } = this.#options;
    const envelope = Envelope.safeParse(jsonOrNull(text));
    if (!envelope.success) return { kind: "damaged" };
    if (envelope.data.version > version) return { kind: "too_new" };
    let data = envelope.data.data;
    for (let from = envelope.data.version; from < version; from += 1) {
      const migrate = migrations[from];
      if (migrate === undefined) throw new Error(`No migration from version ${from} of ${basename(this.#options.path)}`);
      data = migrate(data);
    }
    const parsed = schema.safeParse(data);
    return parsed.success ? { kind: "good", value: parsed.data } : { kind: "damaged" };
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
