import { renameDurably } from "./durableFile.ts";
import { fileFailure } from "./fileErrors.ts";
import { files, type OpenFile } from "./fileLayer.ts";

const FILE_MODE = 0o600;

/** The name under which a file grows until it is whole. */
export function unfinishedName(path: string): string {
  return `${path}.part`;
}

/**
 * A file outside our own folder that is written piece by piece. It grows under another name, readable by this person alone
 * unless said otherwise, and gets its own name when all of it is on the disk; a file that had the name before is there until then.
 */
export class GrowingFile {
  readonly #path: string;
  readonly #file: OpenFile;
  #open = true;

  private constructor(path: string, file: OpenFile) {
    this.#path = path;
    this.#file = file;
  }

  /** @param mode less what the system withholds from new files. @throws `file_failed` */
  static async open(path: string, mode: number = FILE_MODE): Promise<GrowingFile> {
    try {
      // What lies there is a leftover of ours, or a link that leads elsewhere: neither is to be written through.
      await files().rm(unfinishedName(path));
      return new GrowingFile(path, await files().open(unfinishedName(path), "wx", mode));
    } catch (thrown) {
      throw fileFailure(thrown);
    }
  }

  /** @throws `file_failed`; the file is then gone */
  async append(piece: string | Uint8Array): Promise<void> {
    try {
      // writeFile goes on until all is written, or says why not.
      await this.#file.writeFile(piece);
    } catch (thrown) {
      await this.discard();
      throw fileFailure(thrown);
    }
  }

  /** Ends the file and gives it its name. @throws `file_failed`; the file is then gone */
  async finish(): Promise<void> {
    try {
      await this.#file.sync();
      this.#open = false;
      await this.#file.close();
      await renameDurably(unfinishedName(this.#path), this.#path);
    } catch (thrown) {
      await this.discard();
      throw fileFailure(thrown);
    }
  }

  /** Removes what was written; a file that had the name before is untouched. Never throws. */
  async discard(): Promise<void> {
    if (this.#open) await this.#file.close().catch(() => undefined);
    this.#open = false;
    await files()
      .rm(unfinishedName(this.#path))
      .catch(() => undefined);
  }
}
