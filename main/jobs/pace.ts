import { setTimeout as pause } from "node:timers/promises";

/** How many requests a server is sent at once. */
export interface PaceLimits {
  start: number;
  most: number;
}

/** The longest that a server is left alone at a time, in milliseconds: it may have named any time at all. */
const MAX_WAIT_MS = 5 * 60_000;
/** An answer is slow that takes so many times as long as the quickest, and longer than this, in milliseconds. */
const SLOW_TIMES = 4;
const SLOW_MS = 2_000;

/**
 * How fast a server is asked: one request more at once while its answers are quick, one less when they slow down, half as many
 * when it says that there are too many, and none for as long as it says.
 */
export class Pace {
  readonly #most: number;
  #limit: number;
  #quickest = Infinity;
  /** Answers since the limit was changed. */
  #answers = 0;
  #notBefore = 0;

  constructor({ start, most }: PaceLimits) {
    this.#limit = start;
    this.#most = most;
  }

  /** How many may be under way now. */
  get limit(): number {
    return this.#limit;
  }

  /** An answer came after so many milliseconds. */
  answered(ms: number): void {
    this.#quickest = Math.min(this.#quickest, ms);
    this.#answers += 1;
    // What was sent before the last change says nothing about it.
    if (this.#answers < this.#limit) return;
    this.#answers = 0;
    const isSlow = ms > SLOW_MS && ms > SLOW_TIMES * this.#quickest;
    this.#limit = isSlow ? Math.max(1, this.#limit - 1) : Math.min(this.#most, this.#limit + 1);
  }

  /** The server wants to be left alone for so many milliseconds. */
  limited(ms: number): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#answers = 0;
    this.#notBefore = Math.max(this.#notBefore, Date.now() + Math.min(ms, MAX_WAIT_MS));
  }

  /** Whether nothing may be sent now. */
  get waiting(): boolean {
    return this.#left() > 0;
  }

  /** Resolves when something may be sent: at once, or after a wait, which rejects when the signal is aborted. */
  async turn(signal: AbortSignal): Promise<void> {
    for (let left = this.#left(); left > 0; left = this.#left()) await pause(left, undefined, { signal });
  }

  #left(): number {
    return this.#notBefore - Date.now();
  }
}

/**
 * Does work for each item, as many at once as the pace allows. Nothing is begun any more once `stopping` is aborted or work
 * has failed; what is under way comes to its end. Rejects with what failed first.
 */
export async function paced<T>(items: Iterable<T>, pace: Pace, stopping: AbortSignal, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const active = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (let more = true; more || active.size > 0;) {
    while (more && active.size < pace.limit && failures.length === 0 && !stopping.aborted) {
      const next = iterator.next();
      if (next.done === true) {
        more = false;
        break;
      }
      const task = work(next.value)
        .catch((thrown: unknown) => void failures.push(thrown))
        .finally(() => active.delete(task));
      active.add(task);
    }
    if (failures.length > 0 || stopping.aborted) more = false;
    if (active.size > 0) await Promise.race(active);
  }
  if (failures.length > 0) throw failures[0];
}
