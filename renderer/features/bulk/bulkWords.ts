import type { BulkDraftRow, UserRowProblem } from "../../../shared/contract/bulk.ts";
import type { Job, JobRow } from "../../../shared/contract/jobs.ts";
import type { Verdict } from "../../accountHealth.ts";
import { errorWords, t } from "../../i18n/index.ts";

const draftTones = { open: "quiet", ready: "good", already: "quiet", skipped: "warn", invalid: "bad" } as const;

/** What would be done with a row, in a word or two. */
export function draftVerdict({ verdict }: Pick<BulkDraftRow, "verdict">): Verdict {
  return { tone: draftTones[verdict], text: t(`bulk.verdict.${verdict}`) };
}

const outcomeTones = { open: "quiet", done: "good", already: "good", skipped: "warn", failed: "bad", incomplete: "warn", unknown: "warn" } as const;

/** What came of a row, in a word or two. */
export function outcomeVerdict({ outcome }: Pick<JobRow, "outcome">): Verdict {
  return { tone: outcomeTones[outcome], text: t(`bulk.outcome.${outcome}`) };
}

const statusTones = { running: "quiet", paused: "warn", interrupted: "warn", done: "good", failed: "bad", cancelled: "quiet" } as const;

/** How a Job stands, in a word or two. */
export function jobVerdict({ status, rowJob }: Job): Verdict {
  if (status !== "running" || !rowJob) return { tone: statusTones[status], text: t(`jobs.status.${status}`) };
  if (rowJob.stopping) return { tone: "quiet", text: t("bulk.stopping") };
  return rowJob.waiting === null ? { tone: "quiet", text: t("jobs.status.running") } : { tone: "warn", text: t(`bulk.waiting.${rowJob.waiting}`) };
}

/** Why a row of a file can't be used. */
export function problemText({ reason, column }: UserRowProblem): string {
  return t(`bulk.problem.${reason}`, { column: column ?? "" });
}

/** Why a row would not be done, or was not: with the names that belong to it. */
export function reasonText({ reason, names, error }: Pick<JobRow, "reason" | "names"> & { error?: JobRow["error"] }): string {
  const [first = "", second = ""] = names;
  const why = reason === null ? [] : [t(`bulk.reason.${reason}`, { first, second, names: names.join(", ") })];
  const said = error ? [errorWords(error).sentence] : [];
  return [...why, ...said].join(" ");
}
