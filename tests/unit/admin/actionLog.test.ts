import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ActionLog } from "../../../main/admin/actionLog.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const BEGUN = { actor: "@boss:one.test", target: "@ann:one.test", action: "lock" };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let log: ActionLog;
beforeEach(async () => {
  folder = await temporaryFolder("actionLog");
  log = new ActionLog({ path: join(folder.path, "admin-actions.json"), onDamaged: () => undefined });
});
afterEach(() => folder.remove());

const failing = (failure: Error) => log.record(BEGUN, () => Promise.reject(failure)).catch(() => undefined);

it("has been written before anything is done, and says what came of it", async () => {
  const during = await log.record(BEGUN, async () => readFile(join(folder.path, "admin-actions.json"), "utf8"));
  expect(JSON.parse(during)).toMatchObject({ data: { actions: [{ ...BEGUN, result: "begun" }] } });
  expect(await log.list()).toMatchObject([{ ...BEGUN, result: "done", detail: null }]);
});

it("tells what failed from what may have been done, in at most 200 characters of the server's", async () => {
  await failing(new AppFailure({ kind: "server", status: 400, errcode: "M_UNKNOWN", message: `no\u202e ${"x".repeat(400)}` }));
  await failing(fail("network", { reason: "cut", host: "one.test" }));
  await failing(new Error("secret"));
  const [defect, lost, refused] = await log.list();
  expect(defect).toMatchObject({ result: "failed", detail: null });
  expect(lost).toMatchObject({ result: "unknown", detail: "network" });
  expect(refused).toMatchObject({ result: "failed", detail: expect.stringMatching(/^server M_UNKNOWN no x+…$/) });
  expect([...refused!.detail!].length).toBe(200);
});

it("keeps two that begin at the same time apart", async () => {
  const other = { ...BEGUN, target: "@bob:one.test" };
  await Promise.all([
    log.record(BEGUN, () => Promise.resolve()),
    log.record(other, () => Promise.reject(fail("not_found"))).catch(() => undefined),
  ]);
  expect((await log.list()).map(({ target, result }) => [target, result]).sort()).toEqual([
    ["@ann:one.test", "done"],
    ["@bob:one.test", "failed"],
  ]);
});

it("forgets the oldest, and is for this user's eyes alone", async () => {
  const path = join(folder.path, "admin-actions.json");
  const many = Array.from({ length: 2000 }, (_, at) => ({ ...BEGUN, at, result: "done" as const, detail: null }));
  await log.record(BEGUN, () => Promise.resolve());
  const full = new ActionLog({ path, onDamaged: () => undefined });
  await writeFile(path, JSON.stringify({ version: 1, data: { actions: many } }));
  await full.record({ ...BEGUN, action: "unlock" }, () => Promise.resolve());
  const listed = await full.list();
  expect(listed).toHaveLength(2000);
  expect([listed[0]?.action, listed.at(-1)?.at]).toEqual(["unlock", 1]);
  expect((await stat(path)).mode & 0o077).toBe(0);
});

it("tells apart what was done to each server", async () => {
  await log.record(BEGUN, () => Promise.resolve());
  await log.record({ ...BEGUN, actor: "@boss:two.test:8448" }, () => Promise.resolve());
  expect(await log.list("one.test")).toMatchObject([BEGUN]);
  expect((await log.list("two.test:8448")).map(({ actor }) => actor)).toEqual(["@boss:two.test:8448"]);
  expect(await log.list()).toHaveLength(2);
});
