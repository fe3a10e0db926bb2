import * as z from "zod";
import { JobBatch, JobRowOutcome, JobRowReason } from "../../shared/contract/jobs.ts";
import { AppError, fail } from "../../shared/errors.ts";
import { AccountId, ConversationId } from "../../shared/ids.ts";
import { AppendFile } from "../storage/appendFile.ts";
import { readIfThere } from "../storage/durableFile.ts";

/** The version of what is written here. A later one is left alone. */
const VERSION = 1;

/** What a Job is, once and for all: the first line of its journal. */
export const JobBeginning = z.object({
  fact: z.literal("begun"),
  version: z.number().int().positive(),
  jobId: ConversationId,
  accountId: AccountId,
  kind: z.string().max(100),
  /** As its kind of Job understands it. Nothing secret. */
  payload: z.unknown(),
  rows: z.number().int().positive(),
  /** SHA-256 of the sealed input, as hex. */
  inputSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absent where it stands alone. */
  batch: JobBatch.optional(),
  at: z.number(),
});
export type JobBeginning = z.infer<typeof JobBeginning>;

/** How a row ended, for good. */
export const RowEnd = z.object({
  outcome: JobRowOutcome.exclude(["open"]),
  reason: JobRowReason.nullable().default(null),
  names: z.array(z.string().max(300)).max(20).default([]),
  error: AppError.nullable().default(null),
  /** How many of what was done away with, or is left. */
  count: z.number().int().nonnegative().nullable().default(null),
  /** Whether a password that was made for the row is in use now. */
  madePassword: z.boolean().default(false),
});
export type RowEnd = z.infer<typeof RowEnd>;

const Fact = z.discriminatedUnion("fact", [
  JobBeginning,
  /** Whom rows are about, from one row on: many lines, because one would be too long. */
  z.object({ fact: z.literal("targets"), from: z.number().int().nonnegative(), targets: z.array(z.string().max(300)) }),
  /** Written before the first request that changes something. */
  z.object({
    fact: z.literal("rowBegun"),
    row: z.number().int().nonnegative(),
    at: z.number(),
    /** What was before, as the kind of Job understands it, where that can be brought back. Nothing secret. */
    before: z.unknown().optional(),
  }),
  RowEnd.extend({ fact: z.literal("rowEnded"), row: z.number().int().nonnegative() }),
  z.object({
    fact: z.literal("status"),
    status: z.enum(["running", "paused", "cancelled", "done"]),
    error: AppError.nullable(),
    at: z.number(),
  }),
  z.object({ fact: z.literal("inputDeleted"), at: z.number() }),
]);
export type JobFact = z.infer<typeof Fact>;

/** How many lines are read in one go, while the window waits. */
const SLICE = 2_000;
/** Targets in one line of the journal. */
const TARGETS_A_LINE = 500;
/** Characters of what was before a row: of more it is not kept, and such a row is not undone. */
const MAX_BEFORE = 4_000;

/** The fact that a row is begun. @param before what was until then; undefined where nothing brings it back */
export function rowBegun(row: number, at: number, before?: unknown): JobFact {
  const isKept = before !== undefined && JSON.stringify(before).length <= MAX_BEFORE;
  return { fact: "rowBegun", row, at, ...(isKept && { before }) };
}

/** What undoes a kind of Job: the opposite of what it does, or what was before each row. */
export type UndoneBy = "opposite" | "before";
const UNDOABLE: ReadonlySet<RowEnd["outcome"]> = new Set(["done", "incomplete", "unknown"]);

/** All that the facts of a journal say together. Rows are counted from 0. */
export class JobRecord {
  readonly beginning: JobBeginning;
  readonly targets: string[] = [];
  readonly rowsBegun = new Map<number, number>();
  /** The rows of which the journal says what was before. What that is stays there: it may be much. */
  readonly rowsWithBefore = new Set<number>();
  readonly rowsEnded = new Map<number, RowEnd>();
  /** Counted as rows end: of a hundred thousand they would have to be counted with every row that is told of. */
  readonly #outcomes = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #toUndo: Record<UndoneBy, number> = { opposite: 0, before: 0 };
  #madePasswords = 0;
  status: Extract<JobFact, { fact: "status" }>["status"] = "running";
  error: AppError | null = null;
  /** When it paused, was cancelled or was done; null while it runs. */
  endedAt: number | null = null;
  inputDeleted = false;

  constructor(beginning: JobBeginning) {
    this.beginning = beginning;
  }

  /** Takes in what was written down later. */
  take(fact: JobFact): void {
    switch (fact.fact) {
      case "begun":
        return;
      case "targets":
        for (const [at, target] of fact.targets.entries()) this.targets[fact.from + at] = target;
        return;
      case "rowBegun":
        if (this.rowsBegun.has(fact.row)) return;
        this.rowsBegun.set(fact.row, fact.at);
        if (fact.before !== undefined) this.rowsWithBefore.add(fact.row);
        return;
      case "rowEnded": {
        const { outcome, reason, names, error, count, madePassword } = fact;
        const before = this.rowsEnded.get(fact.row);
        if (before) this.#count(fact.row, before, -1);
        this.rowsEnded.set(fact.row, { outcome, reason, names, error, count, madePassword });
        this.#count(fact.row, fact, 1);
        return;
      }
      case "status":
        this.status = fact.status;
        this.error = fact.error;
        this.endedAt = fact.status === "running" ? null : fact.at;
        return;
      case "inputDeleted":
        this.inputDeleted = true;
    }
  }

