import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../../main/storage/fileErrors.ts";
import { waitUntil } from "./waitUntil.ts";

/**
 * Every file below a folder, by its path, with its content in base64. A file that is replaced while it is looked at makes
 * the look begin again.
 */
export async function filesBelow(folder: string): Promise<Record<string, string>> {
  return waitUntil(() => look(folder).catch(orNothingIfGone), { what: "a look at files that stay as they are" });
}

async function look(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    found[file] = await readFile(file, "base64");
  }
  return found;
}

function orNothingIfGone(thrown: unknown): undefined {
  if (!isMissing(thrown)) throw thrown;
}
