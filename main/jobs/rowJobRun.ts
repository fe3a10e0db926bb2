import { AppFailure, fail } from "../../shared/errors.ts";
import type { JobInput } from "./jobInput.ts";
import { type JobFact, JobJournal, type JobRecord, rowBegun } from "./jobJournal.ts";
import type { RowJobKind, RowsControl } from "./rowJobKind.ts";
import { goesOnByItself } from "./sessionFailures.ts";

export interface RowJobRunParts {
  kind: RowJobKind;
  record: JobRecord;
  journalPath: string;
  openInput: () => Promise<JobInput>;
  /** Called when there is something to be told, at most ten times a second. */
  onChange: () => void;
}

/** Shortest time between two reports, in milliseconds. */
const REPORT_EVERY_MS = 100;

/** Of a Job that ends: rows for which something was sent, and nobody waited to see what came of it. Their passwords may be in use. */
export function leftUnknown(record: JobRecord, { makesPasswords }: Pick<RowJobKind, "makesPasswords">): JobFact[] {
  const rows = [...record.rowsBegun.keys()].filter((row) => !record.rowsEnded.has(row));
  return rows.map((row) => ({
    fact: "rowEnded",
    row,
    outcome: "unknown",
    reason: null,
    names: [],
    error: null,
    count: null,
    madePassword: makesPasswords,
  }));
}

/** One run of a Job: from its beginning, or from where the last run ended, to the next end. */
export class RowJobRun {
  readonly #parts: RowJobRunParts;
  /** Aborted when the app or the account goes. */
  readonly #abandoned = new AbortController();
  readonly #stopping = new AbortController();
  #stoppedAs: "paused" | "cancelled" | null = null;
  #waiting: "server" | "rate_limit" | null = null;
  #lastReport = 0;
  /** Resolves with what the run failed with, or null; never rejects. */
  readonly ended: Promise<unknown>;

  constructor(parts: RowJobRunParts) {
    this.#parts = parts;
    this.ended = this.#run().then(
      () => null,
      (thrown: unknown) => (this.#abandoned.signal.aborted ? null : thrown),
    );
  }

  get stopping(): boolean {
    return this.#stoppedAs !== null;
  }

  get waitingFor(): "server" | "rate_limit" | null {
    return this.#waiting;
  }

  /** Begins no further row, and ends as this once those under way have ended, or wait for a server that is away. */
  stop(how: "paused" | "cancelled"): void {
    this.#stoppedAs = how;
    this.#stopping.abort();
  }

  /** Leaves everything as it is, to go on at the next start. */
  async abandon(): Promise<void> {
    this.#abandoned.abort(fail("cancelled"));
    this.#stopping.abort();
    await this.ended;
  }

  async #run(): Promise<void> {
    const { kind, record, journalPath, openInput } = this.#parts;
    const journal = await JobJournal.open(journalPath, record);
    try {
      const payload = kind.payload.parse(record.beginning.payload);
      const failure = await openInput()
        .then((input) => kind.run(payload, this.#control(journal, input)))
        .then(
          () => null,
          (thrown: unknown) => ({ thrown }),
        );
      if (this.#abandoned.signal.aborted) return;
      await this.#noteEnd(journal, failure);
      if (failure && this.#stoppedAs === null) throw failure.thrown;
    } finally {
      await journal.close();
    }
  }

  async #noteEnd(journal: JobJournal, failure: { thrown: unknown } | null): Promise<void> {
    const { record } = this.#parts;
    const at = Date.now();
    const allEnded = record.rowsEnded.size >= record.beginning.rows;
    if (allEnded) return journal.note({ fact: "status", status: "done", error: null, at });
    if (this.#stoppedAs) {
      const stopped = { fact: "status", status: this.#stoppedAs, error: null, at } as const;
      return journal.note(...(this.#stoppedAs === "cancelled" ? leftUnknown(record, this.#parts.kind) : []), stopped);
    }
    // What is the session's doing goes on with it. All else waits for the person.
    if (failure && goesOnByItself(failure.thrown)) return;
    const error =
      failure?.thrown instanceof AppFailure ? failure.thrown.error : ({ kind: "internal", ref: record.beginning.jobId } as const);
    await journal.note({ fact: "status", status: "paused", error, at });
  }

  #control(journal: JobJournal, input: JobInput): RowsControl<unknown> {
    const { kind, record } = this.#parts;
    const { rows, accountId } = record.beginning;
    return {
      accountId,
      signal: this.#abandoned.signal,
      stopping: this.#stopping.signal,
      open: Array.from({ length: rows }, (_, row) => row).filter((row) => !record.rowsEnded.has(row)),
      readRow: (row) => kind.row.parse(input.row(row)),
      begunAt: (row) => record.rowsBegun.get(row) ?? null,
      beginRow: (row, before) => journal.note(rowBegun(row, Date.now(), before)),
      endRow: async (row, end) => {
        await journal.note({ fact: "rowEnded", row, ...end });
        this.#report();
      },
      waiting: (reason) => {
        if (this.#waiting === reason) return;
        this.#waiting = reason;
        this.#parts.onChange();
      },
    };
  }

  #report(): void {
    const now = Date.now();
    if (now - this.#lastReport < REPORT_EVERY_MS) return;
    this.#lastReport = now;
    this.#parts.onChange();
  }
}
