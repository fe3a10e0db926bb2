import type { Challenge, challenges as contract } from "../../shared/contract/challenges.ts";
import type { Emit } from "../../shared/contract/index.ts";
import type * as z from "zod";
import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { newId } from "../sessions/newId.ts";
import { stopOf, toServerFailure } from "../http/serverErrors.ts";
import { demandIn } from "../http/uiaDemand.ts";
import { nextStage } from "./uia.ts";

/** The session that a request is made with: what a `MatrixSession` is to a challenge. */
export interface ChallengedSession {
  details: { accountId: AccountId; userId: string; baseUrl: string };
}

export type ChallengeAnswer = z.output<typeof contract.requests.answer.input>["answer"];

/** What goes along as `auth` with a request. */
export type AuthDict = Record<string, unknown>;

export interface ChallengeOptions {
  /** Ends the challenge as failed when the work it belongs to is stopped or its session ends. */
  signal: AbortSignal;
}

/** A server that keeps demanding what it has just been given would otherwise be asked for ever. */
const MOST_AUTOMATIC_ANSWERS = 5;

/** One conversation: its state as everybody sees it, and the answer it waits for. */
class Conversation {
  readonly #emit: Emit;
  #state: Challenge;
  #waiting: { resolve: (answer: ChallengeAnswer) => void; reject: (reason: unknown) => void } | null = null;
  #cancelled = false;

  constructor(emit: Emit, accountId: AccountId, purpose: Challenge["purpose"]) {
    this.#emit = emit;
    this.#state = {
      challengeId: newId(),
      accountId,
      purpose,
      status: "checking",
      stage: null,
      error: null,
    };
  }

  get state(): Challenge {
    return this.#state;
  }

  /** Shows a stage and waits for the answer. Throws `challenge_cancelled`, or what `end` was given. */
  async ask(stage: NonNullable<Challenge["stage"]>, error: AppError | null): Promise<ChallengeAnswer> {
    if (this.#cancelled) throw fail("challenge_cancelled");
    const answer = await new Promise<ChallengeAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#set({ status: "asking", stage, error });
    });
    this.#set({ status: "checking", stage: null, error: null });
    return answer;
  }

  /** Throws `conversation_over` when nothing is asked, and `invalid_input` when something else is. */
  answer(answer: ChallengeAnswer): void {
    const { stage } = this.#state;
    if (!this.#waiting || !stage) throw fail("conversation_over");
    const fits = stage.kind === (answer.kind === "password" ? "password" : "browser");
    if (!fits) throw fail("invalid_input", { issues: ["answer: of another kind than the question"] });
    this.#waiting.resolve(answer);
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

  end(status: "done" | "cancelled" | "failed", error: AppError | null): void {
    this.#set({ status, stage: null, error });
  }

  #set(change: Pick<Challenge, "status" | "stage" | "error">): void {
    this.#state = { ...this.#state, ...change };
    this.#emit("challenges.changed", this.#state);
  }
}

/** All UIA conversations under way. They live here, so that a renderer which reloads finds them again. */
export class Challenges {
  readonly #emit: Emit;
  readonly #conversations = new Map<ConversationId, Conversation>();

  constructor({ emit }: { emit: Emit }) {
    this.#emit = emit;
  }

  /** Those that wait for the person or for the server. */
  list(): Challenge[] {
    return [...this.#conversations.values()].map(({ state }) => state);
  }

  /** Throws `conversation_over` and `invalid_input`. */
  answer(challengeId: ConversationId, answer: ChallengeAnswer): void {
    this.#conversation(challengeId).answer(answer);
  }

  /** Throws `conversation_over`. */
  cancel(challengeId: ConversationId): void {
    this.#conversation(challengeId).cancel();
  }

  #conversation(challengeId: ConversationId): Conversation {
    const conversation = this.#conversations.get(challengeId);
    if (!conversation) throw fail("conversation_over");
    return conversation;
  }

