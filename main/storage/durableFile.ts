import { randomBytes } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { fileFailure, isMissing, systemErrorCode } from "./fileErrors.ts";
import { files } from "./fileLayer.ts";
import { KeyedQueue } from "./keyedQueue.ts";

const FILE_MODE = 0o600;

const writes = new KeyedQueue<string>();

/**
 * Replaces a file in one step: whoever reads it, also after a crash or a power cut, finds all of the old content or all
 * of the new. Resolves when the new content is on the disk. Writes to one path happen in the order they were asked for.
 *
 * Written by hand because write-file-atomic writes once and does not look at how much was written: on a full disk it
 * puts a truncated file in place and reports success. It does not sync the folder either.
 *
 * @throws `file_failed`; the old content is then still there, save where the disk fails at the very last, when it is to
 * say that it has the new one.
 */
export function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  return writes
    .run(resolve(path), () => replace(path, content))
    .catch((thrown: unknown) => {
      throw fileFailure(thrown);
    });
}

/**
 * Removes a file for good: it does not come back after a power cut. Removing what is absent is no error.
 * @throws `file_failed`
 */
export function removeDurably(path: string): Promise<void> {
  return writes
    .run(resolve(path), async () => {
      await files().rm(path);
      await files().rm(temporaryOf(path));
      await syncFolder(dirname(path));
    })
    .catch((thrown: unknown) => {
      if (isMissing(thrown)) return;
      throw fileFailure(thrown);
    });
}

/**
 * Gives a file or a folder another name for good, in the same folder or in another on the same disk.
 * @throws `file_failed`
 */
export async function renameDurably(path: string, newPath: string): Promise<void> {
  try {
    await files().rename(path, newPath);
    for (const folder of new Set([dirname(newPath), dirname(path)])) await syncFolder(folder);
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}

/**
 * The content of a file, or null when it does not exist. Every other trouble is an error: a file that cannot be read
 * must never pass for one that is not there.
 * @throws `file_failed`
 */
export async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await files().readFile(path);
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw fileFailure(thrown);
  }
}

/**
 * Whether there is a file or a folder of that name.
 * @throws `file_failed`
 */
export async function isThere(path: string): Promise<boolean> {
  try {
    await files().stat(path);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw fileFailure(thrown);
  }
}

/** One fixed name, so that a write cut short by a crash leaves nothing that the next write does not clear away. */
function temporaryOf(path: string): string {
  return `${path}.new`;
}

/**
 * As `writeDurably`, for a folder of the person's, which others may be able to write to: nobody can know the name of the
 * unfinished file beforehand, and lie in wait there with a link or a folder.
 *
 * @throws `file_failed`
 */
export function writeForPerson(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(12).toString("hex")}.new`);
  return replace(path, content, temporary).catch((thrown: unknown) => {
    throw fileFailure(thrown);
  });
}

async function replace(path: string, content: string | Uint8Array, temporary = temporaryOf(path)): Promise<void> {
  try {
    // A leftover of an earlier write, or a link that leads elsewhere: not to be written through, hence "wx" as well.
    await files().rm(temporary);
    const file = await files().open(temporary, "wx", FILE_MODE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await files().rename(temporary, path);
  } catch (thrown) {
    await files()
      .rm(temporary)
      .catch(() => undefined);
    throw thrown;
  }
  await syncFolder(dirname(path));
}

/** What a file system says that has no such thing: some of those that lie on another computer. */
const CANNOT_SYNC_FOLDERS: ReadonlySet<string | null> = new Set(["EINVAL", "ENOTSUP", "ENOSYS", "EPERM"]);

/**
 * Puts a folder's list of names on the disk, where that can be done. Windows cannot open folders and journals their
 * changes by itself.
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await files().open(path, "r");
  try {
    await folder.sync();
  } catch (thrown) {
    if (!CANNOT_SYNC_FOLDERS.has(systemErrorCode(thrown))) throw thrown;
  } finally {
    await folder.close();
  }
}
