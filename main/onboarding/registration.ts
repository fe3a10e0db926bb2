import { setTimeout as pause } from "node:timers/promises";
import type { Registration as State, RegistrationAnswer, RegistrationStage } from "../../shared/contract/registration.ts";
import { type AppError, AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Fetch } from "../http/redirects.ts";
import { stopOf } from "../http/serverErrors.ts";
import { type Demand, demandIn } from "../http/uiaDemand.ts";
import { type SignedIn, signedInFrom, signInWithPassword } from "../sessions/signIn.ts";
import type { AuthDict } from "../uia/stage.ts";
import { RegistrationApi } from "./registrationApi.ts";
import { isCut, isPassing, mailFailure, mayBeDone, registrationFailure } from "./registrationErrors.ts";
import type { RegistrationRecord } from "./registrationRecord.ts";
import { type AskedStage, emailAuth, isPolled, nextRegistrationStage, whyNotTaken, withoutType } from "./registrationStages.ts";

/** What the person may do besides answering. */
export type Command =
  | { kind: "answer"; answer: RegistrationAnswer }
  | { kind: "change"; username?: string | undefined; password?: string | undefined; email?: string | null | undefined }
  | { kind: "resend" }
  | { kind: "retry" };

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

/** What the server said to a request for the account. */
type Turn = { kind: "made"; signedIn: SignedIn } | { kind: "demand"; demand: Demand } | { kind: "refused"; error: AppError };

/** A server that keeps demanding what it has just been given would otherwise be asked for ever. */
const MAX_AUTOMATIC_ANSWERS = 5;
/** How long to wait before each time that the server is asked what became of a request without an answer. Milliseconds. */
const FIND_OUT_AFTER_MS = [0, 1_000, 4_000];

/**
 * One account that is being created: the conversation with its server, until that has created it. The last answer may be
 * lost. A server that remembers the session of the authentication gives the same account and device to whoever asks
 * again; of another, the account is had by signing in to it with the password and the same device.
 */
export class Registration {
  readonly #parts: RegistrationParts;
  readonly #api: RegistrationApi;
  readonly #ending = new AbortController();
  #record: RegistrationRecord;
  #password: string | null;
  #state: State;
  #waiting: { resolve: (command: Command | { kind: "poll" }) => void; reject: (reason: unknown) => void } | null = null;
  /** Given while the server was being asked. */
  #early: Command | null = null;
  /** User names that were sent before: one of them may be "in use" because we have it. */
  readonly #sentNames = new Set<string>();
  #first: Turn | null = null;
  readonly #resumed: boolean;

