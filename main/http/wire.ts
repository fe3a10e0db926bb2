import { type AppError, AppFailure } from "../../shared/errors.ts";
import { inTime } from "../storage/inTime.ts";
import { anySignal } from "./anySignal.ts";
import { boundedBody } from "./boundedBody.ts";
import type { ServerLimits } from "./limits.ts";
import { type Elsewhere, type Fetch, fetchSameOrigin } from "./redirects.ts";
import { stopOf } from "./serverErrors.ts";

/** How long a request that changes something is left to its server when nobody waits for it any more. Milliseconds. */
const LINGER_MS = 5_000;

export interface WireOptions {
  fetch: Fetch;
  limits: ServerLimits;
  /** Aborted when nothing more may be sent. With an `AppFailure`, that is what the requests under way reject with. */
  ended: AbortSignal;
}

/** One request, once. */
export interface WireRequest {
  url: URL;
  init: RequestInit;
  /** In place of the limits of the wire. */
  limits?: Partial<ServerLimits>;
  /** Where a GET may be sent on to. */
  elsewhere?: Elsewhere;
  /** Makes what is thrown of an `AppError`; an `AppFailure` unless said otherwise. */
  shape?: (error: AppError) => Error;
}

/**
 * Sends requests, each once: nothing here repeats one. Bounds every answer in size and time, goes nowhere else
 * (`fetchSameOrigin`), and knows what is under way.
 *
 * After the end every request rejects at once. What only reads is cut; what changes something is left to its server for a
 * while, because a server goes on with what it has begun: whoever must send something after it waits for `settled`.
 */
export class Wire {
  /** In force for each request from now on. */
  readonly limits: ServerLimits;
  readonly #options: WireOptions;
  /** Requests that change something and have no answer yet. */
  readonly #changing = new Set<Promise<unknown>>();
  #cutChanges = 0;
  /** When something was last asked to be changed, by area of the API; on the clock of `performance.now`. */
  readonly #changedAt = new Map<string, number>();

  constructor(options: WireOptions) {
    this.#options = options;
    this.limits = { ...options.limits };
  }

  /**
   * Resolves when every request that changes something has its answer or has lost its connection, and after so many
   * milliseconds at the latest. Answers whether the server may still be doing what it was asked. Never rejects.
   */
  async settled(milliseconds: number): Promise<{ allAnswered: boolean }> {
    const before = this.#cutChanges;
    await inTime(Promise.allSettled(this.#changing), milliseconds);
    return { allAnswered: this.#changing.size === 0 && this.#cutChanges === before };
  }

  /**
   * How long ago the server was last asked to change something below `/_matrix/client/<version>/<area>/`, or below
   * `/_matrix/client/<version>/user/<user id>/<area>/`, in milliseconds; infinite where it never was.
   */
  sinceChange(area: string): number {
    return performance.now() - (this.#changedAt.get(area) ?? -Infinity);
  }

  /**
   * Sends a request and resolves with the head of its answer; the body is bounded and fails as the request does.
   *
   * @throws what it ended with after the end, else `network` when nothing came in time or the caller's own signal was
   * aborted (which the caller must know), `bad_answer` for too much, `redirected`, and what `fetch` throws
   */
  async send({ url, init, limits: given, elsewhere, shape = (error) => new AppFailure(error) }: WireRequest): Promise<Response> {
    const { fetch, ended } = this.#options;
    const limits = { ...this.limits, ...given };
    if (ended.aborted) throw shape(stopOf(ended).error);
    const connection = new AbortController();
    const cut = (): void => connection.abort();
    const gaveUp = giveUpSignal(ended, init.signal ?? null);
    const meaningOf = (thrown: unknown): unknown => {
      if (thrown instanceof AppFailure) return shape(thrown.error);
      if (ended.aborted) return shape(stopOf(ended).error);
      const inVain = connection.signal.aborted || gaveUp.signal.aborted;
      return inVain ? shape({ kind: "network", reason: "timeout", host: url.host }) : thrown;
    };
    const timer = Number.isFinite(limits.answerMs) ? setTimeout(cut, limits.answerMs) : undefined;
    try {
      const asked = fetchSameOrigin(fetch, url, { ...init, signal: connection.signal }, elsewhere);
      const changes = (init.method ?? "GET") !== "GET";
      if (changes) {
        this.#changedAt.set(areaOf(url), performance.now());
        this.#follow(asked, gaveUp.signal, cut);
      } else gaveUp.onAbort(cut);
      // A connection need not notice that it has been cut.
      const isCut = new Promise<never>((_resolve, reject) => {
        connection.signal.addEventListener("abort", () => reject(new Error("the connection was cut")), { once: true });
      });
      isCut.catch(() => undefined);
      const response = await Promise.race([asked, gaveUp.rejection, isCut]);
      // The body of an answer that nobody waits for is nothing that the server still does.
      gaveUp.onAbort(cut);
      if (response.body === null) {
        gaveUp.release();
        return response;
      }
      const tooLong = (): Error => shape({ kind: "bad_answer", host: url.host });
      const body = boundedBody(response.body, limits, { tooLong, cut, release: gaveUp.release, meaningOf });
      const { status, statusText, headers } = response;
      return new Response(body, { status, statusText, headers });
    } catch (thrown) {
      gaveUp.release();
      throw meaningOf(thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Counts a request that changes something as under way until its answer begins, and cuts it when that takes too long. */
  #follow(asked: Promise<Response>, gaveUp: AbortSignal, cut: () => void): void {
    const done = asked.then(
      (response) => {
        if (gaveUp.aborted) void response.body?.cancel().catch(() => undefined);
      },
      () => {
        // Whether the server has it, nobody knows.
        if (gaveUp.aborted) this.#cutChanges += 1;
      },
    );
    this.#changing.add(done);
    let linger: NodeJS.Timeout | undefined;
    const leave = (): void => {
      linger = setTimeout(cut, LINGER_MS);
      linger.unref();
    };
    if (gaveUp.aborted) leave();
    gaveUp.addEventListener("abort", leave, { once: true });
    void done.then(() => {
      clearTimeout(linger);
      gaveUp.removeEventListener("abort", leave);
      this.#changing.delete(done);
    });
  }
}

/** What part of the client-server API an address belongs to: `account_data`, `room_keys`, `keys`... Empty for other APIs. */
const areaOf = ({ pathname }: URL): string => /\/_matrix\/client\/[^/]+\/(?:user\/[^/]+\/)?([^/]+)/.exec(pathname)?.[1] ?? "";

interface GivingUp {
  signal: AbortSignal;
  /** Rejects when nobody waits any more. */
  rejection: Promise<never>;
  onAbort: (action: () => void) => void;
  /** Stops listening. */
  release: () => void;
}

/** Joins the end and the caller's own signal, and leaves no listener behind. */
function giveUpSignal(ended: AbortSignal, caller: AbortSignal | null): GivingUp {
  const { signal, release } = anySignal(ended, ...(caller ? [caller] : []));
  const onAbort = (action: () => void): void => {
    if (signal.aborted) action();
    else signal.addEventListener("abort", action, { once: true });
  };
  const rejection = new Promise<never>((_resolve, reject) => onAbort(() => reject(new Error("nobody waits for it"))));
  rejection.catch(() => undefined);
  return { signal, rejection, onAbort, release };
}
