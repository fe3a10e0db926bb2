import type { PhoneNumber } from "../../shared/contract/phoneNumber.ts";
import type { RegistrationAnswer } from "../../shared/contract/registration.ts";
import type { Password } from "../../shared/secret.ts";
import { stopOf } from "../http/serverErrors.ts";
import { inTime, LATE } from "../storage/inTime.ts";

/** What the person does. */
export type Command =
  | { kind: "answer"; answer: RegistrationAnswer }
  | {
      kind: "change";
      username?: string | undefined;
      password?: Password | undefined;
      email?: string | null | undefined;
      phone?: PhoneNumber | null | undefined;
    }
  | { kind: "resend" }
  | { kind: "retry" };

/** Waits for the person, or until it is time to ask the server again. What is given early is kept for the next time. */
export class PersonsTurn {
  readonly #signal: AbortSignal;
  #waiting: ((command: Command) => void) | null = null;
  /** Given while the server was being asked. */
  #early: Command | null = null;

  /** @param signal ends every waiting */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get hasEarly(): boolean {
    return this.#early !== null;
  }

  /** What was answered to another question is no answer to this one. */
  forgetEarly(): void {
    this.#early = null;
  }

  give(command: Command): void {
    if (this.#waiting) this.#waiting(command);
    else this.#early = command;
    this.#waiting = null;
  }

  /** @throws what the signal was aborted with */
  async wait(pollAfterMs: number | null): Promise<Command | { kind: "poll" }> {
    const early = this.#early;
    this.#early = null;
    if (this.#signal.aborted) throw stopOf(this.#signal);
    if (early) return early;
    let stop = (): void => undefined;
    const given = new Promise<Command>((resolve, reject) => {
      this.#waiting = resolve;
      stop = () => reject(stopOf(this.#signal));
      this.#signal.addEventListener("abort", stop);
    });
    try {
      const command = await inTime(given, pollAfterMs ?? Infinity);
      return command === LATE ? { kind: "poll" } : command;
    } finally {
      this.#signal.removeEventListener("abort", stop);
      this.#waiting = null;
    }
  }
}
