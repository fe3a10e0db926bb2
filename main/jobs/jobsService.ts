import type { Handlers } from "../../shared/contract/index.ts";
import { fail } from "../../shared/errors.ts";
import type { Jobs } from "./jobs.ts";
import type { RowJobs } from "./rowJobs.ts";

type Requests = Handlers["jobs"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** All Jobs, of both sorts: the handlers of the contract's domain `jobs`. */
export class JobsService implements Requests {
  readonly #jobs: Jobs;
  readonly #rowJobs: RowJobs;

  constructor(jobs: Jobs, rowJobs: RowJobs) {
    this.#jobs = jobs;
    this.#rowJobs = rowJobs;
  }

  list = () => ({ jobs: [...this.#jobs.list(), ...this.#rowJobs.list()].sort((a, b) => b.startedAt - a.startedAt) });

  cancel = async ({ jobId }: Input<"cancel">) => {
    await (this.#rowJobs.has(jobId) ? this.#rowJobs.cancel(jobId) : this.#jobs.cancel(jobId));
    return {};
  };

  pause = async ({ jobId }: Input<"pause">) => {
    if (!this.#rowJobs.has(jobId)) throw fail("conversation_over");
    await this.#rowJobs.pause(jobId);
    return {};
  };

  resume = async ({ jobId }: Input<"resume">) => {
    if (!this.#rowJobs.has(jobId)) throw fail("conversation_over");
    await this.#rowJobs.resume(jobId);
    return {};
  };

  rows = ({ jobId, which, from, limit }: Input<"rows">) => this.#rowJobs.rows(jobId, which, from, limit);

  dismiss = async ({ jobId }: Input<"dismiss">) => {
    await (this.#rowJobs.has(jobId) ? this.#rowJobs.dismiss(jobId) : this.#jobs.dismiss(jobId));
    return {};
  };
}
