import { steward } from "../bridge.ts";
import { createConversations } from "./conversations.ts";

/** All Jobs that main remembers, in the order they were begun. */
export const {
  use: useJobs,
  changed: jobChanged,
  gone: jobDismissed,
  load: loadJobs,
} = createConversations(
  ({ jobId }) => jobId,
  async () => (await steward.jobs.list({})).jobs,
  ({ startedAt }) => startedAt,
);
