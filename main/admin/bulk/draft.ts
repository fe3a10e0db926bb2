import type { BulkAction, BulkChoices, BulkColumns, BulkDraft, BulkDraftRow } from "../../../shared/contract/bulk.ts";
import { type AppError, AppFailure } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { Pace, paced } from "../../jobs/pace.ts";
import type { AdminApi } from "../adminApi.ts";
import type { MasApi } from "../mas/masApi.ts";
import type { DraftRow, Judgement, RowUser } from "./bulkKind.ts";
import { kindOf } from "./kinds/index.ts";
import { PatientApi, RowFailure } from "./patientApi.ts";
import { prepare } from "./prepare.ts";
import { failed } from "./rowEnds.ts";
import { takesPasswords } from "./takesPasswords.ts";

/** Questions cost a server little. */
const CHECK_PACE = { start: 4, most: 12 };
/** Shortest time between two reports, in milliseconds. */
const REPORT_EVERY_MS = 100;

export interface DraftParts {
  draftId: ConversationId;
  accountId: AccountId;
  action: BulkAction;
  choices: BulkChoices;
  /** Null for users who were selected. */
  file: { name: string; columns: BulkColumns | null } | null;
  rows: readonly DraftRow[];
  unused: string[];
  api: AdminApi;
  /** As `BulkServiceParts` has it, for this account. */
  masApi: () => Promise<MasApi | null>;
  ownUserIds: ReadonlySet<string>;
  onChange: (draft: Draft) => void;
  firstWaitMs?: number;
}

/** A list of users, and what would be done with each as far as that is known. Nothing of it is written down. */
export class Draft {
  readonly draftId: ConversationId;
  readonly action: BulkAction;
  readonly #parts: DraftParts;
  /** By the place of a row. */
  readonly #judgements = new Map<number, Judgement>();
  readonly #invalid: number;
  readonly #controller = new AbortController();
  #status: BulkDraft["status"];
  #error: AppError | null = null;
  #lastReport = 0;
  /** Of those who would be done. */
  #ready = 0;
  #withoutPassword = 0;
  #takesPasswords = true;

  constructor(parts: DraftParts) {
    this.#parts = parts;
    this.draftId = parts.draftId;
    this.action = parts.action;
    this.#invalid = parts.rows.filter(({ user }) => user === null).length;
    this.#status = parts.rows.length === 0 ? "columns" : "checking";
  }

  get choices(): BulkChoices {
    return this.#parts.choices;
  }

  /** Whether people sign in to the server with passwords that it keeps. */
  get takesPasswords(): boolean {
    return this.#takesPasswords;
  }

  /** The same rows, to be looked at with other choices. */
  again(choices: BulkChoices, onChange: DraftParts["onChange"]): Draft {
    return new Draft({ ...this.#parts, choices, onChange });
  }

  /** Finds out, with the server, what would be done. Never rejects. */
  async check(): Promise<void> {
    if (this.#status === "columns") return;
    const { signal } = this.#controller;
    const pace = new Pace(CHECK_PACE);
    const { api: admin, masApi, rows, choices, ownUserIds: own, firstWaitMs } = this.#parts;
    const kind = kindOf(this.action);
    try {
      const mas = kind.withService === "by" ? await masApi() : null;
      const api = new PatientApi({
        api: admin,
        mas,
        pace,
        signal,
        waiting: () => undefined,
        ...(firstWaitMs !== undefined && { firstWaitMs }),
      });
      await prepare(kind, api);
      if (kind.setsPasswords === "where_used")
        this.#takesPasswords = await api.read((server) => (mas === null ? takesPasswords(server) : mas.takesPasswords()));
      await paced(rows.keys(), pace, signal, async (at) => {
        const user = rows[at]?.user;
        if (!user) return;
        const judged = await kind.judge(api, user, { own, choices }).catch((thrown: unknown): Judgement => {
          if (!(thrown instanceof RowFailure)) throw thrown;
          return { refusal: failed(thrown.error) };
        });
        this.#judgements.set(at, judged);
        if (judged.refusal === null) {
          this.#ready += 1;
          if (user.password === null) this.#withoutPassword += 1;
        }
        this.#report();
      });
      this.#status = "ready";
    } catch (thrown) {
      this.#status = "failed";
      this.#error = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "draft" };
    }
    if (!signal.aborted) this.#parts.onChange(this);
  }

  /** Nothing more is asked. */
  drop(): void {
    this.#controller.abort();
  }

  /** What would be done, by now. */
  usableRows(): RowUser[] {
    return this.#parts.rows.flatMap(({ user }, at) => (user !== null && this.#judgements.get(at)?.refusal === null ? [user] : []));
  }

  view(): BulkDraft {
    const { draftId, action, choices, file, rows, unused } = this.#parts;
    const { setsPasswords } = kindOf(action);
    const makes = setsPasswords === "always" || (setsPasswords === "where_used" && this.#takesPasswords);
    return {
      draftId,
      action,
      choices,
      fileName: file?.name ?? null,
      columns: file?.columns ?? null,
      status: this.#status,
      error: this.#error,
      rows: rows.length,
      checked: this.#judgements.size + this.#invalid,
      ready: this.#ready,
      skipped: this.#judgements.size - this.#ready,
      invalid: this.#invalid,
      passwordsToMake: makes ? this.#withoutPassword : 0,
      unused: unused.slice(0, 200),
    };
  }

  /** A page of the rows. */
  page(which: "all" | "ready" | "skipped" | "invalid", from: number, limit: number): { rows: BulkDraftRow[]; total: number } {
    const { rows } = this.#parts;
    if (which === "all") return { rows: rows.slice(from, from + limit).map((_, index) => this.#row(from + index)), total: rows.length };
    const isWanted = (at: number): boolean => {
      const verdict = this.#verdictOf(at);
      return verdict === which || (which === "skipped" && verdict === "already");
    };
    const wanted = [...rows.keys()].filter(isWanted);
    return { rows: wanted.slice(from, from + limit).map((at) => this.#row(at)), total: wanted.length };
  }

  #verdictOf(at: number): BulkDraftRow["verdict"] {
    if (this.#parts.rows[at]?.user === null) return "invalid";
    const judged = this.#judgements.get(at);
    if (judged === undefined) return "open";
    if (judged.refusal === null) return "ready";
    return judged.refusal.outcome === "already" ? "already" : "skipped";
  }

  #row(at: number): BulkDraftRow {
    const { line, name, user, problem } = this.#parts.rows[at] as DraftRow;
    const { refusal = null, changes = [], count = null } = this.#judgements.get(at) ?? {};
    return {
      number: line,
      name,
      displayName: user?.displayName ?? null,
      verdict: this.#verdictOf(at),
      reason: refusal?.reason ?? null,
      names: refusal?.names ?? [],
      error: refusal?.error ?? null,
      problem,
      changes,
      count,
    };
  }

  #report(): void {
    const now = Date.now();
    if (now - this.#lastReport < REPORT_EVERY_MS) return;
    this.#lastReport = now;
    this.#parts.onChange(this);
  }
}
