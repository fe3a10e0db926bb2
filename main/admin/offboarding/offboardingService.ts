import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { RowJob } from "../../../shared/contract/jobs.ts";
import type { OffboardingAction, OffboardingDraft, OffboardingServer } from "../../../shared/contract/offboarding.ts";
import { type AppError, AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { MAX_OFFBOARDED } from "../../../shared/personSearch.ts";
import type { RowJobs } from "../../jobs/rowJobs.ts";
import { newId } from "../../storage/newId.ts";
import type { ActionLog } from "../actionLog.ts";
import type { AdminApi } from "../adminApi.ts";
import type { BulkServiceParts } from "../bulk/bulkService.ts";
import { Draft } from "../bulk/draft.ts";
import { checkManaged, DEFAULT_CHOICES, rowsOfUsers, startDraft } from "../bulk/startDraft.ts";
import type { MasApi } from "../mas/masApi.ts";
import type { KnownOfServer } from "../userList.ts";
import { findPerson } from "./findPerson.ts";
import { reportFile } from "./reportFile.ts";

export interface OffboardingParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** Whether an authentication service looks after the users of this account's server. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  /** The admin API of the authentication service that this account was signed in by; null where that is the homeserver itself. */
  masApi: (accountId: AccountId) => Promise<MasApi | null>;
  /** What the account's list goes by, besides its filter. */
  knownOf: (accountId: AccountId) => KnownOfServer;
  log: Pick<ActionLog, "record">;
  ownUserIds: () => ReadonlySet<string>;
  rowJobs: RowJobs;
  emit: Emit;
  saveText: BulkServiceParts["ports"]["saveText"];
  firstWaitMs?: number;
}

