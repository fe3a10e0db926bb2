import type { Challenge, ChallengeAnswer, Stage } from "../../shared/contract/challenges.ts";
import type { Emit } from "../../shared/contract/index.ts";
import { type AppError, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { inTime, LATE } from "../storage/inTime.ts";
import { newId } from "../storage/newId.ts";

/** The person's answer, or that it is time to ask the server whether the stage was finished elsewhere. */
export type Answered = ChallengeAnswer | { kind: "poll" };

/** What changes of a conversation. */
type Phase = Challenge extends infer C ? (C extends Challenge ? Omit<C, "challengeId" | "accountId" | "purpose"> : never) : never;

/** One conversation: its state as everybody sees it, and the answer it waits for. */
export class Conversation {
  readonly #emit: Emit;
  readonly #common: Pick<Challenge, "challengeId" | "accountId" | "purpose">;
  #phase: Phase = { status: "checking" };
  #waiting: { resolve: (answer: Answered) => void; reject: (reason: unknown) => void } | null = null;
  /** Whether the question still stands: it does while the server is asked unseen. */
  #isOpen = false;
  /** Given while the server was being asked. */
  #early: ChallengeAnswer | null = null;
  #cancelled = false;

  constructor(emit: Emit, accountId: AccountId, purpose: Challenge["purpose"]) {
    this.#emit = emit;
    this.#common = { challengeId: newId(), accountId, purpose };
  }

  get state(): Challenge {
    return { ...this.#common, ...this.#phase };
  }

  /**
   * Shows a stage and waits for the answer.
   *
   * @param pollAfterMs how long to wait before the server is asked instead, unseen by the person; null for ever
   * @throws `challenge_cancelled`, or what `interrupt` was given
   */
  async ask(stage: Stage, error: AppError | null, pollAfterMs: number | null): Promise<Answered> {
    this.#throwIfCancelled();
    this.#isOpen ||= !this.#early;
    this.#set({ status: "asking", stage, error });
    // What is told of the question may answer it there and then.
    this.#throwIfCancelled();
    const answer = this.#early ?? (await this.#wait(pollAfterMs));
    this.#early = null;
    if (answer.kind !== "poll") this.#set({ status: "checking" });
    return answer;
  }

  #throwIfCancelled(): void {
    if (this.#cancelled) throw fail("challenge_cancelled");
  }

  async #wait(pollAfterMs: number | null): Promise<Answered> {
    const answered = new Promise<Answered>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    try {
      const answer = await inTime(answered, pollAfterMs ?? Infinity);
      return answer === LATE ? { kind: "poll" } : answer;
    } finally {
      this.#waiting = null;
    }
  }

  /** @throws `conversation_over` when nothing is asked, and `invalid_input` when something else is */
  answer(answer: ChallengeAnswer): void {
    const phase = this.#phase;
    if (!this.#isOpen || phase.status !== "asking") throw fail("conversation_over");
    if (phase.stage.kind !== answer.kind) throw fail("invalid_input", { issues: ["answer: of another kind than the question"] });
    this.#isOpen = false;
    if (!this.#waiting) this.#early = answer;
    this.#waiting?.resolve(answer);
    this.#waiting = null;
  }

  cancel(): void {
    this.#cancelled = true;
    this.interrupt(fail("challenge_cancelled"));
  }

  /** Stops waiting, with this as the reason. */
  interrupt(reason: unknown): void {
    this.#waiting?.reject(reason);
    this.#waiting = null;
  }

  end(end: Extract<Phase, { status: "done" | "cancelled" | "failed" }>): void {
    this.#set(end);
  }

  #set(phase: Phase): void {
    // The same question after the server was asked is no news.
    const isSame = phase.status === "asking" && JSON.stringify(phase) === JSON.stringify(this.#phase);
    this.#phase = phase;
    if (!isSame) this.#emit("challenges.changed", this.state);
  }
}
