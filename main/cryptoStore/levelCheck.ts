import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../storage/fileErrors.ts";
import { isDamagedLog } from "./levelLog.ts";
import { liveTables } from "./levelManifest.ts";
import { isDamagedTable } from "./levelTable.ts";

/**
 * True when the files of a closed LevelDB are not what LevelDB wrote. Only reads; LevelDB itself would skip or drop
 * what is broken, or crash.
 * @throws system errors of reading
 */
export async function isDamagedLevel(folder: string): Promise<boolean> {
  try {
    const names = await readdir(folder);
    const logs = names.filter((name) => /^\d+\.log$/.test(name));
    // There always is one, be it empty; LevelDB would take a missing one for empty.
    if (logs.length === 0) return true;
    for (const name of logs) if (isDamagedLog(await readFile(join(folder, name)))) return true;

    const current = (await readFile(join(folder, "CURRENT"), "latin1")).trimEnd();
    if (!/^MANIFEST-\d+$/.test(current)) return true;
    const manifest = await readFile(join(folder, current));
    if (isDamagedLog(manifest)) return true;
    for (const number of liveTables(manifest)) {
      if (isDamagedTable(await readFile(join(folder, `${String(number).padStart(6, "0")}.ldb`)))) return true;
    }
    return false;
  } catch (thrown) {
    if (isMissing(thrown) || thrown instanceof RangeError) return true;
    throw thrown;
  }
}
