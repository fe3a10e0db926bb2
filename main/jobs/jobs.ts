import { randomBytes } from "node:crypto";
import type { Emit } from "../../shared/contract/index.ts";
import { type JobKind, type JobProblem, MAX_JOB_PROBLEMS, type PlainJob } from "../../shared/contract/jobs.ts";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import type { JsonFile } from "../storage/jsonFile.ts";
import { type KeptJob, type KeptJobs, plainJobOf } from "./keptJobs.ts";

/** What a job's work is given to report through and to listen to. */
export interface JobControl {
  /** Aborted when the person cancels or the app ends. */
  readonly signal: AbortSignal;
  /** How far the work is; told to the renderer at most ten times a second. */
  progress(done: number, total: number | null): void;
  /** Notes something that went wrong with one thing among many. The first 200 are kept. */
  problem(problem: JobProblem): void;
}

export interface JobsParts {
  /** Keeps the jobs over a restart. */
  file: JsonFile<KeptJobs>;
  emit: Emit;
  logger: Logger;
}

/** Shortest time between two reports of progress, in milliseconds. */
const REPORT_EVERY_MS = 100;
/** How many ended jobs are remembered. */
const MAX_ENDED = 50;

/**
 * Long work with progress, cancel, and a result that survives a restart. A job that was running when the app ended is
 * `interrupted` at the next start; whether it can be taken up again is up to who began it.
 */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #jobs = new Map<ConversationId, KeptJob>();
  readonly #running = new Map<ConversationId, { controller: AbortController; ended: Promise<void> }>();

  constructor(parts: JobsParts) {
    this.#parts = parts;
  }

  /** Reads what was kept; called once before anything else. */
  async load(): Promise<void> {
    const kept = await this.#parts.file.read();
    for (const job of kept?.jobs ?? []) {
      const status = job.status === "running" ? "interrupted" : job.status;
      this.#jobs.set(job.jobId, { ...job, status, endedAt: job.endedAt ?? Date.now() });
    }
  }

  /** All jobs, the newest first. */
  list(): PlainJob[] {
    return this.#newestFirst().map(plainJobOf);
  }

  #newestFirst(): KeptJob[] {
    return [...this.#jobs.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  /**
   * Begins a job and answers at once. `work` resolves with the counts that are its result; what it throws becomes the
   * job's error. It must leave nothing half-written when its signal is aborted.
   */
  start(kind: JobKind, accountId: AccountId | null, work: (control: JobControl) => Promise<Record<string, number>>): PlainJob {
    const jobId = randomBytes(8).toString("hex") as ConversationId;
    const controller = new AbortController();
    const job: KeptJob = {
      jobId,
      accountId,
      kind,
      status: "running",
      progress: { done: 0, total: null },
      counts: {},
      error: null,
      startedAt: Date.now(),
      endedAt: null,
    };
    this.#jobs.set(jobId, job);
    const begun = plainJobOf(job);
    this.#parts.emit("jobs.changed", begun);
    this.#running.set(jobId, { controller, ended: this.#carryOut(jobId, controller.signal, work) });
    return begun;
  }

  /** Asks a running job to stop; resolves when it has. Throws `conversation_over` when it has ended already. */
  async cancel(jobId: ConversationId): Promise<void> {
    const running = this.#running.get(jobId);
    if (!running || !this.#runs(jobId)) throw fail("conversation_over");
    running.controller.abort();
    await running.ended;
  }

  /**
   * Forgets an ended job, also one whose end is not on the disk yet. Throws `conversation_over` while it runs, and
   * `file_failed`: it is there still.
   */
  async dismiss(jobId: ConversationId): Promise<void> {
    if (this.#runs(jobId)) throw fail("conversation_over");
    // Its end is written first: what comes later must not bring it back.
    await this.#running.get(jobId)?.ended;
    const job = this.#jobs.get(jobId);
    if (!job) return;
    this.#jobs.delete(jobId);
    try {
      await this.#keep();
    } catch (thrown) {
      this.#jobs.set(jobId, job);
      throw thrown;
    }
    this.#parts.emit("jobs.dismissed", { jobId });
  }

  /** Stops and forgets all jobs of an account that goes: they name its rooms. Throws `file_failed`. */
  async forgetAccount(accountId: AccountId): Promise<void> {
    for (const { jobId } of this.#newestFirst().filter((job) => job.accountId === accountId)) {
      const running = this.#running.get(jobId);
      running?.controller.abort();
      await running?.ended;
      this.#jobs.delete(jobId);
      this.#parts.emit("jobs.dismissed", { jobId });
    }
    await this.#keep({ forgetting: true });
  }

  /** Stops everything that runs: part of ending the app. What was running will be `interrupted`. */
  async stopAll(): Promise<void> {
    for (const { controller } of this.#running.values()) controller.abort("app_ends");
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
  }

  async #carryOut(
    jobId: ConversationId,
    signal: AbortSignal,
    work: (control: JobControl) => Promise<Record<string, number>>,
  ): Promise<void> {
    let lastReport = 0;
    const progress = (done: number, total: number | null): void => {
      if (!this.#runs(jobId)) return;
      const now = Date.now();
      const last = total !== null && done >= total;
      this.#change(jobId, { progress: { done, total } }, last || now - lastReport >= REPORT_EVERY_MS);
      if (last || now - lastReport >= REPORT_EVERY_MS) lastReport = now;
    };
    const problem = (noted: JobProblem): void => {
      if (!this.#runs(jobId)) return;
      const problems = this.#jobs.get(jobId)?.problems ?? [];
      if (problems.length < MAX_JOB_PROBLEMS) this.#change(jobId, { problems: [...problems, noted] }, false);
    };
    try {
      await this.#keep();
      // It may have been stopped before it was begun.
      signal.throwIfAborted();
      const counts = await work({ signal, progress, problem });
      this.#change(jobId, { status: "done", counts, endedAt: Date.now() });
    } catch (thrown) {
      const endedAt = Date.now();
      if (signal.aborted) {
        this.#change(jobId, { status: signal.reason === "app_ends" ? "interrupted" : "cancelled", endedAt });
      } else {
        if (!(thrown instanceof AppFailure)) this.#parts.logger.error("a job failed", { jobId, error: thrown });
        const error = thrown instanceof AppFailure ? thrown.error : ({ kind: "internal", ref: jobId } as const);
        this.#change(jobId, { status: "failed", error, endedAt });
      }
    } finally {
      await this.#keep().catch((error: unknown) => this.#parts.logger.error("jobs were not kept", { error }));
      this.#running.delete(jobId);
    }
  }

  #runs(jobId: ConversationId): boolean {
    return this.#jobs.get(jobId)?.status === "running";
  }

  #change(jobId: ConversationId, change: Partial<KeptJob>, report = true): void {
    const job = this.#jobs.get(jobId);
    if (!job) return;
    const changed = { ...job, ...change };
    this.#jobs.set(jobId, changed);
    if (report) this.#parts.emit("jobs.changed", plainJobOf(changed));
  }

  async #keep(how = { forgetting: false }): Promise<void> {
    const jobs = this.#newestFirst();
    const old = new Set(jobs.filter((job) => job.status !== "running").slice(MAX_ENDED));
    await this.#parts.file.write({ jobs: jobs.filter((job) => !old.has(job)) }, how);
    for (const { jobId } of old) if (this.#jobs.delete(jobId)) this.#parts.emit("jobs.dismissed", { jobId });
  }
}
