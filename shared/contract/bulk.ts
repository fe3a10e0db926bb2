import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId, UserId } from "../ids.ts";
import { shownSecret } from "../secretSchemas.ts";
import { domain, request } from "./defineDomain.ts";
import { ANY_ADMIN, FILES_HERE, SECRETS_HERE } from "./errorKinds.ts";
import { JobRowReason, JobRowsShown, RowJob } from "./jobs.ts";

/** What is wrong with a row of a file, so that it cannot be used. */
export const UserRowProblem = z.object({
  reason: z.enum([
    "not_csv",
    "unreadable_characters",
    "too_long",
    "rest_not_read",
    "no_id",
    "other_server",
    "name_not_allowed",
    "name_only_digits",
    "number_rounded",
    "name_too_long",
    "password_too_long",
    "line_break",
    "neither_yes_nor_no",
    "not_an_mxc_address",
    "not_an_email",
    "not_a_phone_number",
    "not_an_external_id",
    "twice",
    "rows_disagree",
    "contact_twice",
    "external_id_twice",
  ]),
  /** The column that is meant, where that is not clear. */
  column: z.string().max(50).nullable(),
});
export type UserRowProblem = z.infer<typeof UserRowProblem>;

/** What is done to many users at once. */
export const BulkAction = z.enum([
  "create",
  "change",
  "reset_passwords",
  "lock",
  "unlock",
  "suspend",
  "unsuspend",
  "sign_out",
  "prune_sessions",
  "send_notice",
  "delete_media",
  "deactivate",
  "erase",
  "reactivate",
]);
export type BulkAction = z.infer<typeof BulkAction>;

/** What needs no file. */
export const SelectionAction = BulkAction.exclude(["create", "change"]);
export type SelectionAction = z.infer<typeof SelectionAction>;

/** What a column of a list of users can hold, in the words of the files that admins have. */
export const UserColumn = z.enum([
  "id",
  "displayname",
  "password",
  "admin",
  "avatar_url",
  "user_type",
  "threepids",
  "emails",
  "phones",
  "external_ids",
  "locked",
  "deactivated",
  /** Of a staff list: the homeserver somebody is on, and whether they are there still. */
  "server",
  "active",
]);
export type UserColumn = z.infer<typeof UserColumn>;

/** What the person says of a draft, on which it depends what would be done. */
export const BulkChoices = z.object({
  /** Of `prune_sessions`: the fewest days for which a session was not seen. */
  unseenDays: z.number().int().min(1).max(3650),
  /** Of `change`: what an empty cell means, of a column that the file has. */
  emptyCells: z.enum(["keep", "clear"]),
});
export type BulkChoices = z.infer<typeof BulkChoices>;

/** The first row of a file, for the person who says what its columns are. */
export const BulkColumns = z.object({
  headings: z.array(z.string().max(100)).max(200),
  /** What each is taken for now; null for one that is not used. */
  columns: z.array(UserColumn.nullable()).max(200),
  /** Whether that row names the columns; else it is of a user. */
  hasHeader: z.boolean(),
  /** Which columns the action can use. */
  usable: z.array(UserColumn),
});
export type BulkColumns = z.infer<typeof BulkColumns>;

/** A list of users and what would be done with each, before anything is. There is one for each account at most. */
export const BulkDraft = z.object({
  draftId: ConversationId,
  action: BulkAction,
  /** The file that it was read from; null for users who were selected. */
  fileName: z.string().max(1024).nullable(),
  /** `columns`: the person has to say what the columns are. Then it is found out what would be done. */
  status: z.enum(["columns", "checking", "ready", "failed"]),
  choices: BulkChoices,
  /** Of a file: what its columns are taken for. */
  columns: BulkColumns.nullable(),
  /** Why it could not be found out. */
  error: AppError.nullable(),
  rows: z.number().int().nonnegative(),
  checked: z.number().int().nonnegative(),
  /** How many rows would be done, how many would not, and how many cannot be read. */
  ready: z.number().int().nonnegative(),
  skipped: z.number().int().nonnegative(),
  invalid: z.number().int().nonnegative(),
  /** How many passwords would be made. */
  passwordsToMake: z.number().int().nonnegative(),
  /** Columns of the file that are not used. */
  unused: z.array(z.string().max(100)).max(200),
});
export type BulkDraft = z.infer<typeof BulkDraft>;

/** What can be changed of many users. */
export const BulkField = z.enum(["displayname", "avatar_url", "admin", "user_type", "emails", "phones", "external_ids"]);
export type BulkField = z.infer<typeof BulkField>;

/** One thing that would be changed of a user. Several values are joined by commas. */
export const BulkFieldChange = z.object({ field: BulkField, before: z.string().max(2000), after: z.string().max(2000) });
export type BulkFieldChange = z.infer<typeof BulkFieldChange>;

/** One row of a draft. */
export const BulkDraftRow = z.object({
  /** The line of the file, or the place in the selection, from 1. */
  number: z.number().int().positive(),
  name: z.string().max(300),
  displayName: z.string().max(256).nullable(),
  /** `open`: not found out yet. */
  /** `already`: it is so without anything being done. */
  verdict: z.enum(["open", "ready", "already", "skipped", "invalid"]),
  reason: JobRowReason.nullable(),
  /** Names that belong to the reason: who has the address. */
  names: z.array(z.string().max(300)).max(20),
  /** What the server said when it was asked about this user. */
  error: AppError.nullable(),
  problem: UserRowProblem.nullable(),
  /** What would be changed, of `change`. */
  changes: z.array(BulkFieldChange).max(10),
  /** How many there are of what would be done away with: sessions, or rooms that are left. Null where that is not the question. */
  count: z.number().int().nonnegative().nullable(),
});
export type BulkDraftRow = z.infer<typeof BulkDraftRow>;

