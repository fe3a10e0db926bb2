/** What a column of a list of users can hold, in the words of the files that admins have. */
export type UserColumn =
  | "id"
  | "displayname"
  | "password"
  | "admin"
  | "avatar_url"
  | "user_type"
  | "threepids"
  | "emails"
  | "phones"
  | "external_ids"
  | "locked"
  | "deactivated";

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
};

/** Columns that say what Steward writes beside the rows of a file that is to be run again. */
export const OUTCOME_COLUMNS = ["result", "reason"] as const;

/** Where each column stands in a file, and which are not used. */
export interface ColumnPlaces {
  places: ReadonlyMap<UserColumn, number>;
  /** Names in the header that are not used, as they stand there. */
  unused: string[];
  hasHeader: boolean;
  /** Whether the file was written by Steward, with cells that a spreadsheet would take for formulas made harmless. */
  isOwn: boolean;
}

const simple = (name: string): string => name.toLowerCase().replace(/[\s_\-\u00ad\u200b\ufeff]+/g, "");

/**
 * What the columns of a file are, by its first row: a header, or, where that names nobody's id, one or two columns of user
 * names and passwords. Null where there are more and no header says which they are.
 */
export function findColumns(first: readonly string[]): ColumnPlaces | null {
  const names = first.map(simple);
  const places = new Map<UserColumn, number>();
  const unused: string[] = [];
  // Tables of Ketesa's own list name the same thing twice.
  const idName = names.some((name) => NAMES[name] === "id") ? null : "name";
  for (const [at, name] of names.entries()) {
    const column = name === idName ? "id" : NAMES[name];
    if (column !== undefined && !places.has(column)) places.set(column, at);
    else if (name !== "") unused.push((first[at] as string).trim());
  }
  if (places.has("id")) {
    const isOwn = OUTCOME_COLUMNS.every((name) => names.includes(name));
    const foreign = unused.filter((name) => !isOwn || !OUTCOME_COLUMNS.some((own) => own === simple(name)));
    return { places, unused: foreign, hasHeader: true, isOwn };
  }
  const used = first.findLastIndex((cell) => cell.trim() !== "") + 1;
  if (used > 2) return null;
  const columns: UserColumn[] = ["id", "password"];
  return { places: new Map(columns.map((column, at) => [column, at])), unused: [], hasHeader: false, isOwn: false };
}
