import { createHash } from "node:crypto";
import * as z from "zod";
import { SecretName } from "../../shared/contract/secureBackup.ts";
import { accountDataOf, type EncryptionApi } from "./encryptionApi.ts";
import { fromAnyBase64, fromBase64OfLength } from "../roomKeys/base64.ts";
import type { PhraseProblem } from "../../shared/errors.ts";
import type { PrivateKey, SecurityKeyBytes } from "../../shared/secret.ts";
import type { OpenedCopies } from "./openedSecretCopies.ts";
import { isProperSecret, readSecret } from "./secretValue.ts";
import { PhraseInfo, readPhraseInfo } from "./securityPhrase.ts";
import { decryptSecret, encryptSecret, type EncryptedSecret, matchesKeyCheck, readIv, readMac } from "./secretCipher.ts";

const ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2";
/** Names the default key, by its id. */
export const DEFAULT_KEY = "m.secret_storage.default_key";
const DESCRIPTION = "m.secret_storage.key.";
/**
 * Where account data are kept that must make room and could not be shown to be elsewhere: the type they had and a
 * fingerprint follow. A name without a domain, whose first part no domain can be called, so that it is nobody's.
 */
export const PUT_ASIDE = "secret_storage.put_aside.";

const iv = z.string().refine((text) => readIv(text) !== null);
const mac = z.string().refine((text) => readMac(text) !== null);

/**
 * Describes a key of secret storage, as account data `m.secret_storage.key.<id>`. What in it is absent, null, empty or
 * damaged says nothing: matrix-js-sdk and the Rust SDK take any key where there is no MAC, and so a description must not
 * be what stands between a person and their secrets. Whether the key is the right one, the secrets tell then.
 */
export const KeyDescription = z.object({
  algorithm: z.literal(ALGORITHM),
  iv: iv.optional().catch(undefined),
  mac: mac.optional().catch(undefined),
  /** What a phrase needs may be broken without the key being so. */
  passphrase: PhraseInfo.optional().catch(undefined),
  /** Given by a person in another client; kept when a description is written again. */
  name: z.string().max(1000).optional().catch(undefined),
});
export type KeyDescription = z.infer<typeof KeyDescription>;

const Encrypted = z.object({
  iv,
  ciphertext: z.string().refine((text) => text !== "" && fromAnyBase64(text) !== null),
  mac,
});

const Fields = z.record(z.string(), z.unknown());

/** A key description as it was read. */
export interface DescribedKey extends KeyDescription {
  /** Why the phrase that it names cannot be used; nothing when it can, or when it names none. */
  phraseProblem?: PhraseProblem | undefined;
}

/** Reads a key description, unchecked. Null when it is none, or one of an algorithm that Steward does not know. */
export function readDescription(content: unknown): DescribedKey | null {
  const parsed = KeyDescription.safeParse(content);
  if (!parsed.success) return null;
  const phrase = readPhraseInfo((content as { passphrase?: unknown }).passphrase);
  return {
    ...parsed.data,
    passphrase: phrase.kind === "usable" ? phrase.info : undefined,
    phraseProblem: phrase.kind === "unusable" ? phrase.reason : undefined,
  };
}

/** What `m.secret_storage.default_key` says. */
export type DefaultKey = { kind: "absent" } | { kind: "malformed" } | { kind: "found"; keyId: string };

/** Reads what names the default key, unchecked; null when it was never written. */
function readDefaultKey(content: unknown): DefaultKey {
  const parsed = z.object({ key: z.unknown().optional() }).safeParse(content ?? {});
  // An empty object is how clients take the default key away: account data cannot be deleted.
  if (parsed.success && (parsed.data.key ?? "") === "") return { kind: "absent" };
  const keyId = z.string().max(255).safeParse(parsed.data?.key);
  return keyId.success ? { kind: "found", keyId: keyId.data } : { kind: "malformed" };
}

/** As `SecretStorage.defaultKey`, of account data that were read all at once. */
export const defaultKeyIn = (all: ReadonlyMap<string, unknown>): DefaultKey => readDefaultKey(accountDataOf(all, DEFAULT_KEY));

/** As `SecretStorage.describe`, of account data that were read all at once. */
export const descriptionIn = (all: ReadonlyMap<string, unknown>, keyId: string): DescribedKey | null =>
  readDescription(accountDataOf(all, `${DESCRIPTION}${keyId}`));

