import { cp, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cache } from "../../build/paths.ts";
import { withFileLock } from "./fileLock.ts";
import { synapseFiles } from "./synapseConfig.ts";

/**
 * A ready-made Synapse database, kept in `.cache/` and copied for every start, because making one anew (all tables, all
 * migrations; thousands of rooms) takes far longer than copying.
 *
 * @param name says what is in it; must change with everything that goes into it
 * @param fill gets an empty folder and leaves `homeserver.db` in it, with no process using it any more
 * @returns the folder to copy from
 */
export async function ensureTemplate(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const parent = join(cache, "synapse-template");
  const dir = join(parent, name);
  const exists = () =>
    stat(dir).then(
      () => true,
      () => false,
    );
  if (await exists()) return dir;
  await withFileLock(join(parent, `${name}.lock`), 30 * 60_000, async () => {
    if (await exists()) return;
    const draft = await mkdtemp(join(parent, "draft-"));
    try {
      await fill(draft);
      await rename(draft, dir);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
  return dir;
}

/** Copies the template's database (and what SQLite keeps beside it) into the folder of a new Synapse. */
export async function copyTemplate(template: string, dir: string): Promise<void> {
  const { database } = synapseFiles(template);
  for (const file of await readdir(template)) {
    const source = join(template, file);
    if (source.startsWith(database)) await cp(source, join(dir, file));
  }
}
