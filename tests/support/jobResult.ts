import type { Job } from "../../shared/contract/jobs.ts";

/** A Job that is done, with what came of it. @throws when it isn't done */
export function resultOf(job: Job): Extract<Job, { rowJob: false; status: "done" }> {
  if (job.rowJob || job.status !== "done") throw new Error(`the job is not done: ${JSON.stringify(job)}`);
  return job;
}
