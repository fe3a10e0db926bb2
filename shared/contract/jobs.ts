import { z } from "zod";
import { AppError } from "../errors.ts";
import { AccountId, ConversationId } from "../ids.ts";
import { domain, request } from "./define.ts";

/** Long work with progress, cancel, and a result that survives a restart. */
export const Job = z.object({
  jobId: ConversationId,
  /** Null for work that belongs to no single account. */
  accountId: AccountId.nullable(),
  kind: z.enum(["restore_room_keys"]),
  status: z.enum(["running", "done", "failed", "cancelled", "interrupted"]),
  progress: z.object({ done: z.number().int(), total: z.number().int().nullable() }),
  /** Counts by name, once there is a result: what they mean depends on `kind`. */
  counts: z.record(z.string(), z.number()),
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
