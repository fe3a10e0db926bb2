import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { MAX_OFFBOARDED } from "../personSearch.ts";
import { domain, request } from "./defineDomain.ts";
import { SECRETS_HERE } from "./errorKinds.ts";

/** Something a Job could not do with one of the things it went through; the rest went on. */
export const JobProblem = z.object({
  /** Which one: its place, counted from 1, where it has no name. */
  subject: z.object({
    roomId: z.string().max(255).optional(),
    sessionId: z.string().max(255).optional(),
    number: z.number().int().positive().optional(),
  }),
  reason: z.string().max(100),
});
export type JobProblem = z.infer<typeof JobProblem>;

/** Jobs that were begun together, one for each of these servers. */
export const JobBatch = z.object({ batchId: ConversationId, servers: z.array(z.string().max(255)).max(MAX_OFFBOARDED) });
export type JobBatch = z.infer<typeof JobBatch>;

/** How many problems of one Job are kept. */
export const MAX_JOB_PROBLEMS = 200;

export const JobKind = z.enum([
  "export_room_keys",
  "import_room_keys",
  "verify_backup",
  "create_users",
  "change_users",
  "reset_passwords",
  "lock_users",
  "unlock_users",
  "suspend_users",
  "unsuspend_users",
  "sign_out_users",
  "prune_sessions",
  "send_notices",
  "delete_media",
  "deactivate_users",
  "erase_users",
  "reactivate_users",
  "export_users",
  "collect_users",
  "collect_contacts",
]);
export type JobKind = z.infer<typeof JobKind>;

const common = {
  jobId: ConversationId,
  kind: JobKind,
  progress: z.object({ done: z.number().int(), total: z.number().int().nullable() }),
  startedAt: z.number(),
};

/** `accountId` is null for work that belongs to no single account. */
const plain = z.object({ rowJob: z.literal(false), accountId: AccountId.nullable(), ...common });
const ended = { endedAt: z.number() };

/** A Job that is done in one go. One that was cut off by the end of the app is `interrupted`, and has ended. */
export const PlainJob = z.discriminatedUnion("status", [
  plain.extend({ status: z.literal("running") }),
  plain.extend({
    status: z.literal("done"),
    ...ended,
    /** By name: what they mean depends on `kind`. */
    counts: z.record(z.string(), z.number()),
    /** The first of those that went wrong. */
    problems: z.array(JobProblem).max(MAX_JOB_PROBLEMS),
  }),
  plain.extend({ status: z.literal("failed"), ...ended, error: AppError }),
  plain.extend({ status: z.literal("cancelled"), ...ended }),
  plain.extend({ status: z.literal("interrupted"), ...ended }),
]);
export type PlainJob = z.infer<typeof PlainJob>;

const row = z.object({
  rowJob: z.literal(true),
  accountId: AccountId,
  ...common,
  /** How many rows came to what: a `JobRowOutcome`. */
  counts: z.record(z.string(), z.number()),
  /** How many passwords it has made that nobody has saved yet. */
  unsavedPasswords: z.number().int().nonnegative(),
  /** How many users were still in rooms after they were deactivated. */
  leftInRooms: z.number().int().nonnegative(),
  /** To how many users it has done, or may have done, what there is a way back from. */
  undoable: z.number().int().nonnegative(),
  /** What it is a part of; absent where it stands alone. */
  batch: JobBatch.optional(),
});
/** What stopped its last run; null where nothing went wrong, or where its account says what did. */
const stopped = { error: AppError.nullable() };

/** A Job that goes on row by row and survives the end of the app. */
export const RowJob = z.discriminatedUnion("status", [
  row.extend({
    status: z.literal("running"),
    /** It ends or pauses once what has been sent is answered. */
    stopping: z.boolean(),
    /** What nothing is sent for at the moment: the server is away, or wants to be asked less often. */
    waiting: z.enum(["server", "rate_limit"]).nullable(),
  }),
  /** Goes on by itself. */
  row.extend({ status: z.literal("interrupted"), ...stopped }),
  /** Waits until the person lets it go on. */
  row.extend({ status: z.literal("paused"), ...stopped }),
  row.extend({ status: z.literal("done"), ...stopped }),
  row.extend({ status: z.literal("cancelled"), ...stopped }),
]);
export type RowJob = z.infer<typeof RowJob>;

