import { basename } from "node:path";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { BulkAction, BulkChoices, BulkDraft } from "../../../shared/contract/bulk.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { JobRecord } from "../../jobs/jobJournal.ts";
import type { RowJobs } from "../../jobs/rowJobs.ts";
import { newId } from "../../storage/newId.ts";
import type { SuggestedName } from "../../storage/suggestedName.ts";
import type { ActionLog } from "../actionLog.ts";
import type { AdminApi } from "../adminApi.ts";
import type { MasApi } from "../mas/masApi.ts";
import type { KnownColumns } from "../csv/knownColumns.ts";
import { readUserFile } from "../csv/readUserFile.ts";
import { nobodyBut, type ReadUserRow, type ReadUsers } from "../csv/readUsers.ts";
import type { ColumnMapping } from "../csv/userColumns.ts";
import type { DraftRow } from "./bulkKind.ts";
import { Draft, type DraftParts } from "./draft.ts";
import { kindOf, kindOfJob } from "./kinds/index.ts";
import { passwordSlips } from "./passwordSlips.ts";
import { resultFile } from "./resultFile.ts";
import { checkManaged, DEFAULT_CHOICES, rowsOfUsers, startDraft } from "./startDraft.ts";

export interface BulkServiceParts {
  adminApi: (accountId: AccountId) => AdminApi;
  /** The admin API of the authentication service that this account was signed in by; null where that is the homeserver itself. */
  masApi: (accountId: AccountId) => Promise<MasApi | null>;
  /** Whether an authentication service looks after the users of this account's server. */
  isDelegated: (accountId: AccountId) => Promise<boolean>;
  log: Pick<ActionLog, "record">;
  ownUserIds: () => ReadonlySet<string>;
  rowJobs: RowJobs;
  knownColumns: KnownColumns;
  emit: Emit;
  ports: {
    /** Asks which file is to be read; null when the person cancels. */
    chooseSource: () => Promise<string | null>;
    /** Asks where, then writes a text into a file that only this person may read; false when the person cancels. */
    saveText: (file: { suggestedName: SuggestedName; text: string }) => Promise<boolean>;
    /** Prints what the window has ready for paper; false when it was not printed. */
    print: () => Promise<boolean>;
  };
  firstWaitMs?: number;
}

type Requests = Handlers["bulk"];
type Input<R extends keyof Requests> = Parameters<Requests[R]>[0];

/** Work on many users at once: what would be done, and the Jobs that do it. The handlers of the contract's domain `bulk`. */
export class BulkService implements Requests {
  readonly #parts: BulkServiceParts;
  readonly #drafts = new Map<AccountId, Draft>();
  /** Where the files of the drafts lie: main alone knows it. */
  readonly #paths = new Map<ConversationId, string>();

  constructor(parts: BulkServiceParts) {
    this.#parts = parts;
  }

