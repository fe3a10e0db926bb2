import { join } from "node:path";
import type { Emit } from "../../shared/contract/index.ts";
import type { JobBatch, JobKind, JobRow, JobRowsShown, RowJob } from "../../shared/contract/jobs.ts";
import { AppFailure, fail } from "../../shared/errors.ts";
import { type AccountId, ConversationId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import { newKey } from "../secrets/aesGcm.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { syncFolder } from "../storage/durableFile.ts";
import { fileFailure, isMissing } from "../storage/fileErrors.ts";
import { files } from "../storage/fileLayer.ts";
import { type Folders, makePrivateFolder } from "../storage/folders.ts";
import { newId } from "../storage/newId.ts";
import { JobInput } from "./jobInput.ts";
import { type JobFact, JobJournal } from "./jobJournal.ts";
import type { RowJobKind } from "./rowJobKind.ts";
import { leftUnknown, RowJobRun } from "./rowJobRun.ts";
import { isDone, jobOf, type KeptRowJob, rowsOf } from "./rowJobView.ts";
import { goesOnByItself } from "./sessionFailures.ts";

export interface RowJobsParts {
  folders: Folders;
  secretStore: SecretStore;
  kinds: readonly RowJobKind[];
  /** Whether an account's session can be used now. */
  isRunning: (accountId: AccountId) => boolean;
  emit: Emit;
  logger: Logger;
}

/** How long a Job waits that ended with the session although that runs again, in milliseconds. */
const AGAIN_MS = 5_000;
/** How many ended Jobs of an account are remembered. */
const MAX_ENDED = 20;

/**
 * Jobs that go on row by row and survive every end of the app: a kill between any two writes loses nothing, and has nothing
 * done twice. Each lies in a folder of its own with its account, a journal and a sealed input, so that signing the account out
 * removes all of it.
 *
 * A Job whose run was cut off is `interrupted`, and goes on by itself once its account's session runs (`sessionRuns`).
 */
export class RowJobs {
  readonly #parts: RowJobsParts;
  readonly #kept = new Map<ConversationId, KeptRowJob>();
  readonly #runs = new Map<ConversationId, RowJobRun>();
  readonly #forgotten = new Set<AccountId>();
  #closed = false;

  constructor(parts: RowJobsParts) {
    this.#parts = parts;
  }

  /** Reads what was kept; called once before anything else. What cannot be read is left as it is, and logged. */
  async load(accountIds: readonly AccountId[]): Promise<void> {
    for (const accountId of accountIds) {
      for (const jobId of await this.#jobIds(accountId)) {
        const folder = this.#folder(accountId, jobId);
        try {
          const record = await JobJournal.read(join(folder, "journal"));
          // It was cut off while it was made, and nobody was told of it.
          if (record === null) await removeFolder(folder);
          else this.#kept.set(jobId, { record, lastRun: null });
        } catch (error) {
          this.#parts.logger.warn("a job was not read", { accountId, jobId, error });
        }
      }
    }
  }

  has(jobId: ConversationId): boolean {
    return this.#kept.has(jobId);
  }

  list(): RowJob[] {
    return [...this.#kept.values()].map((kept) => this.#view(kept));
  }

  /** What is known of the Jobs of a batch, in the order they were begun. */
  recordsOf(batchId: ConversationId): KeptRowJob["record"][] {
    return [...this.#kept.values()].map(({ record }) => record).filter(({ beginning }) => beginning.batch?.batchId === batchId);
  }

  /** What is known of a Job. @throws `conversation_over` where there is none */
  record(jobId: ConversationId): KeptRowJob["record"] {
    return this.#find(jobId).record;
  }

  /**
   * Begins a Job. It is on the disk when this resolves.
   *
   * @param rows for each: whom it is about, which may be shown, and what is to be done, which is sealed
   * @param batch what it is a part of
   * @throws `nothing_to_do`, `file_failed`, and what the vault throws
   */
  async start(
    kindName: JobKind,
    accountId: AccountId,
    payload: unknown,
    rows: readonly { target: string; content: unknown }[],
    batch?: JobBatch,
  ): Promise<RowJob> {
    if (rows.length === 0) throw fail("nothing_to_do");
    const kind = this.#parts.kinds.find((one) => one.kind === kindName);
    if (kind === undefined) throw new TypeError(`No kind of Job is "${kindName}".`);
    const jobId = newId<ConversationId>();
    const folder = this.#folder(accountId, jobId);
    const key = newKey();
    await this.#changeKeys(accountId, (keys) => ({ ...keys, [jobId]: key.toString("base64") }));
    try {
      await makePrivateFolder(folder);
      const inputSha256 = await JobInput.write(
        join(folder, "input"),
        jobId,
        key,
        kind.row,
        rows.map(({ content }) => content),
      );
      const beginning = {
        jobId,
        accountId,
        kind: kindName,
        payload,
        rows: rows.length,
        inputSha256,
        at: Date.now(),
        ...(batch && { batch }),
      };
      const journal = await JobJournal.create(
        join(folder, "journal"),
        beginning,
        rows.map(({ target }) => target),
      );
      await journal.close();
      this.#kept.set(jobId, { record: journal.record, lastRun: null });
    } catch (thrown) {
      await this.#remove(accountId, jobId).catch(() => undefined);
      throw thrown;
    }
    this.#prune(accountId);
    this.#begin(jobId);
    return this.#tell(jobId);
  }

  /** An account's session runs: what was cut off goes on. */
  sessionRuns(accountId: AccountId): void {
    for (const [jobId, { record }] of this.#kept) {
      if (record.beginning.accountId !== accountId || record.status !== "running" || this.#runs.has(jobId)) continue;
      this.#begin(jobId);
      this.#tell(jobId);
    }
  }

  /** Begins no further row. Resolves at once: those under way may take long. @throws `conversation_over` */
  async pause(jobId: ConversationId): Promise<void> {
    await this.#stop(jobId, "paused");
  }

  /** Ends it: what was not begun is left. @throws `conversation_over` */
  async cancel(jobId: ConversationId): Promise<void> {
    await this.#stop(jobId, "cancelled");
  }

  async #stop(jobId: ConversationId, how: "paused" | "cancelled"): Promise<void> {
    const { record } = this.#find(jobId);
    const over = record.status === "done" || record.status === "cancelled" || record.status === how;
    if (over) throw fail("conversation_over");
    const run = this.#runs.get(jobId);
    if (run) run.stop(how);
    else
      await this.#note(jobId, ...(how === "cancelled" ? leftUnknown(record, this.#kindOf(record) ?? { makesPasswords: true }) : []), {
        fact: "status",
        status: how,
        error: null,
        at: Date.now(),
      });
    this.#tell(jobId);
  }

  /** @throws `conversation_over` for one that runs or has ended */
  async resume(jobId: ConversationId): Promise<void> {
    const { record } = this.#find(jobId);
    if (this.#runs.has(jobId) || record.status === "done" || record.status === "cancelled") throw fail("conversation_over");
    if (record.inputDeleted) throw fail("conversation_over");
    await this.#note(jobId, { fact: "status", status: "running", error: null, at: Date.now() });
    this.#begin(jobId);
    this.#tell(jobId);
  }

  /** What came of the rows, a page of them. @throws `conversation_over` */
  rows(jobId: ConversationId, which: JobRowsShown, from: number, limit: number): { rows: JobRow[]; total: number } {
    return rowsOf(this.#find(jobId).record, which, from, limit);
  }

  /**
   * The sealed input of a Job, for whoever writes down what came of it.
   * @throws `conversation_over` where it was deleted, `job_damaged`, `file_failed`, and what the vault throws
   */
  async openInput(jobId: ConversationId): Promise<JobInput> {
    const { record } = this.#find(jobId);
    if (record.inputDeleted) throw fail("conversation_over");
    return this.#openInput(record);
  }

  /** What was before the rows of a Job, where its journal says that. @throws `conversation_over`, `file_failed` */
  before(jobId: ConversationId): Promise<Map<number, unknown>> {
    const { accountId } = this.#find(jobId).record.beginning;
    return JobJournal.readBefore(join(this.#folder(accountId, jobId), "journal"));
  }

  /** Whether a Job has ended, and will not go on. @throws `conversation_over` where there is none */
  isOver(jobId: ConversationId): boolean {
    const { status } = this.#find(jobId).record;
    return (status === "done" || status === "cancelled") && !this.#runs.has(jobId);
  }

  /** Deletes what the Job was given, and the passwords in it. @throws `conversation_over` while it has not ended */
  async deleteInput(jobId: ConversationId): Promise<void> {
    const { record } = this.#find(jobId);
    if (!this.isOver(jobId)) throw fail("conversation_over");
    const { accountId } = record.beginning;
    await this.#changeKeys(accountId, ({ [jobId]: _gone, ...keys }) => keys);
    await files().rm(join(this.#folder(accountId, jobId), "input"));
    await this.#note(jobId, { fact: "inputDeleted", at: Date.now() });
    this.#tell(jobId);
  }

  /**
   * Forgets a Job that has ended.
   * @throws `conversation_over` while it has not; `passwords_not_saved`; `file_failed`: it is there still
   */
  async dismiss(jobId: ConversationId): Promise<void> {
    const kept = this.#kept.get(jobId);
    if (!kept) return;
    const { record } = kept;
    if (this.#runs.has(jobId) || record.status === "running" || record.status === "paused") throw fail("conversation_over");
    if (record.unsavedPasswords > 0) throw fail("passwords_not_saved");
    await this.#remove(record.beginning.accountId, jobId);
  }

  /** Stops and forgets all Jobs of an account that goes. Their files go with the account's folder. */
  async forgetAccount(accountId: AccountId): Promise<void> {
    this.#forgotten.add(accountId);
    for (const [jobId, { record }] of this.#kept) {
      if (record.beginning.accountId !== accountId) continue;
      await this.#runs.get(jobId)?.abandon();
      this.#kept.delete(jobId);
      this.#parts.emit("jobs.dismissed", { jobId });
    }
  }

  /** Stops everything that runs: part of ending the app. It goes on at the next start. */
  async stopAll(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#runs.values()].map((run) => run.abandon()));
  }

  /** Carries a Job on in the background, unless it is under way. */
  #begin(jobId: ConversationId): void {
    const kept = this.#find(jobId);
    const { accountId } = kept.record.beginning;
    const kind = this.#kindOf(kept.record);
    if (this.#closed || this.#runs.has(jobId) || this.#forgotten.has(accountId)) return;
    if (kind === undefined) return this.#parts.logger.warn("nobody knows this kind of job", { jobId, kind: kept.record.beginning.kind });
    const run = new RowJobRun({
      kind,
      record: kept.record,
      journalPath: join(this.#folder(accountId, jobId), "journal"),
      openInput: () => this.#openInput(kept.record),
      onChange: () => this.#tell(jobId),
    });
    this.#runs.set(jobId, run);
    kept.lastRun = null;
    void run.ended.then((outcome) => {
      this.#runs.delete(jobId);
      kept.lastRun = outcome;
      if (outcome && !(outcome instanceof AppFailure)) this.#parts.logger.error("a job failed", { jobId, error: outcome });
      if (!this.#kept.has(jobId)) return;
      this.#tell(jobId);
      void this.#deleteUnneededInput(jobId);
      // The session may have come back while its Job was ending.
      if (goesOnByItself(outcome)) setTimeout(() => this.#parts.isRunning(accountId) && this.sessionRuns(accountId), AGAIN_MS).unref();
    });
  }

  /** What was given for rows that are all done, and holds no password that somebody waits for, is of no use. */
  async #deleteUnneededInput(jobId: ConversationId): Promise<void> {
    const { record } = this.#find(jobId);
    const isNeeded = record.unsavedPasswords > 0 || [...record.rowsEnded.keys()].some((row) => !isDone(record, row));
    if (record.status !== "done" || isNeeded || this.#closed) return;
    await this.deleteInput(jobId).catch((error: unknown) =>
      this.#parts.logger.warn("what a job was given was not deleted", { jobId, error }),
    );
  }

  #view(kept: KeptRowJob): RowJob {
    const { record } = kept;
    return jobOf(kept, this.#runs.get(record.beginning.jobId), this.#kindOf(record)?.undoneBy);
  }

  #kindOf({ beginning }: KeptRowJob["record"]): RowJobKind | undefined {
    return this.#parts.kinds.find(({ kind }) => kind === beginning.kind);
  }

  #tell(jobId: ConversationId): RowJob {
    const job = this.#view(this.#find(jobId));
    this.#parts.emit("jobs.changed", job);
    return job;
  }

  #find(jobId: ConversationId): KeptRowJob {
    const kept = this.#kept.get(jobId);
    if (!kept) throw fail("conversation_over");
    return kept;
  }

  /** Writes down facts of a Job that does not run. */
  async #note(jobId: ConversationId, ...facts: readonly JobFact[]): Promise<void> {
    const { record } = this.#find(jobId);
    const journal = await JobJournal.open(join(this.#folder(record.beginning.accountId, jobId), "journal"), record);
    try {
      await journal.note(...facts);
    } finally {
      await journal.close();
    }
  }

  async #openInput({ beginning }: KeptRowJob["record"]): Promise<JobInput> {
    const { accountId, jobId, inputSha256 } = beginning;
    const read = await this.#parts.secretStore.read(accountId);
    if (read.kind === "unreadable") throw fail(read.reason === "damaged" ? "secret_unreadable" : "secrets_locked");
    const key = read.kind === "found" ? read.secrets.jobKeys?.[jobId] : undefined;
    if (key === undefined) throw fail("job_damaged");
    return JobInput.open(join(this.#folder(accountId, jobId), "input"), jobId, Buffer.from(key, "base64"), inputSha256);
  }

  async #changeKeys(accountId: AccountId, change: (keys: Record<string, string>) => Record<string, string>): Promise<void> {
    await this.#parts.secretStore.update(accountId, (secrets) => ({ ...secrets, jobKeys: change(secrets.jobKeys ?? {}) }));
  }

  async #remove(accountId: AccountId, jobId: ConversationId): Promise<void> {
    await this.#changeKeys(accountId, ({ [jobId]: _gone, ...keys }) => keys);
    await removeFolder(this.#folder(accountId, jobId));
    if (this.#kept.delete(jobId)) this.#parts.emit("jobs.dismissed", { jobId });
  }

  /** Forgets the oldest of those that have ended. */
  #prune(accountId: AccountId): void {
    const ended = [...this.#kept.values()]
      .map(({ record }) => record)
      .filter((record) => record.beginning.accountId === accountId && (record.status === "done" || record.status === "cancelled"))
      .filter((record) => record.unsavedPasswords === 0)
      .sort((a, b) => b.beginning.at - a.beginning.at);
    for (const { beginning } of ended.slice(MAX_ENDED)) {
      this.dismiss(beginning.jobId).catch((error: unknown) => this.#parts.logger.warn("a job was not removed", { error }));
    }
  }

  #folder(accountId: AccountId, jobId: ConversationId): string {
    return join(this.#parts.folders.account(accountId).jobs, jobId);
  }

  async #jobIds(accountId: AccountId): Promise<ConversationId[]> {
    try {
      const names = await files().readdir(this.#parts.folders.account(accountId).jobs);
      return names.flatMap((name) => ConversationId.safeParse(name).data ?? []);
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw fileFailure(thrown);
    }
  }
}

async function removeFolder(path: string): Promise<void> {
  try {
    await files().removeFolder(path);
    await syncFolder(join(path, ".."));
  } catch (thrown) {
    throw fileFailure(thrown);
  }
}
