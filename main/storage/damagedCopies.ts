import { join } from "node:path";
import { readIfThere, removeDurably } from "./durableFile.ts";
import { fileFailure, isMissing } from "./fileErrors.ts";
import { files } from "./fileLayer.ts";

/** How many damaged copies are kept of each file. */
const MAX_COPIES = 3;
/** How long what was replaced or put aside is kept beside a file, in milliseconds: 90 days. */
export const MAX_COPY_AGE_MS = 90 * 24 * 60 * 60 * 1000;

const DAMAGED = /^(.+)\.damaged-(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)$/;

/** A file that was put aside because it could not be understood. */
export interface DamagedCopy {
  /** The name that the file had. */
  readonly file: string;
  readonly path: string;
  /** Milliseconds since 1970 when it was put aside. */
  readonly at: number;
}

/** The path at which a damaged file is kept. */
export function damagedCopyPath(path: string): string {
  return `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
}

/**
 * The damaged copies in a folder, the newest first.
 * @throws `file_failed`
 */
export async function damagedCopiesIn(folder: string): Promise<DamagedCopy[]> {
  const names = await files()
    .readdir(folder)
    .catch((thrown: unknown) => {
      if (isMissing(thrown)) return [];
      throw fileFailure(thrown);
    });
  const copies = names.flatMap((name): DamagedCopy[] => {
    const [, file, hour, minute, second, rest] = DAMAGED.exec(name) ?? [];
    const at = Date.parse(`${hour}:${minute}:${second}.${rest}`);
    return file === undefined || Number.isNaN(at) ? [] : [{ file, path: join(folder, name), at }];
  });
  return copies.sort((left, right) => right.at - left.at);
}

/**
 * Removes the damaged copies in a folder that are older than `MAX_COPY_AGE_MS` or beyond the newest three of their file,
 * save those that may alone hold what belongs to an account.
 *
 * @param accountsLacking the accounts that are here and of which the present file of this name knows nothing: a copy that
 *   names one of them stays, and so does one that is too garbled to say. Null where nothing can be said: all stay.
 * @throws `file_failed`, and what `accountsLacking` throws
 */
export async function removeOldCopies(
  folder: string,
  accountsLacking: (file: string) => Promise<readonly string[] | null> | readonly string[] | null,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const { file, path, at } of await damagedCopiesIn(folder)) {
    const count = (counts.get(file) ?? 0) + 1;
    counts.set(file, count);
    if (count <= MAX_COPIES && Date.now() - at <= MAX_COPY_AGE_MS) continue;
    const lacking = await accountsLacking(file);
    if (lacking === null || (lacking.length > 0 && mayName(await readText(path), lacking))) continue;
    await removeDurably(path);
  }
}

async function readText(path: string): Promise<string> {
  return (await readIfThere(path))?.toString("utf8") ?? "";
}

function mayName(text: string, accounts: readonly string[]): boolean {
  return !isJson(text) || accounts.some((accountId) => text.includes(accountId));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
