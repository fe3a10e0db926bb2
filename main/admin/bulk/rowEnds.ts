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

/** Done in part: so many are left. */
export function incomplete(reason: JobRowReason, count: number, error: AppError | null = null): RowEnd {
  return { ...NOTHING, outcome: "incomplete", reason, count, error };
}

/** It was begun, and nobody knows whether it was done. */
export function unknown(reason: JobRowReason | null, error: AppError | null): RowEnd {
  return { ...NOTHING, outcome: "unknown", reason, error };
}
