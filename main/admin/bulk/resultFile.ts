import type { JobRowsShown } from "../../../shared/contract/jobs.ts";
import type { JobInput } from "../../jobs/jobInput.ts";
import type { JobRecord } from "../../jobs/jobJournal.ts";
import { rowOf, rowsShown } from "../../jobs/rowJobView.ts";
import { OUTCOME_COLUMNS } from "../csv/userColumns.ts";
import { csvLines, writeCsv } from "../csv/writeCsv.ts";
import { kindOfJob } from "./kinds/index.ts";
import { localpartOf } from "./resultCells.ts";

/** How many rows are unsealed in one go, while the window waits. */
const SLICE = 500;

/**
 * What came of the rows of a Job, as a file that spreadsheets open, and that can be run again.
 *
 * @param input what the rows said; null where that was deleted
 * @param which of the rows: all, with the passwords that were made here; or some, with the passwords that they were given
 */
export async function resultFile(record: JobRecord, input: JobInput | null, which: JobRowsShown): Promise<string> {
  const { names, cellsOf } = contentOf(record, input, which === "all" ? "all" : "again");
  const rows = rowsShown(record, which);
  const pieces = [writeCsv([[...names, ...OUTCOME_COLUMNS]])];
  for (let at = 0; at < rows.length; at += SLICE) {
    if (at > 0) await new Promise(setImmediate);
    pieces.push(csvLines(rows.slice(at, at + SLICE).map((row) => [...cellsOf(row), ...outcomeOf(record, row)])));
  }
  return pieces.join("");
}

/** What is told of each row, by what the Job did. */
function contentOf(
  record: JobRecord,
  input: JobInput | null,
  which: "all" | "again",
): { names: readonly string[]; cellsOf: (row: number) => string[] } {
  const kind = kindOfJob(record.beginning.kind);
  if (kind === undefined || input === null) return { names: ["id"], cellsOf: (row) => [localpartOf(record.targets[row] ?? "")] };
  const { names, cellsOf } = kind.result;
  return { names, cellsOf: (row) => cellsOf(kind.row.parse(input.row(row)), which) };
}

/** What came of one row, as the cells that `OUTCOME_COLUMNS` names. */
export function outcomeOf(record: JobRecord, row: number): [result: string, reason: string, count: string] {
  const { outcome, reason, names, error, count } = rowOf(record, row);
  const said = error === null ? [] : [error.kind === "server" ? `${error.errcode} ${error.message}`.trim().slice(0, 200) : error.kind];
  return [outcome, [...(reason === null ? [] : [reason]), ...names, ...said].join(" "), count === null ? "" : String(count)];
}
