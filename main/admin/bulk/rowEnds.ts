import type { JobRowReason } from "../../../shared/contract/jobs.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";

const NOTHING = { reason: null, names: [], error: null, count: null, madePassword: false };

/** It is as it was wanted. */
export const done: RowEnd = { ...NOTHING, outcome: "done" };

/** It was as it was wanted before. */
export const already: RowEnd = { ...NOTHING, outcome: "already" };

/** Nothing was sent that changes something. */
export function skipped(reason: JobRowReason, ...names: string[]): RowEnd {
  return { ...NOTHING, outcome: "skipped", reason, names };
}

/** The server refused it. */
export function failed(error: AppError): RowEnd {
  return { ...NOTHING, outcome: "failed", error };
}

/**
 * The server refused it at last. What was sent before may have been carried out, where nobody saw what came of it.
 *
 * @param lost what the answer to an earlier try was lost with; null where none was
 * @param begunAt when something was sent first by a run that ended before; null where nothing was
 */
export function refused(error: AppError, lost: AppError | null, begunAt: number | null): RowEnd {
  if (lost !== null) return unknown(null, lost);
  return begunAt === null ? failed(error) : unknown("interrupted", error);
}

/** Done in part: so many are left. */
export function incomplete(reason: JobRowReason, count: number, error: AppError | null = null): RowEnd {
  return { ...NOTHING, outcome: "incomplete", reason, count, error };
}

/** It was begun, and nobody knows whether it was done. */
export function unknown(reason: JobRowReason | null, error: AppError | null): RowEnd {
  return { ...NOTHING, outcome: "unknown", reason, error };
}
