import type { UserColumn } from "../../../shared/contract/bulk.ts";

/** Names of columns as they stand in headers, in lower case and without blanks, bars and hyphens. */
const NAMES: Readonly<Record<string, UserColumn>> = {
  id: "id",
  userid: "id",
  user: "id",
  username: "id",
  localpart: "id",
  mxid: "id",
  matrixid: "id",
  displayname: "displayname",
  password: "password",
  admin: "admin",
  avatarurl: "avatar_url",
  usertype: "user_type",
  threepids: "threepids",
  "3pids": "threepids",
  email: "emails",
  emails: "emails",
  emailaddress: "emails",
  mail: "emails",
  phone: "phones",
  phones: "phones",
  msisdn: "phones",
  externalids: "external_ids",
  locked: "locked",
  deactivated: "deactivated",
  server: "server",
  servername: "server",
  homeserver: "server",
  active: "active",
  isactive: "active",
  aktiv: "active",
};

/** By these a file is known as one of Steward's, in which formulas were made harmless. */
export const OWN_COLUMNS = ["result", "reason"] as const;
/** Columns that say what came of a row, in a file that is to be run again. */
export const OUTCOME_COLUMNS = [...OWN_COLUMNS, "count"] as const;

/** What the person says that the columns of a file are. */
export interface ColumnMapping {
  /** One for each column; null for one that is not used. */
  columns: readonly (UserColumn | null)[];
  /** Whether the first row names the columns; else it is of a user. */
  hasHeader: boolean;
}

/** Where each column stands in a file, and which are not used. */
export interface ColumnPlaces extends ColumnMapping {
  /** Several places for what may be put together of several columns. */
  places: ReadonlyMap<UserColumn, readonly number[]>;
  /** Names in the header that are not used, as they stand there. */
  unused: string[];
  /** Whether the file was written by Steward, with cells that a spreadsheet would take for formulas made harmless. */
  isOwn: boolean;
}

/** Columns of which there may be several: names are put together with a blank, lists to one list. */
const JOINED: ReadonlySet<UserColumn> = new Set(["displayname", "threepids", "emails", "phones", "external_ids"]);

const simple = (name: string): string => name.toLowerCase().replace(/[\s_\-\u00ad\u200b\ufeff]+/g, "");

/**
 * What the columns of a file are taken for, by its first row: a header, or, where that names nobody's id, one or two columns
 * of user names and passwords.
 */
export function guessColumns(first: readonly string[]): ColumnMapping {
  const names = first.map(simple);
  // Tables of Ketesa's own list name the same thing twice.
  const idName = names.some((name) => NAMES[name] === "id") ? null : "name";
  const seen = new Set<UserColumn>();
  const columns = names.map((name) => {
    const column = name === idName ? "id" : NAMES[name];
    if (column === undefined || seen.has(column)) return null;
    seen.add(column);
    return column;
  });
  const used = first.findLastIndex((cell) => cell.trim() !== "") + 1;
  if (seen.has("id") || used > 2) return { columns, hasHeader: true };
  return { columns: ["id", "password"], hasHeader: false };
}

/**
 * Where each column stands, by what the columns are taken for; null where none says who is meant, or one is there twice that
 * can be there once alone.
 *
 * @param usable the columns that are of use; others are named as unused
 */
export function placesOf(first: readonly string[], mapping: ColumnMapping, usable: readonly UserColumn[]): ColumnPlaces | null {
  const places = new Map<UserColumn, number[]>();
  const unused: string[] = [];
  const names = first.map(simple);
  const isOwn = mapping.hasHeader && OWN_COLUMNS.every((name) => names.includes(name));
  const count = Math.max(first.length, mapping.columns.length);
  for (let at = 0; at < count; at += 1) {
    const column = mapping.columns[at] ?? null;
    if (column !== null && usable.includes(column)) {
      const others = places.get(column) ?? [];
      if (others.length > 0 && !JOINED.has(column)) return null;
      places.set(column, [...others, at]);
    } else if (mapping.hasHeader && (names[at] ?? "") !== "" && !(isOwn && OUTCOME_COLUMNS.some((own) => own === names[at]))) {
      unused.push((first[at] as string).trim());
    }
  }
  return places.has("id") ? { ...mapping, places, unused, isOwn } : null;
}

/** What stands in one column of a row, or in several that are put together. */
export function cellOf(cells: readonly string[], places: readonly number[] | undefined, column: UserColumn): string {
  if (places === undefined) return "";
  if (places.length === 1) return cells[places[0] as number] ?? "";
  const parts = places.map((at) => (cells[at] ?? "").trim()).filter((part) => part !== "");
  return parts.join(column === "displayname" ? " " : ",");
}
