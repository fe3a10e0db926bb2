import type { BulkAction, BulkDraftRow, BulkFieldChange, UserColumn, UserRowProblem } from "../../../shared/contract/bulk.ts";
import type { JobKind, JobRow, RowJob } from "../../../shared/contract/jobs.ts";
import type { Verdict } from "../../accountHealth.ts";
import { errorWords, t } from "../../i18n/index.ts";

const draftTones = { open: "quiet", ready: "good", already: "quiet", skipped: "warn", invalid: "bad" } as const;

/** What would be done with a row, in a word or two. */
export function draftVerdict({ verdict }: Pick<BulkDraftRow, "verdict">): Verdict {
  return { tone: draftTones[verdict], text: t(`bulk.verdict.${verdict}`) };
}

const outcomeTones = {
  open: "quiet",
  done: "good",
  already: "good",
  skipped: "warn",
  failed: "bad",
  incomplete: "warn",
  unknown: "warn",
} as const;

/** What came of a row, in a word or two. */
export function outcomeVerdict({ outcome }: Pick<JobRow, "outcome">): Verdict {
  return { tone: outcomeTones[outcome], text: t(`bulk.outcome.${outcome}`) };
}

const statusTones = { paused: "warn", interrupted: "warn", done: "good", cancelled: "quiet" } as const;

/** How a Job stands, in a word or two. */
export function jobVerdict(job: RowJob): Verdict {
  if (job.status !== "running") return { tone: statusTones[job.status], text: t(`jobs.status.${job.status}`) };
  if (job.stopping) return { tone: "quiet", text: t("bulk.stopping") };
  return job.waiting === null
    ? { tone: "quiet", text: t("jobs.status.running") }
    : { tone: "warn", text: t(`bulk.waiting.${job.waiting}`) };
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

const counted = ["sign_out", "prune_sessions", "delete_media", "deactivate", "erase"] as const satisfies readonly BulkAction[];
const joined: ReadonlySet<UserColumn> = new Set(["displayname", "threepids", "emails", "phones", "external_ids"]);

/** What would be changed or done away with, or why nothing would. */
export function draftRowText(row: BulkDraftRow, action: BulkAction): string {
  if (row.problem) return problemText(row.problem);
  const what = counted.find((one) => one === action);
  const many = what !== undefined && row.count !== null ? [t(`bulk.many.${what}`, { count: row.count })] : [];
  const why = reasonText(row);
  return [...row.changes.map(changeText), ...many, ...(why === "" ? [] : [why])].join(" · ");
}

/** What of a user would be otherwise. */
export function changeText({ field, before, after }: BulkFieldChange): string {
  const shown = (value: string): string => (value === "" ? t("bulk.nothing") : value);
  return t("bulk.change", { field: t(`bulk.field.${field}`), before: shown(before), after: shown(after) });
}

const countedJobs = ["sign_out_users", "prune_sessions", "delete_media"] as const satisfies readonly JobKind[];

/** What came of a row, with how many where that is the question. */
export function jobRowText(row: JobRow, kind: JobKind): string {
  const what = countedJobs.find((one) => one === kind);
  const many = what !== undefined && row.count !== null ? [t(`bulk.manyDone.${what}`, { count: row.count })] : [];
  const why = reasonText(row);
  return [...many, ...(why === "" ? [] : [why])].join(" · ");
}

/** Why columns can't be used as they were chosen. */
export function columnsProblem(columns: readonly (UserColumn | null)[]): "needsId" | "twice" | null {
  if (!columns.includes("id")) return "needsId";
  const isTwice = (column: UserColumn | null, at: number): boolean =>
    column !== null && !joined.has(column) && columns.indexOf(column) !== at;
  return columns.some(isTwice) ? "twice" : null;
}

/** What the button says that prints the next slips: which of them, where they are more than go in one portion. */
export function printSlipsText(from: number, total: number, atOnce: number): string {
  if (total <= atOnce) return t("bulk.printSlips");
  return t("bulk.printSlipsPart", { first: from + 1, last: Math.min(from + atOnce, total), total });
}
