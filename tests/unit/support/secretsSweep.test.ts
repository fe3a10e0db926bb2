import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sweepForSecrets } from "../../support/secretsSweep.ts";

const password = "correct / horse";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-sweep-"));
  await mkdir(join(folder, "a/b"), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["plain", Buffer.from(`x${password}y`)],
  ["utf16", Buffer.from(password, "utf16le")],
  ["base64", Buffer.from(Buffer.from(`${password} and more`).toString("base64"))],
  ["hex", Buffer.from(Buffer.from(password).toString("hex"))],
  ["url", Buffer.from(encodeURIComponent(password))],
])("finds a secret deep in a folder, %s", async (encoding, content) => {
  await writeFile(join(folder, "a/b/file.bin"), content);
  const leaks = await sweepForSecrets({ password }, { folders: [folder] });
  expect(leaks).toContainEqual({ secret: "password", where: join(folder, "a/b/file.bin"), encoding });
});

test("finds nothing where nothing is, and looks into texts", async () => {
  await writeFile(join(folder, "a/file"), "correct/horse");
  expect(await sweepForSecrets({ password }, { folders: [folder], texts: { stdout: "fine" } })).toEqual([]);
  expect(await sweepForSecrets({ password }, { texts: { stdout: password } })).toMatchObject([{ where: "stdout" }]);
});

test("refuses to prove nothing", async () => {
  await expect(sweepForSecrets({ password }, { folders: [folder] })).rejects.toThrow("nowhere to look");
  await expect(sweepForSecrets({ short: "abc" }, { texts: { a: "b" } })).rejects.toThrow("too short");
});

test("looks again where files are renamed while it looks", async () => {
  await writeFile(join(folder, "a/file"), password);
  for (let round = 0; round < 20; round++) {
    const renaming = (async () => {
      for (let times = 0; times < 20; times++) {
        await writeFile(join(folder, "a/file.new"), password);
        await rename(join(folder, "a/file.new"), join(folder, "a/file"));
      }
    })();
    const leaks = await sweepForSecrets({ password }, { folders: [folder], texts: { none: "" } });
    await renaming;
    expect(leaks).not.toEqual([]);
    expect(leaks.every(({ where }) => where.startsWith(join(folder, "a/file")))).toBe(true);
  }
});