/** Long work with progress, cancel, and a result that survives a restart. It lives in main; every change is sent whole. */
export const Job = z.discriminatedUnion("rowJob", [PlainJob, RowJob]);
export type Job = z.infer<typeof Job>;

/** What came of a row of a Job. */
export const JobRowOutcome = z.enum([
  /** Not begun, or under way. */
  "open",
  "done",
  /** It was so before. */
  "already",
  /** Not done, for a reason that was seen beforehand. Nothing was changed. */
  "skipped",
  "failed",
  /** Done in part: what is missing is named. */
  "incomplete",
  /** The answer was lost, and what the server says leaves it open. */
  "unknown",
]);
export type JobRowOutcome = z.infer<typeof JobRowOutcome>;

/** Why a row was not done, or not wholly. */
export const JobRowReason = z.enum([
  "exists",
  "exists_deactivated",
  "exists_locked",
  "exists_now",
  "email_taken",
  "phone_taken",
  "external_id_taken",
  "no_such_user",
  "own_account",
  "still_running",
  "not_supported",
  "fields_missing",
  "fields_not_changed",
  "changed_meanwhile",
  "rooms_left",
  "sessions_left",
  "files_left",
  "interrupted",
]);
export type JobRowReason = z.infer<typeof JobRowReason>;

export const JobRow = z.object({
  /** Its place among the rows of the Job, from 1. */
  number: z.number().int().positive(),
  /** Whom it is about: a Matrix ID. */
  target: z.string().max(300),
  outcome: JobRowOutcome,
  reason: JobRowReason.nullable(),
  /** Names that belong to the reason: who has the address, which fields are missing. */
  names: z.array(z.string().max(300)).max(20),
  /** What the server said. */
  error: AppError.nullable(),
  /** How many of what was done away with, or is left: sessions, files, rooms. Null where that is not the question. */
  count: z.number().int().nonnegative().nullable(),
});
export type JobRow = z.infer<typeof JobRow>;

/** Which rows are told: `not_done` may be run again; of `unknown` it has to be looked at first what is so. */
export const JobRowsShown = z.enum(["all", "not_done", "unknown"]);
export type JobRowsShown = z.infer<typeof JobRowsShown>;

/** A page shows no more. */
export const MAX_JOB_ROWS = 200;

const one = z.object({ jobId: ConversationId });

export const jobs = domain({
  requests: {
    list: request(z.object({}), z.object({ jobs: z.array(Job) }), []),
    /** `conversation_over` for what has ended. */
    cancel: request(one, z.object({}), ["conversation_over", "file_failed"]),
    /** Begins no further row until `resume`. `conversation_over` for what does not run or cannot pause. */
    pause: request(one, z.object({}), ["conversation_over", "file_failed"]),
    /** Goes on with a Job that was paused or interrupted: `conversation_over` for any other. The Job says what stops it again. */
    resume: request(one, z.object({}), ["conversation_over", "file_failed"]),
    /** What came of its rows, a page of them. */
    rows: request(
      one.extend({ which: JobRowsShown, from: z.number().int().nonnegative(), limit: z.number().int().min(1).max(MAX_JOB_ROWS) }),
      z.object({ rows: z.array(JobRow).max(MAX_JOB_ROWS), total: z.number().int().nonnegative() }),
      ["conversation_over"],
    ),
    /** Forgets a job that has ended. `passwords_not_saved` while it holds passwords that nobody has saved. */
    dismiss: request(one, z.object({}), ["conversation_over", "passwords_not_saved", ...SECRETS_HERE]),
  },
  events: { changed: Job, dismissed: one },
});
