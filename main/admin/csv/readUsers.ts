import { readContactEmail, readMsisdn, readUsername, tidy } from "../../../shared/fields.ts";
import type { UserColumn, UserRowProblem } from "../../../shared/contract/bulk.ts";
import { fail } from "../../../shared/errors.ts";
import { type Password, Secret } from "../../../shared/secret.ts";
import { undoEscape } from "./writeCsv.ts";
import { scanTable, type TableLimits, type TableRow } from "./readTable.ts";
import { cellOf, type ColumnMapping, type ColumnPlaces, guessColumns, placesOf } from "./userColumns.ts";

/** A user as a row of a file describes them. Null: the row does not say. */
export interface ReadUser {
  /** The full Matrix ID. */
  userId: string;
  displayName: string | null;
  /** Exactly as it stands in the file. */
  password: Password | null;
  admin: boolean | null;
  avatarUrl: string | null;
  userType: string | null;
  threepids: { medium: "email" | "msisdn"; address: string }[];
  externalIds: { provider: string; id: string }[];
  locked: boolean;
  deactivated: boolean;
  /** Columns that the file has, and in which nothing stands. */
  empty: readonly UserColumn[];
  /** Of which contacts the row gives all that the user is to have. */
  media: readonly ("email" | "msisdn")[];
}

export interface ReadUserRow {
  /** The line of the file that it begins in, from 1. */
  line: number;
  /** Whom it is about, as far as that can be said: a full Matrix ID, or what stands in its place. */
  name: string;
  user: ReadUser | null;
  problem: UserRowProblem | null;
}

/** The rows of a file, and what its columns are taken for. */
export interface ReadRows<T> extends ColumnMapping {
  rows: T[];
  /** Columns that are not used. */
  unused: string[];
  /** The first row of the file. */
  headings: string[];
}
export type ReadUsers = ReadRows<ReadUserRow>;

/** What the first row says that can be read. */
interface FirstRow {
  mapping: ColumnMapping;
  /** Null where it is not clear who is meant. */
  columns: ColumnPlaces | null;
  headings: string[];
}

/** What rows are for. */
export interface ReadFor {
  /** Whether they are users to be made. An existing user may have a name that nobody could take today. */
  isNew: boolean;
  /** The columns that are of use. */
  columns: readonly UserColumn[];
}

/** What a spreadsheet makes of a long number. The server would take it for a user name. */
const ROUNDED = /^\d+(?:[.,]\d+)?e\+\d+$/i;

const MEDIA = ["email", "msisdn"] as const;
const NO_COLUMNS: readonly never[] = [];
const MAX_NAME = 256;
const MAX_PASSWORD = 512;
const MAX_SHOWN = 300;

/** Yes and no as people and spreadsheets of several countries write them, in lower case. */
const TRUE = new Set(
  "1 true yes on y wahr ja vrai oui verdadero sí si verdadeiro sim vero prawda tak waar sant sand tosi igaz pravda ano истина да sann істина так doğru evet αληθης ναι adevărat da cert tõene jah patiess jā tiesa taip istina".split(
    " ",
  ),
);
const FALSE = new Set([
  "",
  ..."0 false no off n null undefined falsch nein faux non falso não nao fałsz nie onwaar nee falskt nej falsk nei epätosi hamis nepravda ne ложь нет usann nei хибність ні лъжа не yanliş yanlış hayır ψευδης οχι όχι fals nu vale väär ei aplams nē netiesa klaida laž".split(
    " ",
  ),
]);

/** Of somebody whose row counts for the name in it alone. */
const NOTHING_SAID: Omit<ReadUser, "userId"> = {
  displayName: null,
  password: null,
  admin: null,
  avatarUrl: null,
  userType: null,
  threepids: [],
  externalIds: [],
  locked: false,
  deactivated: false,
  empty: NO_COLUMNS,
  media: NO_COLUMNS,
};

/** Somebody of whom the Matrix ID alone is known. */
export const nobodyBut = (userId: string): ReadUser => ({ ...NOTHING_SAID, userId });

