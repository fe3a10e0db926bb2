import { randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { SetUpStep } from "../../shared/contract/secureBackup.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { fromBase64OfLength } from "./base64.ts";
import { newKeyCheck } from "./secretCipher.ts";
import { KeyDescription } from "./secretStorage.ts";
import { SECURITY_KEY_BYTES } from "./securityKey.ts";
import type { PhraseInfo } from "./securityPhrase.ts";

const key = z.string().refine((text) => fromBase64OfLength(text, SECURITY_KEY_BYTES) !== null);

/**
 * A set-up that the person has confirmed: everything that it will write was drawn beforehand, so that going on after a
 * crash writes the same again instead of something new.
 */
const PendingSetUp = z.object({
  version: z.literal(1),
  method: z.enum(["key", "phrase"]),
  /** The id of the key in secret storage. */
  keyId: z.string().min(1).max(255),
  /** The Security Key's bytes, base64. */
  key,
  description: KeyDescription,
  /** The private key of the key backup, should a new one be needed; base64. */
  backupKey: key,
  /** Steps that have ended well; they are looked at again all the same. */
  done: z.array(SetUpStep),
});
export type PendingSetUp = z.infer<typeof PendingSetUp>;

const KEY_ID_BYTES = 24;

/** Draws everything for a new set-up with this key. */
export async function newPendingSetUp(
  method: "key" | "phrase",
  securityKey: Uint8Array,
  phrase: PhraseInfo | undefined,
): Promise<PendingSetUp> {
  return {
    version: 1,
    method,
    keyId: randomBytes(KEY_ID_BYTES).toString("base64url"),
    key: Buffer.from(securityKey).toString("base64"),
    description: {
      algorithm: "m.secret_storage.v1.aes-hmac-sha2",
      ...(await newKeyCheck(securityKey)),
      ...(phrase ? { passphrase: phrase } : {}),
    },
    backupKey: randomBytes(SECURITY_KEY_BYTES).toString("base64").replace(/=+$/, ""),
    done: [],
  };
}

/** Whether two Security Keys are the same. */
export function sameKey(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Keeps confirmed set-ups among the accounts' secrets. */
export class PendingSetUps {
  readonly #secretStore: SecretStore;

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore;
  }

  /** Null when there is none, or when secrets cannot be read now. Throws `secret_unreadable` when it makes no sense. */
  async read(accountId: AccountId): Promise<PendingSetUp | null> {
    const read = await this.#secretStore.read(accountId);
    const text = read.kind === "found" ? read.secrets.pendingSetUp : null;
    if (text === null) return null;
    try {
      return PendingSetUp.parse(JSON.parse(text));
    } catch {
      // The cause would quote the key.
      throw fail("secret_unreadable");
    }
  }

  /** Written to disk when it resolves. Throws as `SecretStore.update` does. */
  async write(accountId: AccountId, pending: PendingSetUp): Promise<void> {
    const text = JSON.stringify(PendingSetUp.parse(pending));
    await this.#secretStore.update(accountId, (secrets) => ({ ...secrets, pendingSetUp: text }));
  }

  async remove(accountId: AccountId): Promise<void> {
    await this.#secretStore.update(accountId, (secrets) => ({ ...secrets, pendingSetUp: null }));
  }
}
