import * as z from "zod";
import type { KeptKeyState, SecretName } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { secretBytes } from "../secrets/secretBytes.ts";
import type { AccountSecrets, SecretStore } from "../secrets/secretStore.ts";
import { fromBase64OfLength } from "../roomKeys/base64.ts";
import type { EncryptionContext } from "./encryptionContext.ts";
import type { StoredSecret } from "./secretStorage.ts";
import type { SecureBackupReading } from "./secureBackupState.ts";
import { SECURITY_KEY_BYTES } from "./securityKey.ts";
import { isRightKey, type OpenedStorage } from "./unlock.ts";

/** A Security Key that a person wants kept, as it lies among the account's secrets. */
const Kept = z.object({
  version: z.literal(1),
  /** The key of secret storage that it was when it was kept. */
  keyId: z.string().min(1).max(255),
  /** Its bytes. */
  key: secretBytes(
    "Security Key",
    z.string().refine((text) => fromBase64OfLength(text, SECURITY_KEY_BYTES) !== null),
  ),
});

/** What a kept key is compared with. */
export type ReadOfStorage = Pick<SecureBackupReading, "defaultKey" | "description" | "stored">;

type KeptRead = { kind: "found"; kept: OpenedStorage } | { kind: "none" } | { kind: "unreadable" };

/** Writes a Security Key the way it is kept. */
export function keptText({ keyId, key }: OpenedStorage): string {
  return JSON.stringify(z.encode(Kept, { version: 1, keyId, key }));
}

function parseKept(text: string | null): KeptRead {
  if (text === null) return { kind: "none" };
  try {
    const { keyId, key } = Kept.parse(JSON.parse(text));
    return { kind: "found", kept: { keyId, key } };
  } catch {
    // The cause would quote the key.
    return { kind: "unreadable" };
  }
}

/**
 * What is kept once another Security Key, or the same one, has been set up here: the new one if the person wants that,
 * and never one that it has replaced.
 */
export function keptAfterSetUp(before: AccountSecrets, now: OpenedStorage, keep: boolean): string | null {
  if (keep) return keptText(now);
  const read = parseKept(before.keptSecurityKey);
  return read.kind === "found" && read.kept.keyId === now.keyId ? before.keptSecurityKey : null;
}

/**
 * The Security Keys that people want kept on this computer: among the accounts' secrets, so sealed, each bound to its
 * account, and gone with it. A key is bound to its id in the account data besides: it is used and shown only while it
 * opens the Secure Backup there is now.
 */
export class KeptKeys {
  readonly #secretStore: SecretStore;

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore;
  }

  /** How the kept key stands to a Secure Backup that was just read. Says `unreadable` instead of throwing. */
  async describe(accountId: AccountId, reading: ReadOfStorage): Promise<KeptKeyState> {
    const read = await this.#secretStore.read(accountId).catch(() => null);
    if (read?.kind !== "found") return { status: "unreadable", place: null };
    const { place } = read;
    const kept = parseKept(read.secrets.keptSecurityKey);
    if (kept.kind !== "found") return { status: kept.kind, place };
    const { defaultKey, description, stored } = reading;
    const sameId = defaultKey.kind === "found" && defaultKey.keyId === kept.kept.keyId;
    const readAlready = (name: SecretName): Promise<StoredSecret> => Promise.resolve(stored[name]);
    const isCurrent = sameId && description !== null && (await isRightKey(kept.kept, description, readAlready));
    return { status: isCurrent ? "current" : "older", place };
  }

  /** Whether any Security Key of this account is kept, current or not; null when that cannot be read now. */
  async has(accountId: AccountId): Promise<boolean | null> {
    const read = await this.#secretStore.read(accountId);
    if (read.kind === "unreadable") return null;
    return read.kind === "found" && read.secrets.keptSecurityKey !== null;
  }

  /**
   * Keeps a key that has been shown to be the right one, in place of another. Throws `phrase_key_length` for one of a
   * phrase that no client shows or takes as a Security Key, `kept_this_time_only`, and as `SecretStore.update` does.
   */
  async keep(accountId: AccountId, opened: OpenedStorage): Promise<void> {
    if (opened.key.length !== SECURITY_KEY_BYTES) throw fail("phrase_key_length", { bits: opened.key.length * 8 });
    await this.refuseInMemory(accountId);
    const keptSecurityKey = keptText(opened);
    await this.#secretStore.update(accountId, (secrets) => ({ ...secrets, keptSecurityKey }));
  }

  /** Throws `kept_this_time_only` where nothing of the account is written down. */
  async refuseInMemory(accountId: AccountId): Promise<void> {
    const read = await this.#secretStore.read(accountId);
    if (read.kind === "found" && read.place === "memory") throw fail("kept_this_time_only");
  }

  /** Forgets the kept key; that there is none is as good. Throws as `SecretStore.update` does. */
  async forget(accountId: AccountId): Promise<void> {
    const read = await this.#secretStore.read(accountId);
    if (read.kind === "found" && read.secrets.keptSecurityKey === null) return;
    await this.#secretStore.update(accountId, (secrets) => ({ ...secrets, keptSecurityKey: null }));
  }

  /**
   * The kept key, after the server's description of the default key has been asked for and compared with it. Throws
   * `security_key_not_kept`, `kept_key_outdated`, `secret_unreadable`.
   */
  async current(accountId: AccountId, access: EncryptionContext): Promise<OpenedStorage> {
    const read = await this.#secretStore.read(accountId);
    const found = parseKept(read.kind === "found" ? read.secrets.keptSecurityKey : null);
    if (read.kind === "unreadable" || found.kind === "unreadable") throw fail("secret_unreadable");
    if (found.kind === "none") throw fail("security_key_not_kept");
    const { kept } = found;
    const { storage } = access;
    const defaultKey = await storage.defaultKey();
    const sameId = defaultKey.kind === "found" && defaultKey.keyId === kept.keyId;
    const description = sameId ? await storage.describe(kept.keyId) : null;
    if (!description || !(await isRightKey(kept, description, (name) => storage.read(name)))) {
      throw fail("kept_key_outdated");
    }
    return kept;
  }
}
