import type { Challenge, ChallengeAnswer } from "../../shared/contract/challenges.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import { stopOf, toServerFailure } from "../http/serverErrors.ts";
import { type Answered, Conversation } from "./conversation.ts";
import { demandIn } from "../http/uiaDemand.ts";
import { authFor, isPolled, nextStage } from "./nextStage.ts";
import type { AuthDict, NextStage, StageContext } from "./stage.ts";

export type { AuthDict } from "./stage.ts";

/** Whose request is to be authenticated: a `MatrixSession` is one, and so is an account that is being created. */
export interface ChallengedSession {
  details: { accountId: AccountId; userId: string; baseUrl: string };
}

export interface ChallengeOptions {
  /** Ends the challenge as failed when the work it belongs to is stopped or its session ends. */
  signal: AbortSignal;
}

export interface ChallengesParts {
  emit: Emit;
  /** Until the server is asked again whether a stage was finished in the browser; two seconds unless said otherwise. */
  pollMs?: number;
}

type ChallengeHandlers = Handlers["challenges"];
type AskedStage = Exclude<NextStage, { kind: "automatic" }>;

/** A server that keeps demanding what it has just been given would otherwise be asked for ever. */
const MAX_AUTOMATIC_ANSWERS = 5;
const POLL_MS = 2_000;

/** All UIA conversations under way. They live here, so that a renderer which reloads finds them again. */
export class Challenges implements ChallengeHandlers {
  readonly #emit: Emit;
  readonly #pollMs: number;
  readonly #conversations = new Map<ConversationId, Conversation>();

  constructor({ emit, pollMs = POLL_MS }: ChallengesParts) {
    this.#emit = emit;
    this.#pollMs = pollMs;
  }

  /** Those that wait for the person or for the server. */
  list(): { challenges: Challenge[] } {
    return { challenges: [...this.#conversations.values()].map(({ state }) => state) };
  }

  /** @throws `conversation_over` and `invalid_input` */
  answer({ challengeId, answer }: { challengeId: ConversationId; answer: ChallengeAnswer }): Record<never, never> {
    this.#conversation(challengeId).answer(answer);
    return {};
  }

  /** @throws `conversation_over` */
  cancel({ challengeId }: { challengeId: ConversationId }): Record<never, never> {
    this.#conversation(challengeId).cancel();
    return {};
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
   * A wrong password and a rate limit are asked about again within the same conversation. While a stage is done in the
   * browser the request is repeated until the server takes it: the repetition that succeeds has done what was wanted.
   *
   * @throws `challenge_cancelled`, and what the request throws otherwise
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
      if (this.#isShown(conversation)) conversation.end({ status: "done" });
      return result;
    } catch (thrown) {
      const failure = signal.aborted ? stopOf(signal) : toServerFailure(thrown, new URL(session.details.baseUrl).host);
      if (this.#isShown(conversation)) {
        const error = failure instanceof AppFailure ? failure.error : null;
        const cancelled = error?.kind === "challenge_cancelled" || error?.kind === "cancelled";
        conversation.end(cancelled ? { status: "cancelled" } : { status: "failed", error });
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
    const { baseUrl, userId } = details;
    const host = new URL(baseUrl).host;
    let auth: AuthDict | null = null;
    let answered: Answered["kind"] | null = null;
    let last: { stage: AskedStage; context: StageContext } | null = null;
    let uiaSession: string | undefined;
    let automaticAnswers = 0;
    for (;;) {
      let error: AppError | null = null;
      let pollMs = this.#pollMs;
      if (signal.aborted) throw stopOf(signal);
      try {
        return await request(auth);
      } catch (thrown) {
        const demand = demandIn(thrown);
        if (demand) {
          uiaSession = demand.session ?? uiaSession;
          const context: StageContext = { demand: { ...demand, session: uiaSession }, baseUrl, userId };
          const next = nextStage(context.demand, baseUrl);
          if (next.kind === "automatic") {
            automaticAnswers += 1;
            if (automaticAnswers > MAX_AUTOMATIC_ANSWERS) throw fail("not_allowed_by_server");
            auth = withSession({ type: next.type }, uiaSession);
            answered = null;
            continue;
          }
          error = whyNotTaken(answered, next, last?.stage ?? null);
          last = { stage: next, context };
        } else {
          const failure = toServerFailure(thrown, host);
          if (!last || !(failure instanceof AppFailure)) throw thrown;
          const stays = staysAsked(failure.error, last.stage);
          if (stays === null) throw thrown;
          error = stays;
          if (stays.kind === "rate_limited") pollMs = Math.max(pollMs, stays.retryAfterMs);
        }
      }
      if (signal.aborted) throw stopOf(signal);
      this.#conversations.set(conversation.state.challengeId, conversation);
      const answer = await conversation.ask(last.stage, error, isPolled(last.stage) ? pollMs : null);
      answered = answer.kind;
      auth = withSession(answer.kind === "poll" ? {} : authFor(answer, last.context), uiaSession);
    }
  }
}

const withSession = (auth: AuthDict, session: string | undefined): AuthDict => (session === undefined ? auth : { ...auth, session });

/** Why a demand came again after an answer; null when it is the next step that is asked for, or when nobody answered. */
function whyNotTaken(answered: Answered["kind"] | null, stage: AskedStage, last: AskedStage | null): AppError | null {
  if (answered === null || answered === "poll" || stage.kind !== answered) return null;
  if (stage.kind === "password") return { kind: "wrong_credentials" };
  const isSame = JSON.stringify(stage) === JSON.stringify(last);
  return isSame ? { kind: "stage_not_finished" } : null;
}

const PASSING = new Set<AppError["kind"]>(["rate_limited", "network", "bad_answer", "homeserver_not_found"]);

/**
 * What to say while the question stays, of an error that does not end the conversation; null where it does. A password is
 * asked for again after a rate limit alone: only while something is finished elsewhere is the server asked again anyway.
 */
function staysAsked(error: AppError, stage: AskedStage): AppError | null {
  if (error.kind === "rate_limited") return error;
  if (!isPolled(stage)) return null;
  // Synapse says so for as long as somebody else has come back from the provider.
  if (stage.kind === "sso" && error.kind === "forbidden") return { kind: "confirmed_by_other" };
  const broken = (error.kind === "server" || error.kind === "gateway_error") && error.status >= 500;
  return PASSING.has(error.kind) || broken ? error : null;
}
