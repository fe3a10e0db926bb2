import type { Handlers } from "../../shared/contract/index.ts";
import type { LockState } from "../../shared/contract/lock.ts";
import { fail } from "../../shared/errors.ts";
import type { Passphrase } from "../../shared/secret.ts";
import type { Answer } from "../ipc/checkedHandlers.ts";
import type { Logger } from "../logging/logger.ts";

/** What the lock closes and opens. */
export interface AppLockParts {
  /** Whether a passphrase protects accounts here, and has been given. */
  readonly hasPassphrase: () => boolean;
  /** Forgets the key that the passphrase leads to. */
  readonly forgetPassphrase: () => Promise<unknown>;
  /** @throws `wrong_passphrase` */
  readonly givePassphrase: (passphrase: Passphrase) => Promise<unknown>;
  /** Takes a secret off the clipboard that was copied here. */
  readonly forgetCopiedSecret: () => Promise<unknown>;
  /** Loads the page again, so that nothing of what it showed stays in its memory. */
  readonly reload: () => void;
  readonly logger: Logger;
}

type Requests = Handlers["lock"];

/** What the page that asks for the passphrase needs. None of it tells of an account. */
const OPEN_CHANNELS: ReadonlySet<string> = new Set(["lock.state", "lock.unlock", "app.info", "app.settings", "app.reportError"]);

/**
 * Keeps others from what the window shows while the person is away. Main goes on: sessions stay signed in, jobs run, and
 * what they need for it stays in main's memory. What leaves is everything in the window, and the passphrase's key. It
 * answers the contract's domain `lock`.
 */
export class AppLock implements Requests {
  readonly #parts: AppLockParts;
  #locked = false;
  #times = 0;

  constructor(parts: AppLockParts) {
    this.#parts = parts;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** How often it was locked: what was asked before the last time is not to be answered after it. */
  get times(): number {
    return this.#times;
  }

  state(): LockState {
    return { locked: this.#locked, canLock: this.#locked || this.#parts.hasPassphrase() };
  }

  /** @throws `invalid_input` where nothing could open it again */
  async lock(): Promise<LockState> {
    if (!this.#parts.hasPassphrase()) throw fail("invalid_input", { issues: ["There is nothing that could open it again."] });
    await this.#close();
    return this.state();
  }

  /** @throws `wrong_passphrase` */
  async unlock({ passphrase }: Parameters<Requests["unlock"]>[0]): Promise<LockState> {
    if (!this.#locked) return this.state();
    await this.#parts.givePassphrase(passphrase);
    this.#locked = false;
    this.#parts.logger.info("unlocked");
    this.#parts.reload();
    return this.state();
  }

  /** Locks where that can be undone and has not happened yet: what happens by itself when nobody is there. */
  async lockIfPossible(): Promise<void> {
    if (this.#parts.hasPassphrase() && !this.#locked) await this.#close();
  }

  /** The same answers, of which none but those of the lock itself say anything while it is locked. */
  guard(answers: ReadonlyMap<string, Answer>): Map<string, Answer> {
    const refused = { ok: false, error: { kind: "app_locked" } } as const;
    return new Map(
      [...answers].map(([channel, answer]) => {
        if (OPEN_CHANNELS.has(channel)) return [channel, answer];
        const guarded: Answer = async (rawInput) => {
          if (this.locked) return refused;
          const reply = await answer(rawInput);
          // It may have been locked while the answer was made.
          return this.locked && channel !== "lock.lock" ? refused : reply;
        };
        return [channel, guarded];
      }),
    );
  }

  async #close(): Promise<void> {
    // First: from here on nothing reaches the window.
    this.#locked = true;
    this.#times += 1;
    this.#parts.reload();
    this.#parts.logger.info("locked");
    await Promise.all([this.#parts.forgetPassphrase(), this.#parts.forgetCopiedSecret()]);
  }
}
