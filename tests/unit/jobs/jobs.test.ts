import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type JobControl, Jobs } from "../../../main/jobs/jobs.ts";
import { KeptJobs } from "../../../main/jobs/keptJobs.ts";
import { files, useFileLayer } from "../../../main/storage/fileLayer.ts";
import { JsonFile } from "../../../main/storage/jsonFile.ts";
import type { PlainJob } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";
import { PowerCutDisk } from "../../support/powerCutDisk.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let sent: { channel: string; payload: unknown }[];
let opened: Jobs[];
/** Called with the event that says a job has ended. */
let onEnd: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-jobs-"));
  sent = [];
  opened = [];
  onEnd = () => undefined;
});
afterEach(async () => {
  // A job's last change is written after its status has changed: the folder goes when that has been done.
  for (const jobs of opened) await jobs.stopAll();
  await rm(folder, { recursive: true });
});

async function open(): Promise<Jobs> {
  const jobs = new Jobs({
    file: new JsonFile({
      path: join(folder, "jobs.json"),
      schema: KeptJobs,
      version: 1,
      onDamaged: (damaged) => expect.fail(JSON.stringify(damaged)),
    }),
    emit: (channel, payload) => {
      sent.push({ channel, payload });
      if ("status" in payload && payload.status !== "running") onEnd();
    },
    logger: silent,
  });
  opened.push(jobs);
  await jobs.load();
  return jobs;
}

/** Resolves when the job has ended, by its last event. */
async function ended(jobs: Jobs, jobId: string): Promise<PlainJob> {
  for (;;) {
    const job = jobs.list().find((candidate) => candidate.jobId === jobId)!;
    if (job.status !== "running") return job;
    await new Promise(setImmediate);
  }
}

/** Work that reports once and then waits until it is stopped. */
const untilStopped = ({ signal, progress }: { signal: AbortSignal; progress(done: number, total: number): void }) => {
  progress(1, 10);
  return new Promise<Record<string, number>>((_resolve, reject) => {
    if (signal.aborted) reject(new Error("stopped"));
    signal.addEventListener("abort", () => reject(new Error("stopped")));
  });
};

/** Starts such work; `begun` resolves once it is under way. */
function startUntilStopped(jobs: Jobs): { jobId: PlainJob["jobId"]; begun: Promise<void> } {
  let begin: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const { jobId } = jobs.start("verify_backup", null, (control) => {
    begin();
    return untilStopped(control);
  });
  return { jobId, begun };
}