/** Why a row cannot be used. */
export class RowProblem extends Error {
  readonly problem: UserRowProblem;

  constructor(reason: UserRowProblem["reason"], column: string | null = null) {
    super(reason);
    this.problem = { reason, column };
  }
}

/**
 * Reads a list of users: the files of Ketesa and synapse-admin as they are, lists of user names with or without passwords,
 * and what spreadsheets make of them. A row that cannot be used says why, and costs no other row.
 *
 * @param serverName the homeserver whose users they are
 * @param given.mapping what the columns are, where the person has said it
 * @returns no rows where it is not clear what the columns are
 * @throws `too_large`; `csv_without_users` where there is no row
 */
export function readUsers(
  bytes: Uint8Array,
  serverName: string,
  readFor: ReadFor,
  given: { mapping?: ColumnMapping | null; limits?: TableLimits } = {},
): ReadUsers {
  const read = readByColumns(bytes, readFor.columns, (row, columns) => readRow(row, columns, serverName, readFor), given);
  if (!given.mapping && isOfPeoplesNames(read))
    return { ...read, columns: read.columns.map((one) => (one === "id" ? null : one)), rows: [], unused: [] };
  findTwins(read.rows);
  return read;
}

/** Whether a column that is just called "name", and would be user names in the lists of older tools, has the names of people in it. */
function isOfPeoplesNames({ rows, columns, headings, hasHeader }: ReadUsers): boolean {
  const isGuess = hasHeader && headings[columns.indexOf("id")]?.toLowerCase() === "name";
  return isGuess && rows.filter(({ problem }) => problem?.reason === "name_not_allowed").length > rows.length / 2;
}

/**
 * Reads the rows of a file by what its columns are.
 *
 * @param usable the columns that are of use
 * @returns no rows where it is not clear what the columns are
 * @throws as `readUsers` does
 */
export function readByColumns<T>(
  bytes: Uint8Array,
  usable: readonly UserColumn[],
  readOne: (row: TableRow, columns: ColumnPlaces) => T,
  given: { mapping?: ColumnMapping | null; limits?: TableLimits },
): ReadRows<T> {
  const read: T[] = [];
  /** Rows that cannot be read, from before the first one that can. */
  const broken: TableRow[] = [];
  const seen: { first: FirstRow | null } = { first: null };
  scanTable(
    bytes,
    (row) => {
      const { first } = seen;
      if (first !== null) {
        if (first.columns !== null && (row.problem !== null || row.cells.some((cell) => cell.trim() !== "")))
          read.push(readOne(row, first.columns));
      } else if (row.problem !== null) broken.push(row);
      else {
        const { cells } = row;
        const mapping = given.mapping ?? guessColumns(cells);
        const columns = placesOf(cells, mapping, usable);
        seen.first = { mapping, columns, headings: cells.map((cell) => cell.trim().slice(0, 100)) };
        if (columns === null) return;
        for (const one of mapping.hasHeader ? broken : [...broken, row]) read.push(readOne(one, columns));
      }
    },
    given.limits,
  );
  if (seen.first === null) throw fail("csv_without_users", { columns: [] });
  const { mapping, columns, headings } = seen.first;
  if (columns === null) return { ...mapping, rows: [], unused: [], headings };
  if (read.length === 0) throw fail("csv_without_users", { columns: [] });
  return { ...mapping, rows: read, unused: columns.unused.map((name) => name.slice(0, 100)), headings };
}

/** What stands in the columns of a row. */
export const cellsIn =
  (row: TableRow, columns: ColumnPlaces) =>
  (column: UserColumn): string => {
    const text = cellOf(row.cells, columns.places.get(column), column);
    return columns.isOwn ? undoEscape(text) : text;
  };

/** Whom a row is about, as it stands there. */
export const nameIn = (cell: (column: UserColumn) => string): string => tidy(cell("id")).slice(0, MAX_SHOWN);

