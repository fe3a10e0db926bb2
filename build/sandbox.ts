import { rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./processes.ts";

/** Chromium's own helper, for systems on which ordinary users may not make user namespaces. Electron brings it. */
const sandboxHelper = "chrome-sandbox";

const setUserIdOnExecution = 0o4000;

/** Whether an administrator has set up an Electron's helper: it works only when it belongs to root and runs as root. */
async function isHelperSetUp(dist: string): Promise<boolean> {
  const found = await stat(join(dist, sandboxHelper)).catch(() => undefined);
  return found !== undefined && found.uid === 0 && (found.mode & setUserIdOnExecution) !== 0;
}

/**
 * Lets a copy of an Electron use its helper, where that is set up. A file that runs as root stays so neither when
 * somebody else copies it, nor may somebody else make a hard link to it on most systems.
 */
export async function keepHelper(dist: string, copy: string): Promise<void> {
  if (!(await isHelperSetUp(dist))) return;
  await rm(join(copy, sandboxHelper), { force: true });
  await symlink(join(dist, sandboxHelper), join(copy, sandboxHelper));
}

/**
 * Why Chromium's sandbox, without which Steward does not run, cannot start for this user; with what to type.
 * Undefined when it can, or when there is no telling.
 * @param dist the folder of Electron
 */
export async function sandboxTrouble(dist: string): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() === 0 || (await isHelperSetUp(dist))) return undefined;
  const notFound = 127;
  const { code } = await run("unshare", ["--user", "--map-root-user", "true"]);
  if (code === 0 || code === notFound) return undefined;
  const helper = join(dist, sandboxHelper);
  return (
    "Chromium's sandbox needs user namespaces, which this system does not give you, or a helper that is set up. " +
    `Let an administrator do that once, then run the command again: sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'`
  );
}
