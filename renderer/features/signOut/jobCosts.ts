import type { Job } from "../../../shared/contract/jobs.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { t } from "../../i18n/index.ts";
import type { SignOutCost } from "./signOutCosts.ts";

/**
 * What an account's work as an admin loses when it is signed out: bulk jobs go with it, and so do passwords that nobody has.
 *
 * @param waiting passwords that were set one by one and not handed out yet
 */
export function jobCosts(jobs: readonly Job[], accountId: AccountId, waiting = 0): SignOutCost[] {
  const own = jobs.filter((job) => job.rowJob).filter((job) => job.accountId === accountId);
  const unsaved = own.reduce((sum, { unsavedPasswords }) => sum + unsavedPasswords, waiting);
  const isUnderWay = own.some(({ status }) => status !== "done" && status !== "cancelled");
  return [
    ...(unsaved > 0 ? [{ tone: "error" as const, text: t("signOut.passwordsLost", { count: unsaved }) }] : []),
    ...(isUnderWay ? [{ tone: "warn" as const, text: t("signOut.jobsStop") }] : []),
  ];
}
