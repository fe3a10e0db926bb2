import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { Jobs } from "../../../main/account/jobs.ts";
import { JsonFile } from "../../../main/storage/jsonFile.ts";
import { Job } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let sent: { channel: string; payload: unknown }[];
let opened: Jobs[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-jobs-"));
  sent = [];
  opened = [];
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
      schema: z.object({ jobs: z.array(Job) }),
      version: 1,
      onDamaged: (damaged) => expect.fail(JSON.stringify(damaged)),
    }),
    emit: (channel, payload) => void sent.push({ channel, payload }),
    logger: silent,
  });
  opened.push(jobs);
  await jobs.load();
  return jobs;
}

/** Resolves when the job has ended, by its last event. */
async function ended(jobs: Jobs, jobId: string): Promise<Job> {
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
function startUntilStopped(jobs: Jobs): { jobId: Job["jobId"]; begun: Promise<void> } {
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
    expect((await ended(jobs, defect.jobId)).error).toMatchObject({ kind: "internal" });
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
});