type Requests = Handlers["offboarding"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** What would be done on one server. */
interface OnServer {
  accountId: AccountId;
  serverName: string;
  draft: Draft;
  /** Why it may not be done there, or could not be begun. */
  error: AppError | null;
}

interface Prepared {
  draftId: ConversationId;
  /** Names the Jobs that come of it, for their report. */
  batchId: ConversationId;
  action: OffboardingAction;
  servers: OnServer[];
  /** All of them, as they were chosen. */
  serverNames: string[];
}

/**
 * Ends the accounts of one person on several servers: a bulk Job for each server, looked at and begun together. The handlers of the
 * contract's domain `offboarding`.
 */
export class OffboardingService implements Requests {
  readonly #parts: OffboardingParts;
  #prepared: Prepared | null = null;

  constructor(parts: OffboardingParts) {
    this.#parts = parts;
  }

  find = ({ accountId, terms }: Input<"find">) => findPerson(this.#parts.adminApi(accountId), this.#parts.knownOf(accountId), terms);

  draft = () => ({ draft: this.#view() });

  prepare = ({ action, users }: Input<"prepare">) => {
    const byAccount = new Map<AccountId, string[]>();
    for (const { accountId, userId } of users) {
      this.#parts.adminApi(accountId).checkOwnServer(userId);
      byAccount.set(accountId, [...(byAccount.get(accountId) ?? []), userId]);
    }
    if (new Set(users.map(({ userId }) => userId)).size < users.length)
      throw fail("invalid_input", { issues: ["users: one is named twice"] });
    this.#close();
    const servers = [...byAccount].map(([accountId, userIds]) => this.#onServer(accountId, action, userIds));
    const serverNames = servers.map(({ serverName }) => serverName);
    const prepared = { draftId: newId<ConversationId>(), batchId: newId<ConversationId>(), action, servers, serverNames };
    this.#prepared = prepared;
    for (const one of servers) void this.#look(prepared, one);
    // Windows go by events alone: an answer may come after a newer one.
    this.#tell();
    return { draft: viewOf(prepared) };
  };

  lookAgain = ({ draftId, accountId }: Input<"lookAgain">) => {
    const prepared = this.#find(draftId);
    const before = prepared.servers.find((one) => one.accountId === accountId);
    if (!before) throw fail("conversation_over");
    before.draft.drop();
    const again = { ...before, draft: before.draft.again(DEFAULT_CHOICES, () => this.#tell()), error: null };
    prepared.servers = prepared.servers.map((one) => (one === before ? again : one));
    void this.#look(prepared, again);
    this.#tell();
    return { draft: viewOf(prepared) };
  };

  dropDraft = ({ draftId }: Input<"dropDraft">) => {
    this.#find(draftId);
    this.#close();
    this.#tell();
    return {};
  };

  start = async ({ draftId, accountIds, typed }: Input<"start">) => {
    const prepared = this.#find(draftId);
    const wanted = new Set(accountIds);
    const begun = prepared.servers.filter((one) => wanted.has(one.accountId));
    const isReady = begun.length === wanted.size && begun.every(({ draft, error }) => error === null && draft.view().status === "ready");
    if (!isReady) throw fail("conversation_over");
    const count = begun.reduce((sum, { draft }) => sum + draft.view().ready, 0);
    if (count === 0) throw fail("nothing_to_do");
    if (prepared.action === "erase" && typed?.trim() !== String(count)) throw fail("not_confirmed");
    // Before they are begun: a second press finds nothing to begin.
    prepared.servers = prepared.servers.filter((one) => !wanted.has(one.accountId));
    const jobIds: ConversationId[] = [];
    for (const one of begun) {
      if (one.draft.view().ready === 0) continue;
      try {
        jobIds.push((await this.#begin(prepared, one)).jobId);
      } catch (thrown) {
        if (!(thrown instanceof AppFailure)) throw thrown;
        // The others are begun none the less.
        if (this.#prepared === prepared) prepared.servers.push({ ...one, error: thrown.error });
      }
    }
    if (this.#prepared === prepared && prepared.servers.length === 0) this.#close();
    this.#tell();
    return { jobIds };
  };

  saveReport = async ({ batchId }: Input<"saveReport">) => {
    const { rowJobs, saveText } = this.#parts;
    const records = rowJobs.recordsOf(batchId);
    const [first] = records;
    if (first === undefined) throw fail("conversation_over");
    const day = new Date(first.beginning.at).toISOString().slice(0, 10);
    const text = reportFile(records, first.beginning.batch?.servers ?? []);
    return { saved: await saveText({ suggestedName: { holds: "offboarding", of: day, ending: "csv" }, text }) };
  };

  /** Forgets what belongs to an account that goes. */
  forgetAccount(accountId: AccountId): void {
    const prepared = this.#prepared;
    const gone = prepared?.servers.find((one) => one.accountId === accountId);
    if (!prepared || !gone) return;
    gone.draft.drop();
    prepared.servers = prepared.servers.filter((one) => one !== gone);
    if (prepared.servers.length === 0) this.#close();
    this.#tell();
  }

  #onServer(accountId: AccountId, action: OffboardingAction, userIds: readonly string[]): OnServer {
    const { adminApi, masApi, ownUserIds, firstWaitMs } = this.#parts;
    const api = adminApi(accountId);
    const draft = new Draft({
      draftId: newId<ConversationId>(),
      accountId,
      action,
      choices: DEFAULT_CHOICES,
      file: null,
      rows: rowsOfUsers(userIds),
      unused: [],
      api,
      masApi: () => masApi(accountId),
      ownUserIds: ownUserIds(),
      onChange: () => this.#tell(),
      ...(firstWaitMs !== undefined && { firstWaitMs }),
    });
    return { accountId, serverName: api.serverName, draft, error: null };
  }

  /** Finds out what would be done on one server. Never rejects. */
  async #look({ action }: Prepared, one: OnServer): Promise<void> {
    try {
      await checkManaged(this.#parts, one.accountId, action);
      await one.draft.check();
    } catch (thrown) {
      one.error = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "offboarding" };
    }
    this.#tell();
  }

  async #begin({ action, batchId, serverNames }: Prepared, { accountId, draft }: OnServer): Promise<RowJob> {
    await checkManaged(this.#parts, accountId, action);
    const said = { choices: DEFAULT_CHOICES, signOut: false, notice: "", takesPasswords: draft.takesPasswords };
    return startDraft(this.#parts, accountId, draft, said, { batchId, servers: serverNames });
  }

  #view(): OffboardingDraft | null {
    return this.#prepared && viewOf(this.#prepared);
  }

  #tell(): void {
    this.#parts.emit("offboarding.draftChanged", { draft: this.#view() });
  }

  #find(draftId: ConversationId): Prepared {
    if (this.#prepared?.draftId !== draftId) throw fail("conversation_over");
    return this.#prepared;
  }

  #close(): void {
    for (const { draft } of this.#prepared?.servers ?? []) draft.drop();
    this.#prepared = null;
  }
}

function viewOf({ draftId, action, servers }: Prepared): OffboardingDraft {
  return { draftId, action, servers: servers.map(serverView) };
}

function serverView({ accountId, serverName, draft, error }: OnServer): OffboardingServer {
  const { status, error: unread, ready } = draft.view();
  const problem = error ?? unread;
  return {
    accountId,
    serverName,
    // Users who were selected need no columns.
    status: problem !== null ? "failed" : status === "ready" ? "ready" : "checking",
    error: problem,
    rows: draft.page("all", 0, MAX_OFFBOARDED).rows,
    ready,
  };
}