  /** @param password null after a restart: it is asked for again */
  constructor(parts: RegistrationParts, record: RegistrationRecord, password: string | null) {
    this.#parts = parts;
    this.#record = record;
    this.#password = password;
    this.#api = new RegistrationApi(parts.fetch, record.baseUrl, this.#ending.signal);
    this.#state = { ...this.#common(), status: "working" };
    this.#resumed = password === null;
    if (this.#resumed) this.#sentNames.add(record.username);
  }

  get state(): State {
    return this.#state;
  }

  get record(): RegistrationRecord {
    return this.#record;
  }

  /** False after a restart, until it was typed again. */
  get knowsPassword(): boolean {
    return this.#password !== null;
  }

  /** Makes the first request. @returns why the server refuses, or null when the conversation can start */
  async begin(): Promise<AppError | null> {
    const turn = await this.#turn(null);
    if (turn.kind === "refused") return turn.error;
    this.#first = turn;
    return null;
  }

  /** Asks and answers until there is an account. @throws what `end` was given */
  async converse(): Promise<SignedIn> {
    let auth: AuthDict | null = this.#record.uiaSession === null ? null : {};
    let answered: RegistrationAnswer["kind"] | null = null;
    let last: AskedStage | null = null;
    let automaticAnswers = 0;
    for (;;) {
      if (this.#password === null) {
        await this.#input("password", null);
        continue;
      }
      const turn: Turn = this.#first ?? (await this.#turn(auth));
      this.#first = null;
      if (turn.kind === "made") return turn.signedIn;
      let error: AppError | null = null;
      if (turn.kind === "demand") {
        const next = nextRegistrationStage(turn.demand, {
          baseUrl: this.#record.baseUrl,
          withEmail: this.#record.email !== null,
        });
        if (next.kind === "automatic") {
          automaticAnswers += 1;
          if (automaticAnswers > MAX_AUTOMATIC_ANSWERS) await this.#stopped({ kind: "not_allowed_by_server" });
          auth = { type: next.type };
          answered = null;
          continue;
        }
        if (next.kind === "email_needed" || next.kind === "email_not_taken") {
          await this.#input(next.kind === "email_needed" ? "email" : "no_email", null);
          auth = {};
          continue;
        }
        error = whyNotTaken(answered, next, last) ?? this.#stillTrue(answered, next, last);
        last = next;
      } else {
        error = turn.error;
        if (last === null || !isPassing(error)) {
          if (error.kind === "registration_expired") last = null;
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
    this.#waiting?.reject(reason);
    this.#waiting = null;
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
    if (command.kind === "resend" && !(state.status === "asking" && state.stage.kind === "email")) throw fail("conversation_over");
    // The server may be asked just now, unseen, whether something was finished elsewhere.
    if (!this.#waiting) this.#early = command;
    this.#waiting?.resolve(command);
    this.#waiting = null;
    if (state.status === "asking") this.#set({ ...state, error: null, checking: true });
  }

  #check(state: State, answer: RegistrationAnswer): void {
    if (state.status !== "asking" || state.stage.kind !== answer.kind) {
      throw fail("invalid_input", { issues: ["answer: of another kind than the question"] });
    }
    if (state.stage.kind === "terms" && answer.kind === "terms") {
      const all = state.stage.policies.every(({ id }) => answer.accepted.includes(id));
      if (!all) throw fail("invalid_input", { issues: ["accepted: not_all"] });
    }
  }

  /** Asks the server, and finds out what became of a request whose answer was lost. */
  async #turn(auth: AuthDict | null): Promise<Turn> {
    const turn = await this.#once(auth);
    if (turn.kind !== "refused" || !mayBeDone(turn.error)) return turn;
    let unanswered: Turn = turn;
    for (const milliseconds of FIND_OUT_AFTER_MS) {
      await pause(milliseconds, null, { signal: this.#ending.signal }).catch(() => {
        throw stopOf(this.#ending.signal);
      });
      // By the session alone the server says how far it is. Where the request never arrived, it is made again.
      const inSession = this.#record.uiaSession !== null;
      unanswered = await this.#once(inSession ? {} : auth);
      const type = auth?.["type"];
      const arrived = unanswered.kind !== "demand" || typeof type !== "string" || unanswered.demand.completed.includes(type);
      if (!arrived) unanswered = await this.#once(auth);
      if (unanswered.kind !== "refused" || !mayBeDone(unanswered.error)) break;
    }
    return unanswered;
  }

  async #once(auth: AuthDict | null): Promise<Turn> {
    const { username, deviceId, uiaSession, baseUrl } = this.#record;
    const password = this.#password as string;
    const wasSent = this.#sentNames.has(username);
    this.#sentNames.add(username);
    const { fetch, sessionName } = this.#parts;
    // An `auth` with nothing in it is refused by some servers.
    const whole = uiaSession !== null ? auth && { ...auth, session: uiaSession } : auth?.["type"] === undefined ? null : auth;
    try {
      const answer = await this.#api.register({ username, password, deviceId, sessionName }, whole);
      const { access_token: token } = answer;
      if (token === undefined) return await this.#signIn(null);
      const signedIn = { ...answer, access_token: token, device_id: answer.device_id ?? deviceId };
      return { kind: "made", signedIn: await signedInFrom(fetch, signedIn, baseUrl) };
    } catch (thrown) {
      if (this.#ending.signal.aborted) throw stopOf(this.#ending.signal);
      const demand = demandIn(thrown);
      if (demand) {
        await this.#keepSession(demand);
        return { kind: "demand", demand: { ...demand, session: demand.session ?? uiaSession ?? undefined } };
      }
      const inSession = whole?.["session"] !== undefined;
      const failure = registrationFailure(thrown, { host: this.#api.host, username, password, inSession });
      if (!(failure instanceof AppFailure)) throw failure;
      if (failure.error.kind === "user_name_taken" && wasSent) return this.#signIn(failure.error);
      return { kind: "refused", error: failure.error };
    }
  }

  /** Signs in to what may be the account: it is ours when the password fits. @param otherwise what it is if not */
  async #signIn(otherwise: AppError | null): Promise<Turn> {
    const { username, deviceId, baseUrl, serverName } = this.#record;
    const { fetch, sessionName } = this.#parts;
    try {
      const [identifier, password] = [{ kind: "user", user: username } as const, this.#password as string];
      // The warning about an unencrypted connection was accepted at the start, for this very address.
      const request = { fetch, sessionName, serverName, baseUrl, identifier, password, deviceId, acceptInsecureHttp: true };
      return { kind: "made", signedIn: await signInWithPassword(request) };
    } catch (thrown) {
      if (!(thrown instanceof AppFailure)) throw thrown;
      const { error } = thrown;
      const isOthers = ["wrong_credentials", "unknown_user", "user_deactivated", "user_locked"].includes(error.kind);
      if (!isOthers || otherwise === null) return { kind: "refused", error };
      // After a restart it may as well be the password that was typed in another way than before.
      if (this.#resumed && error.kind === "wrong_credentials") return { kind: "refused", error };
      this.#sentNames.delete(username);
      return { kind: "refused", error: otherwise };
    }
  }

  async #keepSession({ session }: Demand): Promise<void> {
    if (session !== undefined && session !== this.#record.uiaSession) await this.#save({ uiaSession: session });
  }

  /** Shows a stage until there is something to send for it. */
  async #ask(stage: AskedStage, why: AppError | null): Promise<{ auth: AuthDict; answered: RegistrationAnswer["kind"] | null }> {
    let error = why;
    if (stage.kind === "email" && this.#sid() === null) error = (await this.#requestMail()) ?? error;
    for (;;) {
      const shown: RegistrationStage =
        stage.kind === "email" ? { kind: "email", address: this.#record.email ?? "", sent: this.#sid() !== null } : withoutType(stage);
      const before = this.#state.status === "asking" ? this.#state.stage : null;
      // What was answered to another question is no answer to this one.
      if (JSON.stringify(before) !== JSON.stringify(shown)) this.#early = null;
      this.#set({ ...this.#common(), status: "asking", stage: shown, error, checking: this.#early !== null });
      const polled = isPolled(stage.kind) && (stage.kind !== "email" || this.#sid() !== null);
      const retryMs = error?.kind === "rate_limited" ? error.retryAfterMs : 0;
      const command = await this.#wait(polled ? Math.max(this.#parts.pollMs, retryMs) : null);
      if (command.kind === "poll") return { auth: this.#authFor(stage, null), answered: null };
      if (command.kind === "answer" && stage.kind === "email" && this.#sid() === null) error = await this.#requestMail();
      else if (command.kind === "answer") return { auth: this.#authFor(stage, command.answer), answered: command.answer.kind };
      else if (command.kind === "resend") error = await this.#requestMail();
      else {
        if (command.kind === "change") await this.#change(command);
        // Which stage comes next may depend on it.
        return { auth: {}, answered: null };
      }
    }
  }

  #authFor(stage: AskedStage, answer: RegistrationAnswer | null): AuthDict {
    switch (stage.kind) {
      case "email":
        return emailAuth(this.#sid() ?? "", this.#record.clientSecret);
      case "terms":
        return { type: stage.type };
      case "token":
        return { type: stage.type, token: answer?.kind === "token" ? answer.token.trim() : "" };
      default:
        return {};
    }
  }

  /** The server's name for the proof of the address that is wanted now; null while no mail was sent to it. */
  #sid(): string | null {
    const { mail, email } = this.#record;
    return mail !== null && mail.address === email ? mail.sid : null;
  }

  /** Has a mail sent. @returns why none was */
  async #requestMail(): Promise<AppError | null> {
    const { email: address, mail, clientSecret } = this.#record;
    if (address === null) return null;
    // Sealed first: after a crash in between, the same number again would be silence.
    const attempt = (mail?.attempt ?? 0) + 1;
    await this.#save({ mail: { address, attempt, sid: this.#sid() } });
    const ask = (): Promise<string> => this.#api.requestMail(address, clientSecret, attempt);
    try {
      // With the same number the server sends no second mail when the first answer was lost.
      const sid = await ask().catch((thrown: unknown) => (isCut(thrown) ? ask() : Promise.reject(thrown as Error)));
      await this.#save({ mail: { address, attempt, sid } });
      return null;
    } catch (thrown) {
      if (this.#ending.signal.aborted || !(thrown instanceof AppFailure)) throw thrown;
      return mailFailure(thrown.error, this.#api.host);
    }
  }

  async #change({ username, password, email }: Command & { kind: "change" }): Promise<void> {
    if (password !== undefined) this.#password = password;
    const { record } = this;
    await this.#save({ username: username ?? record.username, email: email === undefined ? record.email : email });
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
    const { kind } = error;
    const ofPassword = kind === "password_refused" || kind === "wrong_credentials";
    if (ofPassword || kind === "user_name_taken" || kind === "user_name_refused") {
      await this.#input(ofPassword ? "password" : "username", error);
      // Servers look at these before they look at the answer, which is to be given once more.
      return auth;
    }
    if (kind === "registration_expired") await this.#startOver(error);
    else await this.#stopped(error);
    return this.#record.uiaSession === null ? null : {};
  }

  async #stopped(error: AppError): Promise<void> {
    this.#set({ ...this.#common(), status: "stopped", error });
    await this.#untilChanged();
  }

  /** The server has forgotten what was done: what was typed is kept, and the person is told before another mail goes. */
  async #startOver(error: AppError): Promise<void> {
    await this.#stopped(error);
    const { mail } = this.#record;
    await this.#save({ uiaSession: null, mail: mail && { ...mail, sid: null } });
  }

  async #untilChanged(): Promise<void> {
    const command = await this.#wait(null);
    if (command.kind === "change") await this.#change(command);
    this.#set({ ...this.#common(), status: "working" });
  }

  async #wait(pollAfterMs: number | null): Promise<Command | { kind: "poll" }> {
    if (this.#ending.signal.aborted) throw stopOf(this.#ending.signal);
    const early = this.#early;
    this.#early = null;
    if (early) return early;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        if (pollAfterMs !== null) timer = setTimeout(() => resolve({ kind: "poll" }), pollAfterMs);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  async #save(change: Partial<RegistrationRecord>): Promise<void> {
    const changed = { ...this.#record, ...change };
    await this.#parts.save(changed);
    this.#record = changed;
  }

  #common() {
    const { serverName, baseUrl, username, email } = this.#record;
    return { registrationId: this.#parts.registrationId, serverName, baseUrl, username, email };
  }

  #set(state: State): void {
    // The same question after the server was asked is no news.
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.onChange(state);
  }
}