  #count(row: number, { outcome, reason, madePassword }: RowEnd, by: 1 | -1): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + by);
    if (reason !== null) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + by);
    if (madePassword) this.#madePasswords += by;
    for (const how of ["opposite", "before"] as const) if (this.#isToUndo(row, outcome, how)) this.#toUndo[how] += by;
  }

  #isToUndo(row: number, outcome: RowEnd["outcome"], how: UndoneBy): boolean {
    return UNDOABLE.has(outcome) && (how === "opposite" || this.rowsWithBefore.has(row));
  }

  /** How many rows came to what. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#outcomes].filter(([, count]) => count > 0));
  }

  /** How many rows ended for this reason. */
  countEndedFor(reason: NonNullable<RowEnd["reason"]>): number {
    return this.#reasons.get(reason) ?? 0;
  }

  /** How many rows `rowsToUndo` has. */
  countToUndo(how: UndoneBy): number {
    return this.#toUndo[how];
  }

  /** The rows that ended for this reason. */
  rowsEndedFor(reason: RowEnd["reason"]): number[] {
    return [...this.rowsEnded].filter(([, end]) => end.reason === reason).map(([row]) => row);
  }

  /**
   * The rows to which something was done, or may have been, in order.
   *
   * @param how whether it takes what was before them to undo it
   */
  rowsToUndo(how: UndoneBy): number[] {
    return [...this.rowsEnded]
      .filter(([row, { outcome }]) => this.#isToUndo(row, outcome, how))
      .map(([row]) => row)
      .sort((a, b) => a - b);
  }

  /** How many passwords were made that are in use and still here. */
  get unsavedPasswords(): number {
    return this.inputDeleted ? 0 : this.#madePasswords;
  }
}

/**
 * The journal of one Job: a file of one line for each fact, none of them secret. A line that cannot be read is passed over:
 * the last one may have been cut off by the end of the app, and whatever it said was not relied on yet.
 */
export class JobJournal {
  readonly record: JobRecord;
  readonly #file: AppendFile;

  private constructor(record: JobRecord, file: AppendFile) {
    this.record = record;
    this.#file = file;
  }

  /**
   * Begins a journal. The Job is there once this has resolved.
   * @throws `file_failed`
   */
  static async create(path: string, beginning: Omit<JobBeginning, "fact" | "version">, targets: readonly string[]): Promise<JobJournal> {
    const first: JobBeginning = { fact: "begun", version: VERSION, ...beginning };
    const file = await AppendFile.create(path);
    const journal = new JobJournal(new JobRecord(first), file);
    const facts: JobFact[] = [];
    for (let from = 0; from < targets.length; from += TARGETS_A_LINE) {
      facts.push({ fact: "targets", from, targets: targets.slice(from, from + TARGETS_A_LINE) });
    }
    await journal.note(first, ...facts);
    return journal;
  }

  /** Goes on with a journal whose record was read. @throws `file_failed` */
  static async open(path: string, record: JobRecord): Promise<JobJournal> {
    return new JobJournal(record, await AppendFile.open(path));
  }

  /**
   * What a journal says; null where it holds no Job: it was cut off while it was made.
   * @throws `data_too_new`, `file_failed`
   */
  static async read(path: string): Promise<JobRecord | null> {
    let record: JobRecord | null = null;
    for await (const fact of factsIn(path)) {
      if (fact.fact === "begun") {
        if (fact.version > VERSION) throw fail("data_too_new", { file: "journal" });
        record ??= new JobRecord(fact);
      } else record?.take(fact);
    }
    // The end of a list of targets may have been cut off: then nothing was begun.
    return record !== null && record.targets.filter(() => true).length === record.beginning.rows ? record : null;
  }

  /** What was before rows, for those of which a journal says it. @throws `file_failed` */
  static async readBefore(path: string): Promise<Map<number, unknown>> {
    const before = new Map<number, unknown>();
    for await (const fact of factsIn(path)) if (fact.fact === "rowBegun" && !before.has(fact.row)) before.set(fact.row, fact.before);
    return before;
  }

  /** Writes facts down. They are on the disk, and in the record, when this resolves. @throws `file_failed` */
  async note(...facts: readonly JobFact[]): Promise<void> {
    await this.#file.append(facts.map((fact) => JSON.stringify(fact)));
    for (const fact of facts) this.record.take(fact);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The facts of a journal, as far as they can be read; none where there is no journal. @throws `file_failed` */
async function* factsIn(path: string): AsyncGenerator<JobFact> {
  const lines = (await readIfThere(path))?.toString("utf8").split("\n") ?? [];
  for (const [at, line] of lines.entries()) {
    if (at % SLICE === SLICE - 1) await new Promise(setImmediate);
    const fact = factOf(line);
    if (fact !== null) yield fact;
  }
}

function factOf(line: string): JobFact | null {
  if (line === "") return null;
  try {
    return Fact.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
