import { type CsvError, parse } from "csv-parse/sync";
import { fail } from "../../../shared/errors.ts";
import { decodeText } from "./decodeText.ts";

/** What is taken of a file. More is no list of users. */
export interface TableLimits {
  bytes: number;
  rows: number;
  columns: number;
  /** Characters in a cell. */
  cell: number;
}

export const TABLE_LIMITS: TableLimits = { bytes: 64 * 1024 * 1024, rows: 200_000, columns: 200, cell: 16_384 };

/** One row of a file. */
export interface TableRow {
  /** The line that it begins in, from 1; of a quoted cell with line ends in it, the first. */
  line: number;
  cells: string[];
  /** Why the cells cannot be used, where that is so. */
  problem: TableProblem | null;
}

/** `rest_not_read`: so many rows are broken that it was not read on. */
export type TableProblem = "not_csv" | "unreadable_characters" | "too_long" | "rest_not_read";

const SEPARATORS = [",", ";", "\t", "|"] as const;

/**
 * How many characters are looked at again, in all, behind quotes that are never closed: each time costs a look at what is
 * left. What is left then is not read.
 */
const MAX_AGAIN = 256 * 1024 * 1024;

/** What no person types and no spreadsheet writes: what was not understood of the encoding, and controls. */
const UNREADABLE = /[\ufffd\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/**
 * Reads a file of rows and cells as spreadsheets of all countries and scripts write them: any usual encoding, separator and
 * line end, `sep=` in front, quoted cells with line ends and quotes in them. Cells come out exactly as they stand there. A
 * row that cannot be read costs no other row.
 *
 * @throws `too_large` where the file has more than the limits allow
 */
export function readTable(bytes: Uint8Array, limits: TableLimits = TABLE_LIMITS): TableRow[] {
  if (bytes.byteLength > limits.bytes) throw fail("too_large", { limitBytes: limits.bytes });
  const whole = decodeText(bytes);
  // Checked once for the whole file, because hardly any has such characters.
  const isReadable = !UNREADABLE.test(whole);
  const named = /^sep=(.)\r?\n?/i.exec(whole);
  const text = named ? whole.slice(named[0].length) : whole;
  const separator = named?.[1] ?? separatorOf(text);
  const rows: TableRow[] = [];
  let line = named ? 2 : 1;
  let again = 0;
  for (let rest = text; rest !== ""; again += rest.length) {
    const { read, brokenAt } = readPiece(rest, separator, { ...limits, isReadable });
    for (const row of read) rows.push({ ...row, line: row.line + line - 1 });
    if (rows.length > limits.rows) throw fail("too_large", { limitBytes: null });
    if (brokenAt === null) break;
    const tooMany = again > MAX_AGAIN;
    rows.push({ line: line + brokenAt - 1, cells: [], problem: tooMany ? "rest_not_read" : "not_csv" });
    if (tooMany) break;
    // The quote that was not closed in its row has swallowed others: it goes on with the next line.
    rest = withoutLines(rest, brokenAt);
    line += brokenAt;
  }
  return rows;
}

interface PieceLimits extends TableLimits {
  /** Whether no cell of the file has characters that were not understood. */
  isReadable: boolean;
}

interface Parsed {
  record: string[];
  info: { lines: number };
}

/** Reads to the end, or up to the row, by its line, with a quote that is closed nowhere or in the middle of a cell. */
function readPiece(text: string, delimiter: string, limits: PieceLimits): { read: TableRow[]; brokenAt: number | null } {
  const read: TableRow[] = [];
  let brokenAt: number | null = null;
  let next = 1;
  const lines = new Lines(text);
  const stop = new Error("a quote swallows rows");
  const options = {
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    skip_empty_lines: true,
    info: true,
    skip_records_with_error: true,
    on_record: (parsed: unknown) => {
      const { record, info } = parsed as Parsed;
      read.push(asRow(record, info.lines - lineEndsIn(record), limits));
      next = info.lines + 1;
      if (read.length > limits.rows) throw fail("too_large", { limitBytes: null });
      return null;
    },
    on_skip: (error: CsvError | undefined) => {
      const begin = lines.firstWithText(next);
      if (error?.code === "CSV_QUOTE_NOT_CLOSED" || error?.["lines"] !== begin) {
        brokenAt = begin;
        throw stop;
      }
      const cells = readLoosely(lines.current, delimiter);
      read.push(cells === null ? { line: begin, cells: [], problem: "not_csv" } : asRow(cells, begin, limits));
      next = begin + 1;
    },
  };
  try {
    parse(text, options as never);
  } catch (thrown) {
    if (thrown !== stop) throw thrown;
  }
  return { read, brokenAt };
}

/** The cells of one line in which a quote stands inside of a cell that does not begin with one; null for other faults. */
function readLoosely(text: string, delimiter: string): string[] | null {
  const isQuoted = (cell: string): boolean => cell.trimStart().startsWith('"');
  const cells = text.split(delimiter);
  return cells.some(isQuoted) ? null : cells;
}

function asRow(cells: string[], line: number, limits: PieceLimits): TableRow {
  const tooLong = cells.length > limits.columns || cells.some((cell) => cell.length > limits.cell);
  if (tooLong) return { line, cells: [], problem: "too_long" };
  return { line, cells, problem: !limits.isReadable && cells.some((cell) => UNREADABLE.test(cell)) ? "unreadable_characters" : null };
}

function lineEndsIn(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) if (/[\r\n]/.test(cell)) count += cell.match(/\r\n|\n|\r/g)?.length ?? 0;
  return count;
}

/** The lines of a text, from the first to the last. */
class Lines {
  readonly #text: string;
  readonly #ends = /\r\n|\n|\r/g;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes to the first line from there on that is not empty, and answers its number. */
  firstWithText(from: number): number {
    while (this.#line < from || this.current === "") if (!this.#step()) break;
    return this.#line;
  }

  /** The line that was gone to, without its end. */
  get current(): string {
    const begin = this.#ends.lastIndex;
    const end = this.#text.slice(begin).search(/[\r\n]/);
    return end < 0 ? this.#text.slice(begin) : this.#text.slice(begin, begin + end);
  }

  #step(): boolean {
    const begin = this.#ends.lastIndex;
    if (this.#ends.exec(this.#text) === null) {
      this.#ends.lastIndex = begin;
      return false;
    }
    this.#line += 1;
    return true;
  }
}

/** What follows so many lines. */
function withoutLines(text: string, count: number): string {
  const ends = /\r\n|\n|\r/g;
  for (let line = 0; line < count; line += 1) if (ends.exec(text) === null) return "";
  return text.slice(count === 0 ? 0 : ends.lastIndex);
}

/** What stands most often between the cells of the first line that is not empty: a comma where nothing does. */
function separatorOf(text: string): string {
  const first = /[^\r\n]+/.exec(text)?.[0].replaceAll(/"(?:[^"]|"")*"/g, "") ?? "";
  const counts = SEPARATORS.map((separator) => first.split(separator).length - 1);
  const most = Math.max(...counts);
  return most === 0 ? "," : (SEPARATORS[counts.indexOf(most)] as string);
}
