import type { JobKind } from "../../shared/contract/jobs.ts";

/** The Jobs that end with a table of what came of each row. */
export type BulkJobKind = Exclude<
  JobKind,
  "export_room_keys" | "import_room_keys" | "verify_backup" | "export_users" | "collect_users" | "collect_contacts"
>;

/** What a file holds that the person is asked to name. */
export type FileContent = "action_log" | "offboarding" | "password" | "room_keys" | "security_key" | "staff_list" | "users" | BulkJobKind;

/** What is said of a file whose name is suggested: `main/app` makes the name of it, in the person's language. */
export interface SuggestedName {
  readonly holds: FileContent;
  /** Whose it is, or of when, as `inFileName` leaves it. */
  readonly of: string;
  /** Where it holds a part of the rows of a job alone. */
  readonly part?: "not_done" | "unknown";
  readonly ending: "csv" | "txt";
}

/** A text as it may stand in a file's name on every system: letters and digits of all languages, `.`, `_` and `-`. */
export const inFileName = (text: string): string =>
  text
    .replace(/[^\p{L}\p{N}._-]+/gu, " ")
    .trim()
    .slice(0, 100);
