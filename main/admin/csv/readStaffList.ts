import type { UserColumn, UserRowProblem } from "../../../shared/contract/bulk.ts";
import { tidy } from "../../../shared/fields.ts";
import type { TableLimits, TableRow } from "./readTable.ts";
import { cellsIn, flag, nameIn, readByColumns, readDetails, type ReadRows, type ReadUser, RowProblem, splitUserId } from "./readUsers.ts";
import type { ColumnMapping, ColumnPlaces } from "./userColumns.ts";

/** Somebody on a list of staff, on whichever homeserver. */
export interface StaffMember {
  /** The line of the file that the row begins in, from 1. */
  line: number;
  /** Whom it is about, as it stands there. */
  name: string;
  /** Who is meant, as it was typed; null where that can't be told. It is here though the rest of the row is no good: nobody is taken for missing on the list by a wrong email address. */
  localpart: string | null;
  /** In lower case; null where the row names no homeserver. */
  server: string | null;
  /** What the row says of them; null where it cannot be used. */
  details: Omit<ReadUser, "userId"> | null;
  /** False where the row says that they are not there any more. */
  active: boolean;
  problem: UserRowProblem | null;
}

export type StaffRows = ReadRows<StaffMember>;

/** What can be said of staff. */
export const STAFF_COLUMNS = [
  "id",
  "server",
  "displayname",
  "emails",
  "phones",
  "threepids",
  "admin",
  "active",
  "locked",
  "deactivated",
  "user_type",
  "external_ids",
  "password",
] as const satisfies readonly UserColumn[];

/** Words of personnel lists, besides yes and no. */
const STAYS = new Set(["active", "aktiv", "current", "employed", "enabled", "actif", "activo", "ativo", "attivo", "actief"]);
const GONE = new Set([
  "inactive",
  "inaktiv",
  "left",
  "former",
  "disabled",
  "deactivated",
  "locked",
  "ausgeschieden",
  "inactif",
  "inactivo",
  "inativo",
  "inattivo",
  "inactief",
]);

/**
 * Reads a list of the people who belong on one or several homeservers. A row that cannot be used says why, and costs no other row.
 *
 * @throws as `readUsers` does
 */
export function readStaffList(bytes: Uint8Array, given: { mapping?: ColumnMapping | null; limits?: TableLimits } = {}): StaffRows {
  return readByColumns(bytes, STAFF_COLUMNS, readMember, given);
}

function readMember(row: TableRow, columns: ColumnPlaces): StaffMember {
  const cell = cellsIn(row, columns);
  const member: StaffMember = {
    line: row.line,
    name: nameIn(cell),
    localpart: null,
    server: null,
    details: null,
    active: true,
    problem: null,
  };
  try {
    if (row.problem !== null) throw new RowProblem(row.problem);
    Object.assign(member, readWho(cell("id"), cell("server")));
    // First: who has left has left, though the rest of the row is no good.
    member.active = readActive(cell("active"));
    member.details = readDetails(cell, columns, false);
    member.active &&= !member.details.locked && !member.details.deactivated;
  } catch (thrown) {
    if (!(thrown instanceof RowProblem)) throw thrown;
    member.details = null;
    member.problem = thrown.problem;
  }
  return member;
}

/** Whom a row means. The server of a whole Matrix ID counts, else the one beside it. */
function readWho(id: string, server: string): Pick<StaffMember, "localpart" | "server"> {
  // Other tools put an apostrophe in front, for spreadsheets.
  const text = tidy(id).replace(/^'(?=@)/, "");
  if (text === "") throw new RowProblem("no_id");
  const [localpart, named] = text.startsWith("@") || text.includes(":") ? splitUserId(text) : [text, ""];
  if (localpart === "" || /\s/.test(localpart)) throw new RowProblem("name_not_allowed");
  const beside = tidy(server)
    .replace(/^https?:\/\//i, "")
    .replace(/\/.*$/, "");
  return { localpart, server: (named || beside).toLowerCase() || null };
}

function readActive(text: string): boolean {
  const word = tidy(text).toLowerCase();
  if (word === "" || STAYS.has(word)) return true;
  return !GONE.has(word) && flag(word, "active");
}
