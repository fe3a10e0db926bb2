import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { JsonFile } from "../../../main/storage/jsonFile.ts";
import type { DamagedFile, JsonFileOptions } from "../../../main/storage/jsonFile.ts";
import { isFailure } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const Schema = z.object({ count: z.number() });
type Content = z.infer<typeof Schema>;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
let damaged: DamagedFile[];

beforeEach(async () => {
  folder = await temporaryFolder("json");
  path = join(folder.path, "things.json");
  damaged = [];
});
afterEach(() => folder.remove());

function open(options: Partial<JsonFileOptions<Content>> = {}): JsonFile<Content> {
  return new JsonFile({ path, schema: Schema, version: 1, onDamaged: (one) => damaged.push(one), ...options });
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

describe("JsonFile", () => {
  it("gives back what was written, and null before that", async () => {
    expect(await open().read()).toBeNull();
    await open().write({ count: 1 });
    expect(await open().read()).toEqual({ count: 1 });
    expect(damaged).toEqual([]);
  });

  it("lets nobody else read it", async () => {
    await writeFile(path, "{}", { mode: 0o644 });
    const file = open();
    await file.write({ count: 1 });
    await file.write({ count: 2 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(`${path}.bak`)).mode & 0o777).toBe(0o600);
  });

  it("keeps the content before the last write beside it", async () => {
    const file = open();
    await file.write({ count: 1 });
    await file.write({ count: 2 });
    expect(JSON.parse(await readFile(`${path}.bak`, "utf8"))).toEqual({ version: 1, data: { count: 1 } });
  });

  it("keeps nothing of before where something is to be gone", async () => {
    const file = open();
    await file.write({ count: 1 });
    await file.write({ count: 2 });
    await file.write({ count: 2 }, { forgetting: true });
    expect(JSON.parse(await readFile(`${path}.bak`, "utf8"))).toEqual({ version: 1, data: { count: 2 } });
    await file.write({ count: 3 }, { forgetting: true });
    expect(JSON.parse(await readFile(`${path}.bak`, "utf8"))).toEqual({ version: 1, data: { count: 3 } });
  });

  it.each([
    ["cut short", '{"version":1,"da'],
    ["empty", ""],
    ["zeroes", "\0".repeat(64)],
    ["of another shape", '{"version":1,"data":{"count":"many"}}'],
    ["without a version", '{"data":{"count":1}}'],
    ["not text", Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ])("puts aside a file that is %s, keeps it, reports it and restores the copy", async (_what, bytes) => {
    const file = open();
    await file.write({ count: 1 });
    await file.write({ count: 2 });
    await writeFile(path, bytes);

    expect(await open().read()).toEqual({ count: 1 });
    expect(damaged).toMatchObject([{ file: "things.json", restored: true }]);
    expect(await readFile(join(folder.path, damaged[0]!.keptAs))).toEqual(Buffer.from(bytes));
    expect(await open().read()).toEqual({ count: 1 });
    expect(damaged).toHaveLength(1);
  });

  it("does without a copy, and without a good one", async () => {
    await writeFile(path, "{");
    expect(await open().read()).toBeNull();
    await writeFile(path, "{");
    await writeFile(`${path}.bak`, "[");
    expect(await open().read()).toBeNull();
    expect(damaged.map(({ restored }) => restored)).toEqual([false, false]);
    await open().write({ count: 3 });
    expect(await open().read()).toEqual({ count: 3 });
  });

  it("uses the copy when the file is gone", async () => {
    const file = open();
    await file.write({ count: 1 });
    await file.write({ count: 2 });
    await writeFile(path, "{");
    // As after a crash between putting aside and restoring.
    const { rename } = await import("node:fs/promises");
    await rename(path, `${path}.damaged-x`);
    expect(await open().read()).toEqual({ count: 1 });
  });

  it.each([["read"], ["write"], ["update"], ["remove"]])("refuses a newer file at %s and leaves it", async (method) => {
    const text = '{"version":2,"data":{"anything":true}}';
    await writeFile(path, text);
    const file = open();
    const calls = {
      read: () => file.read(),
      write: () => file.write({ count: 1 }),
      update: () => file.update(() => ({ count: 1 })),
      remove: () => file.remove(),
    };
    const failure = await failureOf(calls[method as keyof typeof calls]());
    expect(failure).toMatchObject({ error: { kind: "data_too_new", file: "things.json" } });
    expect(await readFile(path, "utf8")).toBe(text);
    expect(await readdir(folder.path)).toEqual(["things.json"]);
  });

  it("migrates step by step, and keeps the old text as the copy", async () => {
    const old = '{"version":1,"data":{"n":"4"}}';
    await writeFile(path, old);
    const migrations = {
      1: (data: unknown) => ({ number: Number((data as { n: string }).n) }),
      2: (data: unknown) => ({ count: (data as { number: number }).number }),
    };
    const file = open({ version: 3, migrations });
    expect(await file.read()).toEqual({ count: 4 });
    await file.write({ count: 5 });
    expect(await readFile(`${path}.bak`, "utf8")).toBe(old);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ version: 3, data: { count: 5 } });
  });

  it("carries out updates one after the other", async () => {
    const file = open();
    await Promise.all(Array.from({ length: 25 }, () => file.update((now) => ({ count: (now?.count ?? 0) + 1 }))));
    expect(await open().read()).toEqual({ count: 25 });
  });

  it("keeps the old content when a write is refused", async () => {
    const file = open();
    await file.write({ count: 1 });
    await expect(file.write({ count: "x" } as unknown as Content)).rejects.toThrow();
    await expect(
      file.update(() => {
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(await open().read()).toEqual({ count: 1 });
  });

  it("does not take a file that cannot be read for one that is not there", async () => {
    await mkdir(path);
    const failure = await failureOf(open().write({ count: 1 }));
    expect(isFailure(failure, "file_failed")).toBe(true);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it("removes the file and its copy", async () => {
    const file = open();
    await file.write({ count: 1 });
    await file.write({ count: 2 });
    await file.remove();
    expect(await readdir(folder.path)).toEqual([]);
    expect(await file.read()).toBeNull();
  });

  it("says `denied` where it may not write", async ({ skip }) => {
    skip(process.getuid?.() === 0, "root may write everywhere");
    await chmod(folder.path, 0o500);
    expect(await failureOf(open().write({ count: 1 }))).toMatchObject({ error: { kind: "file_failed", reason: "denied" } });
    await chmod(folder.path, 0o700);
  });
});
