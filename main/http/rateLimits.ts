import type { Fetch } from "./redirects.ts";

const HOUR_MS = 60 * 60_000;
/** So many are remembered of each server. */
const MAX_REMEMBERED = 10_000;

/** Counts how often servers say that they are asked too often. */
export class RateLimits {
  /** By origin: when it was, in milliseconds since 1970, the oldest first. */
  readonly #moments = new Map<string, number[]>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The same `fetch`, looked at: answers of status 429 are counted. */
  counting(fetch: Fetch): Fetch {
    return async (input, init) => {
      const answer = await fetch(input, init);
      if (answer.status === 429) this.#count(new URL(input instanceof Request ? input.url : input).origin);
      return answer;
    };
  }

  /** How many there were within the last hour from any of these base URLs. */
  lastHour(baseUrls: readonly string[]): number {
    const origins = new Set(baseUrls.map((baseUrl) => new URL(baseUrl).origin));
    return [...origins].reduce((count, origin) => count + this.#recent(origin).length, 0);
  }

  #recent(origin: string): number[] {
    const since = this.#now() - HOUR_MS;
    const recent = (this.#moments.get(origin) ?? []).filter((moment) => moment > since).slice(-MAX_REMEMBERED);
    if (recent.length > 0) this.#moments.set(origin, recent);
    else this.#moments.delete(origin);
    return recent;
  }

  #count(origin: string): void {
    this.#moments.set(origin, [...this.#recent(origin), this.#now()]);
  }
}
