import * as z from "zod";
import { JobKind, JobProblem, MAX_JOB_PROBLEMS, type PlainJob } from "../../shared/contract/jobs.ts";
import { AppError } from "../../shared/errors.ts";
import { AccountId, ConversationId } from "../../shared/ids.ts";

/** A Job as it lies in the file, with the same fields whatever has come of it. */
export const KeptJob = z.object({
  jobId: ConversationId,
  accountId: AccountId.nullable(),
  kind: JobKind,
  status: z.enum(["running", "done", "failed", "cancelled", "interrupted"]),
  progress: z.object({ done: z.number().int(), total: z.number().int().nullable() }),
  counts: z.record(z.string(), z.number()),
  problems: z.array(JobProblem).max(MAX_JOB_PROBLEMS).optional(),
  error: AppError.nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
});
export type KeptJob = z.infer<typeof KeptJob>;

/** What the file of Jobs holds. */
export const KeptJobs = z.object({ jobs: z.array(KeptJob) });
export type KeptJobs = z.infer<typeof KeptJobs>;

/** A Job as the renderer sees it. */
export function plainJobOf(kept: KeptJob): PlainJob {
  const { jobId, accountId, kind, status, progress, startedAt } = kept;
  const common = { rowJob: false, jobId, accountId, kind, progress, startedAt } as const;
  const endedAt = kept.endedAt ?? startedAt;
  switch (status) {
    case "running":
      return { ...common, status };
    case "done":
      return { ...common, status, endedAt, counts: kept.counts, problems: kept.problems ?? [] };
    case "failed":
      return { ...common, status, endedAt, error: kept.error ?? { kind: "internal", ref: jobId } };
    case "cancelled":
    case "interrupted":
      return { ...common, status, endedAt };
  }
}
