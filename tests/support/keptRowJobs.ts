import * as z from "zod";
import type { RowEnd } from "../../main/jobs/jobJournal.ts";
import type { RowsControl } from "../../main/jobs/rowJobKind.ts";
import { RowJobs } from "../../main/jobs/rowJobs.ts";
import type { SecretStore } from "../../main/secrets/secretStore.ts";
import type { Folders } from "../../main/storage/folders.ts";
import type { Job } from "../../shared/contract/jobs.ts";
import type { AccountId } from "../../shared/ids.ts";
import { quietLogger } from "./quietLogger.ts";

const END = { outcome: "done", reason: null, names: [], error: null, count: null, madePassword: true } satisfies RowEnd;

/** Jobs of many rows whose work is done by a test, row by row. */
export class ScriptedRowJobs {
  readonly jobs: RowJobs;
  /** The run that is under way. */
  control: RowsControl<unknown> | null = null;
  /** What was told last. */
  told: Job | null = null;
  #listeners: (() => void)[] = [];
  #end: { resolve: () => void; reject: (thrown: unknown) => void } | null = null;

  constructor(parts: { folders: Folders; secretStore: SecretStore }) {
    const kind = {
      kind: "create_users" as const,
      makesPasswords: true,
      payload: z.object({}),
      row: z.string(),
      run: (_payload: unknown, control: RowsControl<unknown>) => {
        this.control = control;
        this.#changed();
        return new Promise<void>((resolve, reject) => {
          this.#end = { resolve, reject };
          if (control.stopping.aborted) resolve();
          control.stopping.addEventListener("abort", () => resolve());
        });
      },
    };
    this.jobs = new RowJobs({
      ...parts,
      kinds: [kind],
      isRunning: () => true,
      emit: (channel, payload) => {
        if (channel === "jobs.changed") this.told = payload as Job;
        this.#changed();
      },
      logger: quietLogger,
    });
  }

  /** Waits for what the run and the events bring about. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#listeners.push(resolve));
  }

  /** Begins a Job and waits until its run has come to its rows; throws when the run ends instead. */
  async start(accountId: AccountId, rows: readonly string[]): Promise<Job> {
    const job = await this.jobs.start(
      "create_users",
      accountId,
      {},
      rows.map((content, at) => ({ target: `@row${at}:example.org`, content })),
    );
    await this.toRows();
    return job;
  }

  /** Waits until a run has come to its rows. */
  async toRows(): Promise<void> {
    await this.until(() => this.control !== null || this.told?.status !== "running");
    if (this.control === null) throw new Error("the run has ended");
  }

  /** Does a row. */
  async row(row: number): Promise<void> {
    await this.control?.beginRow(row);
    await this.control?.endRow(row, END);
  }

  /** Ends the run, and waits until the Job is in this state; throws where it comes to another. */
  async end(status: Job["status"], thrown?: Error): Promise<void> {
    this.control = null;
    if (thrown) this.#end?.reject(thrown);
    else this.#end?.resolve();
    await this.until(() => this.told?.status !== "running");
    if (this.told?.status !== status) throw new Error(`it is ${this.told?.status}`);
  }

  #changed(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
