import type { JobInput } from "../../jobs/jobInput.ts";
import type { JobRecord } from "../../jobs/jobJournal.ts";
import { isDone, rowOf } from "../../jobs/rowJobView.ts";
import { OUTCOME_COLUMNS } from "../csv/userColumns.ts";
import { writeCsv } from "../csv/writeCsv.ts";
import { NewPasswordRow, NewUserRow } from "./bulkKinds.ts";

const USER_COLUMNS = ["id", "displayname", "password", "admin", "user_type", "avatar_url", "threepids", "external_ids", "locked", "deactivated"] as const;

/**
 * What came of the rows of a Job, as a file that spreadsheets open, and that can be run again.
 *
 * @param input what the rows said; null where that was deleted
 * @param which of the rows: those alone that did not come to what was wanted, with the passwords they had; or all, with the
 * passwords that were made here
 */
export function resultFile(record: JobRecord, input: JobInput | null, which: "all" | "not_done"): string {
  const rows = Array.from({ length: record.beginning.rows }, (_, row) => row).filter((row) => which === "all" || !isDone(record, row));
  const { columns, cellsOf } = contentOf(record, input, which);
  return writeCsv([[...columns, ...OUTCOME_COLUMNS], ...rows.map((row) => [...cellsOf(row), ...outcomeOf(record, row)])]);
}

/** What is told of each row, by what the Job did. */
function contentOf(record: JobRecord, input: JobInput | null, which: "all" | "not_done"): { columns: readonly string[]; cellsOf: (row: number) => string[] } {
  const { kind } = record.beginning;
  if (kind === "create_users" && input !== null) {
    return { columns: USER_COLUMNS, cellsOf: (row) => userCells(NewUserRow.parse(input.row(row)), which) };
  }
  if (kind === "reset_passwords" && input !== null) {
    return {
      columns: ["id", "password"],
      cellsOf: (row) => {
        const content = NewPasswordRow.parse(input.row(row));
        return [localpartOf(content.userId), passwordCell(content, which)];
      },
    };
  }
  return { columns: ["id"], cellsOf: (row) => [localpartOf(record.targets[row] ?? "")] };
}

/** One that was made is told where it is in use, and made again where it is not; one that was given is told where it is needed again. */
function passwordCell({ password, passwordMade }: { password: string; passwordMade: boolean }, which: "all" | "not_done"): string {
  return passwordMade === (which === "all") ? password : "";
}

function userCells(user: NewUserRow, which: "all" | "not_done"): string[] {
  return [
    localpartOf(user.userId),
    user.displayName ?? "",
    passwordCell(user, which),
    user.admin === null ? "" : String(user.admin),
    user.userType ?? "",
    user.avatarUrl ?? "",
    user.threepids.map(({ medium, address }) => `${medium}:${address}`).join(","),
    user.externalIds.map(({ provider, id }) => `${provider}:${id}`).join(","),
    user.locked ? "true" : "",
    user.deactivated ? "true" : "",
  ];
}

function outcomeOf(record: JobRecord, row: number): [result: string, reason: string] {
  const { outcome, reason, names, error } = rowOf(record, row);
  const said = error === null ? [] : [error.kind === "server" ? `${error.errcode} ${error.message}`.slice(0, 200) : error.kind];
  return [outcome, [...(reason === null ? [] : [reason]), ...names, ...said].join(" ")];
}

/** Whole Matrix IDs begin with what a spreadsheet takes for a formula. */
const localpartOf = (userId: string): string => /^@([^:]*):/.exec(userId)?.[1] ?? userId;
