import writeFileAtomic from "write-file-atomic";
import { fail } from "../../shared/errors.ts";

/**
 * Writes a text that only this person may read (mode 0600), whole or not at all; a file that was there is replaced.
 * Throws `file_failed`.
 */
export async function saveTextFile(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(path, text, { encoding: "utf8", mode: 0o600 });
  } catch (thrown) {
    throw fail("file_failed", { reason: reasonOf((thrown as NodeJS.ErrnoException).code) });
  }
}

function reasonOf(code: string | undefined): "no_space" | "denied" | "vanished" | "other" {
  if (code === "ENOSPC" || code === "EDQUOT") return "no_space";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "denied";
  return code === "ENOENT" || code === "ENOTDIR" ? "vanished" : "other";
}
