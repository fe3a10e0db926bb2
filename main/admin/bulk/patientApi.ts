import { setTimeout as pause } from "node:timers/promises";
import { type AppError, AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { User } from "../../../shared/contract/users.ts";
import { anySignal } from "../../http/anySignal.ts";
import { mayBeDone } from "../../http/lostAnswer.ts";
import { stopOf } from "../../http/serverErrors.ts";
import type { Pace } from "../../jobs/pace.ts";
import type { AdminApi } from "../adminApi.ts";
import type { MasApi, MasUser } from "../mas/masApi.ts";
import { asServiceHas } from "../mas/masUser.ts";
import { untilHeard } from "../mas/untilHeard.ts";
import { UserAnswer } from "../serverUser.ts";

/** What became of a request that changes something. */
export type Sent<T> =
  | { kind: "answered"; value: T }
  /** The server says no; what was done before it said so may stand. */
  | { kind: "refused"; error: AppError }
  /** It may have been done or not. */
  | { kind: "lost"; error: AppError };

export interface PatientApiParts {
  api: AdminApi;
  /** The admin API of the authentication service that looks after the server's users, where the work is done by that. */
  mas?: MasApi | null;
  pace: Pace;
  /** Nothing is sent any more, and nobody is waited for, once this is aborted. */
  signal: AbortSignal;
  /** Nobody is waited for once this is aborted; what the server answers still counts. */
  stopping?: AbortSignal;
  /** Told what is being waited for. */
  waiting: (reason: "server" | "rate_limit" | null) => void;
  /** In place of the first wait for a server that is away, in milliseconds. */
  firstWaitMs?: number;
}

/** The first wait for a server that does not answer, and the longest, in milliseconds. */
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** How often a row is tried whose requests fail while the server answers others. */
const MAX_TRIES = 4;

/** What concerns the account or the whole admin API, and not what was asked. */
const FOR_ALL: ReadonlySet<AppError["kind"]> = new Set([
  "unauthenticated",
  "account_not_running",
  "secrets_locked",
  "admin_api_not_exposed",
  "cancelled",
  "user_locked",
  "user_suspended",
  "user_deactivated",
  "redirected",
  "bad_certificate",
  "consent_required",
]);

/** There was no token to send anything with: nothing was done, and there may be one later. */
const WITHOUT_TOKEN: ReadonlySet<AppError["kind"]> = new Set(["sign_in_service_unreachable", "account_refused_for_now"]);

/** What the server has against one thing that was asked; all else can go on. */
export class RowFailure extends AppFailure {}

/**
 * The admin API for work that goes on for hours: a server that wants to be asked less often is left alone for as long as it
 * says, one that is away is waited for (unless the work is to stop: then `cancelled` is thrown), and a request that changes something is never sent again without looking first.
 *
 * What concerns every request is thrown: a session that ended, an account that is no admin any more.
 */
export class PatientApi {
  readonly #parts: PatientApiParts;
  /** Its requests end with the work. */
  readonly #api: AdminApi;
  /** The service's own admin API; null where the server does without one. */
  readonly mas: MasApi | null;
  /** Aborted when nobody is to be waited for any more. */
  readonly #noWaiting: AbortSignal;
  /** While the server is waited for: many may wait for the same. */
  #awaited: Promise<void> | null = null;

  constructor(parts: PatientApiParts) {
    this.#parts = parts;
    this.#api = parts.api.until(parts.signal);
    this.mas = parts.mas?.until(parts.signal) ?? null;
    this.#noWaiting = parts.stopping ? anySignal(parts.signal, parts.stopping).signal : parts.signal;
  }

  /** The Matrix ID of the account that all is done with. */
  get userId(): string {
    return this.#api.userId;
  }

  /**
   * A user as the server has them; null where there is no such user. Where a service looks after them, it is its word that counts: the
   * server hears of it later, or never.
   */
  async user(userId: string): Promise<User | null> {
    const user = await this.readOrNull((api) => api.request({ path: ["v2", "users", userId], schema: UserAnswer }));
    const masUser = user && (await this.masUser(userId));
    return user && masUser ? asServiceHas(user, masUser) : user;
  }

  /** A user as the service has them; null for those whom it does not know, as those of bridges. */
  async masUser(userId: string): Promise<MasUser | null> {
    const { mas } = this;
    return mas && this.readOrNull(() => mas.user(userId));
  }

  /** Asks something that changes nothing, for as long as it takes; null where the server has no such thing. */
  async readOrNull<T>(ask: (api: AdminApi) => Promise<T>): Promise<T | null> {
    try {
      return await this.read(ask);
    } catch (thrown) {
      if (isFailure(thrown, "not_found")) return null;
      throw thrown;
    }
  }

  /** Asks something that changes nothing, for as long as it takes. @throws `RowFailure` with what the server refuses it with */
  async read<T>(ask: (api: AdminApi) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      const sent = await this.write(ask);
      if (sent.kind === "answered") return sent.value;
      if (sent.kind === "refused" || tried >= MAX_TRIES) throw new RowFailure(sent.error);
    }
  }

  /** Sends something that changes something: again only where it was certainly not done. */
  async write<T>(send: (api: AdminApi) => Promise<T>): Promise<Sent<T>> {
    const { pace, signal, waiting } = this.#parts;
    for (;;) {
      await this.#turn();
      const begin = performance.now();
      try {
        const value = await send(this.#api);
        pace.answered(performance.now() - begin);
        // What was sent before the server wanted to be left alone is answered still.
        if (!pace.waiting) waiting(null);
        return { kind: "answered", value };
      } catch (thrown) {
        if (signal.aborted) throw stopOf(signal);
        if (!(thrown instanceof AppFailure) || FOR_ALL.has(thrown.error.kind)) throw thrown;
        const { error } = thrown;
        if (error.kind === "rate_limited") {
          pace.limited(error.retryAfterMs);
          waiting("rate_limit");
        } else if (mayBeDone(thrown) || error.kind === "bad_answer") {
          await this.#serverAnswers();
          return { kind: "lost", error };
        } else if (error.kind === "network" || WITHOUT_TOKEN.has(error.kind)) {
          await this.#serverAnswers();
        } else {
          // Whoever is no admin any more is refused everything.
          if (error.kind === "forbidden") await this.#checkAdmin();
          return { kind: "refused", error };
        }
      }
    }
  }

  /** Waits a while before a state is looked at again, longer each time. */
  async moment(tried: number): Promise<void> {
    await this.#sleep(this.#waitBefore(tried));
  }

  /**
   * Reads from the homeserver until it has heard of what the service has done, as `untilHeard` does. A row that is under way is brought
   * to its end although its Job is to pause: it alone knows what was sent for it.
   */
  async untilHeard<T>(read: () => Promise<T>, isSo: (read: T) => boolean): Promise<T> {
    const { signal } = this.#parts;
    return untilHeard(read, isSo, (milliseconds) =>
      pause(milliseconds, undefined, { signal }).catch(() => {
        throw stopOf(signal);
      }),
    );
  }

  async #turn(): Promise<void> {
    const { pace, signal } = this.#parts;
    if (signal.aborted) throw stopOf(signal);
    await pace.turn(this.#noWaiting).catch(() => this.#stop());
  }

  #serverAnswers(): Promise<void> {
    this.#awaited ??= this.#waitForServer().finally(() => {
      this.#awaited = null;
    });
    return this.#awaited;
  }

  async #waitForServer(): Promise<void> {
    const { pace, waiting } = this.#parts;
    for (let tried = 1; ; tried += 1) {
      try {
        await this.#checkAdmin();
        waiting(null);
        return;
      } catch (thrown) {
        if (!(thrown instanceof AppFailure)) throw thrown;
        const { error } = thrown;
        const isAway = error.kind === "network" || error.kind === "bad_answer" || WITHOUT_TOKEN.has(error.kind) || mayBeDone(thrown);
        if (!isAway && error.kind !== "rate_limited") throw thrown;
        waiting(isAway ? "server" : "rate_limit");
        if (error.kind === "rate_limited") pace.limited(error.retryAfterMs);
        await this.#sleep(this.#waitBefore(tried));
        await this.#turn();
      }
    }
  }

  /** Asks what only an admin is answered. */
  async #checkAdmin(): Promise<void> {
    await this.#api.request({ path: ["v2", "users", this.#api.userId], schema: UserAnswer });
  }

  #waitBefore(tried: number): number {
    return Math.min((this.#parts.firstWaitMs ?? FIRST_WAIT_MS) * 2 ** (tried - 1), MAX_WAIT_MS);
  }

  async #sleep(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#noWaiting }).catch(() => this.#stop());
  }

  /** Says why nobody waits any more. */
  #stop(): never {
    const { signal } = this.#parts;
    throw signal.aborted ? stopOf(signal) : fail("cancelled");
  }
}
