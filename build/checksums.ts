import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { command } from "./command.ts";
import { say } from "./paths.ts";

/**
 * Writes `SHA256SUMS-<system>` into a folder: a line for each file that lies directly in it, as `sha256sum --check` reads it.
 * @returns the name of the file
 */
export async function writeChecksums(folder: string, system: string = process.platform): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("SHA256SUMS-")).map(({ name }) => name);
  const lines: string[] = [];
  for (const name of names.sort()) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer);
    lines.push(`${hash.digest("hex")}  ${name}\n`);
  }
  const file = `SHA256SUMS-${system}`;
  await writeFile(join(folder, file), lines.join(""));
  return file;
}

if (import.meta.main) {
  await command(async () => {
    const folder = resolve(process.argv[2] ?? "dist");
    say(`wrote ${await writeChecksums(folder)}`);
  });
}
