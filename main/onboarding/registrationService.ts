import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { Registration as State } from "../../shared/contract/registration.ts";
import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { KeepOutOfLogs, Password } from "../../shared/secret.ts";
import { GOOD_PASSWORD_SCORE } from "../account/password.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import { expectedServer } from "../sessions/foreignUser.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { SignedIn } from "../sessions/signIn.ts";
import { isInsecureHttp } from "../sessions/wellKnown.ts";
import { newDeviceId, newId } from "../storage/newId.ts";
import { Attempts, type AttemptsParts } from "./attempts.ts";
import { Registration } from "./registration.ts";
import { RegistrationApi } from "./registrationApi.ts";
import { newClientSecret, RegistrationRecord } from "./registrationRecord.ts";

export interface RegistrationServiceParts extends AttemptsParts {
  sessions: Pick<SessionManager, "adopt">;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
  phraseStrength: typeof phraseStrength;
  /** Opens a page in the person's browser: a homeserver's own, or any by https. */
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
  /** Told of every secret before it is used. */
  keepOutOfLogs: KeepOutOfLogs;
  sessionName: string;
  /** Until the server is asked again whether a stage was finished elsewhere; two seconds unless said otherwise. */
  pollMs?: number;
}

type Requests = Handlers["registration"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
type Done = Record<never, never>;

/** Just over two seconds: a server is never asked more than thirty times a minute. */
const POLL_MS = 2_050;

/**
 * Creates accounts. What is under way lives here, so that a renderer which reloads finds it again, and lies sealed on disk,
 * so that the next start does.
 */
export class RegistrationService implements Requests {
  readonly #parts: RegistrationServiceParts;
  readonly #attempts: Attempts<typeof RegistrationRecord>;
  readonly #known = new Map<AccountId, Registration>();
  readonly #running = new Map<AccountId, Promise<void>>();
  /** Those whose first request is under way: they are sealed already, and nobody else's to take up. */
  readonly #starting = new Set<AccountId>();
  #ended = false;

  constructor(parts: RegistrationServiceParts) {
    this.#parts = parts;
    this.#attempts = new Attempts(parts, RegistrationRecord);
  }

  offer({ baseUrl }: Input<"offer">) {
    return new RegistrationApi(this.#parts.fetch, baseUrl).offer();
  }

  availability({ baseUrl, username }: Input<"availability">) {
    return new RegistrationApi(this.#parts.fetch, baseUrl).availability(username);
  }

  strength({ username, password }: Input<"strength">) {
    return this.#parts.phraseStrength(password, username === "" ? [] : [username], GOOD_PASSWORD_SCORE);
  }

  /**
   * Seals what must outlive the app, and asks the server for the account.
   *
   * @throws `insecure_http`, `password_refused` where it is too easy to guess, what the server refuses at once (then
   *   nothing is kept), and as `SecretStore.write` does
   */
  async start(input: Input<"start">): Promise<{ registrationId: AccountId }> {
    const { serverName, baseUrl, username, password, email, phone, acceptInsecureHttp } = input;
    if (isInsecureHttp(baseUrl) && !acceptInsecureHttp) throw fail("insecure_http", { baseUrl });
    if (!(await this.strength({ username, password })).good) throw fail("password_refused", { reason: "guessable" });
    const clientSecret = newClientSecret();
    this.#parts.keepOutOfLogs(clientSecret);
    const record: RegistrationRecord = {
      kind: "registration",
      serverName,
      baseUrl,
      username,
      email,
      deviceId: newDeviceId(),
      clientSecret,
      mail: null,
      phone,
      code: null,
      uiaSession: null,
      made: null,
    };
    const registrationId = newId<AccountId>();
    this.#starting.add(registrationId);
    try {
      await this.#attempts.create(record, registrationId);
      const registration = this.#make(registrationId, record, password);
      const refusal = await registration.begin();
      if (refusal) throw new AppFailure(refusal);
      this.#run(registrationId, registration);
    } catch (thrown) {
      await this.#attempts.drop(registrationId);
      throw thrown;
    } finally {
      this.#starting.delete(registrationId);
    }
    return { registrationId };
  }

  /** Also finds those that were under way when the app ended, as soon as their secrets can be read. */
  async list(): Promise<{ registrations: State[] }> {
    await this.load();
    return { registrations: [...this.#known.values()].map(({ state }) => state) };
  }

  /** Takes up what was under way when the app ended. What the server has created by then becomes an account at once. */
  async load(): Promise<void> {
    for (const { attemptId, content } of await this.#attempts.list()) {
      if (this.#known.has(attemptId) || this.#starting.has(attemptId) || this.#ended) continue;
      this.#parts.keepOutOfLogs(content.clientSecret);
      this.#run(attemptId, this.#make(attemptId, content, null));
    }
  }

  /** @throws `conversation_over`, `invalid_input` */
  answer({ registrationId, answer }: Input<"answer">): Done {
    this.#registration(registrationId).take({ kind: "answer", answer });
    return {};
  }

  /** @throws `conversation_over`, and `password_refused` where it is too easy to guess */
  async change({ registrationId, username, password, email, phone }: Input<"change">): Promise<Done> {
    const registration = this.#registration(registrationId);
    const { record } = registration;
    const isNew = password !== undefined && registration.knowsPassword;
    if (isNew && !(await this.strength({ username: username ?? record.username, password })).good) {
      throw fail("password_refused", { reason: "guessable" });
    }
    registration.take({ kind: "change", username, password, email, phone });
    return {};
  }

  /** @throws `conversation_over` */
  resend({ registrationId }: Input<"resend">): Done {
    this.#registration(registrationId).take({ kind: "resend" });
    return {};
  }

  /** @throws `conversation_over`, and `forbidden` for any page that the stage does not name */
  async openPage({ registrationId, url }: Input<"openPage">): Promise<Done> {
    const { state } = this.#registration(registrationId);
    const stage = state.status === "asking" ? state.stage : null;
    const policies = stage?.kind === "terms" ? stage.policies.flatMap(({ texts }) => texts.map((text) => text.url)) : [];
    const pages = stage?.kind === "browser" ? [stage.url] : policies;
    if (!pages.includes(url)) throw fail("conversation_over");
    await this.#parts.openInBrowser(url, state.baseUrl);
    return {};
  }

  /** @throws `conversation_over` */
  retry({ registrationId }: Input<"retry">): Done {
    const registration = this.#registration(registrationId);
    if (this.#running.has(registrationId)) registration.take({ kind: "retry" });
    else this.#run(registrationId, registration);
    return {};
  }

  /** @throws `conversation_over`, and as `SecretStore.remove` does */
  async drop({ registrationId }: Input<"drop">): Promise<Done> {
    const registration = this.#registration(registrationId);
    registration.end(fail("cancelled"));
    await this.#running.get(registrationId);
    // Its last answer may have come in the same moment.
    if (!this.#known.has(registrationId)) return {};
    await this.#attempts.drop(registrationId);
    this.#known.delete(registrationId);
    registration.set({ status: "dropped" });
    return {};
  }

  /** Ends the conversations; what is kept of them stays for the next start. */
  async stopAll(): Promise<void> {
    this.#ended = true;
    for (const registration of this.#known.values()) registration.end(fail("cancelled"));
    await Promise.all(this.#running.values());
  }

  #registration(registrationId: AccountId): Registration {
    const registration = this.#known.get(registrationId);
    if (!registration) throw fail("conversation_over");
    return registration;
  }

  #make(registrationId: AccountId, record: RegistrationRecord, password: Password | null): Registration {
    const { fetch, sessionName, emit, pollMs = POLL_MS } = this.#parts;
    const parts = {
      registrationId,
      fetch,
      sessionName,
      pollMs,
      save: (changed: RegistrationRecord) => this.#attempts.update(registrationId, changed),
      onChange: (state: State) => emit("registration.changed", state),
    };
    return new Registration(parts, record, password);
  }

  #run(registrationId: AccountId, registration: Registration): void {
    this.#known.set(registrationId, registration);
    const running = this.#finish(registrationId, registration).catch((thrown: unknown) => {
      if (isFailure(thrown, "cancelled")) return;
      const error: AppError = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "registration" };
      if (error.kind === "internal") this.#parts.logger.error("an account could not be created", { error: thrown });
      registration.set({ status: "stopped", error });
    });
    this.#running.set(registrationId, running);
    void running.finally(() => this.#running.delete(registrationId));
  }

  async #finish(registrationId: AccountId, registration: Registration): Promise<void> {
    const { sessions, emit } = this.#parts;
    emit("registration.changed", registration.state);
    const signedIn = await this.#signedIn(registrationId, registration);
    const { serverName, baseUrl } = registration.record;
    let accountId = registrationId;
    try {
      await sessions.adopt(signedIn, expectedServer({ serverName, baseUrl }), registrationId);
      await this.#attempts.settle(registrationId);
    } catch (thrown) {
      if (!isFailure(thrown, "already_signed_in")) throw thrown;
      // Somebody has finished it elsewhere and signed in here meanwhile.
      accountId = thrown.error.accountId;
      await this.#attempts.drop(registrationId);
    }
    this.#known.delete(registrationId);
    registration.set({ status: "done", accountId });
  }

  /** The session of the new account, which is sealed before anything is done with it. */
  async #signedIn(registrationId: AccountId, registration: Registration): Promise<SignedIn> {
    const { made } = registration.record;
    if (made) return { ...made, accessToken: await this.#attempts.accessToken(registrationId) };
    const { accessToken, ...session } = await registration.converse();
    this.#parts.keepOutOfLogs(accessToken);
    await this.#attempts.complete(registrationId, { ...registration.record, made: session }, accessToken);
    return { ...session, accessToken };
  }
}
