import { type AppFailure, fail } from "../../shared/errors.ts";
import { FORMAT_KEY, TOTALS_KEY, openEntry, sealEntry, stampOf } from "./journalEntries.ts";
import { levelFailure, openLevel } from "./levelFolder.ts";
import type { Level } from "./levelFolder.ts";
import { NO_TOTALS, changeTotals, decodeTotals, encodeTotals } from "./journalChecksum.ts";
import type { Totals } from "./journalChecksum.ts";

const ENTRIES_PER_READ = 500;

/** One entry that becomes another. */
export interface Change {
  readonly key: Buffer;
  /** The stamp of the entry that is there now; undefined when there is none. */
  readonly before: number | undefined;
  /** What shall be there; undefined removes. */
  readonly after: { readonly stamp: number; readonly content: Buffer } | undefined;
}

/** A change that leaves an entry. */
export interface PutChange extends Change {
  readonly after: { readonly stamp: number; readonly content: Buffer };
}

/** Called for every entry while a store is read. */
export type Visit = (key: Buffer, content: Buffer, stamp: number) => void;

/** A change that puts `content` under `key` in place of the entry with stamp `before`. */
export function putChange(key: Buffer, before: number | undefined, content: Buffer): PutChange {
  return { key, before, after: { stamp: stampOf(key, content), content } };
}

interface Waiting {
  changes: readonly Change[];
  resolve: () => void;
  reject: (failure: AppFailure) => void;
}

/**
 * A crypto store's entries on disk. Writes of the same moment share one synced LevelDB batch, in the order they were
 * asked for; each is on disk as a whole or not at all.
 *
 * After one failed write no further one is tried: what LevelDB appends behind a half-written batch may be skipped when
 * it is read again, so the store has to be opened anew first.
 */
export class Journal {
  readonly #level: Level;
  readonly #onFailed: (failure: AppFailure) => void;
  #totals: Totals = NO_TOTALS;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #failure: AppFailure | null = null;

  private constructor(level: Level, onFailed: (failure: AppFailure) => void) {
    this.#level = level;
    this.#onFailed = onFailed;
  }

  /**
   * Opens the journal in `folder` and reads every entry of it.
   * @param onFailed called once, when a write has failed
   * @throws as `openLevel` does, and whatever `visit` throws
   */
  static async open(folder: string, mustExist: boolean, visit: Visit, onFailed: (failure: AppFailure) => void): Promise<Journal> {
    const level = await openLevel(folder, mustExist);
    const journal = new Journal(level, onFailed);
    try {
      await journal.#read(visit);
    } catch (thrown) {
      await level.close();
      throw levelFailure(thrown);
    }
    return journal;
  }

  /**
   * Resolves when the changes are synced to disk, all of them in one batch.
   * @throws `file_failed` or `store_damaged` when this or an earlier write failed
   */
  write(changes: readonly Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = null;
      });
    });
  }

  /** Waits for the writes that were asked for, and closes the files. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#level.close();
  }

  async #read(visit: Visit): Promise<void> {
    let stored: Totals | null = null;
    const iterator = this.#level.iterator({ fillCache: false });
    try {
      for (;;) {
        const entries = await iterator.nextv(ENTRIES_PER_READ);
        if (entries.length === 0) break;
        for (const [key, sealed] of entries) {
          const { stamp, content } = openEntry(key, sealed);
          if (key.equals(FORMAT_KEY)) continue;
          if (key.equals(TOTALS_KEY)) {
            stored = decodeTotals(content);
            continue;
          }
          this.#totals = changeTotals(this.#totals, undefined, stamp);
          visit(key, content, stamp);
        }
      }
    } finally {
      await iterator.close();
    }
    if (stored?.count !== this.#totals.count || stored.sum !== this.#totals.sum) throw fail("store_damaged");
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#failure !== null) throw this.#failure;
        await this.#writeGroup(group.flatMap((waiting) => waiting.changes));
        for (const waiting of group) waiting.resolve();
      } catch (thrown) {
        const failure = levelFailure(thrown);
        const first = this.#failure === null;
        this.#failure ??= failure;
        for (const waiting of group) waiting.reject(failure);
        if (first) this.#onFailed(failure);
      }
    }
  }

  async #writeGroup(changes: readonly Change[]): Promise<void> {
    let totals = this.#totals;
    const batch = this.#level.batch();
    for (const { key, before, after } of changes) {
      totals = changeTotals(totals, before, after?.stamp);
      if (after === undefined) batch.del(key);
      else batch.put(key, sealEntry(after.stamp, after.content));
    }
    const content = encodeTotals(totals);
    batch.put(TOTALS_KEY, sealEntry(stampOf(TOTALS_KEY, content), content));
    await batch.write({ sync: true });
    this.#totals = totals;
  }
}
