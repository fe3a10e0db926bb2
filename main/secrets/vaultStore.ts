import { fail } from "../../shared/errors.ts";
import type { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";
import type { KeychainGet, KeychainProblem } from "./keychain.ts";
import type { SecretsProtection } from "./protection.ts";
import { newKey } from "./aesGcm.ts";
import { type AccountSecrets, checkedSecrets } from "./secretStore.ts";
import type { SecretPlace, SecretRead, SecretStore, UnreadableReason } from "./secretStore.ts";
import { Vault } from "./vaultFormat.ts";
import type { VaultFile, VaultProtection } from "./vaultFormat.ts";
import { vaultKeysFromText, vaultKeysToText } from "./vaultKey.ts";

/** How secrets are protected, and where an account's vault lies. */
export interface VaultSecretStoreOptions {
  readonly protection: SecretsProtection;
  readonly vaultFolder: (accountId: AccountId) => string;
}

/** The key that a vault is to be sealed with, then those that it may still be sealed with. */
type VaultKeys = readonly [Buffer, ...Buffer[]];

/** What is known of an account's key without its vault. */
type KeyRead = { kind: "found"; keys: VaultKeys } | { kind: "absent" } | { kind: "unreadable"; reason: UnreadableReason };

/**
 * Secrets in one sealed file per account, each under a key of its own that a keychain holds.
 *
 * The key stays the same until another passphrase is chosen; only the vault changes, in one step each time. So a crash
 * leaves the old secrets or the new ones, and a vault that comes back from a backup still finds its key. A key is replaced
 * in three steps, each of which may be the last for now: the keychain gets the new one beside the old, the vault is sealed
 * with it, and the old one goes.
 *
 * Keys stay in memory once read: a keychain that locks while the app runs must not keep a refreshed token, which the
 * server will not give again, from being written.
 */
export class VaultSecretStore implements SecretStore {
  readonly #protection: SecretsProtection;
  readonly #vaultFolder: (accountId: AccountId) => string;
  readonly #queue = new KeyedQueue<AccountId>();
  readonly #keys = new Map<AccountId, VaultKeys>();
  /** Secrets kept "for this time only". */
  readonly #inMemory = new Map<AccountId, AccountSecrets>();

  constructor({ protection, vaultFolder }: VaultSecretStoreOptions) {
    this.#protection = protection;
    this.#vaultFolder = vaultFolder;
  }

  read(accountId: AccountId): Promise<SecretRead> {
    return this.#queue.run(accountId, () => this.#read(accountId));
  }

  heldInMemory(accountId: AccountId): AccountSecrets | null {
    return this.#inMemory.get(accountId) ?? null;
  }

  write(accountId: AccountId, secrets: AccountSecrets): Promise<SecretPlace> {
    return this.#queue.run(accountId, async () => {
      const now = await this.#read(accountId);
      if (now.kind === "unreadable") throw this.#refusal(now.reason);
      return this.#write(accountId, secrets);
    });
  }

  update(accountId: AccountId, change: (secrets: AccountSecrets) => AccountSecrets): Promise<AccountSecrets> {
    return this.#queue.run(accountId, async () => {
      const now = await this.#read(accountId);
      if (now.kind === "unreadable") throw this.#refusal(now.reason);
      if (now.kind === "absent") throw fail("secret_missing");
      const changed = checkedSecrets(change(now.secrets));
      await this.#write(accountId, changed);
      return changed;
    });
  }

  setAside(accountId: AccountId, folder: string): Promise<void> {
    return this.#queue.run(accountId, async () => {
      const now = await this.#read(accountId);
      if (now.kind === "found") throw fail("conversation_over");
      if (now.kind === "absent") return;
      if (now.reason !== "passphrase_forgotten") throw this.#refusal(now.reason);
      // What keeps new secrets from being written is to be met before the old ones are out of their place.
      if (this.#protection.state().protection === "unprotected") throw fail("secrets_unprotected");
      const free = await this.#readWithoutVault(accountId, { kind: "absent" });
      if (free.kind === "unreadable") throw this.#refusal(free.reason);
      await this.#vault(accountId).moveTo(folder);
      this.#keys.delete(accountId);
    });
  }

  remove(accountId: AccountId): Promise<void> {
    return this.#queue.run(accountId, async () => {
      this.#inMemory.delete(accountId);
      const vault = this.#vault(accountId);
      const file = await vault.load();
      // The vault first: without it the key opens nothing, and it can be removed later.
      await vault.remove();
      this.#keys.delete(accountId);
      const from = file.kind === "sealed" ? file.protection : this.#placeOfNewKeys();
      if (from !== null) await this.#protection.removeKey(accountId, from);
    });
  }

  /**
   * Seals an account's vault with the key that its keychain has given it since; does nothing where there is none. Throws
   * as `write` does.
   */
  renewKey(accountId: AccountId): Promise<void> {
    return this.#queue.run(accountId, async () => {
      this.#keys.delete(accountId);
      const now = await this.#read(accountId);
      if (now.kind !== "found" || (this.#keys.get(accountId)?.length ?? 0) < 2) return;
      await this.#write(accountId, now.secrets);
    });
  }

  async #read(accountId: AccountId): Promise<SecretRead> {
    const inMemory = this.#inMemory.get(accountId);
    if (inMemory !== undefined) return { kind: "found", secrets: inMemory, place: "memory" };
    const vault = this.#vault(accountId);
    const file = await vault.load();
    if (file.kind === "damaged" || file.kind === "too_new") return { kind: "unreadable", reason: file.kind };
    if (file.kind !== "sealed") return this.#readWithoutVault(accountId, file);
    const read = await this.#readKey(accountId, file.protection);
    if (read.kind !== "found" && file.protection === "passphrase" && (await this.#protection.isForgotten(accountId))) {
      return { kind: "unreadable", reason: "passphrase_forgotten" };
    }
    if (read.kind === "unreadable") return read;
    // A vault whose key is gone is not "no secret": nothing may be written over it.
    const secrets = read.kind === "found" ? openWithAny(vault, file, read.keys) : null;
    if (secrets === null) return { kind: "unreadable", reason: "damaged" };
    return { kind: "found", secrets, place: file.protection };
  }

  async #readWithoutVault(accountId: AccountId, file: VaultFile): Promise<SecretRead> {
    const place = this.#placeOfNewKeys();
    if (place === null) return { kind: "absent" };
    const read = await this.#readKey(accountId, place);
    if (read.kind === "unreadable") return read;
    // A key without a vault: either the vault was lost, or making it was cut short.
    if (read.kind === "found" && file.kind !== "begun") return { kind: "unreadable", reason: "damaged" };
    return { kind: "absent" };
  }

  async #write(accountId: AccountId, secrets: AccountSecrets): Promise<SecretPlace> {
    const vault = this.#vault(accountId);
    const file = await vault.load();
    const place = file.kind === "sealed" ? file.protection : this.#placeOfNewKeys();
    if (place === null) {
      if (this.#protection.state().protection !== "this_time_only") throw fail("secrets_unprotected");
      this.#inMemory.set(accountId, checkedSecrets(secrets));
      return "memory";
    }
    if (this.#inMemory.has(accountId)) {
      this.#inMemory.set(accountId, checkedSecrets(secrets));
      return "memory";
    }
    const read = await this.#readKey(accountId, place);
    if (read.kind === "unreadable") throw this.#refusal(read.reason);
    const [key, ...before] = read.kind === "found" ? read.keys : [await this.#makeKey(accountId, vault, place)];
    await vault.write(secrets, key, place);
    if (before.length > 0) await this.#keepOnly(accountId, key, place);
    return place;
  }

  /** Makes the account's key and keeps it in the keychain, before anything depends on it. */
  async #makeKey(accountId: AccountId, vault: Vault, place: VaultProtection): Promise<Buffer> {
    await vault.begin();
    const key = newKey();
    const done = await this.#protection.keychain(place).set(accountId, vaultKeysToText([key]));
    if (done.kind === "failed") throw this.#refusal(await this.#reasonOf(place, done.problem));
    this.#keys.set(accountId, [key]);
    return key;
  }

  /** Where that is not written down now, it is after the next write of the vault. */
  async #keepOnly(accountId: AccountId, key: Buffer, place: VaultProtection): Promise<void> {
    const done = await this.#protection.keychain(place).set(accountId, vaultKeysToText([key]));
    if (done.kind === "done") this.#keys.set(accountId, [key]);
  }

  async #readKey(accountId: AccountId, place: VaultProtection): Promise<KeyRead> {
    const known = this.#keys.get(accountId);
    if (known !== undefined) return { kind: "found", keys: known };
    const got = await this.#ask(accountId, place);
    if (got.kind === "absent") return got;
    if (got.kind === "failed") return { kind: "unreadable", reason: await this.#reasonOf(place, got.problem) };
    const [key, ...before] = vaultKeysFromText(got.value) ?? [];
    if (key === undefined) return { kind: "unreadable", reason: "damaged" };
    const keys: VaultKeys = [key, ...before];
    this.#keys.set(accountId, keys);
    return { kind: "found", keys };
  }

  /** Does not ask a keychain that is known not to answer: each question could take seconds, for every account. */
  async #ask(accountId: AccountId, place: VaultProtection): Promise<KeychainGet> {
    const { keychainProblem } = this.#protection.state();
    if (place === "keychain" && keychainProblem !== null) return { kind: "failed", problem: keychainProblem };
    return this.#protection.keychain(place).get(accountId);
  }

  async #reasonOf(place: VaultProtection, problem: KeychainProblem): Promise<UnreadableReason> {
    if (place === "passphrase") return "passphrase_needed";
    await this.#protection.noteKeychainProblem(problem);
    return problem === "locked" ? "keychain_locked" : "keychain_unreachable";
  }

  /** Where the key of an account without a vault belongs; null when it has no place outside memory. */
  #placeOfNewKeys(): VaultProtection | null {
    const { protection } = this.#protection.state();
    return protection === "keychain" || protection === "passphrase" ? protection : null;
  }

  #refusal(reason: UnreadableReason): AppFailure {
    if (reason === "passphrase_forgotten") return fail("passphrase_forgotten");
    return reason === "keychain_locked" || reason === "passphrase_needed" ? fail("secrets_locked") : fail("secret_unreadable");
  }

  #vault(accountId: AccountId): Vault {
    return new Vault(accountId, this.#vaultFolder(accountId));
  }
}

function openWithAny(vault: Vault, file: Extract<VaultFile, { kind: "sealed" }>, keys: VaultKeys): AccountSecrets | null {
  for (const key of keys) {
    const secrets = vault.open(file, key);
    if (secrets !== null) return secrets;
  }
  return null;
}
