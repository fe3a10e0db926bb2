import type { KeychainDone, KeychainGet, KeychainProblem, SystemKeychain } from "./keychain.ts";
import { unlockSecretService, viewSecretService } from "./secretService.ts";
import { inTime, LATE } from "../storage/inTime.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";

/** The three functions of keytar that are used. Its `findCredentials` ends the process when an entry is locked. */
export interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

/** What differs between computers, and what tests put in its place. */
export interface KeytarKeychainOptions {
  readonly service?: string;
  readonly platform?: NodeJS.Platform;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly loadKeytar?: () => Promise<Keytar>;
  /** Milliseconds that one call waits for the keychain or for the person; 5,000 unless said otherwise. */
  readonly timeoutMs?: number;
}

/** An entry that is never written: asking for it shows whether the keychain answers. */
const NO_ENTRY = "is-it-there";
/** A dialog may stay open while the person is away; after this it counts as turned down. */
const DIALOG_TIMEOUT_MS = 24 * 60 * 60 * 1000;
/** What macOS says when its keychain is locked or the person declined (Security framework, `SecBase.h` messages). */
const LOCKED_MESSAGE = /locked|not allowed|cancell?ed|passphrase/i;

type Outcome<T> = { kind: "done"; value: T } | { kind: "failed"; problem: KeychainProblem };

/** What a look at the keychain shows of an entry; "unknown" where only keytar can say. */
type Sight = "found" | "not_found" | "unknown";
/** New entries go to the default collection, which can be locked while the entry's own is open. */
type Purpose = "to_read" | "to_write";

const LOCKED = { kind: "failed", problem: "locked" } as const;
const UNREACHABLE = { kind: "failed", problem: "unreachable" } as const;

/**
 * The operating system's keychain through keytar.
 *
 * On Linux keytar answers "not there" for an entry in a locked keyring whose dialog was turned down, and a call waits
 * for the person on a thread that all file access shares. So the Secret Service is asked first: keytar is called only
 * when the keyring is open, and what is locked is unlocked by a message that occupies no thread. Elsewhere keytar's
 * answers are true, and calls go one at a time, so that at most one thread ever waits.
 */
export class KeytarKeychain implements SystemKeychain {
  readonly #service: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #hasSecretService: boolean;
  readonly #loadKeytar: () => Promise<Keytar>;
  readonly #timeoutMs: number;
  readonly #calls = new KeyedQueue<"keytar">();
  readonly #lateListeners: (() => void)[] = [];
  #turnedDown = false;
  /** The dialog that is open; `overdue` once a caller has waited for it in vain. */
  #dialog: { readonly answer: Promise<boolean>; overdue: boolean } | null = null;
  #hanging = false;

  constructor(options: KeytarKeychainOptions = {}) {
    this.#service = options.service ?? "Steward";
    this.#env = options.env ?? process.env;
    this.#hasSecretService = (options.platform ?? process.platform) === "linux";
    this.#loadKeytar = options.loadKeytar ?? loadKeytar;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
  }

