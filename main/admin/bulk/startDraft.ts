import type { BulkAction, BulkChoices } from "../../../shared/contract/bulk.ts";
import type { JobBatch, RowJob } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { RowJobs } from "../../jobs/rowJobs.ts";
import type { ActionLog } from "../actionLog.ts";
import type { AdminApi } from "../adminApi.ts";
import type { MasApi } from "../mas/masApi.ts";
import { nobodyBut, type ReadUserRow } from "../csv/readUsers.ts";
import type { Said } from "./bulkKind.ts";
import type { Draft } from "./draft.ts";
import { kindOf } from "./kinds/index.ts";

/** What is said of a draft until the person says something else. */
export const DEFAULT_CHOICES: BulkChoices = { unseenDays: 90, emptyCells: "keep" };
/** How many rows are made ready in one go, while the window waits. */
const SLICE = 1000;

interface StartParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** Whether an authentication service looks after the users of this account's server. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** The admin API of the authentication service that this account was signed in by; null where that is the homeserver itself. */
  masApi: (accountId: AccountId) => Promise<MasApi | null>;
  rowJobs: RowJobs;
  log: Pick<ActionLog, "record">;
}

/** The rows of users who were selected. */
export const rowsOfUsers = (userIds: readonly string[]): ReadUserRow[] =>
  userIds.map((userId, at) => ({ line: at + 1, name: userId, user: nobodyBut(userId), problem: null }));

/**
 * Where a service looks after the users, the admin API would do half of it, and the service's own may not do it either.
 *
 * @throws `users_managed_elsewhere`
 */
export async function checkManaged(
  { isDelegated, adminApi, masApi }: Pick<StartParts, "isDelegated" | "adminApi" | "masApi">,
  accountId: AccountId,
  action: BulkAction,
): Promise<void> {
  const { withService } = kindOf(action);
  if (withService === "beside" || !(await isDelegated(accountId))) return;
  if (withService === "never" || (await masApi(accountId)) === null)
    throw fail("users_managed_elsewhere", { host: adminApi(accountId).serverName });
}

/**
 * Begins the Job that does what a draft says.
 * @throws as `RowJobs.start` and `ActionLog.record` do
 */
export async function startDraft(
  { adminApi, rowJobs, log }: StartParts,
  accountId: AccountId,
  draft: Draft,
  said: Said,
  batch?: JobBatch,
): Promise<RowJob> {
  const kind = kindOf(draft.action);
  const rows: { target: string; content: unknown }[] = [];
  for (const user of draft.usableRows()) {
    rows.push({ target: user.userId, content: kind.rowOf(user, said) });
    if (rows.length % SLICE === 0) await new Promise(setImmediate);
  }
  const payload = kind.payload.parse(kind.payloadOf(said));
  const begun = { actor: adminApi(accountId).userId, target: `${rows.length}`, action: kind.kind };
  return log.record(begun, () => rowJobs.start(kind.kind, accountId, payload, rows, batch));
}
