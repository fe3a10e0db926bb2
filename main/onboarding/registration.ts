import type { Registration as State, RegistrationAnswer, RegistrationStage } from "../../shared/contract/registration.ts";
import { type AppError, type AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Password } from "../../shared/secret.ts";
import type { Fetch } from "../http/redirects.ts";
import type { SignedIn } from "../sessions/signIn.ts";
import type { AuthDict } from "../uia/stage.ts";
import { type Command, PersonsTurn } from "./personsTurn.ts";
import { RegistrationApi } from "./registrationApi.ts";
import { isPassing } from "./registrationErrors.ts";
import { RegistrationProofs } from "./registrationProofs.ts";
import { KeptRegistration, type RegistrationRecord } from "./registrationRecord.ts";
import { RegistrationRequests, type Turn } from "./registrationRequests.ts";
import { type AskedStage, type Missing, nextRegistrationStage, proofAuth, whyNotTaken, withoutType } from "./registrationStages.ts";

export interface RegistrationParts {
  registrationId: AccountId;
  fetch: Fetch;
  sessionName: string;
  /** Seals the record. Nothing that depends on it is sent before. */
  save: (record: RegistrationRecord) => Promise<void>;
  onChange: (state: State) => void;
  pollMs: number;
}

type InputNeeds = Extract<State, { status: "input" }>["needs"];
interface Reply {
  auth: AuthDict;
  answered: RegistrationAnswer["kind"] | null;
}

const NEEDS: Readonly<Record<Missing, InputNeeds>> = {
  email_needed: "email",
  email_not_taken: "no_email",
  phone_needed: "phone",
  phone_not_taken: "no_phone",
};

/** What helps against refusals of something that was typed; the answer to the stage is given once more afterwards. */
const INPUT_AFTER: Readonly<Partial<Record<AppError["kind"], InputNeeds>>> = {
  password_refused: "password",
  wrong_credentials: "password",
  user_name_taken: "username",
  user_name_refused: "username",
};

/** An address or a number that cannot be this account's. */
const CONTACT_REFUSALS: readonly AppError["kind"][] = ["email_in_use", "email_refused", "phone_refused"];

/** A server that keeps demanding what it has just been given would otherwise be asked for ever. */
const MAX_AUTOMATIC_ANSWERS = 5;

/** One account that is being created: the conversation with its server, until that has created it. */
export class Registration {
  readonly #parts: RegistrationParts;
  readonly #ending = new AbortController();
  readonly #person = new PersonsTurn(this.#ending.signal);
  readonly #kept: KeptRegistration;
  readonly #requests: RegistrationRequests;
  readonly #proofs: RegistrationProofs;
  #state: State;
  #first: Turn | null = null;

  /** @param password null after a restart: it is asked for again */
  constructor(parts: RegistrationParts, record: RegistrationRecord, password: Password | null) {
    this.#parts = parts;
    const { fetch, save } = parts;
    const { signal } = this.#ending;
    const api = new RegistrationApi(fetch, record.baseUrl, signal);
    this.#kept = new KeptRegistration(record, password, save);
    this.#requests = new RegistrationRequests(api, this.#kept, parts, signal);
    this.#proofs = new RegistrationProofs(api, this.#kept, fetch, signal);
    this.#state = { ...this.#common(), status: "working" };
  }

  get state(): State {
    return this.#state;
  }

  get record(): RegistrationRecord {
    return this.#kept.record;
  }

  /** False after a restart, until it was typed again. */
  get knowsPassword(): boolean {
    return this.#kept.password !== null;
  }

  /** Makes the first request. @returns why the server refuses, or null when the conversation can start */
  async begin(): Promise<AppError | null> {
    const turn = await this.#requests.send(null);
    if (turn.kind === "refused") return turn.error;
    this.#first = turn;
    return null;
  }

