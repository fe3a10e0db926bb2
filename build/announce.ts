import { createHash, createPrivateKey, sign } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { command } from "./command.ts";
import { root, say } from "./paths.ts";

/** A file that a version is installed with; it lies beside the announcement. */
export interface AnnouncedFile {
  /** As Node names them. */
  platform: string;
  arch: string;
  name: string;
  sizeBytes: number;
  /** As base64. */
  sha512: string;
}

/** What installed copies are told of a version. */
export interface Announced {
  version: string;
  notes: string;
  /** Where it can be had: https. */
  page: string;
  files: AnnouncedFile[];
}

/**
 * The text of `latest.json`: the announcement and a signature over it.
 * @param privateKey an Ed25519 key, PKCS #8 in PEM
 */
export function announcement(announced: Announced, privateKey: string): string {
  const text = JSON.stringify(announced);
  const signature = sign(null, Buffer.from(text), createPrivateKey(privateKey)).toString("base64");
  return `${JSON.stringify({ announcement: text, signature })}\n`;
}

/** What the change log says of a version, without its heading; empty where it says nothing. */
export function notesOf(changelog: string, version: string): string {
  const parts = changelog.split(/^## /m);
  return (parts.find((part) => part.split(/\s/, 1)[0] === version) ?? "").split("\n").slice(1).join("\n").trim();
}

/** For which system each kind of file is that an installed copy can be replaced with. */
const systems: Readonly<Record<string, string>> = { AppImage: "linux", exe: "win32", zip: "darwin" };

/** How electron-builder names processors, where Node says something else. */
const processors: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/** What of a folder an installed copy of this version can be replaced with, by the names that electron-builder gives. */
export async function filesOf(folder: string, version: string): Promise<AnnouncedFile[]> {
  const files: AnnouncedFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const [, named, arch = "", extension = ""] = /^Steward-(.+)-([A-Za-z0-9_]+)\.(\w+)$/.exec(name) ?? [];
    const platform = systems[extension];
    if (named !== version || platform === undefined) continue;
    const path = join(folder, name);
    const hash = createHash("sha512");
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
    files.push({
      platform,
      arch: processors[arch] ?? arch,
      name,
      sizeBytes: (await stat(path)).size,
      sha512: hash.digest("base64"),
    });
  }
  return files;
}

/**
 * Writes `latest.json` into a folder with a version's installers, where `STEWARD_UPDATE_KEY` (an Ed25519 key, PKCS #8 in PEM) and
 * `STEWARD_UPDATE_PAGE` (https) are set. The folder is what `STEWARD_UPDATE_FEED` names once it is on a server.
 */
export async function announce(folder: string): Promise<void> {
  const { STEWARD_UPDATE_KEY: key, STEWARD_UPDATE_PAGE: page } = process.env;
  if (!key || !page) return say("nothing is announced: STEWARD_UPDATE_KEY and STEWARD_UPDATE_PAGE are not set");
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const notes = notesOf(await readFile(join(root, "CHANGELOG.md"), "utf8"), version).slice(0, 20_000);
  const files = await filesOf(folder, version);
  const target = join(folder, "latest.json");
  await writeFile(target, announcement({ version, notes, page, files }, key));
  say(`wrote ${target}, which names ${files.length > 0 ? files.map(({ name }) => name).join(", ") : "no file to install"}`);
}

if (import.meta.main) await command(() => announce(resolve(process.argv[2] ?? "dist")));
