import { createHash } from "node:crypto";
import * as z from "zod";
import type { SecretName } from "../../shared/contract/secureBackup.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import type { Logger } from "../logging/logger.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { backupPublicKey, signingPublicKey } from "../roomKeys/keyPairs.ts";
import type { EncryptedSecret } from "./secretCipher.ts";

/** Enough for the four secrets under a good many keys; the oldest go first. */
const MAX_COPIES = 200;

const Kept = z.array(z.tuple([z.string().max(100), z.string().max(100)])).max(MAX_COPIES);

/** The public key of a secret's private key, base64; null when it is no private key. */
export function publicKeyOfSecret(name: SecretName, secret: PrivateKey): string | null {
  return name === "m.megolm_backup.v1" ? backupPublicKey(secret) : signingPublicKey(secret);
}

function fingerprint(name: SecretName, { iv, ciphertext, mac }: EncryptedSecret): string {
  return createHash("sha256")
    .update(JSON.stringify([name, iv, ciphertext, mac]))
    .digest("base64url");
}

/**
 * Which stored copies of secrets were decrypted here, and the public key of what each held. Only such a copy may ever be
 * deleted: of any other nobody knows what it opens. Holds nothing secret.
 */
export class OpenedCopies {
  readonly #publicKeys: Map<string, string>;
  #changed = false;

  /** @param text what `toText` answered before; anything else is as nothing */
  constructor(text: string | null = null) {
    this.#publicKeys = new Map(parseKept(text));
  }

  /** Whether anything was noted since it was made or last written down. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Notes that a copy was decrypted. One that holds no private key is not noted: it opens nothing that is known. */
  note(name: SecretName, copy: EncryptedSecret, secret: PrivateKey): void {
    const publicKey = publicKeyOfSecret(name, secret);
    const id = fingerprint(name, copy);
    if (publicKey === null || this.#publicKeys.get(id) === publicKey) return;
    this.#publicKeys.set(id, publicKey);
    for (const [oldest] of this.#publicKeys) {
      if (this.#publicKeys.size <= MAX_COPIES) break;
      this.#publicKeys.delete(oldest);
    }
    this.#changed = true;
  }

  /** The public key of what a copy holds; null when it was never decrypted here. */
  publicKeyOf(name: SecretName, copy: EncryptedSecret): string | null {
    return this.#publicKeys.get(fingerprint(name, copy)) ?? null;
  }

  /** Writes down what is known, to be read by the constructor. */
  toText(): string {
    this.#changed = false;
    return JSON.stringify([...this.#publicKeys]);
  }
}

function parseKept(text: string | null): [string, string][] {
  try {
    return Kept.parse(JSON.parse(text ?? "[]"));
  } catch {
    return [];
  }
}

/** Keeps what was opened of each account with its secrets, so that it is known after a restart too. */
export class OpenedCopiesKeeper {
  readonly #secretStore: SecretStore;
  readonly #logger: Logger;
  readonly #held = new Map<AccountId, OpenedCopies>();

  constructor({ secretStore, logger }: { secretStore: SecretStore; logger: Logger }) {
    this.#secretStore = secretStore;
    this.#logger = logger;
  }

  /** What is known of an account. Where its secrets cannot be read, nothing is: that keeps more than need be. */
  async of(accountId: AccountId): Promise<OpenedCopies> {
    const held = this.#held.get(accountId);
    if (held) return held;
    const read = await this.#secretStore.read(accountId).catch(() => null);
    const opened = new OpenedCopies(read?.kind === "found" ? (read.secrets.openedCopies ?? null) : null);
    // Asked twice at once, both may have waited for the file.
    const first = this.#held.get(accountId) ?? opened;
    if (read?.kind === "found") this.#held.set(accountId, first);
    return first;
  }

  /** Writes down what has been noted since. That it fails is logged, and costs a question later. */
  async save(accountId: AccountId): Promise<void> {
    const opened = this.#held.get(accountId);
    if (!opened?.changed) return;
    const openedCopies = opened.toText();
    await this.#secretStore
      .update(accountId, (secrets) => ({ ...secrets, openedCopies }))
      .catch((error: unknown) => this.#logger.warn("which secrets were opened was not kept", { accountId, error }));
  }
}
