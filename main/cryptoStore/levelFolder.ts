import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ClassicLevel } from "classic-level";
import { AppFailure, fail } from "../../shared/errors.ts";
import { isThere, syncFolder } from "../storage/durableFile.ts";
import { fileFailure, systemErrorCode } from "../storage/fileErrors.ts";
import { makePrivateFolder } from "../storage/folders.ts";
import { FORMAT_KEY, TOTALS_KEY, openEntry, sealEntry, stampOf } from "./journalEntries.ts";
import { isDamagedLevel } from "./levelCheck.ts";
import { NO_TOTALS, encodeTotals } from "./journalChecksum.ts";

/** The layout this version writes. Raised with every change that an older version would misread. */
export const FORMAT_VERSION = 1;

const LEVEL_NAME = "level";
const UNFINISHED = "level.new-";

/** A LevelDB with bytes as keys and as values. */
export type Level = ClassicLevel<Buffer, Buffer>;

/**
 * Everything is read once, at the start, and kept by the engine: a cache would hold it a second time, and a big write
 * buffer a third time, for every account.
 */
const LEVEL_OPTIONS = {
  keyEncoding: "buffer",
  valueEncoding: "buffer",
  cacheSize: 64 * 1024,
  writeBufferSize: 1024 * 1024,
  maxOpenFiles: 74,
  // Most of it is encrypted and would not get smaller; and `levelTable.ts` looks into plain blocks only.
  compression: false,
} as const;

/**
 * Opens the LevelDB of a crypto store's folder; makes both when they are absent, unless `mustExist`.
 *
 * @throws `store_in_use` when it is open already, here or in another process; `store_damaged`; `data_too_new` when a
 *   newer version wrote it; `file_failed`. Except for `file_failed` the files are left as they were.
 */
export async function openLevel(folder: string, mustExist: boolean): Promise<Level> {
  try {
    await makePrivateFolder(folder);
    const path = join(folder, LEVEL_NAME);
    if (!(await isThere(path))) {
      if (mustExist) throw fail("store_damaged");
      await createLevel(folder);
    } else if (await isDamagedLevel(path)) {
      throw fail("store_damaged");
    }
    const level = await levelAt(path, { createIfMissing: false });
    try {
      await level.open();
      await checkFormat(level, folder);
      await removeLeftovers(folder);
    } catch (thrown) {
      await level.close();
      throw thrown;
    }
    return level;
  } catch (thrown) {
    throw levelFailure(thrown);
  }
}

/**
 * Removes a crypto store's folder, whatever is in it: nothing of it is read. Removing what is absent is no error. Cut
 * short in the middle, it leaves a store that is refused as damaged, and can be removed.
 *
 * @throws `store_in_use` when it is open in another process, before anything is removed; `file_failed`
 */
export async function discardLevel(folder: string): Promise<void> {
  const { ClassicLevel } = await import("classic-level");
  try {
    // Takes LevelDB's lock before it deletes, and holds it until it has.
    await ClassicLevel.destroy(join(folder, LEVEL_NAME));
  } catch (thrown) {
    const failure = levelFailure(thrown);
    if (failure.error.kind === "store_in_use") throw failure;
    // What it cannot delete is deleted below, or said to be in the way.
  }
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}

/** What went wrong in LevelDB, in our words. LevelDB tells causes apart by message alone. */
export function levelFailure(thrown: unknown): AppFailure {
  if (thrown instanceof AppFailure) return thrown;
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = systemErrorCode(cause);
  if (code === "LEVEL_LOCKED") return new AppFailure({ kind: "store_in_use" }, { cause });
  if (code !== null && !code.startsWith("LEVEL_")) return fileFailure(cause);
  const message = cause instanceof Error ? cause.message : "";
  if (/no space left|quota|file too large|disk is full|not enough space/i.test(message)) {
    return new AppFailure({ kind: "file_failed", reason: "no_space" }, { cause });
  }
  if (/permission denied|read-only file system|access is denied/i.test(message)) {
    return new AppFailure({ kind: "file_failed", reason: "denied" }, { cause });
  }
  // "Invalid argument" is a read behind the end of a file that was cut off.
  if (code === "LEVEL_IO_ERROR" && !/no such file|invalid argument/i.test(message)) {
    return new AppFailure({ kind: "file_failed", reason: "other" }, { cause });
  }
  // Whatever else keeps LevelDB from opening or reading is a file that is missing or not what it should be.
  return new AppFailure({ kind: "store_damaged" }, { cause });
}

/** Loading LevelDB takes longer than the window should wait for it: it comes with the first store. */
async function levelAt(path: string, more: { createIfMissing: boolean }): Promise<Level> {
  const { ClassicLevel } = await import("classic-level");
  return new ClassicLevel(path, { ...LEVEL_OPTIONS, ...more });
}

/**
 * Made aside and then renamed: a LevelDB without a format entry is thereby always a damaged one and never one whose
 * making was cut short, and can be refused without guessing.
 */
async function createLevel(folder: string): Promise<void> {
  const fresh = await mkdtemp(join(folder, UNFINISHED));
  const level = await levelAt(fresh, { createIfMissing: true });
  try {
    await level.open();
    const content = Buffer.from(JSON.stringify({ version: FORMAT_VERSION }));
    const totals = encodeTotals(NO_TOTALS);
    await level.batch(
      [
        { type: "put", key: FORMAT_KEY, value: sealEntry(stampOf(FORMAT_KEY, content), content) },
        { type: "put", key: TOTALS_KEY, value: sealEntry(stampOf(TOTALS_KEY, totals), totals) },
      ],
      { sync: true },
    );
  } finally {
    await level.close();
  }
  // LevelDB syncs its files, and the names of some: it is to be whole before it gets its own name.
  await syncFolder(fresh);
  try {
    await rename(fresh, join(folder, LEVEL_NAME));
  } catch (thrown) {
    // Another process may have been quicker; then its lock decides.
    if (!(await isThere(join(folder, LEVEL_NAME)))) throw thrown;
  }
  await syncFolder(folder);
}

async function checkFormat(level: Level, folder: string): Promise<void> {
  const sealed = await level.get(FORMAT_KEY);
  if (sealed === undefined) throw fail("store_damaged");
  const format: unknown = JSON.parse(openEntry(FORMAT_KEY, sealed).content.toString());
  const version = typeof format === "object" && format !== null && "version" in format ? format.version : null;
  if (typeof version !== "number") throw fail("store_damaged");
  if (version > FORMAT_VERSION) throw fail("data_too_new", { file: basename(folder) });
  // There has been no older layout yet; whoever makes version 2 puts the way from 1 to 2 here.
  if (version < FORMAT_VERSION) throw fail("store_damaged");
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(UNFINISHED)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
