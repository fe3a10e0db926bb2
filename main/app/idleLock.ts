import type { Logger } from "../logging/logger.ts";

/** Where the person's absence is seen. */
export interface IdleLockParts {
  /** For how many seconds nobody has touched the computer. */
  readonly idleSeconds: () => number;
  readonly lock: () => Promise<void>;
  readonly logger: Logger;
}

/** How often it is looked whether the person is away, in milliseconds. */
const LOOK_MS = 10_000;

/** Locks after some minutes without a person, if they have chosen that. */
export class IdleLock {
  readonly #parts: IdleLockParts;
  #minutes: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: IdleLockParts) {
    this.#parts = parts;
  }

  /** Locks after so many minutes from now on; null: never. */
  lockAfter(minutes: number | null): void {
    this.#minutes = minutes;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = minutes === null ? null : setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Locks at once where the person has chosen to be locked out at all: the computer's own screen was locked. */
  screenLocked(): void {
    if (this.#minutes !== null) this.#lock();
  }

  #look(): void {
    if (this.#minutes !== null && this.#parts.idleSeconds() >= this.#minutes * 60) this.#lock();
  }

  #lock(): void {
    this.#parts.lock().catch((error: unknown) => this.#parts.logger.error("not locked", { error }));
  }
}
