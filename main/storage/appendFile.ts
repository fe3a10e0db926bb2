import { dirname } from "node:path";
import { syncFolder } from "./durableFile.ts";
import { fileFailure } from "./fileErrors.ts";
import { files, type OpenFile } from "./fileLayer.ts";

const FILE_MODE = 0o600;

/**
 * A file that only grows, line by line. What was appended is on the disk when `append` resolves; those that wait at the same
 * time share one sync. A line that was cut off by the end of the app stays by itself: what is appended later begins anew.
 */
export class AppendFile {
  readonly #file: OpenFile;
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;
  #closed = false;

  private constructor(file: OpenFile) {
    this.#file = file;
  }

  /**
   * Makes the file, in place of one that is there.
   * @throws `file_failed`
   */
  static create(path: string): Promise<AppendFile> {
    return AppendFile.#open(path, "w");
  }

  /**
   * Opens a file to go on with it.
   * @throws `file_failed`
   */
  static async open(path: string): Promise<AppendFile> {
    const appended = await AppendFile.#open(path, "a");
    // Whatever the last line was cut to: what follows is none of it.
    appended.#waiting.push("");
    return appended;
  }

  static async #open(path: string, flags: "a" | "w"): Promise<AppendFile> {
    try {
      const file = await files().open(path, flags, FILE_MODE);
      await syncFolder(dirname(path));
      return new AppendFile(file);
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }

  /**
   * Appends lines, none of which may hold a line end.
   * @throws `file_failed`: the lines may be there or not
   */
  async append(lines: readonly string[]): Promise<void> {
    if (this.#closed) throw new Error("the file is closed");
    this.#waiting.push(...lines);
    // What is being written now may not hold these lines; the write after it does.
    await this.#writing?.catch(() => undefined);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    await this.#writing;
  }

  async #write(): Promise<void> {
    const text = this.#waiting
      .splice(0)
      .map((line) => `${line}\n`)
      .join("");
    try {
      await this.#file.writeFile(text);
      await this.#file.sync();
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }

  /** Waits for what is being written. What comes after it is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing?.catch(() => undefined);
    await this.#file.close();
  }
}
