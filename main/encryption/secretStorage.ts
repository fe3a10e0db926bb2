import * as z from "zod";
import type { SecretName } from "../../shared/contract/secureBackup.ts";
import type { AccountServer } from "./accountServer.ts";
import { fromBase64, fromBase64OfLength } from "./base64.ts";
import { PhraseInfo } from "./securityPhrase.ts";
import { decryptSecret, encryptSecret, type EncryptedSecret, matchesKeyCheck } from "./secretCipher.ts";

const ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2";
const DEFAULT_KEY = "m.secret_storage.default_key";

const base64 = (bytes: number) => z.string().refine((text) => fromBase64OfLength(text, bytes) !== null);

/** Describes a key of secret storage, as account data `m.secret_storage.key.<id>`. */
export const KeyDescription = z.object({
  algorithm: z.literal(ALGORITHM),
  iv: base64(16).optional(),
  mac: base64(32).optional(),
  /** What a phrase needs may be broken without the key being so. */
  passphrase: PhraseInfo.optional().catch(undefined),
  /** Given by a person in another client; kept when a description is written anew. */
  name: z.string().max(1000).optional().catch(undefined),
});
export type KeyDescription = z.infer<typeof KeyDescription>;

const Encrypted = z.object({
  iv: base64(16),
  ciphertext: z.string().refine((text) => text !== "" && fromBase64(text) !== null),
  mac: base64(32),
});

const SecretContent = z.object({ encrypted: z.record(z.string(), z.unknown()).optional() });

/** What `m.secret_storage.default_key` says. */
export type DefaultKey = { kind: "absent" } | { kind: "malformed" } | { kind: "found"; keyId: string };

/** A secret's account data, as far as it can be understood. */
export class StoredSecret {
  readonly #copies: Readonly<Record<string, unknown>> | null;

  /** @param content what the server answered: unchecked, null when there is none */
  constructor(content: unknown) {
    const parsed = SecretContent.safeParse(content ?? {});
    this.#copies = parsed.success ? (parsed.data.encrypted ?? {}) : null;
  }

  /** How it is stored, as seen from one key. */
  storedFor(keyId: string | null): "stored" | "missing" | "other_key_only" | "malformed" {
    if (this.#copies === null) return "malformed";
    if (keyId !== null && Object.hasOwn(this.#copies, keyId)) return this.copyFor(keyId) ? "stored" : "malformed";
    return Object.keys(this.#copies).length > 0 ? "other_key_only" : "missing";
  }

  /** The copy encrypted with one key; null when there is none that makes sense. */
  copyFor(keyId: string): EncryptedSecret | null {
    if (this.#copies === null || !Object.hasOwn(this.#copies, keyId)) return null;
    return Encrypted.safeParse(this.#copies[keyId]).data ?? null;
  }

  /** Whether there is any copy encrypted with one of these keys, in whatever shape. */
  hasCopies(keyIds: readonly string[]): boolean {
    return this.#copies !== null && keyIds.some((keyId) => Object.hasOwn(this.#copies!, keyId));
  }

  /** Its account data without the copies under these keys. */
  without(keyIds: readonly string[]): object {
    return { encrypted: Object.fromEntries(Object.entries(this.#copies ?? {}).filter(([id]) => !keyIds.includes(id))) };
  }

  /** Its account data with a copy added; the copies under other keys stay. */
  with(keyId: string, copy: EncryptedSecret): object {
    return { encrypted: { ...this.#copies, [keyId]: copy } };
  }
}

/**
 * Secret storage on the server (Client-Server API, "Secret storage"): read from it each time. It is added to; only what
 * a new key has replaced is taken away, by name.
 */
export class SecretStorage {
  readonly #server: AccountServer;

  constructor(server: AccountServer) {
    this.#server = server;
  }

  async defaultKey(): Promise<DefaultKey> {
    const content = await this.#server.accountData(DEFAULT_KEY);
    // An empty object is how clients take the default key away: account data cannot be deleted.
    const isEmpty = typeof content === "object" && Object.keys(content ?? {}).length === 0;
    if (isEmpty) return { kind: "absent" };
    const parsed = z.object({ key: z.string().min(1).max(255) }).safeParse(content);
    return parsed.success ? { kind: "found", keyId: parsed.data.key } : { kind: "malformed" };
  }

  async setDefaultKey(keyId: string): Promise<void> {
    await this.#server.setAccountData(DEFAULT_KEY, { key: keyId });
  }

  /** Says that there is no default key: account data cannot be deleted. */
  async removeDefaultKey(): Promise<void> {
    await this.#server.setAccountData(DEFAULT_KEY, {});
  }

  /** The description of a key; null when there is none, or none that makes sense. */
  async describe(keyId: string): Promise<KeyDescription | null> {
    return KeyDescription.safeParse(await this.#server.accountData(`m.secret_storage.key.${keyId}`)).data ?? null;
  }

  async writeDescription(keyId: string, description: KeyDescription): Promise<void> {
    await this.#server.setAccountData(`m.secret_storage.key.${keyId}`, description);
  }

  /** Empties the description of a key: account data cannot be deleted. */
  async removeDescription(keyId: string): Promise<void> {
    await this.#server.setAccountData(`m.secret_storage.key.${keyId}`, {});
  }

  async read(name: SecretName): Promise<StoredSecret> {
    return new StoredSecret(await this.#server.accountData(name));
  }

  /** A secret in clear; null when it is not stored with this key or does not decrypt with it. */
  async open(name: SecretName, keyId: string, key: Uint8Array): Promise<string | null> {
    const copy = (await this.read(name)).copyFor(keyId);
    return copy ? await decryptSecret(copy, key, name) : null;
  }

  /** Sees to it that a secret is stored with this key; writes only when it is not. */
  async ensure(name: SecretName, keyId: string, key: Uint8Array, value: string): Promise<void> {
    const stored = await this.read(name);
    const copy = stored.copyFor(keyId);
    if (copy && (await decryptSecret(copy, key, name)) === value) return;
    await this.#server.setAccountData(name, stored.with(keyId, await encryptSecret(value, key, name)));
  }

  /** Takes away the copies of a secret under these keys; writes only when there are any. */
  async removeCopies(name: SecretName, keyIds: readonly string[]): Promise<void> {
    const stored = await this.read(name);
    if (stored.hasCopies(keyIds)) await this.#server.setAccountData(name, stored.without(keyIds));
  }
}

/**
 * Whether a key is the one described. Null when the description cannot tell, because it has no MAC.
 */
export async function isDescribedKey(key: Uint8Array, { iv, mac }: KeyDescription): Promise<boolean | null> {
  return iv === undefined || mac === undefined ? null : matchesKeyCheck(key, { iv, mac });
}
