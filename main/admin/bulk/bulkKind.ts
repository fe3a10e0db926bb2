import type * as z from "zod";
import type { BulkAction, BulkChoices, BulkFieldChange } from "../../../shared/contract/bulk.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { PaceLimits } from "../../jobs/pace.ts";
import type { BulkJobKind } from "../../storage/suggestedName.ts";
import type { ReadFor, ReadUser, ReadUserRow } from "../csv/readUsers.ts";
import type { PatientApi } from "./patientApi.ts";

/** How many requests that cost a server little are sent at once, and how many that cost it much. */
export const LIGHT_PACE: PaceLimits = { start: 4, most: 8 };
export const HEAVY_PACE: PaceLimits = { start: 1, most: 2 };

/** Rows of which the Matrix ID alone counts, of users who are there. */
export const ID_ALONE: ReadFor = { isNew: false, columns: ["id"] };

/** A user as a row describes them, or one for whom it is known what was. */
export interface RowUser extends ReadUser {
  /** What somebody is brought back to, and from what, as the kind understands it. */
  back?: unknown;
}

/** A row of a file, or of users who were selected. */
export interface DraftRow extends Omit<ReadUserRow, "user"> {
  user: RowUser | null;
}

/** What is known when a row is looked at. */
export interface Known {
  /** The Matrix IDs of all accounts that are held here: they are left alone. The admin's own is among them, so that the server
   * keeps an admin who can sign in. */
  own: ReadonlySet<string>;
}

/** What would be done with a row, as things are now. */
export interface Judgement {
  /** Why nothing would be; null where it would be done. */
  refusal: RowEnd | null;
  /** How many of what would be done away with. */
  count?: number;
  /** What would be changed. */
  changes?: BulkFieldChange[];
}

/** What is known when a row is done. */
export interface AtWork extends Known {
  /** When something was sent for it first that changes something; null where nothing was. */
  begunAt: number | null;
  /** Notes that something is about to be sent, and what `backFrom` needs to take it back. */
  begin: (before?: unknown) => Promise<void>;
}

/** What is said for a whole Job when it starts. */
export interface Said {
  choices: BulkChoices;
  signOut: boolean;
  notice: string;
  /** Whether people sign in to the server with passwords that it keeps. */
  takesPasswords: boolean;
}

/** What a Job's result tells of what was given for each row. */
export interface ResultColumns<R> {
  names: readonly string[];
  /** @param which of the rows the file tells; the first cell is the Matrix ID */
  cellsOf: (row: R, which: "all" | "again") => string[];
}

/**
 * One kind of work on many users. All that tells one kind from another is said here; what they have in common (reading,
 * journal, pace, waiting, result) knows none of them.
 */
export interface BulkKind<P extends z.ZodType = z.ZodType, R extends z.ZodType = z.ZodType> {
  readonly action: BulkAction;
  readonly kind: BulkJobKind;
  /** What brings back what was before, where something does. */
  readonly undoneBy?: BulkAction;
  /** What a row is brought back to by that, and from what; null for what cannot be read. Absent where no row needs what was before. */
  readonly backFrom?: (before: unknown) => unknown;
  readonly reads: ReadFor;
  readonly pace: PaceLimits;
  /**
   * How it is done where an authentication service looks after the users: beside it, as the service has nothing to do with it, or by
   * the service's own admin API, or never.
   */
  readonly withService: "beside" | "by" | "never";
  /** Whether rows get passwords, and which are made where none is given. */
  readonly setsPasswords: "always" | "where_used" | "never";
  /** What is said for the whole Job. Not secret. */
  readonly payload: P;
  readonly payloadOf: (said: Said) => z.input<P>;
  /** What is said for each row. Sealed. */
  readonly row: R;
  readonly rowOf: (user: RowUser, said: Said) => z.output<R>;
  readonly result: ResultColumns<z.output<R>>;
  /** Finds out, once, whether the server does such a thing at all. @throws why it does not */
  readonly prepare?: (api: PatientApi) => Promise<void>;
  /** What would be done with a row. */
  readonly judge: (api: PatientApi, wanted: RowUser, known: Known & { choices: BulkChoices }) => Promise<Judgement>;
  /** Does it, after another look. */
  readonly perform: (api: PatientApi, row: z.output<R>, payload: z.output<P>, at: AtWork) => Promise<RowEnd>;
}

/** For type inference: the schemas' types are those of the functions. */
export const bulkKind = <P extends z.ZodType, R extends z.ZodType>(kind: BulkKind<P, R>): BulkKind => kind;
