import * as z from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./defineDomain.ts";

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

/** Long work with progress, cancel, and a result that survives a restart. */
export const Job = z.object({
  jobId: ConversationId,
  /** Null for work that belongs to no single account. */
  accountId: AccountId.nullable(),
  kind: z.enum(["export_room_keys", "import_room_keys", "verify_backup"]),
  status: z.enum(["running", "done", "failed", "cancelled", "interrupted"]),
  progress: z.object({ done: z.number().int(), total: z.number().int().nullable() }),
  /** Counts by name, once there is a result: what they mean depends on `kind`. */
  counts: z.record(z.string(), z.number()),
  /** The first of those that went wrong. Absent while nothing has. */
  problems: z.array(JobProblem).max(200).optional(),
  error: AppError.nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
});
export type Job = z.infer<typeof Job>;

const one = z.object({ jobId: ConversationId });

export const jobs = domain({
  requests: {
    list: request(z.object({}), z.object({ jobs: z.array(Job) })),
    cancel: request(one, z.object({})),
    /** Forgets a job that has ended. */
    dismiss: request(one, z.object({})),
  },
  events: { changed: Job, dismissed: one },
});
