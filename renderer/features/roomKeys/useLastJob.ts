import type { JobKind, PlainJob } from "../../../shared/contract/jobs.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { useJobs } from "../../stores/jobs.ts";

/** The Job of this kind that was begun last for this account, or null. */
export function useLastJob(accountId: AccountId, kind: JobKind): PlainJob | null {
  return useJobs(
    ({ open }) => open.findLast((job): job is PlainJob => !job.rowJob && job.accountId === accountId && job.kind === kind) ?? null,
  );
}
