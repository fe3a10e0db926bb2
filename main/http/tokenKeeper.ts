import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccessToken } from "../../shared/secret.ts";
import { inTime } from "../storage/inTime.ts";
import { mayBeDone } from "./lostAnswer.ts";
import { retryKind } from "./retry.ts";

/** What a server gave to be known by. */
export interface AccessTokens {
  accessToken: AccessToken;
  /** When the access token ends, in milliseconds since 1970; null when nobody knows or it does not. */
  expiresAt: number | null;
  /** How long it was given for, in milliseconds, where that is known. */
  lifetimeMs?: number | null;
}

/** Where requests get their token from, each time anew. */
export interface TokenSource {
  accessToken(): Promise<AccessToken>;
  replacementFor(sent: AccessToken): Promise<AccessToken | null>;
  /** The server has taken it. */
  accepted(sent: AccessToken): void;
}

/** How an account gets new tokens. An account whose server gave it none to refresh with has no such thing. */
export interface TokenRefresh<T extends AccessTokens> {
  /**
   * Asks the server for new ones; it may take the old ones back with that. Rejects with `unauthenticated` when the session
   * is over, and nothing is asked any more then; with anything else when it could not be had now.
   */
  exchange: (tokens: T) => Promise<T>;
  /** Writes them down. Nothing is sent with them before this has resolved. */
  persist: (tokens: T) => Promise<void>;
}

/** The clocks, and how patient a keeper is. */
export interface KeeperTimes {
  /** Milliseconds since 1970, as the computer believes. */
  now: () => number;
  /** Milliseconds since whenever, by a clock that nobody sets. */
  elapsed: () => number;
  /** After a refresh that failed, until the next; each further one waits twice as long. Milliseconds. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** Until a token is sent again that the server has just given out and does not take. Milliseconds. */
  refusedPauseMs: number;
}

const TIMES: KeeperTimes = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  firstPauseMs: 2_000,
  longestPauseMs: 30_000,
  refusedPauseMs: 30_000,
};

/** Refreshed beside the requests that still go out with the old one, in milliseconds before its end. */
const SHOULD_REFRESH_MS = 60_000;
/** Waited for, in milliseconds before its end: it would not outlive the request. */
const MUST_REFRESH_MS = 5_000;
/** The same for tokens of a short life, as parts of it. */
const SHOULD_REFRESH_PART = 0.2;
const MUST_REFRESH_PART = 0.05;
/** A server that wants to be left alone is, for this long at most. Milliseconds. */
const MAX_ASKED_PAUSE_MS = 10 * 60_000;

/**
 * Holds the one copy of an account's access token that requests are sent with. Whoever sends one asks for it each time.
 *
 * A refresh happens once, however many wait for it, and those who wait get its outcome. It goes on when whoever caused it
 * gives up: the server may have taken the old tokens back already. After one that failed there is a pause, in which
 * those who cannot do without hear why.
 *
 * A token that was never taken is not refreshed because it is refused before its time: a server does that to a locked
 * account, for ever.
 */
export class TokenKeeper<T extends AccessTokens = AccessTokens> implements TokenSource {
  #tokens: T;
  readonly #refresh: TokenRefresh<T> | null;
  readonly #times: KeeperTimes;
  #refreshing: Promise<T> | null = null;
  /** Given by the server, and not written down yet: the ones before may be worth nothing any more. */
  #unwritten: T | null = null;
  #takenAt = 0;
  #leftWhenTaken = Infinity;
  #wasAccepted = true;
  /** Why the last refresh failed, and when another may be tried. */
  #failed: { why: unknown; times: number; until: number } | null = null;
  /** When a token that was refused at once may be sent again. */
  #refusedUntil = -Infinity;
  #over: AppFailure | null = null;

  constructor(tokens: T, refresh: TokenRefresh<T> | null = null, times: Partial<KeeperTimes> = {}) {
    this.#refresh = refresh;
    this.#times = { ...TIMES, ...times };
    this.#tokens = tokens;
    this.#take(tokens);
  }

