import { appendFile, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSecrets } from "../../../main/secrets/openSecrets.ts";
import { AccountSecrets, type SecretStore } from "../../../main/secrets/secretStore.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { fail } from "../../../shared/errors.ts";
import { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { ScriptedRowJobs } from "../../support/keptRowJobs.ts";
import { MemoryKeychain } from "../../support/memoryKeychain.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";

const accountId = AccountId.parse("abcdefgh01234567");
const ROWS = ["first secret of a row", "second secret of a row", "third secret of a row"];

let folders: Folders;
let secretStore: SecretStore;
let scripted: ScriptedRowJobs;

beforeEach(async () => {
  folders = new Folders(await mkdtemp(join(tmpdir(), "steward-row-jobs-")));
  await folders.prepare();
  const keychain = new MemoryKeychain();
  ({ store: secretStore } = await openSecrets({ folders, onDamaged: () => undefined, log: quietLogger, keychain }));
  await secretStore.write(accountId, AccountSecrets.parse({ accessToken: "token", refreshToken: null, storageKey: "" }));
  scripted = new ScriptedRowJobs({ folders, secretStore });
});
afterEach(async () => {
  await scripted.jobs.stopAll();
  await rm(folders.root, { recursive: true });
});

const folderOf = (jobId: string): string => join(folders.account(accountId).jobs, jobId);

/** As after the end of the app, whatever it was doing. */
async function nextStart(): Promise<ScriptedRowJobs> {
  await scripted.jobs.stopAll();
  scripted = new ScriptedRowJobs({ folders, secretStore });
  await scripted.jobs.load([accountId]);
  return scripted;
}

describe("a job of many rows", () => {
  it("goes on after the end of the app with the rows that have no end, once its session runs", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.row(1);
    await scripted.control?.beginRow(2);
    const { jobs } = await nextStart();
    expect(jobs.list()).toMatchObject([{ jobId, status: "interrupted", progress: { done: 1, total: 3 } }]);
    expect(scripted.control).toBe(null);
    jobs.sessionRuns(accountId);
    await scripted.toRows();
    expect(scripted.control?.open).toEqual([0, 2]);
    expect(scripted.control?.begunAt(0)).toBe(null);
    expect(scripted.control?.begunAt(2)).toBeGreaterThan(0);
    expect(scripted.control?.readRow(2)).toBe(ROWS[2]);
    for (const row of [0, 2]) await scripted.row(row);
    await scripted.end("done");
    expect(jobs.list()).toMatchObject([{ status: "done", counts: { done: 3 } }]);
  });

  it("is read although its last line was cut off, or is anything at all", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.row(0);
    await scripted.jobs.stopAll();
    const journal = join(folderOf(jobId), "journal");
    const whole = await readFile(journal, "utf8");
    const last = whole.trimEnd().split("\n").at(-1) ?? "";
    for (const rest of [last.slice(0, 20), "\u0000\u0000\u0000", "{}", `${last}x`, '{"fact":"rowEnded","row":"1"}']) {
      await writeFile(journal, whole);
      await appendFile(journal, rest);
      const { jobs } = await nextStart();
      expect(jobs.list()).toMatchObject([{ progress: { done: 1 } }]);
      jobs.sessionRuns(accountId);
      await scripted.toRows();
      await scripted.row(1);
      expect((await nextStart()).jobs.list()).toMatchObject([{ progress: { done: 2 } }]);
    }
  });

  it("does not go on with another input than it was given", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.jobs.stopAll();
    const other = await nextStart().then((next) => next.start(accountId, ["x", "y", "z"]));
    await scripted.jobs.stopAll();
    await copyFile(join(folderOf(other.jobId), "input"), join(folderOf(jobId), "input"));
    const { jobs } = await nextStart();
    jobs.sessionRuns(accountId);
    await scripted.until(() => jobs.list().some((job) => job.status === "paused"));
    expect(jobs.list().find((job) => job.jobId === jobId)).toMatchObject({ status: "paused", error: { kind: "job_damaged" } });
  });

  it("waits for the person after a failure, and goes on by itself after one of the session", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.end("interrupted", fail("account_not_running"));
    scripted.jobs.sessionRuns(accountId);
    await scripted.toRows();
    await scripted.end("paused", fail("forbidden", { message: "no" }));
    scripted.jobs.sessionRuns(accountId);
    expect(scripted.control).toBe(null);
    await scripted.jobs.resume(jobId);
    await scripted.toRows();
  });

  it("that is stopped leaves rows open for which nothing was sent, and says of the others that it does not know", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.row(0);
    await scripted.control?.beginRow(2);
    await scripted.jobs.cancel(jobId);
    await scripted.end("cancelled");
    const outcomes = scripted.jobs.rows(jobId, "all", 0, 10).rows.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["done", "open", "unknown"]);
  });

  it("that is stopped while it does not run says the same", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.control?.beginRow(1);
    const { jobs } = await nextStart();
    await jobs.cancel(jobId);
    expect(jobs.rows(jobId, "all", 0, 10).rows.map(({ outcome }) => outcome)).toEqual(["open", "unknown", "open"]);
  });

  it("holds no secret that could be read, and nothing at all once it is forgotten", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    const secrets = Object.fromEntries(ROWS.map((row, at) => [`row ${at}`, row]));
    expect(await sweepForSecrets(secrets, { folders: [folders.root] })).toEqual([]);
    for (const row of [0, 1, 2]) await scripted.row(row);
    expect(await errorOf(scripted.jobs.dismiss(jobId))).toEqual({ kind: "conversation_over" });
    expect(await errorOf(scripted.jobs.deleteInput(jobId))).toEqual({ kind: "conversation_over" });
    await scripted.end("done");
    expect(await errorOf(scripted.jobs.dismiss(jobId))).toEqual({ kind: "passwords_not_saved" });
    await scripted.jobs.deleteInput(jobId);
    await scripted.jobs.dismiss(jobId);
    expect(await readdir(folders.account(accountId).jobs)).toEqual([]);
    const read = await secretStore.read(accountId);
    expect(read.kind === "found" && read.secrets.jobKeys).toEqual({});
  });

  it("that was cut off while it was made is cleared away", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.jobs.stopAll();
    await writeFile(join(folderOf(jobId), "journal"), (await readFile(join(folderOf(jobId), "journal"), "utf8")).slice(0, 60));
    expect((await nextStart()).jobs.list()).toEqual([]);
    expect(await readdir(folders.account(accountId).jobs)).toEqual([]);
  });

  it("of a later version is left as it is", async () => {
    const { jobId } = await scripted.start(accountId, ROWS);
    await scripted.jobs.stopAll();
    const journal = join(folderOf(jobId), "journal");
    await writeFile(journal, (await readFile(journal, "utf8")).replace('"version":1', '"version":2'));
    expect((await nextStart()).jobs.list()).toEqual([]);
    expect(await readdir(folderOf(jobId))).toEqual(["input", "journal"]);
  });
});
