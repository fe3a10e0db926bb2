import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A secret that was found where it must not be. */
export interface Leak {
  /** The name the test gave the secret; never the secret itself, because this is printed. */
  secret: string;
  /** The file, or the name of the text. */
  where: string;
  encoding: string;
}

/** Where to look. */
export interface SweepTargets {
  /** Folders, looked through to the bottom: the app's data, above all. */
  folders?: readonly string[];
  /** Texts by name: what processes wrote to stdout, what a page shows. */
  texts?: Readonly<Record<string, string>>;
}

/**
 * Looks for secrets in files and texts: as they are, in UTF-16 (as Chromium's databases keep them), in base64, in hex
 * and URL-encoded. Answers where they were found; a test expects an empty list.
 *
 * @param secrets by a name that may be printed. Short ones would be found by chance, so at least 8 characters.
 * @throws when there is nothing to look through, or a secret is too short: such a sweep would prove nothing
 */
export async function sweepForSecrets(
  secrets: Readonly<Record<string, string>>,
  { folders = [], texts = {} }: SweepTargets,
): Promise<Leak[]> {
  const needles = Object.entries(secrets).flatMap(([name, secret]) => needlesFor(name, secret));
  const leaks: Leak[] = [];
  let looked = 0;
  const look = (where: string, content: Buffer): void => {
    looked += 1;
    for (const { secret, encoding, bytes } of needles) {
      if (content.includes(bytes)) leaks.push({ secret, where, encoding });
    }
  };
  for (const [name, text] of Object.entries(texts)) look(name, Buffer.from(text));
  for (const folder of folders) for (const [path, content] of await filesIn(folder)) look(path, content);
  if (looked === 0 || needles.length === 0) throw new Error("the sweep had nothing to look for or nowhere to look");
  return leaks;
}

/** How long a folder is looked through from the start because files went while it was, in milliseconds. */
const MAX_LOOK_MS = 10_000;

/**
 * Every file of a folder and what is in it. A file that went between being seen and being read, as one does that is
 * written aside and then renamed, may lie under a name that was read before: so all of it is looked through again.
 */
async function filesIn(folder: string): Promise<[path: string, content: Buffer][]> {
  const end = Date.now() + MAX_LOOK_MS;
  for (;;) {
    try {
      const files: [string, Buffer][] = [];
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) files.push([path, await readFile(path)]);
      }
      return files;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || Date.now() > end) throw error;
    }
  }
}

function needlesFor(secret: string, value: string): { secret: string; encoding: string; bytes: Buffer }[] {
  if (value.length < 8) throw new Error(`the secret "${secret}" is too short to look for`);
  const bytes = Buffer.from(value);
  // Padding and the last character depend on what follows the secret, so they are left out.
  const base64 = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
  const forms: Record<string, Buffer> = {
    plain: bytes,
    utf16: Buffer.from(value, "utf16le"),
    base64: Buffer.from(base64),
    base64url: Buffer.from(base64.replaceAll("+", "-").replaceAll("/", "_")),
    hex: Buffer.from(bytes.toString("hex")),
    url: Buffer.from(encodeURIComponent(value)),
    json: Buffer.from(JSON.stringify(value).slice(1, -1)),
  };
  const seen = new Set<string>();
  return Object.entries(forms)
    .filter(([, form]) => !seen.has(form.toString("latin1")) && seen.add(form.toString("latin1")))
    .map(([encoding, form]) => ({ secret, encoding, bytes: form }));
}
