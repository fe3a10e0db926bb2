import { create } from "zustand";
import type { Job } from "../../shared/contract/jobs.ts";
import type { ConversationId } from "../../shared/ids.ts";
import { steward } from "../bridge.ts";

/** All Jobs that main remembers, in the order they were begun. */
export const useJobs = create<{ readonly jobs: readonly Job[] }>()(() => ({ jobs: [] }));

/** Takes in a Job as it is now. */
export function jobChanged(job: Job): void {
  useJobs.setState(({ jobs }) => ({
    jobs: [...jobs.filter(({ jobId }) => jobId !== job.jobId), job].sort((a, b) => a.startedAt - b.startedAt),
  }));
}

/** Forgets a Job. */
export function jobDismissed(jobId: ConversationId): void {
  useJobs.setState(({ jobs }) => ({ jobs: jobs.filter((job) => job.jobId !== jobId) }));
}

/** Asks main for all Jobs. */
export async function loadJobs(): Promise<void> {
  const { jobs } = await steward.jobs.list({});
  for (const job of jobs) jobChanged(job);
}
