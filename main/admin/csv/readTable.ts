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

const RECORD_ENDS = ["\r\n", "\n", "\r"];
const LF = 10;
const CR = 13;
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
  const rows: TableRow[] = [];
  scanTable(bytes, (row) => rows.push(row), limits);
  return rows;
}

/** The same, row by row, for whoever keeps none of them. @throws as `readTable` does */
export function scanTable(bytes: Uint8Array, take: (row: TableRow) => void, limits: TableLimits = TABLE_LIMITS): void {
  if (bytes.byteLength > limits.bytes) throw fail("too_large", { limitBytes: limits.bytes });
  const whole = decodeText(bytes);
  // Checked once for the whole file, because hardly any has such characters.
  const isReadable = !UNREADABLE.test(whole);
  const named = /^("?)sep=(.)\1\r?\n?/i.exec(whole);
  const text = named ? whole.slice(named[0].length) : whole;
  const separator = named?.[2] ?? separatorOf(text);
  let count = 0;
  const taken = (row: TableRow): void => {
    count += 1;
    if (count > limits.rows) throw fail("too_large", { limitBytes: null });
    take(row);
  };
  let line = named ? 2 : 1;
  let again = 0;
  const begin = plainLength(text);
  line += readPlain(text, begin, separator, { ...limits, isReadable }, (row) => {
    row.line += line - 1;
    taken(row);
  });
  if (readSound(text.slice(begin), separator, line, { ...limits, isReadable }, taken)) return;
  for (let rest = text.slice(begin); rest !== ""; again += rest.length) {
    const before = line - 1;
    const brokenAt = readPiece(rest, separator, { ...limits, isReadable }, (row) => {
      row.line += before;
      taken(row);
    });
    if (brokenAt === null) break;
    const tooMany = again > MAX_AGAIN;
    taken({ line: line + brokenAt - 1, cells: [], problem: tooMany ? "rest_not_read" : "not_csv" });
    if (tooMany) break;
    // The quote that was not closed in its row has swallowed others: it goes on with the next line.
    rest = withoutLines(rest, brokenAt);
    line += brokenAt;
  }
}

/** How much of a text comes before the first line with a quote in it: every line is a row there. */
function plainLength(text: string): number {
  const quote = text.indexOf('"');
  return quote < 0 ? text.length : Math.max(text.lastIndexOf("\n", quote), text.lastIndexOf("\r", quote)) + 1;
}

/** Reads lines without quotes, up to a place in the text. Answers how many there are, empty ones included. */
function readPlain(text: string, end: number, separator: string, limits: PieceLimits, take: (row: TableRow) => void): number {
  let lines = 0;
  for (let from = 0; from < end;) {
    let to = from;
    while (to < end && text.charCodeAt(to) !== LF && text.charCodeAt(to) !== CR) to += 1;
    lines += 1;
    if (to > from) take(asRow(text.slice(from, to).split(separator), lines, limits));
    from = to + (text.charCodeAt(to) === CR && text.charCodeAt(to + 1) === LF ? 2 : 1);
  }
  return lines;
}

/**
 * Reads a text whose quotes are all in order and that has no empty lines, which can be told without watching the parser at each
 * row. False, and no row taken, where it is another.
 */
function readSound(text: string, delimiter: string, line: number, limits: PieceLimits, take: (row: TableRow) => void): boolean {
  if (/^[\r\n]|\n[\r\n]|\r\r/.test(text)) return false;
  let records: string[][];
  try {
    // Every character is compared with each of them.
    const ends = text.includes("\r") ? RECORD_ENDS : ["\n"];
    records = parse(text, { delimiter, record_delimiter: ends, relax_column_count: true });
  } catch {
    return false;
  }
  let at = line;
  for (const record of records) {
    take(asRow(record, at, limits));
    at += 1 + lineEndsIn(record);
  }
  return true;
}

interface PieceLimits extends TableLimits {
  /** Whether no cell of the file has characters that were not understood. */
  isReadable: boolean;
}

/** Reads to the end, or up to the row, by its line, with a quote that is closed nowhere or in the middle of a cell. */
function readPiece(text: string, delimiter: string, limits: PieceLimits, take: (row: TableRow) => void): number | null {
  let brokenAt: number | null = null;
  let next = 1;
  const lines = new Lines(text);
  const stop = new Error("a quote swallows rows");
  const options = {
    delimiter,
    record_delimiter: RECORD_ENDS,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_record: (record: string[], { lines: last }: { lines: number }) => {
      // Hardly any goes over several lines, or follows empty ones.
      take(asRow(record, last === next ? last : last - lineEndsIn(record), limits));
      next = last + 1;
      return null;
    },
    on_skip: (error: CsvError | undefined) => {
      const begin = lines.firstWithText(next);
      if (error?.code === "CSV_QUOTE_NOT_CLOSED" || error?.["lines"] !== begin) {
        brokenAt = begin;
        throw stop;
      }
      const cells = readLoosely(lines.current, delimiter);
      take(cells === null ? { line: begin, cells: [], problem: "not_csv" } : asRow(cells, begin, limits));
      next = begin + 1;
    },
  };
  try {
    parse(text, options as never);
  } catch (thrown) {
    if (thrown !== stop) throw thrown;
  }
  return brokenAt;
}

/** The cells of one line in which a quote stands inside of a cell that does not begin with one; null for other faults. */
function readLoosely(text: string, delimiter: string): string[] | null {
  const isQuoted = (cell: string): boolean => cell.trimStart().startsWith('"');
  const cells = text.split(delimiter);
  return cells.some(isQuoted) ? null : cells;
}

function asRow(cells: string[], line: number, limits: PieceLimits): TableRow {
  let longest = 0;
  for (const cell of cells) longest = Math.max(longest, cell.length);
  if (cells.length > limits.columns || longest > limits.cell) return { line, cells: [], problem: "too_long" };
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