  /** The access token to send a request with now. Throws what the refresh throws when there is no way without it. */
  async accessToken(): Promise<AccessToken> {
    if (this.#over) throw this.#over;
    if (this.#refresh === null) return this.#tokens.accessToken;
    const { accessToken, lifetimeMs } = this.#tokens;
    const lifetime = lifetimeMs ?? Infinity;
    const left = this.#left();
    if (left < Math.min(MUST_REFRESH_MS, lifetime * MUST_REFRESH_PART)) return (await this.#refreshed(this.#refresh)).accessToken;
    if (this.#times.elapsed() < this.#refusedUntil) throw fail("account_refused_for_now");
    // Whoever must wait for the next one hears why it failed.
    if (left < Math.min(SHOULD_REFRESH_MS, lifetime * SHOULD_REFRESH_PART)) void this.#refreshed(this.#refresh).catch(() => undefined);
    return accessToken;
  }

  /**
   * What to send in place of a token that the server has refused; null when there is nothing better. The token that was
   * sent counts: another request may have had it replaced already.
   *
   * @throws what the refresh throws, and `account_refused_for_now` where a token is refused that the server has just given
   */
  async replacementFor(sent: AccessToken): Promise<AccessToken | null> {
    if (this.#over) throw this.#over;
    if (this.#refreshing === null && !this.#tokens.accessToken.equals(sent)) return this.#tokens.accessToken;
    if (this.#refresh === null) return null;
    if (this.#refreshing === null && !this.#wasAccepted && this.#left() > 0) {
      this.#refusedUntil = this.#times.elapsed() + this.#times.refusedPauseMs;
      throw fail("account_refused_for_now");
    }
    return (await this.#refreshed(this.#refresh)).accessToken;
  }

  accepted(sent: AccessToken): void {
    if (this.#tokens.accessToken.equals(sent)) this.#wasAccepted = true;
  }

  /**
   * Resolves when no refresh is under way, and after so many milliseconds at the latest. Answers whether the tokens that are
   * written down are the last that the server has given: not while a refresh is under way, nor where the answer to one was
   * lost or could not be written down. Never rejects.
   */
  async settled(milliseconds = Infinity): Promise<{ lastKnown: boolean }> {
    if (this.#refreshing)
      await inTime(
        this.#refreshing.catch(() => undefined),
        milliseconds,
      );
    const why = this.#failed?.why;
    const isLost = why instanceof Error && [why, why.cause].some(mayBeDone);
    return { lastKnown: this.#refreshing === null && this.#unwritten === null && !isLost };
  }

  /**
   * Milliseconds until the access token ends, by whichever clock says so first: one stands still while the computer
   * sleeps, the other can be set back.
   */
  #left(): number {
    const { expiresAt } = this.#tokens;
    const { now, elapsed } = this.#times;
    if (expiresAt === null) return Infinity;
    return Math.min(expiresAt - now(), this.#leftWhenTaken - (elapsed() - this.#takenAt));
  }

  #take(tokens: T): void {
    const { expiresAt, lifetimeMs } = tokens;
    this.#tokens = tokens;
    this.#takenAt = this.#times.elapsed();
    this.#leftWhenTaken = expiresAt === null ? Infinity : Math.min(expiresAt - this.#times.now(), lifetimeMs ?? Infinity);
  }

  async #refreshed(refresh: TokenRefresh<T>): Promise<T> {
    if (this.#refreshing === null && this.#failed !== null && this.#times.elapsed() < this.#failed.until) throw this.#failed.why;
    this.#refreshing ??= this.#exchange(refresh).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange({ exchange, persist }: TokenRefresh<T>): Promise<T> {
    try {
      this.#unwritten ??= await exchange(this.#tokens);
      const tokens = this.#unwritten;
      await persist(tokens);
      this.#unwritten = null;
      this.#failed = null;
      this.#wasAccepted = false;
      this.#refusedUntil = -Infinity;
      this.#take(tokens);
      return tokens;
    } catch (thrown) {
      if (isFailure(thrown, "unauthenticated")) this.#over = thrown;
      const times = (this.#failed?.times ?? 0) + 1;
      this.#failed = { why: thrown, times, until: this.#times.elapsed() + this.#pauseAfter(thrown, times) };
      throw thrown;
    }
  }

  #pauseAfter(thrown: unknown, times: number): number {
    const { firstPauseMs, longestPauseMs } = this.#times;
    const asked = askedPause(thrown);
    return asked ?? Math.min(firstPauseMs * 2 ** (times - 1), longestPauseMs);
  }
}

/** How long a server wants to be left alone, where it is that which made a refresh fail. */
function askedPause(thrown: unknown): number | null {
  const reasons = thrown instanceof Error ? [thrown, thrown.cause] : [];
  for (const reason of reasons) {
    const error: AppError | null = reason instanceof AppFailure ? reason.error : null;
    const again = error === null ? null : retryKind(error);
    if (again?.kind === "after") return Math.min(again.ms, MAX_ASKED_PAUSE_MS);
  }
  return null;
}