  get(name: string): Promise<KeychainGet> {
    return this.#calls.run("keytar", async () => {
      const entry = await this.#ready(name);
      if (entry.kind === "failed") return entry;
      if (entry.value === "not_found") return { kind: "absent" };
      const got = await this.#call((keytar) => keytar.getPassword(this.#service, name));
      if (got.kind === "failed") return got;
      if (got.value !== null) return { kind: "found", value: got.value };
      // The keyring may have been locked between the question and the call.
      const after = await this.#look(name);
      if (after.kind === "failed") return after;
      return after.value === "found" ? UNREACHABLE : { kind: "absent" };
    });
  }

  set(name: string, value: string): Promise<KeychainDone> {
    return this.#calls.run("keytar", async () => {
      const entry = await this.#ready(name, "to_write");
      if (entry.kind === "failed") return entry;
      const stored = await this.#call((keytar) => keytar.setPassword(this.#service, name, value));
      if (stored.kind === "failed") return stored;
      const readBack = await this.#call((keytar) => keytar.getPassword(this.#service, name));
      if (readBack.kind === "failed") return readBack;
      return readBack.value === value ? { kind: "done" } : UNREACHABLE;
    });
  }

  remove(name: string): Promise<KeychainDone> {
    return this.#calls.run("keytar", async () => {
      const entry = await this.#ready(name);
      if (entry.kind === "failed") return entry;
      if (entry.value === "not_found") return { kind: "done" };
      const removed = await this.#call((keytar) => keytar.deletePassword(this.#service, name));
      if (removed.kind === "failed") return removed;
      const after = await this.#look(name);
      if (after.kind === "failed") return after;
      return after.value === "found" ? UNREACHABLE : { kind: "done" };
    });
  }

  status(): Promise<KeychainProblem | null> {
    return this.#calls.run("keytar", async () => this.#problemOf(await this.#look(NO_ENTRY, "to_write")));
  }

  askToUnlock(): Promise<KeychainProblem | null> {
    this.#turnedDown = false;
    return this.#calls.run("keytar", async () => this.#problemOf(await this.#ready(NO_ENTRY, "to_write")));
  }

  onLateAnswer(listener: () => void): void {
    this.#lateListeners.push(listener);
  }

  async #problemOf(entry: Outcome<unknown>): Promise<KeychainProblem | null> {
    if (entry.kind === "failed") return entry.problem;
    // Also shows whether keytar itself can be loaded here.
    const asked = await this.#call((keytar) => keytar.getPassword(this.#service, NO_ENTRY));
    return asked.kind === "failed" ? asked.problem : null;
  }

  /** As `#look`, after letting the person open what is locked. */
  async #ready(name: string, purpose: Purpose = "to_read"): Promise<Outcome<Sight>> {
    const seen = await this.#look(name, purpose);
    if (!this.#hasSecretService || seen.kind === "done" || seen.problem !== "locked") return seen;
    if (!(await this.#letUnlock(name))) return LOCKED;
    return this.#look(name, purpose);
  }

  /** Whether the keychain is open, and where it can say so, whether it has the entry. Opens no dialog. */
  async #look(name: string, purpose: Purpose = "to_read"): Promise<Outcome<Sight>> {
    if (!this.#hasSecretService) return { kind: "done", value: "unknown" };
    const view = await viewSecretService(this.#env, { service: this.#service, account: name }, this.#timeoutMs);
    if (view.kind === "unreachable") return UNREACHABLE;
    if (purpose === "to_write" && view.defaultCollection === "locked") return LOCKED;
    if (view.entry === "in_unlocked") return { kind: "done", value: "found" };
    // A locked collection may not know its entries: what is not found there is not known to be absent.
    if (view.entry === "in_locked" || view.defaultCollection === "locked") return LOCKED;
    return { kind: "done", value: "not_found" };
  }

  /** Opens the system's dialog, unless it is open or was turned down. True when the keychain was unlocked in time. */
  async #letUnlock(name: string): Promise<boolean> {
    if (this.#turnedDown || this.#dialog?.overdue === true) return false;
    const attributes = { service: this.#service, account: name };
    const dialog = (this.#dialog ??= {
      answer: unlockSecretService(this.#env, attributes, DIALOG_TIMEOUT_MS),
      overdue: false,
    });
    const answered = await inTime(dialog.answer, this.#timeoutMs);
    if (answered === LATE) {
      dialog.overdue = true;
      void dialog.answer.then((unlocked) => {
        this.#dialog = null;
        this.#turnedDown = !unlocked;
        if (unlocked) this.#tellLate();
      });
      return false;
    }
    this.#dialog = null;
    this.#turnedDown = !answered;
    return answered;
  }

  /** One call to keytar, bounded in time. While one hangs, the others are answered without asking. */
  async #call<T>(use: (keytar: Keytar) => Promise<T>): Promise<Outcome<T>> {
    if (this.#hanging) return LOCKED;
    let keytar: Keytar;
    try {
      keytar = await this.#loadKeytar();
    } catch {
      return UNREACHABLE;
    }
    const asked: Promise<Outcome<T>> = use(keytar).then(
      (value) => ({ kind: "done", value }),
      (error: unknown) => (LOCKED_MESSAGE.test(String(error)) ? LOCKED : UNREACHABLE),
    );
    const answer = await inTime(asked, this.#timeoutMs);
    if (answer !== LATE) return answer;
    this.#hanging = true;
    void asked.then(() => {
      this.#hanging = false;
      this.#tellLate();
    });
    return LOCKED;
  }

  #tellLate(): void {
    for (const listener of this.#lateListeners) listener();
  }
}

/** keytar is CommonJS with a native part: loaded when first needed, because a start without accounts needs it not. */
async function loadKeytar(): Promise<Keytar> {
  const module: { readonly default?: unknown } = await import("keytar");
  return module.default as Keytar;
}