  /**
   * Makes a request that the server may want authenticated. It is made once without, because only so the server says
   * what it wants: a server that wants nothing does it there and then, so the person must have said yes before.
   *
   * A wrong password and a rate limit are asked about again within the same conversation. Throws
   * `challenge_cancelled`, and what the request throws otherwise.
   */
  async run<T>(
    session: ChallengedSession,
    purpose: Challenge["purpose"],
    request: (auth: AuthDict | null) => Promise<T>,
    { signal }: ChallengeOptions,
  ): Promise<T> {
    const conversation = new Conversation(this.#emit, session.details.accountId, purpose);
    const interrupt = (): void => conversation.interrupt(stopOf(signal));
    signal.addEventListener("abort", interrupt, { once: true });
    try {
      const result = await this.#converse(session, conversation, request, signal);
      if (this.#isShown(conversation)) conversation.end("done", null);
      return result;
    } catch (thrown) {
      const failure = signal.aborted ? stopOf(signal) : toServerFailure(thrown, new URL(session.details.baseUrl).host);
      if (this.#isShown(conversation)) {
        const error = failure instanceof AppFailure ? failure.error : null;
        const cancelled = error?.kind === "challenge_cancelled" || error?.kind === "cancelled";
        conversation.end(cancelled ? "cancelled" : "failed", error);
      }
      throw failure;
    } finally {
      signal.removeEventListener("abort", interrupt);
      this.#conversations.delete(conversation.state.challengeId);
    }
  }

  #isShown(conversation: Conversation): boolean {
    return this.#conversations.has(conversation.state.challengeId);
  }

  async #converse<T>(
    { details }: ChallengedSession,
    conversation: Conversation,
    request: (auth: AuthDict | null) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const host = new URL(details.baseUrl).host;
    let auth: AuthDict | null = null;
    let answered: ChallengeAnswer["kind"] | null = null;
    let lastStage: NonNullable<Challenge["stage"]> | null = null;
    let uiaSession: string | undefined;
    let automaticAnswers = 0;
    for (;;) {
      let stage: NonNullable<Challenge["stage"]>;
      let error: AppError | null = null;
      if (signal.aborted) throw stopOf(signal);
      try {
        return await request(auth);
      } catch (thrown) {
        const demand = demandIn(thrown);
        if (demand) {
          uiaSession = demand.session ?? uiaSession;
          const next = nextStage({ ...demand, session: uiaSession }, details.baseUrl);
          if (next.kind === "automatic") {
            automaticAnswers += 1;
            if (automaticAnswers > MOST_AUTOMATIC_ANSWERS) throw fail("not_allowed_by_server");
            auth = { type: next.type, session: uiaSession };
            answered = null;
            continue;
          }
          stage = next;
          error = whyNotTaken(answered, stage, lastStage);
        } else {
          const failure = toServerFailure(thrown, host);
          const limited = failure instanceof AppFailure && failure.error.kind === "rate_limited";
          if (!limited || !lastStage) throw thrown;
          stage = lastStage;
          error = failure.error;
        }
      }
      if (signal.aborted) throw stopOf(signal);
      this.#conversations.set(conversation.state.challengeId, conversation);
      lastStage = stage;
      const answer = await conversation.ask(stage, error);
      answered = answer.kind;
      auth = { ...authFor(answer, details.userId), ...(uiaSession === undefined ? {} : { session: uiaSession }) };
    }
  }
}

/** Why a demand came again after an answer; null when it is the next step that is asked for. */
function whyNotTaken(
  answered: ChallengeAnswer["kind"] | null,
  stage: NonNullable<Challenge["stage"]>,
  lastStage: Challenge["stage"],
): AppError | null {
  if (answered === "password" && stage.kind === "password") return { kind: "wrong_credentials" };
  const sameBrowserStage = stage.kind === "browser" && lastStage?.kind === "browser" && stage.type === lastStage.type;
  return answered === "browser_done" && sameBrowserStage ? { kind: "stage_not_finished" } : null;
}

function authFor(answer: ChallengeAnswer, userId: string): AuthDict {
  // After a step in the browser the server knows by the session alone what was done there.
  if (answer.kind === "browser_done") return {};
  return {
    type: "m.login.password",
    identifier: { type: "m.id.user", user: userId },
    password: answer.password,
  };
}