  /** Asks and answers until there is an account. @throws what `end` was given */
  async converse(): Promise<SignedIn> {
    let auth: AuthDict | null = this.record.uiaSession === null ? null : {};
    let answered: RegistrationAnswer["kind"] | null = null;
    let last: AskedStage | null = null;
    let automaticAnswers = 0;
    for (;;) {
      if (!this.knowsPassword) {
        await this.#input("password", null);
        continue;
      }
      const turn: Turn = this.#first ?? (await this.#requests.send(auth));
      this.#first = null;
      if (turn.kind === "made") return turn.signedIn;
      let error: AppError | null = null;
      if (turn.kind === "demand") {
        if (turn.demand.flows.length === 0) {
          await this.#stopped({ kind: "not_allowed_by_server" });
          continue;
        }
        const { baseUrl, email, phone } = this.record;
        const next = nextRegistrationStage(turn.demand, { baseUrl, withEmail: email !== null, withPhone: phone !== null });
        if (next.kind === "automatic") {
          automaticAnswers += 1;
          if (automaticAnswers > MAX_AUTOMATIC_ANSWERS) await this.#stopped({ kind: "not_allowed_by_server" });
          auth = { type: next.type };
          answered = null;
          continue;
        }
        if (isMissing(next)) {
          await this.#input(NEEDS[next.kind], null);
          auth = {};
          continue;
        }
        error = whyNotTaken(answered, next, last) ?? this.#stillTrue(answered, next, last);
        last = next;
      } else {
        error = turn.error;
        if (last === null || !isPassing(error)) {
          if (error.kind === "registration_expired" || CONTACT_REFUSALS.includes(error.kind)) last = null;
          auth = await this.#afterRefusal(error, auth);
          answered = null;
          continue;
        }
      }
      ({ auth, answered } = await this.#ask(last, error));
    }
  }

  /** Ends it: nothing is sent any more. */
  end(reason: AppFailure): void {
    this.#ending.abort(reason);
  }

  /** Shows what became of it. */
  set(change: { status: "done"; accountId: AccountId } | { status: "dropped" } | { status: "stopped"; error: AppError }): void {
    this.#set({ ...this.#common(), ...change });
  }

  /** @throws `conversation_over` when nothing is asked, and `invalid_input` when something else is */
  take(command: Command): void {
    const state = this.#state;
    const isAsked = state.status === "asking" ? !state.checking : state.status === "input" || state.status === "stopped";
    if (!isAsked) throw fail("conversation_over");
    if (command.kind === "answer") this.#check(state, command.answer);
    const canResend = state.status === "asking" && (state.stage.kind === "email" || state.stage.kind === "phone");
    if (command.kind === "resend" && !canResend) throw fail("conversation_over");
    // The server may be asked just now, unseen, whether something was finished elsewhere.
    this.#person.give(command);
    if (state.status === "asking") this.#set({ ...state, error: null, checking: true });
  }

  #check(state: State, answer: RegistrationAnswer): void {
    if (state.status !== "asking" || state.stage.kind !== answer.kind) {
      throw fail("invalid_input", { issues: ["answer: of another kind than the question"] });
    }
    const { stage } = state;
    if (stage.kind === "terms" && answer.kind === "terms") {
      const all = stage.policies.every(({ id }) => answer.accepted.includes(id));
      if (!all) throw fail("invalid_input", { issues: ["accepted: not_all"] });
    }
    if (stage.kind === "phone" && answer.kind === "phone" && stage.wantsCode && answer.code === null) {
      throw fail("invalid_input", { issues: ["code: empty"] });
    }
  }

