import { basename } from "node:path";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { BulkAction, BulkDraft } from "../../../shared/contract/bulk.ts";
import type { Job } from "../../../shared/contract/jobs.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { RowJobs } from "../../jobs/rowJobs.ts";
import { newId } from "../../storage/newId.ts";
import type { ActionLog } from "../actionLog.ts";
import type { AdminApi } from "../adminApi.ts";
import { readUserFile } from "../csv/readUserFile.ts";
import type { ReadFor, ReadUserRow } from "../csv/readUsers.ts";
import { generatePassword } from "../generatePassword.ts";
import { Draft } from "./draft.ts";
import { resultFile } from "./resultFile.ts";

export interface BulkServiceParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** Whether an authentication service looks after the users of this account's server. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  log: Pick<ActionLog, "record">;
  ownUserIds: () => ReadonlySet<string>;
  rowJobs: RowJobs;
  emit: Emit;
  ports: {
    /** Asks which file is to be read; null when the person cancels. */
    chooseSource: () => Promise<string | null>;
    /** Asks where, then writes a text into a file that only this person may read; false when the person cancels. */
    saveText: (file: { suggestedName: string; text: string }) => Promise<boolean>;
  };
  firstWaitMs?: number;
}

const JOB_KINDS = {
  create: "create_users",
  deactivate: "deactivate_users",
  lock: "lock_users",
  unlock: "unlock_users",
  reset_passwords: "reset_passwords",
} as const satisfies Record<BulkAction, Job["kind"]>;
const READ_FOR: Partial<Record<BulkAction, ReadFor>> = { create: "new", reset_passwords: "passwords" };
const FILE_NAMES: Partial<Record<string, string>> = {
  create_users: "New users",
  deactivate_users: "Deactivated users",
  lock_users: "Locked users",
  unlock_users: "Unlocked users",
  reset_passwords: "New passwords",
};

