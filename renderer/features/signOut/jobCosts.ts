import type { Job } from "../../../shared/contract/jobs.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { t } from "../../i18n/index.ts";
import type { SignOutCost } from "./signOutCosts.ts";

/** What an account's bulk jobs lose when it is signed out: they go with it, and so do passwords that nobody has saved. */
export function jobCosts(jobs: readonly Job[], accountId: AccountId): SignOutCost[] {
  const own = jobs.flatMap((job) => (job.accountId === accountId && job.rowJob ? [{ ...job, rowJob: job.rowJob }] : []));
  const unsaved = own.reduce((sum, { rowJob }) => sum + rowJob.unsavedPasswords, 0);
  const isUnderWay = own.some(({ status }) => status !== "done" && status !== "cancelled");
  return [
    ...(unsaved > 0 ? [{ tone: "error" as const, text: t("signOut.passwordsLost", { count: unsaved }) }] : []),
    ...(isUnderWay ? [{ tone: "warn" as const, text: t("signOut.jobsStop") }] : []),
  ];
}