const MAX_SELECTED = 200_000;
const MAX_PAGE = 200;
/** How many slips of paper are printed in one go: the window holds their passwords meanwhile. */
const MAX_SLIPS = 500;
/** Longer than anybody reads, and far from the 64 KiB of an event. */
const MAX_NOTICE = 10_000;

/** A password that was made, as it is handed to whom it belongs. */
export const PasswordSlip = z.object({ userId: UserId, password: shownSecret("password") });
export type PasswordSlip = z.infer<typeof PasswordSlip>;

const one = z.object({ accountId: AccountId });
const oneDraft = one.extend({ draftId: ConversationId });
const oneJob = z.object({ jobId: ConversationId });

/** Work on many users of the homeserver of an account that is an admin there. */
export const bulk = domain({
  requests: {
    /** The draft of this account, if there is one. */
    draft: request(one, z.object({ draft: BulkDraft.nullable() }), []),
    /**
     * Asks for a CSV file, reads it, and begins to find out what would be done with each row: `draftChanged` tells. Where no
     * column says who is meant, the person is asked first. Null when the person chose no file. Throws `too_large`, `csv_without_users`, `file_failed`,
     * `users_managed_elsewhere`.
     */
    chooseFile: request(one.extend({ action: BulkAction }), z.object({ draft: BulkDraft.nullable() }), [
      ...ANY_ADMIN,
      "users_managed_elsewhere",
      "csv_without_users",
    ]),
    /** The same for users who were selected. */
    fromUsers: request(
      one.extend({ action: SelectionAction, userIds: z.array(UserId).min(1).max(MAX_SELECTED) }),
      z.object({ draft: BulkDraft }),
      [...ANY_ADMIN, "users_managed_elsewhere"],
    ),
    /** A page of the draft's rows. */
    draftRows: request(
      oneDraft.extend({
        which: z.enum(["all", "ready", "skipped", "invalid"]),
        from: z.number().int().nonnegative(),
        limit: z.number().int().min(1).max(MAX_PAGE),
      }),
      z.object({ rows: z.array(BulkDraftRow).max(MAX_PAGE), total: z.number().int().nonnegative() }),
      ["conversation_over"],
    ),
    /** Says what the columns of the file are, and reads it again. It is remembered for other files with the same first row. */
    setColumns: request(
      oneDraft.extend({ columns: z.array(UserColumn.nullable()).max(200), hasHeader: z.boolean() }),
      z.object({ draft: BulkDraft }),
      [...FILES_HERE, "no_such_account", "conversation_over", "csv_without_users", "too_large"],
    ),
    /** Finds out again what would be done, with other choices. */
    setChoices: request(oneDraft.extend({ choices: BulkChoices }), z.object({ draft: BulkDraft }), ["conversation_over"]),
    dropDraft: request(oneDraft, z.object({}), ["conversation_over"]),
    /**
     * Does what the draft says, as a Job; each row is looked at again right before. Throws `nothing_to_do`, `not_confirmed`.
     *
     * `signOut`: with new passwords, whether those users' sessions are signed out. `notice`: what is sent. `typed`: to erase,
     * the number of users.
     */
    start: request(
      oneDraft.extend({
        signOut: z.boolean().optional(),
        notice: z.string().trim().min(1).max(MAX_NOTICE).optional(),
        typed: z.string().max(20).optional(),
      }),
      z.object({ job: RowJob }),
      [...ANY_ADMIN, "users_managed_elsewhere", "conversation_over", "not_confirmed", "nothing_to_do"],
    ),
    /** Prepares the deactivation of those again who were still in rooms afterwards. Throws `nothing_to_do`. */
    leftInRooms: request(oneJob, z.object({ draft: BulkDraft }), [
      ...ANY_ADMIN,
      "users_managed_elsewhere",
      "conversation_over",
      "nothing_to_do",
    ]),
    /**
     * Prepares the way back for those to whom a Job has done, or may have done, something that has one. Throws `nothing_to_do`,
     * `conversation_over` while the Job has not ended.
     */
    undo: request(oneJob, z.object({ draft: BulkDraft }), [...ANY_ADMIN, "users_managed_elsewhere", "conversation_over", "nothing_to_do"]),
    /**
     * Asks where, then writes a CSV with what came of each row, and the passwords that were made; or what the rows were that
     * were not done, to be run again, or of which nobody knows. False when the person chose no place.
     */
    saveResult: request(oneJob.extend({ which: JobRowsShown }), z.object({ saved: z.boolean() }), [
      ...SECRETS_HERE,
      "conversation_over",
      "job_damaged",
    ]),
    /**
     * A portion of the passwords that a Job made and that are certain to be in use, for paper; how many there are in all, and
     * of how many more nobody knows. Throws `conversation_over` where they were deleted.
     */
    slips: request(
      oneJob.extend({ from: z.number().int().nonnegative(), limit: z.number().int().min(1).max(MAX_SLIPS) }),
      z.object({
        slips: z.array(PasswordSlip).max(MAX_SLIPS),
        total: z.number().int().nonnegative(),
        unsure: z.number().int().nonnegative(),
      }),
      [...SECRETS_HERE, "conversation_over", "job_damaged"],
    ),
    /** Prints the slips that the window has ready. Nothing of them is written anywhere. Answers whether it was done. */
    printSlips: request(z.object({}), z.object({ printed: z.boolean() }), []),
    /** The person has the passwords: they are deleted here, with all else that the file said. */
    deletePasswords: request(oneJob, z.object({}), [...SECRETS_HERE, "conversation_over"]),
  },
  events: { draftChanged: one.extend({ draft: BulkDraft.nullable() }) },
});
