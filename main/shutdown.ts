import type { Services } from "./services.ts";

/**
 * Ends everything that must not be cut off. Jobs and sessions end side by side: a session that is in memory alone is
 * signed out on its server, and must not wait for a Job to clean up its threads. Never rejects.
 */
export async function shutDown({
  jobs,
  rowJobs,
  browserSignIns,
  recoveries,
  registration,
  sessions,
  revocations,
  replacedSessions,
  newSessions,
  activityLog,
}: {
  jobs: Pick<Services["jobs"], "stopAll">;
  rowJobs: Pick<Services["rowJobs"], "stopAll">;
  browserSignIns: Pick<Services["browserSignIns"], "stopAll">;
  recoveries: Pick<Services["recoveries"], "stopAll">;
  registration: Pick<Services["registration"], "stopAll">;
  sessions: Pick<Services["sessions"], "stopAll">;
  revocations: Pick<Services["revocations"], "stopAll">;
  replacedSessions: Pick<Services["replacedSessions"], "stopAll">;
  newSessions: Pick<Services["newSessions"], "stopAll">;
  activityLog: Pick<Services["activityLog"], "stopAll">;
}): Promise<void> {
  recoveries.stopAll();
  // Jobs first: they are told why they end before their session is gone.
  const ending = [jobs, rowJobs, browserSignIns, registration, sessions, revocations, replacedSessions, newSessions, activityLog];
  await Promise.allSettled(ending.map((service) => service.stopAll()));
}