  /** Shows a stage until there is something to send for it. */
  async #ask(stage: AskedStage, why: AppError | null): Promise<Reply> {
    const { kind } = stage;
    let error = why;
    if (kind === "phone" && this.#proofs.code?.verified) {
      // Typed and taken before the app ended, or before something passing came between.
      if (error === null) return { auth: this.#authFor(stage, null), answered: "phone" };
      if (!isPassing(error)) await this.#proofs.codeIsGone();
    }
    if (this.#isUnsent(stage)) error = (await this.#send(stage)) ?? error;
    for (;;) {
      const shown = this.#shown(stage);
      const before = this.#state.status === "asking" ? this.#state.stage : null;
      if (JSON.stringify(before) !== JSON.stringify(shown)) this.#person.forgetEarly();
      this.#set({ ...this.#common(), status: "asking", stage: shown, error, checking: this.#person.hasEarly });
      const retryMs = error?.kind === "rate_limited" ? error.retryAfterMs : 0;
      const command = await this.#person.wait(this.#isPolled(stage) ? Math.max(this.#parts.pollMs, retryMs) : null);
      if (command.kind === "poll") return { auth: this.#authFor(stage, null), answered: null };
      if (command.kind === "resend" || (command.kind === "answer" && this.#isUnsent(stage))) error = await this.#send(stage);
      else if (command.kind === "answer") {
        const { answer } = command;
        error = answer.kind === "phone" && answer.code !== null ? await this.#proofs.handIn(answer.code) : null;
        if (error === null) return { auth: this.#authFor(stage, answer), answered: answer.kind };
      } else {
        if (command.kind === "change") await this.#change(command);
        // Which stage comes next may depend on it.
        return { auth: {}, answered: null };
      }
    }
  }

  #send({ kind }: AskedStage): Promise<AppError | null> {
    return kind === "phone" ? this.#proofs.requestCode() : this.#proofs.requestMail();
  }

  /** Whether nothing has gone out yet of what the stage is answered with. */
  #isUnsent({ kind }: AskedStage): boolean {
    return (kind === "email" && this.#proofs.mailSid === null) || (kind === "phone" && this.#proofs.code === null);
  }

  /** Whether the server must be asked from time to time whether a stage is done: it is finished elsewhere. */
  #isPolled(stage: AskedStage): boolean {
    if (this.#isUnsent(stage)) return false;
    if (stage.kind === "phone") return this.#proofs.code?.submitUrl === null;
    return stage.kind === "email" || stage.kind === "browser";
  }

  #shown(stage: AskedStage): RegistrationStage {
    const { email, phone } = this.record;
    const { mailSid, code } = this.#proofs;
    if (stage.kind === "email") return { kind: "email", address: email ?? "", sent: mailSid !== null };
    if (stage.kind !== "phone") return withoutType(stage);
    const number = code?.msisdn == null ? (phone?.number ?? "") : `+${code.msisdn}`;
    return { kind: "phone", number, sent: code !== null, wantsCode: code !== null && code.submitUrl !== null, optional: stage.optional };
  }

  #authFor(stage: AskedStage, answer: RegistrationAnswer | null): AuthDict {
    switch (stage.kind) {
      case "email":
        return proofAuth(stage, this.#proofs.mailSid ?? "", this.record.clientSecret);
      case "phone":
        return proofAuth(stage, this.#proofs.code?.sid ?? "", this.record.clientSecret);
      case "terms":
        return { type: stage.type };
      case "token":
        return { type: stage.type, token: answer?.kind === "token" ? answer.token.trim() : "" };
      default:
        return {};
    }
  }

  async #change({ username, password, email, phone }: Command & { kind: "change" }): Promise<void> {
    if (password !== undefined) this.#kept.password = password;
    const { record } = this;
    await this.#kept.save({
      username: username ?? record.username,
      email: email === undefined ? record.email : email,
      phone: phone === undefined ? record.phone : phone,
    });
  }

  async #input(needs: InputNeeds, error: AppError | null): Promise<void> {
    this.#set({ ...this.#common(), status: "input", needs, error });
    await this.#untilChanged();
  }

  /** That something was not finished yet stays said while the server is asked, unseen, whether it is. */
  #stillTrue(answered: string | null, stage: AskedStage, last: AskedStage | null): AppError | null {
    const said = this.#state.status === "asking" ? this.#state.error : null;
    const stays = said?.kind === "email_not_verified" || said?.kind === "stage_not_finished";
    return stays && answered === null && last?.type === stage.type ? said : null;
  }

  /** Asks the person for what helps. @returns what is sent then */
  async #afterRefusal(error: AppError, auth: AuthDict | null): Promise<AuthDict | null> {
    const needs = INPUT_AFTER[error.kind];
    if (needs !== undefined) {
      await this.#input(needs, error);
      // Servers look at these before they look at the answer, which is to be given once more.
      return auth;
    }
    if (CONTACT_REFUSALS.includes(error.kind)) {
      await this.#input(error.kind === "phone_refused" ? "phone" : "email", error);
      // The proof of the one that is refused stays in the server's session.
      await this.#forgetSession();
    } else if (error.kind === "registration_expired") {
      await this.#stopped(error);
      await this.#forgetSession();
    } else {
      await this.#stopped(error);
    }
    return this.record.uiaSession === null ? null : {};
  }

  async #stopped(error: AppError): Promise<void> {
    this.#set({ ...this.#common(), status: "stopped", error });
    await this.#untilChanged();
  }

  /** All steps are to be done once more. What was typed is kept; the person has been told before another mail goes. */
  async #forgetSession(): Promise<void> {
    const { mail, code } = this.record;
    await this.#kept.save({ uiaSession: null, mail: mail && { ...mail, sid: null }, code: code && { ...code, sid: null } });
  }

  async #untilChanged(): Promise<void> {
    const command = await this.#person.wait(null);
    if (command.kind === "change") await this.#change(command);
    this.#set({ ...this.#common(), status: "working" });
  }

  #common() {
    const { serverName, baseUrl, username, email, phone } = this.record;
    return { registrationId: this.#parts.registrationId, serverName, baseUrl, username, email, phone };
  }

  #set(state: State): void {
    // The same question after the server was asked is no news.
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.onChange(state);
  }
}

const isMissing = <T extends { kind: string }>(next: T): next is T & { kind: Missing } => next.kind in NEEDS;
