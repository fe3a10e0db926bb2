import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { UnfinishedFiles } from "../../../main/storage/unfinishedFiles.ts";
import { errorOf } from "../../support/secureBackupChecks.ts";

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
