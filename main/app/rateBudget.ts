/** How many times within how long. */
export interface RateLimit {
  times: number;
  withinMs: number;
}

/** Decides whether something may happen once more, so that what always fails does not do so forever. */
export class RateBudget {
  readonly #limit: RateLimit;
  readonly #now: () => number;
  #taken: number[] = [];

  /** @param now milliseconds from any fixed point */
  constructor(limit: RateLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** True, and counted, when another time is within the limit. */
  take(): boolean {
    const now = this.#now();
    this.#taken = this.#taken.filter((at) => now - at < this.#limit.withinMs);
    if (this.#taken.length >= this.#limit.times) return false;
    this.#taken.push(now);
    return true;
  }

  /** Starts counting again: the person asked for it themselves. */
  reset(): void {
    this.#taken = [];
  }
}
