import { createPrivateKey, sign } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { command } from "./command.ts";
import { root, say } from "./paths.ts";

/** What installed copies are told of a version. */
export interface Announced {
  version: string;
  notes: string;
  /** Where it can be had: https. */
  page: string;
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

if (import.meta.main) {
  await command(async () => {
    const { STEWARD_UPDATE_KEY: key, STEWARD_UPDATE_PAGE: page } = process.env;
    if (!key || !page) return say("nothing is announced: STEWARD_UPDATE_KEY and STEWARD_UPDATE_PAGE are not set");
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    const notes = notesOf(await readFile(join(root, "CHANGELOG.md"), "utf8"), version).slice(0, 20_000);
    const target = join(resolve(process.argv[2] ?? "dist"), "latest.json");
    await writeFile(target, announcement({ version, notes, page }, key));
    say(`wrote ${target}`);
  });
}
