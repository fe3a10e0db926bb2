import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./paths.ts";

/** Licences under which others' work may be handed out with ours. */
const permissive = [
  ["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "Apache 2.0"],
  ["OFL-1.1", "Unlicense", "CC0-1.0", "BlueOak-1.0.0", "Python-2.0"],
].flat();

interface Manifest {
  name: string;
  version: string;
  license?: string | { type: string };
}

/** The folders of the packages, below node_modules, that these bundled files come from. */
export function packageFolders(inputs: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const input of inputs) {
    const found = /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input.replaceAll("\\", "/"))?.[0];
    if (found !== undefined) folders.add(found.slice(found.indexOf("node_modules/")));
  }
  return folders;
}

/**
 * The licence texts of everything that is handed out with the app, as their licences demand.
 * @param folders packages, as paths from the project's folder
 * @throws Error when one is under a licence that is not known to allow this
 */
export async function notices(folders: Iterable<string>): Promise<string> {
  const parts: string[] = [];
  for (const folder of [...folders].sort()) {
    const manifest = JSON.parse(await readFile(join(root, folder, "package.json"), "utf8")) as Partial<Manifest>;
    if (manifest.name === undefined) continue;
    const licence = typeof manifest.license === "object" ? manifest.license.type : (manifest.license ?? "unknown");
    const choices = licence.replaceAll(/[()]/g, "").split(" OR ");
    if (!choices.some((choice) => choice.split(" AND ").every((one) => permissive.includes(one)))) {
      throw new Error(`${manifest.name} is under the licence ${licence}, which is not one of ${permissive.join(", ")}.`);
    }
    parts.push(`${manifest.name} ${manifest.version}\nLicence: ${licence}\n\n${await licenceText(join(root, folder))}`);
  }
  return parts.join(`\n${"-".repeat(80)}\n\n`);
}

async function licenceText(folder: string): Promise<string> {
  if (!existsSync(folder)) return "";
  const files = (await readdir(folder)).filter((name) => /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => `${text.trim()}\n`).join("\n");
}
