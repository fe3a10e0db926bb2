import type { AccountId } from "../../../shared/ids.ts";
import { RowJobs, type RowJobsParts } from "../../jobs/rowJobs.ts";
import type { SessionManager } from "../../sessions/sessionManager.ts";
import type { AccountIndex } from "../../storage/accountIndex.ts";
import type { AdminAccessService } from "../adminAccess.ts";
import { bulkKinds } from "./bulkKinds.ts";
import { BulkService, type BulkServiceParts } from "./bulkService.ts";

export interface BulkJobsParts
  extends Pick<RowJobsParts, "folders" | "secretStore" | "emit" | "logger">, Pick<BulkServiceParts, "ports" | "log" | "knownColumns"> {
  administration: AdminAccessService;
  sessions: SessionManager;
  index: AccountIndex;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

/** Makes what works on many users: the Jobs, those of earlier starts among them, and what prepares them. */
export async function openBulkJobs({ administration, sessions, index, log, knownColumns, ports, firstWaitMs, ...parts }: BulkJobsParts) {
  const common = {
    adminApi: administration.apiOf,
    masApi: administration.masApi,
    ownUserIds: () => new Set(index.list().map(({ userId }) => userId)),
    ...(firstWaitMs !== undefined && { firstWaitMs }),
  };
  const rowJobs = new RowJobs({
    ...parts,
    kinds: bulkKinds(common),
    isRunning: (accountId) => index.get(accountId) !== null && sessions.account(accountId).session.status === "running",
  });
  await rowJobs.load(index.list().map(({ accountId }) => accountId));
  sessions.onRunning((accountId) => rowJobs.sessionRuns(accountId));
  const bulk = new BulkService({
    ...common,
    isDelegated: (accountId) => administration.isDelegated(accountId),
    log,
    rowJobs,
    knownColumns,
    emit: parts.emit,
    ports,
  });
  return {
    rowJobs,
    bulk,
    /** Stops and forgets what belongs to an account that goes. */
    forgetAccount: async (accountId: AccountId): Promise<void> => {
      bulk.forgetAccount(accountId);
      await rowJobs.forgetAccount(accountId);
    },
  };
}
