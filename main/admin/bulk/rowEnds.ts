import type { JobRowReason } from "../../../shared/contract/jobs.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";

/** What a row is known to have come to before. */
export interface RowProgress {
  /** When something was sent for it first that changes something; null where nothing was. */
  begunAt: number | null;
  /** Notes that something is about to be sent. */
  begin: () => Promise<void>;
}

const NOTHING = { reason: null, names: [], error: null, madePassword: false };

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
