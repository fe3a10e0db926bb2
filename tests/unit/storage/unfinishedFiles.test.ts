import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { UnfinishedFiles } from "../../../main/storage/unfinishedFiles.ts";
import { errorOf } from "../../support/errorOf.ts";

let folder: string;
let part: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-unfinished-"));
  part = join(folder, "keys.txt.part");
});
afterEach(() => rm(folder, { recursive: true }));

const open = (): UnfinishedFiles =>
  new UnfinishedFiles({ path: join(folder, "list.json"), onDamaged: (damaged) => expect.fail(JSON.stringify(damaged)) });
const files = async (): Promise<string[]> => (await readdir(folder)).filter((name) => !name.startsWith("list.json"));

it("removes what a crash left behind, and nothing else", async () => {
  const crashed = open().during(part, async () => {
    await writeFile(part, "half");
    await writeFile(join(folder, "keys.txt"), "theirs");
    // As after SIGKILL: what comes after never happens.
    await new Promise(() => undefined);
  });
  await expect.poll(files).toEqual(["keys.txt", "keys.txt.part"]);
  await open().removeLeftovers();
  expect(await files()).toEqual(["keys.txt"]);
  await writeFile(part, "another's, later");
  await open().removeLeftovers();
  expect(await files()).toEqual(["keys.txt", "keys.txt.part"]);
  void crashed;
});

it("remembers what could not be removed, for the next time", async () => {
  const unfinished = open();
  await unfinished.during(part, async () => {
    await rm(part, { force: true });
    // What no file's removal takes away.
    await mkdir(part);
  });
  expect(await files()).toEqual(["keys.txt.part"]);
  await open().removeLeftovers();
  expect(await files()).toEqual(["keys.txt.part"]);
  await rm(part, { recursive: true });
  await writeFile(part, "half");
  const again = open();
  await again.removeLeftovers();
  expect(await files()).toEqual([]);
  expect(await again.during(part, () => Promise.resolve("done"))).toBe("done");
  await writeFile(part, "another's, later");
  await open().removeLeftovers();
  expect(await files()).toEqual(["keys.txt.part"]);
});

it("removes what failed work left behind, and lets two kinds of work not write to one file", async () => {
  const unfinished = open();
  const failing = unfinished.during(part, async () => {
    await writeFile(part, "half");
    expect(await errorOf(unfinished.during(part, () => Promise.resolve()))).toEqual({ kind: "file_failed", reason: "denied" });
    throw new Error("it failed");
  });
  await expect(failing).rejects.toThrow("it failed");
  expect(await files()).toEqual([]);
  expect(await unfinished.during(part, () => Promise.resolve("done"))).toBe("done");
});
