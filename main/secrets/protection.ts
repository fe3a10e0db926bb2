import * as z from "zod";
import type { Handlers } from "../../shared/contract/index.ts";
import type { SecretsState, WhereKept } from "../../shared/contract/secrets.ts";
import type { PhraseStrength } from "../../shared/contract/phraseStrength.ts";
import { fail } from "../../shared/errors.ts";
import { AccountId } from "../../shared/ids.ts";
import type { Passphrase } from "../../shared/secret.ts";
import type { Logger } from "../logging/logger.ts";
import { JsonFile } from "../storage/jsonFile.ts";
import type { DamagedFile } from "../storage/jsonFile.ts";
import type { Keychain, KeychainProblem, SystemKeychain } from "./keychain.ts";
import type { PassphraseKeychain } from "./passphraseKeychain.ts";
import type { VaultProtection } from "./vaultFormat.ts";

const Remembered = z.object({
  /** "For this time only" is never remembered, and the keychain need not be. */
  choice: z.literal("passphrase").nullable(),
  /** Keys of accounts that are gone, left in a keychain that did not answer when they went. */
  keysToRemove: z.array(z.object({ accountId: AccountId, from: z.enum(["keychain", "passphrase"]) })).max(10_000),
});
type Remembered = z.infer<typeof Remembered>;

const NOTHING_REMEMBERED: Remembered = { choice: null, keysToRemove: [] };

/** What decides how secrets are protected. */
export interface SecretsProtectionOptions {
  /** The file that remembers the choice. */
  readonly path: string;
  readonly keychain: SystemKeychain;
  readonly passphraseKeychain: PassphraseKeychain;
  /** The accounts that have a folder here, and how to find out where the key of their vault lies. */
  readonly vaults: () => Promise<{ accountId: AccountId; protection: () => Promise<VaultProtection | null> }[]>;
  /** Seals every vault of the passphrase's with the key that belongs to it now. Never rejects. */
  readonly renewVaults: () => Promise<void>;
  readonly phraseStrength: (passphrase: Passphrase) => Promise<PhraseStrength>;
  readonly onDamaged: (damaged: DamagedFile) => void;
  readonly log: Logger;
}

/** Where a new account's key goes. */
export type Protection = SecretsState["protection"];

