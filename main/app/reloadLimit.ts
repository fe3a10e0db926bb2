/** How many reloads within how long. */
export interface ReloadLimit {
  times: number;
  withinMs: number;
}

/** Decides whether a crashed page may be loaded once more, so that one that always crashes does not do so forever. */
export class ReloadBudget {
  readonly #limit: ReloadLimit;
  readonly #now: () => number;
  #reloads: number[] = [];

  /** @param now milliseconds from any fixed point */
  constructor(limit: ReloadLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** True, and counted, when another reload is within the limit. */
  take(): boolean {
    const now = this.#now();
    this.#reloads = this.#reloads.filter((at) => now - at < this.#limit.withinMs);
    if (this.#reloads.length >= this.#limit.times) return false;
    this.#reloads.push(now);
    return true;
  }

  /** Starts counting anew: the person asked for the page themselves. */
  reset(): void {
    this.#reloads = [];
  }
}
