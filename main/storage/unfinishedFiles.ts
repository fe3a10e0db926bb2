import { dirname } from "node:path";
import * as z from "zod";
import { fail } from "../../shared/errors.ts";
import { syncFolder } from "./durableFile.ts";
import { files } from "./fileLayer.ts";
import { type DamagedFile, JsonFile } from "./jsonFile.ts";

const MAX_PATHS = 1000;
const Content = z.object({ paths: z.array(z.string().max(32_768)).max(MAX_PATHS) });

/**
 * Remembers files that are being written outside our own folder, so that what a crash leaves of them is removed at the
 * next start; or at a later one, when a file cannot be removed.
 */
export class UnfinishedFiles {
  readonly #file: JsonFile<z.infer<typeof Content>>;
  /** Those that are being written. */
  readonly #paths = new Set<string>();
  /** Those that could not be removed. */
  readonly #left = new Set<string>();

  constructor(parts: { path: string; onDamaged: (damaged: DamagedFile) => void }) {
    this.#file = new JsonFile({ ...parts, schema: Content, version: 1 });
  }

  /**
   * Removes what an earlier run left behind; called once before anything else. A file that cannot be removed stays, and
   * is remembered.
   */
  async removeLeftovers(): Promise<void> {
    const { paths } = (await this.#file.read()) ?? { paths: [] };
    if (paths.length === 0) return;
    for (const path of paths) await this.#remove(path);
    await this.#keep();
  }

  /**
   * Does work that writes to a file of this name and renames or removes it in the end. Throws `file_failed` when other
   * work does so already, or when the name cannot be remembered.
   */
  async during<T>(path: string, work: () => Promise<T>): Promise<T> {
    if (this.#paths.has(path)) throw fail("file_failed", { reason: "denied" });
    this.#paths.add(path);
    try {
      await this.#keep();
      return await work();
    } finally {
      await this.#remove(path);
      this.#paths.delete(path);
      // A name that stays in the list by mistake is that of a file that is gone.
      await this.#keep().catch(() => undefined);
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await files().rm(path);
      // It must not come back once its name is forgotten. Not every folder of a person can be synced.
      await syncFolder(dirname(path)).catch(() => undefined);
      this.#left.delete(path);
    } catch {
      this.#left.add(path);
    }
  }

  #keep(): Promise<void> {
    const paths = new Set([...this.#paths, ...this.#left]);
    return this.#file.write({ paths: [...paths].slice(0, MAX_PATHS) });
  }
}
