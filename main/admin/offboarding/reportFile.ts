import type { JobRecord } from "../../jobs/jobJournal.ts";
import { localpartOf } from "../bulk/resultCells.ts";
import { outcomeOf } from "../bulk/resultFile.ts";
import { OUTCOME_COLUMNS } from "../csv/userColumns.ts";
import { writeCsv } from "../csv/writeCsv.ts";

/** What came of each account on each server, as a file that spreadsheets open; servers of which nothing is known are named. */
export function reportFile(records: readonly JobRecord[], servers: readonly string[]): string {
  const serverOf = (target: string): string => target.slice(target.indexOf(":") + 1);
  const known = new Set(records.map(({ targets }) => serverOf(targets[0] ?? "")));
  const rows = records.flatMap((record) =>
    record.targets.map((target, row) => [
      localpartOf(target),
      serverOf(target),
      record.beginning.kind,
      moment(record.beginning.at),
      ...outcomeOf(record, row),
    ]),
  );
  const missing = servers.filter((server) => !known.has(server)).map((server) => ["", server, "", "", "unknown", "no_job", ""]);
  return writeCsv([["id", "homeserver", "action", "begun", ...OUTCOME_COLUMNS], ...rows, ...missing]);
}

const moment = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
