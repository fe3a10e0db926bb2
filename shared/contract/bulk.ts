import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId, UserId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";
import { Job, JobRowReason } from "./jobs.ts";

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
    "name_too_long",
    "password_too_long",
    "line_break",
    "neither_yes_nor_no",
    "not_an_mxc_address",
    "not_an_email",
    "not_a_phone_number",
    "not_an_external_id",
    "twice",
    "contact_twice",
    "external_id_twice",
  ]),
  /** The column that is meant, where that is not clear. */
  column: z.string().max(50).nullable(),
});
export type UserRowProblem = z.infer<typeof UserRowProblem>;

/** What is done to many users at once. */
export const BulkAction = z.enum(["create", "deactivate", "lock", "unlock", "reset_passwords"]);
export type BulkAction = z.infer<typeof BulkAction>;

/** A list of users and what would be done with each, before anything is. There is one for each account at most. */
export const BulkDraft = z.object({
  draftId: ConversationId,
  action: BulkAction,
  /** The file that it was read from; null for users who were selected. */
  fileName: z.string().max(1024).nullable(),
  /** Whether it is still being found out what would be done. */
  status: z.enum(["checking", "ready", "failed"]),
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
  problem: UserRowProblem.nullable(),
});
export type BulkDraftRow = z.infer<typeof BulkDraftRow>;

const MAX_SELECTED = 200_000;
const MAX_PAGE = 200;

const one = z.object({ accountId: AccountId });
const oneDraft = one.extend({ draftId: ConversationId });
const oneJob = z.object({ jobId: ConversationId });

/** Work on many users of the homeserver of an account that is an admin there. */
export const bulk = domain({
  requests: {
    /** The draft of this account, if there is one. */
    draft: request(one, z.object({ draft: BulkDraft.nullable() })),
    /**
     * Asks for a CSV file, reads it, and begins to find out what would be done with each row: `draftChanged` tells. Null when
     * the person chose no file. Throws `too_large`, `csv_without_users`, `file_failed`,
     * `users_managed_elsewhere`.
     */
    chooseFile: request(one.extend({ action: BulkAction }), z.object({ draft: BulkDraft.nullable() })),
    /** The same for users who were selected. */
    fromUsers: request(
      one.extend({ action: BulkAction.exclude(["create"]), userIds: z.array(UserId).min(1).max(MAX_SELECTED) }),
      z.object({ draft: BulkDraft }),
    ),
    /** A page of the draft's rows. */
    draftRows: request(
      oneDraft.extend({
        which: z.enum(["all", "ready", "skipped", "invalid"]),
        from: z.number().int().nonnegative(),
        limit: z.number().int().min(1).max(MAX_PAGE),
      }),
      z.object({ rows: z.array(BulkDraftRow).max(MAX_PAGE), total: z.number().int().nonnegative() }),
    ),
    dropDraft: request(oneDraft, z.object({})),
    /**
     * Does what the draft says, as a Job; each row is looked at again right before. Throws `nothing_to_do`.
     *
     * `signOut`: with new passwords, whether those users' sessions are signed out.
     */
    start: request(oneDraft.extend({ signOut: z.boolean().optional() }), z.object({ job: Job })),
    /**
     * Asks where, then writes a CSV with what came of each row, and the passwords that were made; or, of the rows that were
     * not done alone, what they were, to be run again. False when the person chose no place.
     */
    saveResult: request(oneJob.extend({ which: z.enum(["all", "not_done"]) }), z.object({ saved: z.boolean() })),
    /** The person has the passwords: they are deleted here, with all else that the file said. */
    deletePasswords: request(oneJob, z.object({})),
  },
  events: { draftChanged: one.extend({ draft: BulkDraft.nullable() }) },
});
