import { setTimeout as pause } from "node:timers/promises";
import { type AppError, AppFailure } from "../../shared/errors.ts";
import type { Password } from "../../shared/secret.ts";
import type { Fetch } from "../http/redirects.ts";
import { stopOf } from "../http/serverErrors.ts";
import { type Demand, demandIn } from "../http/uiaDemand.ts";
import { type SignedIn, signedInFrom, signInWithPassword } from "../sessions/signIn.ts";
import type { AuthDict } from "../uia/stage.ts";
import type { RegistrationApi } from "./registrationApi.ts";
import { isPassing, mayBeDone, registrationFailure } from "./registrationErrors.ts";
import type { KeptRegistration } from "./registrationRecord.ts";

/** What the server said to a request for the account. */
export type Turn = { kind: "made"; signedIn: SignedIn } | { kind: "demand"; demand: Demand } | { kind: "refused"; error: AppError };

/** How long to wait before each time that the server is asked what became of a request without an answer. Milliseconds. */
const FIND_OUT_AFTER_MS = [0, 1_000, 4_000];
/** Refusals after which it is found out anyway whether the account is there: at once, or by asking without the session. */
const TOLD_APART: ReadonlySet<AppError["kind"]> = new Set(["user_name_taken", "registration_expired"]);

/**
 * The requests for one new account. The answer to the last may be lost. A server that remembers the session of the
 * authentication gives the same account and device to whoever asks again; of another, the account is had by signing in to
 * it with the password and the same device.
 */
export class RegistrationRequests {
  readonly #api: RegistrationApi;
  readonly #kept: KeptRegistration;
  readonly #parts: { readonly fetch: Fetch; readonly sessionName: string };
  readonly #ended: AbortSignal;
  /** User names that were sent before: one of them may be "in use" because we have it. */
  readonly #sentNames = new Set<string>();
  readonly #resumed: boolean;

  constructor(api: RegistrationApi, kept: KeptRegistration, parts: { fetch: Fetch; sessionName: string }, ended: AbortSignal) {
    this.#api = api;
    this.#kept = kept;
    this.#parts = parts;
    this.#ended = ended;
    this.#resumed = kept.password === null;
    if (this.#resumed) this.#sentNames.add(kept.record.username);
  }

  /** Asks the server, and finds out what became of a request whose answer was lost. @throws what ended it */
  async send(auth: AuthDict | null): Promise<Turn> {
    const turn = await this.#once(auth);
    if (turn.kind !== "refused" || !mayBeDone(turn.error)) return turn;
    let unanswered: Turn = turn;
    for (const milliseconds of FIND_OUT_AFTER_MS) {
      await pause(milliseconds, null, { signal: this.#ended }).catch(() => {
        throw stopOf(this.#ended);
      });
      // By the session alone the server says how far it is. Where the request never arrived, it is made again.
      const inSession = this.#kept.record.uiaSession !== null;
      unanswered = await this.#once(inSession ? {} : auth);
      const type = auth?.["type"];
      const arrived = unanswered.kind !== "demand" || typeof type !== "string" || unanswered.demand.completed.includes(type);
      if (!arrived) unanswered = await this.#once(auth);
      if (unanswered.kind !== "refused" || !mayBeDone(unanswered.error)) break;
    }
    // A refusal tells of the last request alone: since the first, the account may be there, and its address be taken by itself.
    const { kind } = unanswered;
    if (kind !== "refused" || isPassing(unanswered.error) || TOLD_APART.has(unanswered.error.kind)) return unanswered;
    return this.#signIn(unanswered.error);
  }

  async #once(auth: AuthDict | null): Promise<Turn> {
    const { username, email, phone, deviceId, uiaSession, baseUrl } = this.#kept.record;
    const password = this.#kept.password as Password;
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
      if (this.#ended.aborted) throw stopOf(this.#ended);
      const demand = demandIn(thrown);
      if (demand) {
        await this.#keepSession(demand);
        return { kind: "demand", demand: { ...demand, session: demand.session ?? uiaSession ?? undefined } };
      }
      const inSession = whole?.["session"] !== undefined;
      const phoneOnly = phone !== null && email === null;
      const failure = registrationFailure(thrown, { host: this.#api.host, username, password, phoneOnly, inSession });
      if (!(failure instanceof AppFailure)) throw failure;
      if (failure.error.kind === "user_name_taken" && wasSent) return this.#signIn(failure.error);
      return { kind: "refused", error: failure.error };
    }
  }

  /** Signs in to what may be the account: it is ours when the password fits. @param otherwise what it is if not */
  async #signIn(otherwise: AppError | null): Promise<Turn> {
    const { username, deviceId, baseUrl, serverName } = this.#kept.record;
    const { fetch, sessionName } = this.#parts;
    try {
      const [identifier, password] = [{ kind: "user", user: username } as const, this.#kept.password as Password];
      // The warning about an unencrypted connection was accepted at the start, for this very address.
      const request = { fetch, sessionName, serverName, baseUrl, identifier, password, deviceId, acceptInsecureHttp: true };
      return { kind: "made", signedIn: await signInWithPassword(request) };
    } catch (thrown) {
      if (!(thrown instanceof AppFailure)) throw thrown;
      const { error } = thrown;
      const isOthers = ["wrong_credentials", "unknown_user", "user_deactivated", "user_locked"].includes(error.kind);
      if (!isOthers || otherwise === null) return { kind: "refused", error };
      // After a restart it may as well be the password that was typed in another way than before.
      const isTaken = otherwise.kind === "user_name_taken";
      if (isTaken && this.#resumed && error.kind === "wrong_credentials") return { kind: "refused", error };
      if (isTaken) this.#sentNames.delete(username);
      return { kind: "refused", error: otherwise };
    }
  }

  async #keepSession({ session }: Demand): Promise<void> {
    if (session !== undefined && session !== this.#kept.record.uiaSession) await this.#kept.save({ uiaSession: session });
  }
}
