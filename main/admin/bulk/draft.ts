import type { BulkAction, BulkDraft, BulkDraftRow } from "../../../shared/contract/bulk.ts";
import { type AppError, AppFailure } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { Pace, paced } from "../../jobs/pace.ts";
import type { RowEnd } from "../../jobs/jobJournal.ts";
import type { AdminApi } from "../adminApi.ts";
import type { ReadUser, ReadUserRow } from "../csv/readUsers.ts";
import { notChangeable } from "./changeUser.ts";
import { existing } from "./createUser.ts";
import { notDeactivatable } from "./deactivateUser.ts";
import { PatientApi } from "./patientApi.ts";
import { findTakenContact } from "./takenContacts.ts";

/** Questions cost a server little. */
const CHECK_PACE = { start: 4, most: 12 };
/** Shortest time between two reports, in milliseconds. */
const REPORT_EVERY_MS = 100;

export interface DraftParts {
  draftId: ConversationId;
  accountId: AccountId;
  action: BulkAction;
  fileName: string | null;
  rows: readonly ReadUserRow[];
  unused: string[];
  api: AdminApi;
  ownUserIds: ReadonlySet<string>;
  onChange: (draft: BulkDraft) => void;
  firstWaitMs?: number;
}

/** A list of users, and what would be done with each as far as that is known. Nothing of it is written down. */
export class Draft {
  readonly draftId: ConversationId;
  readonly action: BulkAction;
  readonly #parts: DraftParts;
  /** By the place of a row: null where it would be done. */
  readonly #verdicts = new Map<number, RowEnd | null>();
  readonly #controller = new AbortController();
  #status: BulkDraft["status"] = "checking";
  #error: AppError | null = null;
  #lastReport = 0;

  constructor(parts: DraftParts) {
    this.#parts = parts;
    this.draftId = parts.draftId;
    this.action = parts.action;
  }

  /** Finds out, with the server, what would be done. Never rejects. */
  async check(): Promise<void> {
    const { signal } = this.#controller;
    const pace = new Pace(CHECK_PACE);
    const { api: admin, rows, firstWaitMs } = this.#parts;
    const api = new PatientApi({ api: admin, pace, signal, waiting: () => undefined, ...(firstWaitMs !== undefined && { firstWaitMs }) });
    const usable = rows.flatMap(({ user }, at) => (user === null ? [] : [{ user, at }]));
    try {
      await paced(usable, pace, signal, async ({ user, at }) => {
        this.#verdicts.set(at, await this.#verdictOf(api, user));
        this.#report();
      });
      this.#status = "ready";
    } catch (thrown) {
      this.#status = "failed";
      this.#error = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "draft" };
    }
    if (!signal.aborted) this.#parts.onChange(this.view());
  }

  /** Nothing more is asked. */
  drop(): void {
    this.#controller.abort();
  }

  /** What would be done, by now. */
  usableRows(): ReadUser[] {
    return this.#parts.rows.flatMap(({ user }, at) => (user !== null && this.#verdicts.get(at) === null ? [user] : []));
  }

  view(): BulkDraft {
    const { draftId, action, fileName, rows, unused } = this.#parts;
    const invalid = rows.reduce((count, { user }) => count + (user === null ? 1 : 0), 0);
    const ready = this.usableRows();
    return {
      draftId,
      action,
      fileName,
      status: this.#status,
      error: this.#error,
      rows: rows.length,
      checked: this.#verdicts.size + invalid,
      ready: ready.length,
      skipped: this.#verdicts.size - ready.length,
      invalid,
      passwordsToMake: action === "create" || action === "reset_passwords" ? ready.filter(({ password }) => password === null).length : 0,
      unused: unused.slice(0, 200),
    };
  }

  /** A page of the rows. */
  page(which: "all" | "ready" | "skipped" | "invalid", from: number, limit: number): { rows: BulkDraftRow[]; total: number } {
    const isWanted = (verdict: BulkDraftRow["verdict"]): boolean => which === "all" || verdict === which || (which === "skipped" && verdict === "already");
    const wanted = this.#parts.rows.map((_, at) => at).filter((at) => isWanted(this.#row(at).verdict));
    return { rows: wanted.slice(from, from + limit).map((at) => this.#row(at)), total: wanted.length };
  }

  #row(at: number): BulkDraftRow {
    const { line, name, user, problem } = this.#parts.rows[at] as ReadUserRow;
    const end = this.#verdicts.get(at);
    const verdict = user === null ? "invalid" : end === undefined ? "open" : end === null ? "ready" : end.outcome === "already" ? "already" : "skipped";
    return { number: line, name, displayName: user?.displayName ?? null, verdict, reason: end?.reason ?? null, names: end?.names ?? [], problem };
  }

  async #verdictOf(api: PatientApi, wanted: ReadUser): Promise<RowEnd | null> {
    const { action, ownUserIds } = this.#parts;
    const user = await api.user(wanted.userId);
    switch (action) {
      case "create":
        return user === null ? findTakenContact(api, wanted) : existing(user);
      case "deactivate":
        return notDeactivatable(user, wanted.userId, ownUserIds);
      case "reset_passwords":
        return notChangeable(user, wanted.userId, "password", ownUserIds);
      default:
        return notChangeable(user, wanted.userId, action, ownUserIds);
    }
  }

  #report(): void {
    const now = Date.now();
    if (now - this.#lastReport < REPORT_EVERY_MS) return;
    this.#lastReport = now;
    this.#parts.onChange(this.view());
  }
}