/** As `SecretStorage.read`, for every secret, of account data that were read all at once. */
export function storedSecretsIn(all: ReadonlyMap<string, unknown>): Record<SecretName, StoredSecret> {
  const stored = SecretName.options.map((name) => [name, new StoredSecret(accountDataOf(all, name))] as const);
  return Object.fromEntries(stored) as Record<SecretName, StoredSecret>;
}

/** A secret's account data, as far as it can be understood. */
export class StoredSecret {
  /** Everything there is, whatever others keep beside the copies. */
  readonly #content: Readonly<Record<string, unknown>>;
  readonly #copies: Readonly<Record<string, unknown>> | null;

  /** @param content what the server answered: unchecked, null when there is none */
  constructor(content: unknown) {
    const parsed = Fields.safeParse(content ?? {});
    this.#content = parsed.data ?? {};
    const copies = Fields.safeParse(this.#content["encrypted"] ?? {});
    this.#copies = parsed.success && copies.success ? copies.data : null;
  }

  /** Whether the copies can be told apart. What is not understood is never written over. */
  get isUnderstood(): boolean {
    return this.#copies !== null;
  }

  /** How it is stored, as seen from one key. */
  storedFor(keyId: string | null): "stored" | "missing" | "other_key_only" | "malformed" {
    if (this.#copies === null) return "malformed";
    if (keyId !== null && Object.hasOwn(this.#copies, keyId)) return this.copyFor(keyId) ? "stored" : "malformed";
    return Object.keys(this.#copies).length > 0 ? "other_key_only" : "missing";
  }

  /** The copy encrypted with one key; null when there is none that makes sense. */
  copyFor(keyId: string): EncryptedSecret | null {
    if (!this.hasCopies([keyId])) return null;
    return Encrypted.safeParse(this.#copies![keyId]).data ?? null;
  }

  /** Whether there is any copy encrypted with one of these keys, in whatever shape. */
  hasCopies(keyIds: readonly string[]): boolean {
    return this.#copies !== null && keyIds.some((keyId) => Object.hasOwn(this.#copies!, keyId));
  }

  /** Its account data without the copies under these keys. */
  without(keyIds: readonly string[]): object {
    return { ...this.#content, encrypted: this.#chosen((id) => !keyIds.includes(id)) };
  }

  /** The copies under these keys alone. */
  only(keyIds: readonly string[]): object {
    return { encrypted: this.#chosen((id) => keyIds.includes(id)) };
  }

  /** Its account data with a copy added; the copies under other keys stay. */
  with(keyId: string, copy: EncryptedSecret): object {
    return { ...this.#content, encrypted: { ...this.#copies, [keyId]: copy } };
  }

  #chosen(isChosen: (keyId: string) => boolean): object {
    return Object.fromEntries(Object.entries(this.#copies ?? {}).filter(([id]) => isChosen(id)));
  }
}

/**
 * Secret storage on the server (Client-Server API, "Secret storage"): read from it each time. What others keep beside what
 * Steward writes stays; what is not understood is put aside before it is written over.
 */
export class SecretStorage {
  readonly #server: EncryptionApi;
  /** Which copies were decrypted here. */
  readonly opened: OpenedCopies;

  constructor(server: EncryptionApi, opened: OpenedCopies) {
    this.#server = server;
    this.opened = opened;
  }

  async defaultKey(): Promise<DefaultKey> {
    return readDefaultKey(await this.#server.accountData(DEFAULT_KEY));
  }

  async setDefaultKey(keyId: string): Promise<void> {
    const before = Fields.safeParse(await this.#server.accountData(DEFAULT_KEY)).data;
    await this.#server.setAccountData(DEFAULT_KEY, { ...before, key: keyId });
  }

  /** Says that there is no default key: account data cannot be deleted. */
  async removeDefaultKey(): Promise<void> {
    await this.#server.setAccountData(DEFAULT_KEY, {});
  }

  /** The description of a key; null when there is none, or none that makes sense. */
  async describe(keyId: string): Promise<DescribedKey | null> {
    return readDescription(await this.#server.accountData(`${DESCRIPTION}${keyId}`));
  }

  /**
   * Writes the description of a key. Fields that Steward does not know stay as they are; a description that is not
   * understood is put aside.
   */
  async writeDescription(keyId: string, { algorithm, iv, mac, passphrase, name }: KeyDescription): Promise<void> {
    const type = `${DESCRIPTION}${keyId}`;
    const content = await this.#whole(type);
    const before = Fields.safeParse(content).data ?? {};
    if (Object.keys(before).length > 0 && readDescription(before) === null) await this.putAside(type, before);
    const phraseBefore = Fields.safeParse(before["passphrase"]).data ?? {};
    const written = { algorithm, iv, mac, name, passphrase: passphrase && { ...withoutNulls(phraseBefore), ...passphrase } };
    await this.#server.setAccountData(type, { ...before, ...withoutNulls(written) });
  }

  /** Empties the description of a key: account data cannot be deleted. */
  async removeDescription(keyId: string): Promise<void> {
    await this.#server.setAccountData(`${DESCRIPTION}${keyId}`, {});
  }

  async read(name: SecretName): Promise<StoredSecret> {
    return new StoredSecret(await this.#server.accountData(name));
  }

  /**
   * A secret in clear, as the specification has it written; null when it is not stored with this key or does not decrypt
   * with it.
   */
  async open(name: SecretName, keyId: string, key: SecurityKeyBytes): Promise<PrivateKey | null> {
    return await this.decrypt(name, (await this.read(name)).copyFor(keyId), key);
  }

  /** As `open`, for a copy that was read before. */
  async decrypt(name: SecretName, copy: EncryptedSecret | null, key: SecurityKeyBytes): Promise<PrivateKey | null> {
    const text = copy && (await decryptSecret(copy, key, name));
    if (text === null) return null;
    const secret = readSecret(text);
    this.opened.note(name, copy!, secret);
    return secret;
  }

  /** The public key of what a copy holds, when it was decrypted before or one of these keys decrypts it; else null. */
  async publicKeyIn(name: SecretName, copy: EncryptedSecret | null, keys: readonly SecurityKeyBytes[]): Promise<string | null> {
    if (copy === null) return null;
    for (const key of keys) if ((await this.decrypt(name, copy, key)) !== null) break;
    return this.opened.publicKeyOf(name, copy);
  }

  /**
   * Sees to it that a secret is stored with this key, written as the specification has it; writes only when it is not.
   * What would be written over and is not this very secret is put aside first.
   */
  async ensure(name: SecretName, keyId: string, key: SecurityKeyBytes, value: PrivateKey): Promise<void> {
    const stored = await this.read(name);
    const copy = stored.copyFor(keyId);
    const before = copy && (await decryptSecret(copy, key, name));
    const isSame = before !== null && readSecret(before).equals(readSecret(value));
    if (isSame && isProperSecret(before)) return;
    if (!stored.isUnderstood) await this.putAside(name, (await this.#whole(name)) as object);
    else if (!isSame && stored.hasCopies([keyId])) await this.putAside(name, stored.only([keyId]));
    const written = await encryptSecret(value, key, name);
    await this.#server.setAccountData(name, stored.with(keyId, written));
    this.opened.note(name, written, value);
  }

  /** Takes away the copies of a secret under these keys; writes only when there are any. */
  async removeCopies(name: SecretName, keyIds: readonly string[]): Promise<void> {
    const stored = await this.read(name);
    if (stored.hasCopies(keyIds)) await this.#server.setAccountData(name, stored.without(keyIds));
  }

  /** Keeps account data that must make room under a name of their own. The same content is kept once. */
  async putAside(type: string, content: object): Promise<void> {
    const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
    await this.#server.setAccountData(`${PUT_ASIDE}${type}.${digest}`, content);
  }

  /** Account data however long they are: nothing of them may be lost. */
  #whole(type: string): Promise<unknown> {
    return this.#server.accountData(type, Infinity);
  }
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

/**
 * Whether a key is the one described. Null when the description cannot tell, because it has no MAC.
 */
export async function isDescribedKey(key: SecurityKeyBytes, { iv, mac }: KeyDescription): Promise<boolean | null> {
  return iv === undefined || mac === undefined ? null : matchesKeyCheck(key, { iv, mac });
}

/** Whether a description can be checked by clients that take an IV of 16 bytes alone, as the specification has it. */
export function hasProperCheck({ iv, mac }: KeyDescription): boolean {
  return iv !== undefined && mac !== undefined && fromBase64OfLength(iv, 16) !== null && fromBase64OfLength(mac, 32) !== null;
}