type Requests = Handlers["secrets"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/**
 * Decides how this computer protects secrets, and keeps what the person chose: the contract's domain `secrets`. A keychain that was used and does not
 * answer any more stays the protection: it is waited for, not replaced.
 */
export class SecretsProtection implements Requests {
  readonly #options: SecretsProtectionOptions;
  readonly #file: JsonFile<Remembered>;
  readonly #listeners = new Set<(state: SecretsState) => void>();
  #state: SecretsState = { protection: "unprotected", locked: false, keychainProblem: null };
  /** What the keychain last said, also when nothing here depends on it. */
  #problem: KeychainProblem | null = "unreachable";
  #thisTimeOnly = false;
  /** Counts what the keychain said, so that an older word that is worked out late does not undo a newer one. */
  #lastWord = 0;

  constructor(options: SecretsProtectionOptions) {
    this.#options = options;
    this.#file = new JsonFile({ path: options.path, schema: Remembered, version: 1, onDamaged: options.onDamaged });
    options.keychain.onLateAnswer(() => void this.#lookAgain().catch((error: unknown) => this.#warn(error)));
  }

  /**
   * Finds out how secrets are protected. When the keychain is locked, the system's dialog is opened and not waited for:
   * a `change` tells when it was answered.
   * @throws `data_too_new`, `file_failed`
   */
  async start(): Promise<SecretsState> {
    await this.#refresh(await this.#options.keychain.status());
    if (this.#state.keychainProblem === "locked") {
      void this.retryKeychain().catch((error: unknown) => this.#warn(error));
    }
    return this.#state;
  }

  state(): SecretsState {
    return this.#state;
  }

  /** Calls `listener` with every new state; the answer ends that. */
  onChange(listener: (state: SecretsState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Asks the keychain again; the system may ask the person to open it.
   * @throws `data_too_new`, `file_failed`
   */
  async retryKeychain(): Promise<SecretsState> {
    return this.#refresh(await this.#options.keychain.askToUnlock());
  }

  /** How hard a passphrase is to guess, and whether that is enough here. */
  passphraseStrength({ passphrase }: Input<"passphraseStrength">): Promise<PhraseStrength> {
    return this.#options.phraseStrength(passphrase);
  }

  /**
   * Puts the secrets of accounts added from now on behind a passphrase. Accounts whose key lies in the keychain keep
   * it there. When a passphrase is in use and unlocked, it is replaced by this one.
   * @throws `weak_phrase`; `secrets_locked` when a passphrase was chosen before and not given yet; `invalid_input` when
   *   the keychain works; `data_too_new`, `file_failed`
   */
  async choosePassphrase({ passphrase }: Input<"choosePassphrase">): Promise<SecretsState> {
    this.#refuseWhenKeychainWorks();
    if (!(await this.passphraseStrength({ passphrase })).good) throw fail("weak_phrase");
    await this.#options.passphraseKeychain.choose(passphrase);
    await this.#options.renewVaults();
    await this.#remember((remembered) => ({ ...remembered, choice: "passphrase" }));
    this.#thisTimeOnly = false;
    return this.#refresh(this.#problem);
  }

  /**
   * Keeps the secrets of accounts added from now on in memory.
   * @throws `invalid_input` when the keychain works; `data_too_new`, `file_failed`
   */
  async chooseThisTimeOnly(): Promise<SecretsState> {
    this.#refuseWhenKeychainWorks();
    this.#thisTimeOnly = true;
    return this.#refresh(this.#problem);
  }

  /**
   * Opens what the passphrase protects.
   * @throws `wrong_passphrase`; `secret_unreadable` when the file it protects is lost; `data_too_new`, `file_failed`
   */
  async unlock({ passphrase }: Input<"unlock">): Promise<SecretsState> {
    await this.#options.passphraseKeychain.unlock(passphrase);
    // It may have been cut off when this passphrase was chosen.
    await this.#options.renewVaults();
    this.#thisTimeOnly = false;
    return this.#refresh(this.#problem);
  }

  /**
   * Forgets what the passphrase opens, until it is given again. Accounts that were read already go on.
   * @throws `data_too_new`, `file_failed`
   */
  async lock(): Promise<SecretsState> {
    await this.#options.passphraseKeychain.lock();
    return this.#refresh(this.#problem);
  }

  /**
   * Goes on without a passphrase that was forgotten. What it seals is put aside as it is, for `recallPassphrase`; the
   * accounts in it have to sign in again.
   * @throws `invalid_input` when no passphrase is being asked for; `data_too_new`, `file_failed`
   */
  async forgetPassphrase(): Promise<SecretsState> {
    if (this.#state.protection !== "passphrase" || !this.#state.locked) {
      throw fail("invalid_input", { issues: ["No passphrase is being asked for."] });
    }
    await this.#options.passphraseKeychain.forget();
    await this.#remember((remembered) => ({ ...remembered, choice: null }));
    return this.#refresh(this.#problem);
  }

  /**
   * Takes back what was put aside when this passphrase was forgotten: it protects secrets again, or where another
   * does meanwhile, what it sealed is sealed with that one.
   * @throws `wrong_passphrase` when nothing was put aside under it; `secrets_locked` when another passphrase has not been
   *   given yet; `data_too_new`, `file_failed`
   */
  async recallPassphrase({ passphrase }: Input<"recallPassphrase">): Promise<SecretsState> {
    await this.#options.passphraseKeychain.recall(passphrase);
    await this.#remember((remembered) => ({ ...remembered, choice: "passphrase" }));
    this.#thisTimeOnly = false;
    const before = this.#state;
    const state = await this.#refresh(this.#problem);
    // Accounts can be read now that could not, also where the protection is the same as before.
    if (state === before) this.#tell();
    return state;
  }

  /**
   * Whether an account's key is sealed with a passphrase that was forgotten.
   * @throws `data_too_new`, `file_failed`
   */
  isForgotten(accountId: AccountId): Promise<boolean> {
    return this.#options.passphraseKeychain.isForgotten(accountId);
  }

  /**
   * Which accounts depend on what. An account whose vault does not say so is in neither list.
   * @throws `file_failed`
   */
  async whereKept(): Promise<WhereKept> {
    const kept: WhereKept = { keychain: [], passphrase: [] };
    for (const { accountId, protection } of await this.#options.vaults()) {
      const place = await protection();
      if (place !== null) kept[place].push(accountId);
    }
    return kept;
  }

  /** The keychain that holds, or would hold, keys protected in that way. */
  keychain(protection: VaultProtection): Keychain {
    return protection === "keychain" ? this.#options.keychain : this.#options.passphraseKeychain;
  }

  /** Takes note that the keychain failed while it was used; when it resolves, the state says so. */
  async noteKeychainProblem(problem: KeychainProblem): Promise<void> {
    if (this.#problem === problem) return;
    await this.#refresh(problem).catch((error: unknown) => this.#warn(error));
  }

  /**
   * Removes an account's key, now or as soon as its keychain answers.
   * @throws `data_too_new`, `file_failed`
   */
  async removeKey(accountId: AccountId, from: VaultProtection): Promise<void> {
    const removed = await this.keychain(from).remove(accountId);
    if (removed.kind === "done") return;
    await this.#remember((remembered) => ({
      ...remembered,
      keysToRemove: [...remembered.keysToRemove.filter((key) => key.accountId !== accountId), { accountId, from }],
    }));
  }

  #refuseWhenKeychainWorks(): void {
    if (this.#state.protection === "keychain" && this.#state.keychainProblem === null) {
      throw fail("invalid_input", { issues: ["The keychain of this computer works and is used."] });
    }
  }

  async #anyVaultInKeychain(): Promise<boolean> {
    for (const { protection } of await this.#options.vaults()) if ((await protection()) === "keychain") return true;
    return false;
  }

  async #lookAgain(): Promise<void> {
    await this.#refresh(await this.#options.keychain.status());
  }

  async #refresh(problem: KeychainProblem | null): Promise<SecretsState> {
    this.#problem = problem;
    const word = (this.#lastWord += 1);
    const { choice, keysToRemove } = (await this.#file.read()) ?? NOTHING_REMEMBERED;
    const inUse = problem !== null && (await this.#anyVaultInKeychain());
    // The file asks for its passphrase even where the choice was not written down, or was lost.
    const passphrase = choice === "passphrase" || (await this.#options.passphraseKeychain.exists());
    if (word !== this.#lastWord) return this.#state;
    const protection: Protection = this.#thisTimeOnly
      ? "this_time_only"
      : passphrase
        ? "passphrase"
        : problem === null || problem === "locked" || inUse
          ? "keychain"
          : "unprotected";
    if (protection === "this_time_only" && problem === null && !passphrase) {
      this.#thisTimeOnly = false;
      return this.#refresh(problem);
    }
    const locked = protection === "keychain" ? problem !== null : protection === "passphrase" && this.#options.passphraseKeychain.locked;
    // A keychain that nothing here depends on is nobody's problem.
    const keychainProblem = protection === "keychain" || inUse ? problem : null;
    this.#become({ protection, locked, keychainProblem });
    if (keysToRemove.length > 0) await this.#removeLeftKeys(keysToRemove);
    return this.#state;
  }

  #become(state: SecretsState): void {
    const before = this.#state;
    const same =
      before.protection === state.protection && before.locked === state.locked && before.keychainProblem === state.keychainProblem;
    if (same) return;
    this.#state = state;
    this.#options.log.info("secrets protection changed", { ...state });
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#state);
  }

  async #removeLeftKeys(keys: Remembered["keysToRemove"]): Promise<void> {
    const gone: string[] = [];
    for (const { accountId, from } of keys) {
      const open = from === "keychain" ? this.#problem === null : !this.#options.passphraseKeychain.locked;
      if (open && (await this.keychain(from).remove(accountId)).kind === "done") gone.push(accountId);
    }
    if (gone.length === 0) return;
    await this.#remember((remembered) => ({
      ...remembered,
      keysToRemove: remembered.keysToRemove.filter(({ accountId }) => !gone.includes(accountId)),
    }));
  }

  async #remember(change: (remembered: Remembered) => Remembered): Promise<void> {
    await this.#file.update((remembered) => change(remembered ?? NOTHING_REMEMBERED));
  }

  #warn(error: unknown): void {
    this.#options.log.warn("the state of secrets could not be read again", { error });
  }
}