function readRow(row: TableRow, columns: ColumnPlaces, serverName: string, readFor: ReadFor): ReadUserRow {
  const cell = cellsIn(row, columns);
  const name = nameIn(cell);
  if (row.problem !== null) return { line: row.line, name, user: null, problem: { reason: row.problem, column: null } };
  try {
    const userId = readUserId(cell("id"), serverName, readFor);
    const user = { userId, ...readDetails(cell, columns, readFor.isNew) };
    return { line: row.line, name: user.userId, user, problem: null };
  } catch (thrown) {
    if (!(thrown instanceof RowProblem)) throw thrown;
    return { line: row.line, name, user: null, problem: thrown.problem };
  }
}

/** What a row says of somebody. @throws `RowProblem` */
export function readDetails(cell: (column: UserColumn) => string, { places }: ColumnPlaces, isNew: boolean): Omit<ReadUser, "userId"> {
  if (places.size === 1) return NOTHING_SAID;
  const password = oneLine(cell("password"), "password");
  if (password.length > MAX_PASSWORD) throw new RowProblem("password_too_long");
  const displayName = oneLine(cell("displayname"), "displayname").trim();
  if (displayName.length > MAX_NAME) throw new RowProblem("name_too_long");
  const avatarUrl = cell("avatar_url").trim();
  if (avatarUrl !== "" && !/^mxc:\/\/[^/\s]+\/[^/\s]+$/.test(avatarUrl)) throw new RowProblem("not_an_mxc_address");
  const threepids = contactsOf(cell);
  return {
    displayName: displayName === "" ? null : displayName,
    password: password === "" ? null : new Secret("password", password),
    admin: cell("admin").trim() === "" ? null : flag(cell("admin"), "admin"),
    avatarUrl: avatarUrl === "" ? null : avatarUrl,
    userType: nothing(cell("user_type")) ? null : cell("user_type").trim(),
    threepids: distinct(threepids),
    externalIds: distinct(parts(cell("external_ids")).map(readExternalId)),
    locked: flag(cell("locked"), "locked"),
    deactivated: flag(cell("deactivated"), "deactivated"),
    empty: isNew
      ? NO_COLUMNS
      : [...places.keys()].filter((column) => (column === "displayname" ? cell(column).trim() === "" : nothing(cell(column)))),
    media: isNew
      ? NO_COLUMNS
      : MEDIA.filter((medium) => !nothing(cell("threepids")) || !nothing(cell(medium === "email" ? "emails" : "phones"))),
  };
}

