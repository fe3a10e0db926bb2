import type * as z from "zod";
import type { JobKind } from "../../shared/contract/jobs.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { RowEnd, UndoneBy } from "./jobJournal.ts";

/** What the work of a Job is given to go through its rows, which are counted from 0. */
export interface RowsControl<R> {
  readonly accountId: AccountId;
  /** Aborted when the app or the session ends: what is under way is left as it is, and settled when the Job goes on. */
  readonly signal: AbortSignal;
  /**
   * Aborted when the Job is to pause or to end: no row is begun any more, and those under way are brought to their end. Nobody
   * waits for a server that is away then: such rows are left without an end, and the run rejects.
   */
  readonly stopping: AbortSignal;
  /** The rows that have no end yet, in order. */
  readonly open: readonly number[];
  /** The row as it was given. @throws `job_damaged` */
  readRow(row: number): R;
  /**
   * When a change for this row was begun first, in milliseconds since 1970: in this run or in one that was cut off. Null where
   * nothing can have been sent for it. Whoever finds a time here asks the server what is so before sending anything again.
   */
  begunAt(row: number): number | null;
  /**
   * Notes that something is about to be sent that changes something. Nothing is sent before this has resolved.
   *
   * @param before what is so until then, where that can be brought back. Nothing secret
   */
  beginRow(row: number, before?: unknown): Promise<void>;
  /** Notes what came of a row, for good. */
  endRow(row: number, end: RowEnd): Promise<void>;
  /** Tells what nothing is sent for at the moment, or that it goes on. */
  waiting(reason: "server" | "rate_limit" | null): void;
}

/** One kind of Job that goes on row by row after any end of the app. */
export interface RowJobKind<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  readonly kind: JobKind;
  /** Whether rows may hold passwords that were made for them, and that somebody has to be given. */
  readonly makesPasswords: boolean;
  /** What undoes it; absent where nothing does. */
  readonly undoneBy?: UndoneBy;
  /** What is said for the whole Job. It is not kept secret. */
  readonly payload: P;
  /** What is said for each row. It is sealed. */
  readonly row: R;
  /**
   * Ends every row that is open, or leaves those that were not begun when `stopping` is aborted. What it throws interrupts
   * the Job: it goes on with the rows that are left.
   */
  run(payload: z.output<P>, control: RowsControl<z.output<R>>): Promise<void>;
}