type Requests = Handlers["bulk"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** Work on many users at once: what would be done, and the Jobs that do it. The handlers of the contract's domain `bulk`. */
export class BulkService implements Requests {
  readonly #parts: BulkServiceParts;
  readonly #drafts = new Map<AccountId, Draft>();

  constructor(parts: BulkServiceParts) {
    this.#parts = parts;
  }

  draft = ({ accountId }: Input<"draft">) => ({ draft: this.#drafts.get(accountId)?.view() ?? null });

  chooseFile = async ({ accountId, action }: Input<"chooseFile">) => {
    await this.#checkManaged(accountId);
    const { serverName } = this.#parts.adminApi(accountId);
    const path = await this.#parts.ports.chooseSource();
    if (path === null) return { draft: null };
    const read = await readUserFile({ path, serverName, readFor: READ_FOR[action] ?? "existing" });
    return { draft: this.#begin(accountId, action, read, basename(path).slice(0, 1024)) };
  };

  /** Throws `not_own_server` before anything is asked. */
  fromUsers = async ({ accountId, action, userIds }: Input<"fromUsers">) => {
    const api = this.#parts.adminApi(accountId);
    const distinct = [...new Set(userIds)];
    for (const userId of distinct) api.checkOwnServer(userId);
    await this.#checkManaged(accountId);
    const rows = distinct.map((userId, at): ReadUserRow => ({ line: at + 1, name: userId, user: { ...NOBODY, userId }, problem: null }));
    return { draft: this.#begin(accountId, action, { rows, unused: [] }, null) };
  };

  draftRows = ({ accountId, draftId, which, from, limit }: Input<"draftRows">) => this.#find(accountId, draftId).page(which, from, limit);

  dropDraft = ({ accountId, draftId }: Input<"dropDraft">) => {
    this.#find(accountId, draftId);
    this.#drop(accountId);
    return {};
  };

  start = async ({ accountId, draftId, signOut = false }: Input<"start">) => {
    const draft = this.#find(accountId, draftId);
    const { adminApi, rowJobs, log } = this.#parts;
    if (draft.view().status !== "ready") throw fail("conversation_over");
    // Before it is begun: a second press finds nothing to begin.
    this.#drafts.delete(accountId);
    try {
      await this.#checkManaged(accountId);
      const kind = JOB_KINDS[draft.action];
      const rows = await rowsOf(draft);
      const payload = draft.action === "reset_passwords" ? { signOut } : {};
      const begun = { actor: adminApi(accountId).userId, target: `${rows.length}`, action: kind };
      const job = await log.record(begun, () => rowJobs.start(kind, accountId, payload, rows));
      this.#drop(accountId);
      return { job };
    } catch (thrown) {
      if (!this.#drafts.has(accountId)) this.#drafts.set(accountId, draft);
      throw thrown;
    }
  };

  saveResult = async ({ jobId, which }: Input<"saveResult">) => {
    const { rowJobs, ports } = this.#parts;
    const record = rowJobs.record(jobId);
    const input = record.inputDeleted ? null : await rowJobs.openInput(jobId);
    const text = resultFile(record, input, which);
    const day = new Date(record.beginning.at).toISOString().slice(0, 10);
    return { saved: await ports.saveText({ suggestedName: `${FILE_NAMES[record.beginning.kind] ?? "Users"} ${day}${which === "all" ? "" : " not done"}.csv`, text }) };
  };

  deletePasswords = async ({ jobId }: Input<"deletePasswords">) => {
    await this.#parts.rowJobs.deleteInput(jobId);
    return {};
  };

  /** Forgets what belongs to an account that goes. */
  forgetAccount(accountId: AccountId): void {
    this.#drafts.get(accountId)?.drop();
    this.#drafts.delete(accountId);
  }

  /** Its admin API would do half of it. @throws `users_managed_elsewhere` */
  async #checkManaged(accountId: AccountId): Promise<void> {
    const { isDelegated, adminApi } = this.#parts;
    if (await isDelegated(accountId)) throw fail("users_managed_elsewhere", { host: adminApi(accountId).serverName });
  }

  #begin(accountId: AccountId, action: BulkAction, read: { rows: ReadUserRow[]; unused: string[] }, fileName: string | null): BulkDraft {
    this.#drafts.get(accountId)?.drop();
    const { adminApi, ownUserIds, emit, firstWaitMs } = this.#parts;
    const draft = new Draft({
      draftId: newId<ConversationId>(),
      accountId,
      action,
      fileName,
      rows: read.rows,
      unused: read.unused,
      api: adminApi(accountId),
      ownUserIds: ownUserIds(),
      onChange: (view) => {
        if (this.#drafts.get(accountId) === draft) emit("bulk.draftChanged", { accountId, draft: view });
      },
      ...(firstWaitMs !== undefined && { firstWaitMs }),
    });
    this.#drafts.set(accountId, draft);
    void draft.check();
    return draft.view();
  }

  #drop(accountId: AccountId): void {
    this.#drafts.get(accountId)?.drop();
    this.#drafts.delete(accountId);
    this.#parts.emit("bulk.draftChanged", { accountId, draft: null });
  }

  #find(accountId: AccountId, draftId: ConversationId): Draft {
    const draft = this.#drafts.get(accountId);
    if (draft?.draftId !== draftId) throw fail("conversation_over");
    return draft;
  }
}

/** How many rows are made ready in one go, while the window waits. */
const SLICE = 1000;

/** What a Job is given for each row that would be done. */
async function rowsOf(draft: Draft): Promise<{ target: string; content: unknown }[]> {
  const rows: { target: string; content: unknown }[] = [];
  for (const user of draft.usableRows()) {
    const passwords = { password: user.password ?? generatePassword(), passwordMade: user.password === null };
    const { userId } = user;
    const content = draft.action === "create" ? { ...user, ...passwords } : draft.action === "reset_passwords" ? { userId, ...passwords } : { userId };
    rows.push({ target: userId, content });
    if (rows.length % SLICE === 0) await new Promise(setImmediate);
  }
  return rows;
}

/** Of somebody of whom the Matrix ID alone counts. */
const NOBODY = { displayName: null, password: null, admin: null, avatarUrl: null, userType: null, threepids: [], externalIds: [], locked: false, deactivated: false };
