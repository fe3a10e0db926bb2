import type { JobRow, JobRowsShown, RowJob } from "../../shared/contract/jobs.ts";
import { AppFailure } from "../../shared/errors.ts";
import type { JobRecord, UndoneBy } from "./jobJournal.ts";
import type { RowJobRun } from "./rowJobRun.ts";
import { goesOnByItself } from "./sessionFailures.ts";

/** A Job that is kept, and what its last run ended with that did not bring it to an end; null where there is none. */
export interface KeptRowJob {
  readonly record: JobRecord;
  lastRun: unknown;
}

/** A Job as the renderer sees it. @param undoneBy what undoes what its kind does; undefined where nothing does */
export function jobOf({ record, lastRun }: KeptRowJob, run: RowJobRun | undefined, undoneBy: UndoneBy | undefined): RowJob {
  const { jobId, accountId, kind, rows, at, batch } = record.beginning;
  const common = {
    rowJob: true,
    jobId,
    accountId,
    kind: kind as RowJob["kind"],
    progress: { done: record.rowsEnded.size, total: rows },
    counts: record.counts(),
    unsavedPasswords: record.unsavedPasswords,
    leftInRooms: record.countEndedFor("rooms_left"),
    undoable: undoneBy === undefined ? 0 : record.countToUndo(undoneBy),
    ...(batch !== undefined && { batch }),
    startedAt: at,
  } as const;
  if (run) return { ...common, status: "running", stopping: run.stopping, waiting: run.waitingFor };
  const failure = lastRun instanceof AppFailure ? lastRun.error : lastRun ? ({ kind: "internal", ref: jobId } as const) : record.error;
  // What goes on by itself is said by the account: there the person sees why its session does not run.
  const error = goesOnByItself(lastRun) ? null : failure;
  return { ...common, status: record.status === "running" ? "interrupted" : record.status, error };
}

/** A page of a Job's rows. */
export function rowsOf(record: JobRecord, which: JobRowsShown, from: number, limit: number): { rows: JobRow[]; total: number } {
  const wanted = rowsShown(record, which);
  return { rows: wanted.slice(from, from + limit).map((row) => rowOf(record, row)), total: wanted.length };
}

/** The places of the rows that are meant. */
export function rowsShown(record: JobRecord, which: JobRowsShown): number[] {
  const rows = Array.from({ length: record.beginning.rows }, (_, row) => row);
  if (which === "all") return rows;
  const isUnknown = (row: number): boolean => record.rowsEnded.get(row)?.outcome === "unknown";
  return rows.filter((row) => (which === "unknown" ? isUnknown(row) : !isUnknown(row) && !isDone(record, row)));
}

/** Whether a row came to what was wanted. */
export function isDone(record: JobRecord, row: number): boolean {
  const outcome = record.rowsEnded.get(row)?.outcome;
  return outcome === "done" || outcome === "already";
}

/** What came of one row. */
export function rowOf(record: JobRecord, row: number): JobRow {
  const end = record.rowsEnded.get(row);
  return {
    number: row + 1,
    target: record.targets[row] ?? "",
    outcome: end?.outcome ?? "open",
    reason: end?.reason ?? null,
    names: end?.names ?? [],
    error: end?.error ?? null,
    count: end?.count ?? null,
  };
}
