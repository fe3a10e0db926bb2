import type { JobInput } from "../../jobs/jobInput.ts";
import type { JobRecord } from "../../jobs/jobJournal.ts";
import { isDone, rowOf } from "../../jobs/rowJobView.ts";
import { OUTCOME_COLUMNS } from "../csv/userColumns.ts";
import { writeCsv } from "../csv/writeCsv.ts";
import { NewUserRow } from "./bulkKinds.ts";

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
  const create = record.beginning.kind === "create_users" && input !== null;
  const outcomes = rows.map((row) => outcomeOf(record, row));
  if (!create) return writeCsv([["id", ...OUTCOME_COLUMNS], ...rows.map((row, at) => [localpartOf(record.targets[row] ?? ""), ...(outcomes[at] ?? [])])]);
  const users = rows.map((row) => userCells(NewUserRow.parse(input.row(row)), which));
  return writeCsv([[...USER_COLUMNS, ...OUTCOME_COLUMNS], ...users.map((cells, at) => [...cells, ...(outcomes[at] ?? [])])]);
}

function userCells(user: NewUserRow, which: "all" | "not_done"): string[] {
  return [
    localpartOf(user.userId),
    user.displayName ?? "",
    // One that was made for a user who was not is made again.
    which === "all" ? (user.passwordMade ? user.password : "") : user.passwordMade ? "" : user.password,
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
