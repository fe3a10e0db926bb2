import { randomBytes } from "node:crypto";
import * as z from "zod";
import { SetUpKind, SetUpStep } from "../../shared/contract/setUp.ts";
import { fail } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { SecurityKeyBytes } from "../../shared/secret.ts";
import { secretText } from "../../shared/secretSchemas.ts";
import { secretBytes } from "../secrets/secretBytes.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { fromBase64OfLength } from "../roomKeys/base64.ts";
import { newPrivateKey } from "../roomKeys/keyPairs.ts";
import { keptAfterSetUp } from "./storedSecurityKey.ts";
import { newKeyCheck } from "./secretCipher.ts";
import { KeyDescription } from "./secretStorage.ts";
import { SECURITY_KEY_BYTES } from "./securityKey.ts";
import type { PhraseInfo } from "./securityPhrase.ts";

const key = z.string().refine((text) => fromBase64OfLength(text, SECURITY_KEY_BYTES) !== null);
const privateKey = secretText("private key", key);

/**
 * A set-up that the person has confirmed: everything that it will write was drawn beforehand, so that going on after a
 * crash writes the same again instead of something new.
 */
const PendingSetUp = z.object({
  version: z.literal(1),
  kind: SetUpKind.default("set_up"),
  method: z.enum(["key", "phrase"]),
  /** The id of the key in secret storage. */
  keyId: z.string().min(1).max(255),
  /** The Security Key's bytes. */
  key: secretBytes("Security Key", key),
  description: KeyDescription,
  /** The private key of the key backup, should a new one be needed. */
  backupKey: privateKey,
  /** Private keys of the identity that a reset brings; null for everything else. */
  identity: z
    .object({
      "m.cross_signing.master": privateKey,
      "m.cross_signing.self_signing": privateKey,
      "m.cross_signing.user_signing": privateKey,
    })
    .nullable()
    .default(null),
  /** What was there when the person said yes: nothing else may be replaced. */
  replaces: z
    .object({ keyId: z.string().nullable(), master: z.string().nullable(), backupVersion: z.string().nullable() })
    .nullable()
    .default(null),
  /** Private keys of backups that this session had when it ran; they open what is replaced. */
  formerBackupKeys: z.array(privateKey).default([]),
  /** Versions of the backups that the person gives up although nothing here opens them. */
  discards: z.array(z.string().max(255)).default([]),
  /** Whether the person wants the Security Key kept on this computer once it has been checked. */
  keepKey: z.boolean().default(false),
  /** Milliseconds since 1970 when it was confirmed, and kept from then on. Null in those of before this was noted. */
  confirmedAt: z.number().nullable().default(null),
  /** Steps that have ended well; they are looked at again all the same. */
  done: z.array(SetUpStep),
});
export type PendingSetUp = z.infer<typeof PendingSetUp>;

const KEY_ID_BYTES = 24;

/** Draws everything for a new set-up, change of key or reset with this key. */
export async function newPendingSetUp(
  kind: SetUpKind,
  method: "key" | "phrase",
  securityKey: SecurityKeyBytes,
  phrase: PhraseInfo | undefined,
  replaces: PendingSetUp["replaces"],
  discards: string[] = [],
): Promise<PendingSetUp> {
  return {
    version: 1,
    kind,
    method,
    keyId: randomBytes(KEY_ID_BYTES).toString("base64url"),
    key: securityKey,
    description: {
      algorithm: "m.secret_storage.v1.aes-hmac-sha2",
      ...(await newKeyCheck(securityKey)),
      ...(phrase ? { passphrase: phrase } : {}),
    },
    backupKey: newPrivateKey(),
    identity:
      kind === "reset"
        ? {
            "m.cross_signing.master": newPrivateKey(),
            "m.cross_signing.self_signing": newPrivateKey(),
            "m.cross_signing.user_signing": newPrivateKey(),
          }
        : null,
    replaces,
    formerBackupKeys: [],
    discards,
    keepKey: false,
    confirmedAt: null,
    done: [],
  };
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
    const text = JSON.stringify(z.encode(PendingSetUp, pending));
    await this.#secretStore.update(accountId, (secrets) => ({ ...secrets, pendingSetUp: text }));
  }

  /** Forgets a set-up that has been checked, and keeps its Security Key if the person wants that: in one step. */
  async finish(accountId: AccountId, { keyId, key, keepKey }: PendingSetUp): Promise<void> {
    await this.#secretStore.update(accountId, (secrets) => ({
      ...secrets,
      pendingSetUp: null,
      keptSecurityKey: keptAfterSetUp(secrets, { keyId, key }, keepKey),
    }));
  }

  async remove(accountId: AccountId): Promise<void> {
    await this.#secretStore.update(accountId, (secrets) => ({ ...secrets, pendingSetUp: null }));
  }
}