/** The Matrix ID that is meant. @throws `RowProblem` */
export function readUserId(typed: string, serverName: string, readFor: Pick<ReadFor, "isNew">): string {
  // Other tools put an apostrophe in front, for spreadsheets.
  const text = tidy(typed).replace(/^'(?=@)/, "");
  if (text === "") throw new RowProblem("no_id");
  const [localpart, server] = text.startsWith("@") || text.includes(":") ? splitUserId(text) : [text, serverName];
  if (server.toLowerCase() !== serverName.toLowerCase()) throw new RowProblem("other_server");
  if (!readFor.isNew) {
    const fits = localpart !== "" && !/\s/.test(localpart) && Buffer.byteLength(`@${localpart}:${serverName}`) <= 255;
    if (!fits) throw new RowProblem("name_not_allowed");
    return `@${localpart}:${serverName}`;
  }
  if (ROUNDED.test(localpart)) throw new RowProblem("number_rounded");
  const { value, problem } = readUsername(localpart, serverName);
  if (problem === "empty") throw new RowProblem("no_id");
  if (problem === "only_digits") throw new RowProblem("name_only_digits");
  if (problem === "too_long") throw new RowProblem("name_too_long");
  if (problem !== undefined) throw new RowProblem("name_not_allowed");
  return `@${value}:${serverName}`;
}

/** The parts of a Matrix ID; the server is empty where it is missing. */
export function splitUserId(text: string): [localpart: string, server: string] {
  const bare = text.replace(/^@/, "");
  const colon = bare.indexOf(":");
  return colon < 0 ? [bare, ""] : [bare.slice(0, colon), bare.slice(colon + 1)];
}

/** A line end in there is what a quote leaves that was never closed. */
function oneLine(text: string, column: string): string {
  if (/[\r\n]/.test(text)) throw new RowProblem("line_break", column);
  return text;
}

/** Yes or no; what is empty is no. @throws `RowProblem` for anything else */
export function flag(text: string, column: string): boolean {
  if (text === "") return false;
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new RowProblem("neither_yes_nor_no", column);
}

const nothing = (text: string): boolean => text === "" || /^\s*(?:null|undefined)?\s*$/i.test(text);

const NO_PARTS: readonly string[] = [];

function parts(text: string): readonly string[] {
  if (nothing(text)) return NO_PARTS;
  if (!/[,;\r\n]/.test(text)) return [text.trim()];
  return text
    .split(/[,;\r\n]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function contactsOf(cell: (column: UserColumn) => string): ReadUser["threepids"] {
  const contacts: ReadUser["threepids"] = [];
  for (const part of parts(cell("threepids"))) contacts.push(readThreepid(part));
  for (const part of parts(cell("emails"))) contacts.push(asEmail(part));
  for (const part of parts(cell("phones"))) contacts.push(asPhone(part));
  return contacts;
}

function readThreepid(text: string): ReadUser["threepids"][number] {
  const named = /^(email|msisdn)\s*:\s*(.*)$/i.exec(text);
  if (named === null) return asEmail(text);
  return named[1]?.toLowerCase() === "email" ? asEmail(named[2] ?? "") : asPhone(named[2] ?? "");
}

/** As the server keeps it. */
function asEmail(text: string): ReadUser["threepids"][number] {
  const { value } = readContactEmail(text);
  if (value === undefined) throw new RowProblem("not_an_email");
  return { medium: "email", address: value };
}

function asPhone(text: string): ReadUser["threepids"][number] {
  const { value } = readMsisdn(text);
  if (value === undefined) throw new RowProblem("not_a_phone_number");
  return { medium: "msisdn", address: value };
}

function readExternalId(text: string): ReadUser["externalIds"][number] {
  const colon = text.indexOf(":");
  const [provider, id] = [text.slice(0, Math.max(colon, 0)).trim(), text.slice(colon + 1).trim()];
  if (provider === "" || id === "") throw new RowProblem("not_an_external_id");
  return { provider, id };
}

function distinct<T extends object>(all: T[]): T[] {
  if (all.length < 2) return all;
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

/** Who or what stands in a file twice would be done twice: the first counts. */
export function findTwins(rows: ReadUserRow[]): void {
  const seen = { users: new Set<string>(), email: new Set<string>(), msisdn: new Set<string>(), externalIds: new Set<string>() };
  for (const row of rows) {
    if (row.user === null) continue;
    const reason = twinOf(row.user, seen);
    if (reason !== null) Object.assign(row, { user: null, problem: { reason, column: null } });
  }
}

type Seen = Record<"users" | "email" | "msisdn" | "externalIds", Set<string>>;

const externalIdKey = ({ provider, id }: ReadUser["externalIds"][number]): string => `${provider}:${id}`;

/** What of a user stood in the file before; what stands there for the first time is noted. */
function twinOf({ userId, threepids, externalIds }: ReadUser, seen: Seen): UserRowProblem["reason"] | null {
  const { size } = seen.users;
  if (seen.users.add(userId).size === size) return "twice";
  const isTwice = threepids.some(({ medium, address }) => seen[medium].has(address));
  const reason = isTwice
    ? "contact_twice"
    : externalIds.some((one) => seen.externalIds.has(externalIdKey(one)))
      ? "external_id_twice"
      : null;
  if (reason !== null) {
    // Another row of theirs may be without it.
    seen.users.delete(userId);
    return reason;
  }
  for (const { medium, address } of threepids) seen[medium].add(address);
  for (const externalId of externalIds) seen.externalIds.add(externalIdKey(externalId));
  return null;
}