describe("a job", () => {
  it("reports progress and its result, and is still there after a restart", async () => {
    const jobs = await open();
    const { jobId } = jobs.start("verify_backup", null, ({ progress }) => {
      progress(3, 3);
      return Promise.resolve({ good: 3 });
    });
    expect(await ended(jobs, jobId)).toMatchObject({ status: "done", counts: { good: 3 }, progress: { done: 3, total: 3 } });
    expect(sent.map(({ channel }) => channel)).toEqual(expect.arrayContaining(["jobs.changed"]));
    await jobs.stopAll();
    expect((await open()).list()).toMatchObject([{ jobId, status: "done", counts: { good: 3 } }]);
  });

  it("says why it failed and hides a defect", async () => {
    const jobs = await open();
    const refused = jobs.start("verify_backup", null, () => Promise.reject(fail("not_found")));
    const defect = jobs.start("verify_backup", null, () => Promise.reject(new Error("the inner workings")));
    expect(await ended(jobs, refused.jobId)).toMatchObject({ status: "failed", error: { kind: "not_found" } });
    expect(await ended(jobs, defect.jobId)).toMatchObject({ status: "failed", error: { kind: "internal" } });
  });

  it("has what its status has and nothing of another, also where the file says more or less", async () => {
    const kept = {
      jobId: "0011223344556677",
      accountId: null,
      kind: "verify_backup",
      progress: { done: 1, total: 2 },
      counts: { good: 1 },
    };
    const jobs = (["done", "failed", "cancelled"] as const).map((status, at) => ({
      ...kept,
      jobId: `001122334455667${at}`,
      status,
      error: null,
      startedAt: 3 - at,
      endedAt: null,
    }));
    await writeFile(join(folder, "jobs.json"), JSON.stringify({ version: 1, data: { jobs } }));
    const common = {
      rowJob: false,
      accountId: null,
      kind: "verify_backup",
      progress: kept.progress,
      endedAt: expect.any(Number) as number,
    };
    expect((await open()).list()).toEqual([
      { ...common, jobId: "0011223344556670", status: "done", startedAt: 3, counts: { good: 1 }, problems: [] },
      { ...common, jobId: "0011223344556671", status: "failed", startedAt: 2, error: { kind: "internal", ref: "0011223344556671" } },
      { ...common, jobId: "0011223344556672", status: "cancelled", startedAt: 1 },
    ]);
  });

  it("stops when it is cancelled, once", async () => {
    const jobs = await open();
    const { jobId, begun } = startUntilStopped(jobs);
    await begun;
    await jobs.cancel(jobId);
    expect(await ended(jobs, jobId)).toMatchObject({ status: "cancelled", progress: { done: 1, total: 10 } });
    await expect(jobs.cancel(jobId)).rejects.toThrow("conversation_over");
    await jobs.dismiss(jobId);
    expect(jobs.list()).toEqual([]);
  });

  it("is interrupted when the app ends or dies, and cannot be dismissed while it runs", async () => {
    const jobs = await open();
    const { jobId, begun } = startUntilStopped(jobs);
    await expect(jobs.dismiss(jobId)).rejects.toThrow("conversation_over");
    await begun;
    // What a killed app leaves: the file says "running".
    expect((await open()).list()).toMatchObject([{ jobId, status: "interrupted" }]);
    await jobs.stopAll();
    expect((await open()).list()).toMatchObject([{ jobId, status: "interrupted", endedAt: expect.any(Number) as number }]);
  });

  it("can be dismissed as soon as it has ended, before that is on the disk, and stays gone", async () => {
    for (const work of [() => Promise.resolve({ good: 1 }), () => Promise.reject(fail("not_found"))]) {
      const jobs = await open();
      const { jobId } = jobs.start("verify_backup", null, work);
      await new Promise<void>((resolve) => (onEnd = () => resolve()));
      expect(jobs.list()[0]?.status).not.toBe("running");
      await expect(jobs.cancel(jobId)).rejects.toThrow("conversation_over");
      await Promise.all([jobs.dismiss(jobId), jobs.dismiss(jobId)]);
      await jobs.stopAll();
      expect((await open()).list()).toEqual([]);
    }
  });

  it("does not begin when it is cancelled before it could be written down", async () => {
    const jobs = await open();
    let began = false;
    const { jobId } = jobs.start("verify_backup", null, () => {
      began = true;
      return Promise.resolve({});
    });
    await jobs.cancel(jobId);
    expect(began).toBe(false);
    expect(jobs.list()).toMatchObject([{ jobId, status: "cancelled" }]);
  });

  it("is not changed by what its work says after its end", async () => {
    const jobs = await open();
    let late: JobControl | undefined;
    const { jobId } = jobs.start("verify_backup", null, (control) => {
      late = control;
      control.progress(2, 2);
      return Promise.resolve({ good: 2 });
    });
    const before = await ended(jobs, jobId);
    late?.progress(9, 9);
    late?.problem({ kind: "other" } as never);
    expect(jobs.list()).toEqual([before]);
  });

  it("is still there when the disk does not let it be dismissed, and can be dismissed later", async () => {
    const jobs = await open();
    const { jobId } = jobs.start("verify_backup", null, () => Promise.resolve({}));
    await ended(jobs, jobId);
    await jobs.stopAll();
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const putBack = useFileLayer({ ...files(), open: () => Promise.reject(full) });
    await expect(jobs.dismiss(jobId)).rejects.toMatchObject({ error: { kind: "file_failed", reason: "no_space" } });
    putBack();
    expect(jobs.list()).toMatchObject([{ jobId }]);
    expect(sent.some(({ channel }) => channel === "jobs.dismissed")).toBe(false);
    await jobs.dismiss(jobId);
    expect((await open()).list()).toEqual([]);
  });

  it("is forgotten with a word where there are too many", async () => {
    const disk = new PowerCutDisk();
    await disk.mkdir(folder);
    const putBack = useFileLayer(disk);
    const jobs = await open();
    const first = jobs.start("verify_backup", null, () => Promise.resolve({}));
    await ended(jobs, first.jobId);
    await jobs.stopAll();
    vi.spyOn(Date, "now").mockReturnValue(first.startedAt + 1);
    for (let more = 0; more < 50; more += 1) await ended(jobs, jobs.start("verify_backup", null, () => Promise.resolve({})).jobId);
    await jobs.stopAll();
    vi.restoreAllMocks();
    putBack();
    expect(jobs.list()).toHaveLength(50);
    expect(sent).toContainEqual({ channel: "jobs.dismissed", payload: { jobId: first.jobId } });
  });
});