  draft = ({ accountId }: Input<"draft">) => ({ draft: this.#drafts.get(accountId)?.view() ?? null });

  chooseFile = async ({ accountId, action }: Input<"chooseFile">) => {
    await this.#checkManaged(accountId, action);
    const path = await this.#parts.ports.chooseSource();
    if (path === null) return { draft: null };
    const read = await this.#read(accountId, action, path, null);
    return { draft: this.#beginOfFile(accountId, action, path, read, DEFAULT_CHOICES) };
  };

  /** Throws `not_own_server` before anything is asked. */
  fromUsers = async ({ accountId, action, userIds }: Input<"fromUsers">) => {
    const api = this.#parts.adminApi(accountId);
    const distinct = [...new Set(userIds)];
    for (const userId of distinct) api.checkOwnServer(userId);
    await this.#checkManaged(accountId, action);
    return { draft: this.#beginOfUsers(accountId, action, rowsOfUsers(distinct)) };
  };

  leftInRooms = ({ jobId }: Input<"leftInRooms">) => {
    const record = this.#parts.rowJobs.record(jobId);
    return this.#beginOfRows(record, kindOfJob(record.beginning.kind)?.action, record.rowsEndedFor("rooms_left"));
  };

  undo = ({ jobId }: Input<"undo">) => {
    const record = this.#parts.rowJobs.record(jobId);
    // It would go on doing what is taken back.
    if (!this.#parts.rowJobs.isOver(jobId)) throw fail("conversation_over");
    return this.#beginOfUndo(record);
  };

  setColumns = async ({ accountId, draftId, columns, hasHeader }: Input<"setColumns">) => {
    const draft = this.#find(accountId, draftId);
    const path = this.#paths.get(draftId);
    const headings = draft.view().columns?.headings;
    if (path === undefined || headings?.length !== columns.length) throw fail("invalid_input", { issues: ["columns"] });
    const read = await this.#read(accountId, draft.action, path, { columns, hasHeader });
    if (read.rows.length > 0) await this.#parts.knownColumns.remember(headings, { columns, hasHeader }, kindOf(draft.action).reads.columns);
    this.#find(accountId, draftId);
    return { draft: this.#beginOfFile(accountId, draft.action, path, read, draft.choices) };
  };

  setChoices = ({ accountId, draftId, choices }: Input<"setChoices">) => {
    const draft = this.#find(accountId, draftId);
    draft.drop();
    return {
      draft: this.#open(
        accountId,
        draft.again(choices, (one) => this.#told(accountId, one)),
      ),
    };
  };

  draftRows = ({ accountId, draftId, which, from, limit }: Input<"draftRows">) => this.#find(accountId, draftId).page(which, from, limit);

  dropDraft = ({ accountId, draftId }: Input<"dropDraft">) => {
    this.#find(accountId, draftId);
    this.#drop(accountId);
    return {};
  };

  start = async ({ accountId, draftId, signOut = false, notice = "", typed }: Input<"start">) => {
    const draft = this.#find(accountId, draftId);
    const { action, choices, takesPasswords } = draft;
    const { status, ready } = draft.view();
    if (status !== "ready") throw fail("conversation_over");
    if (action === "erase" && typed?.trim() !== String(ready)) throw fail("not_confirmed");
    if (action === "send_notice" && notice === "") throw fail("invalid_input", { issues: ["notice: empty"] });
    // Before it is begun: a second press finds nothing to begin.
    this.#drafts.delete(accountId);
    try {
      await this.#checkManaged(accountId, action);
      const job = await startDraft(this.#parts, accountId, draft, { choices, signOut, notice, takesPasswords });
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
    const day = new Date(record.beginning.at).toISOString().slice(0, 10);
    const holds = kindOfJob(record.beginning.kind)?.kind ?? "users";
    const suggestedName = { holds, of: day, ...(which !== "all" && { part: which }), ending: "csv" } as const;
    return { saved: await ports.saveText({ suggestedName, text: await resultFile(record, input, which) }) };
  };

  slips = async ({ jobId, from, limit }: Input<"slips">) => {
    const { rowJobs } = this.#parts;
    return passwordSlips(rowJobs.record(jobId), await rowJobs.openInput(jobId), from, limit);
  };

  printSlips = async () => ({ printed: await this.#parts.ports.print() });

  deletePasswords = async ({ jobId }: Input<"deletePasswords">) => {
    await this.#parts.rowJobs.deleteInput(jobId);
    return {};
  };

  /**
   * Begins to find out what would be done with rows that were found out elsewhere.
   * @throws `users_managed_elsewhere`
   */
  async prepare(accountId: AccountId, action: BulkAction, fileName: string, rows: readonly ReadUserRow[]): Promise<BulkDraft> {
    await this.#checkManaged(accountId, action);
    const file = { name: fileName, columns: null };
    return this.#begin(accountId, { draftId: newId<ConversationId>(), action, choices: DEFAULT_CHOICES, file, rows, unused: [] });
  }

  /** Forgets what belongs to an account that goes. */
  forgetAccount(accountId: AccountId): void {
    this.#close(accountId);
  }

  #checkManaged(accountId: AccountId, action: BulkAction): Promise<void> {
    return checkManaged(this.#parts, accountId, action);
  }

  /** Reads a file, with the columns as they are given, or as the person said of one like it. */
  async #read(accountId: AccountId, action: BulkAction, path: string, mapping: ColumnMapping | null): Promise<ReadUsers> {
    const { adminApi, knownColumns } = this.#parts;
    const task = { path, serverName: adminApi(accountId).serverName, readFor: kindOf(action).reads };
    const read = await readUserFile({ ...task, mapping });
    if (mapping !== null) return read;
    const known = await knownColumns.find(read.headings);
    return known === null ? read : readUserFile({ ...task, mapping: known });
  }

  #beginOfFile(accountId: AccountId, action: BulkAction, path: string, read: ReadUsers, choices: BulkChoices): BulkDraft {
    const { headings, hasHeader } = read;
    const columns = {
      headings,
      columns: headings.map((_, at) => read.columns[at] ?? null),
      hasHeader,
      usable: [...kindOf(action).reads.columns],
    };
    const draftId = newId<ConversationId>();
    const view = this.#begin(accountId, {
      draftId,
      action,
      choices,
      file: { name: basename(path).slice(0, 1024), columns },
      rows: read.rows,
      unused: read.unused,
    });
    this.#paths.set(draftId, path);
    return view;
  }

  /** Begins with users of a Job. */
  async #beginOfRows(
    { beginning, targets }: JobRecord,
    action: BulkAction | undefined,
    rows: readonly number[],
  ): Promise<{ draft: BulkDraft }> {
    if (action === undefined || rows.length === 0) throw fail("nothing_to_do");
    await this.#checkManaged(beginning.accountId, action);
    const users = rowsOfUsers(rows.map((row) => targets[row] ?? ""));
    return { draft: this.#beginOfUsers(beginning.accountId, action, users) };
  }

  /** Begins with those whom a Job has changed, and with what was before where that is needed. */
  async #beginOfUndo(record: JobRecord): Promise<{ draft: BulkDraft }> {
    const { jobId, accountId, kind } = record.beginning;
    const { undoneBy, backFrom } = kindOfJob(kind) ?? {};
    if (undoneBy === undefined || backFrom === undefined) return this.#beginOfRows(record, undoneBy, record.rowsToUndo("opposite"));
    await this.#checkManaged(accountId, undoneBy);
    const before = await this.#parts.rowJobs.before(jobId);
    const rows = record.rowsToUndo("before").flatMap((row, at): DraftRow[] => {
      const [name, back] = [record.targets[row] ?? "", backFrom(before.get(row))];
      return back === null ? [] : [{ line: at + 1, name, user: { ...nobodyBut(name), back }, problem: null }];
    });
    if (rows.length === 0) throw fail("nothing_to_do");
    return { draft: this.#beginOfUsers(accountId, undoneBy, rows) };
  }

  #beginOfUsers(accountId: AccountId, action: BulkAction, rows: readonly DraftRow[]): BulkDraft {
    return this.#begin(accountId, { draftId: newId<ConversationId>(), action, choices: DEFAULT_CHOICES, file: null, rows, unused: [] });
  }

  #begin(accountId: AccountId, given: Pick<DraftParts, "draftId" | "action" | "choices" | "file" | "rows" | "unused">): BulkDraft {
    this.#close(accountId);
    const { adminApi, masApi, ownUserIds, firstWaitMs } = this.#parts;
    const common = {
      accountId,
      api: adminApi(accountId),
      masApi: () => masApi(accountId),
      ownUserIds: ownUserIds(),
      ...(firstWaitMs !== undefined && { firstWaitMs }),
    };
    return this.#open(accountId, new Draft({ ...given, ...common, onChange: (one) => this.#told(accountId, one) }));
  }

  #open(accountId: AccountId, draft: Draft): BulkDraft {
    this.#drafts.set(accountId, draft);
    void draft.check();
    // Windows go by events alone: an answer may come after a newer one.
    this.#told(accountId, draft);
    return draft.view();
  }

  /** Of a draft that was dropped nothing is told any more. */
  #told(accountId: AccountId, draft: Draft): void {
    if (this.#drafts.get(accountId) === draft) this.#parts.emit("bulk.draftChanged", { accountId, draft: draft.view() });
  }

  #close(accountId: AccountId): void {
    const draft = this.#drafts.get(accountId);
    draft?.drop();
    if (draft) this.#paths.delete(draft.draftId);
    this.#drafts.delete(accountId);
  }

  #drop(accountId: AccountId): void {
    this.#close(accountId);
    this.#parts.emit("bulk.draftChanged", { accountId, draft: null });
  }

  #find(accountId: AccountId, draftId: ConversationId): Draft {
    const draft = this.#drafts.get(accountId);
    if (draft?.draftId !== draftId) throw fail("conversation_over");
    return draft;
  }
}
