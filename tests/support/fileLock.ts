import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { waitUntil } from "./waitUntil.ts";

/**
 * Runs `work` while no other process on this computer holds the same lock. A lock whose owner has died is taken over.
 *
 * @param lockFile where the lock lies; its folder is made when missing
 * @param timeoutMs how long to wait for the other owner before giving up with an error
 */
export async function withFileLock<T>(lockFile: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(lockFile), { recursive: true });
  const claim = `${process.pid} ${randomUUID()}`;
  await waitUntil(() => tryTake(lockFile, claim), { timeoutMs, everyMs: 200, what: `the lock ${lockFile}` });
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function tryTake(lockFile: string, claim: string): Promise<boolean> {
  // Written aside and linked, so that a lock file never exists without its owner's number in it.
  const draft = `${lockFile}.${randomUUID()}`;
  await writeFile(draft, claim);
  try {
    await link(draft, lockFile);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const held = await readFile(lockFile, "utf8").catch(() => null);
  if (held !== null && !isAlive(Number.parseInt(held, 10))) await removeStale(lockFile, held);
  return false;
}

/** Removes the lock of a dead owner; puts back one that somebody took in between. */
async function removeStale(lockFile: string, held: string): Promise<void> {
  const aside = `${lockFile}.${randomUUID()}`;
  await rename(lockFile, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => null);
  if (moved !== null && moved !== held) await link(aside, lockFile).catch(() => undefined);
  await rm(aside, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
