import * as z from "zod";
import type { AccountId } from "../../shared/ids.ts";
import { secretText } from "../../shared/secretSchemas.ts";
import { secretBytes } from "./secretBytes.ts";

/** The identities that an account's session counts on: public master keys, unpadded base64. */
export const IdentityPin = z.object({
  /** The one that this session was first verified with. Nothing counts as verified under another. */
  pinned: z.string().max(255).nullable(),
  /** Another one that the person has said is theirs. It takes the other's place once this session is verified with it. */
  accepted: z.string().max(255).nullable(),
});
export type IdentityPin = z.infer<typeof IdentityPin>;

/** Of a session that has not been verified yet. */
export const NO_IDENTITY_PIN: IdentityPin = { pinned: null, accepted: null };

/** What must be kept secret of one account, as its vault has it; `z.encode` makes of it what is sealed. */
export const AccountSecrets = z.object({
  accessToken: secretText("access token"),
  refreshToken: secretText("refresh token").nullable(),
  /** What it takes to refresh and revoke tokens that an authorization server gave. Opaque here; sessions/ knows its shape. */
  oauth: z.string().optional(),
  /** 32 bytes: the key with which the crypto store encrypts its values. */
  storageKey: secretBytes("storage key"),
  /**
   * A Secure Backup set-up that has been confirmed and not yet checked: kept so that it can be finished after a crash
   * with the very key the person wrote down. Opaque here; encryption/ knows its shape.
   */
  pendingSetUp: z.string().nullable().default(null),
  /** The Security Key, where the person wants it kept on this computer. Opaque here, as above. */
  keptSecurityKey: z.string().nullable().default(null),
  /** Which stored secrets were opened here before. Opaque here; nothing secret is in it. */
  openedCopies: z.string().optional(),
  /** Email addresses that are being added to the account. Opaque here; account/ knows its shape. */
  pendingEmails: z.string().optional(),
  /** The same of phone numbers. */
  pendingPhones: z.string().optional(),
  /** By what an identity server knows the account. Opaque here, as above. */
  identityServer: z.string().optional(),
  /** Addresses that an identity server is to be told of. Opaque here, as above. */
  pendingShares: z.string().optional(),
  /** Passwords that the account, as an admin, has given to others who do not have them yet. Opaque here; admin/ knows its shape. */
  passwordsToHandOut: z.string().optional(),
  /**
   * The id of the device that access token and storage key belong to, from the moment that it takes the place of one
   * which the server has removed until its crypto store lies where the other's did.
   */
  newDevice: z.string().nullable().default(null),
  /**
   * An account that is still being created or recovered: what must outlive the app so that it can be finished. Opaque
   * here; onboarding/ knows its shape. Until there is a session, the access token is empty.
   */
  attempt: z.string().optional(),
  /**
   * The end of a session that its server could not be told of yet. Opaque here; sessions/ knows its shape. No account is
   * listed under its id.
   */
  pendingRevocation: z.string().optional(),
  /** Sessions that this one has taken the place of and that their server lists still. Opaque here; sessions/ knows its shape. */
  replaced: z.string().optional(),
  /** What opens the input of each Job of this account, by the Job's id: 32 bytes, base64. Without it, it is gone. */
  jobKeys: z.record(z.string(), z.base64()).optional(),
  /** No secret, but kept where nobody else can write: whoever could would have another identity taken for the owner's. */
  identity: IdentityPin.default(NO_IDENTITY_PIN),
});
export type AccountSecrets = z.infer<typeof AccountSecrets>;

/** A copy without what nothing here knows. @throws `ZodError` where something is not as it must be */
export function checkedSecrets(secrets: AccountSecrets): AccountSecrets {
  return AccountSecrets.parse(z.encode(AccountSecrets, secrets));
}

/** Why a secret that ought to be there cannot be read. */
export type UnreadableReason =
  "keychain_locked" | "keychain_unreachable" | "passphrase_needed" | "passphrase_forgotten" | "damaged" | "too_new";

/** Where an account's secrets are: sealed, with the key in one of two places, or in memory alone. */
export type SecretPlace = "keychain" | "passphrase" | "memory";

/** The three answers to "what is the secret of this account?". Only `absent` may be written over. */
export type SecretRead =
  { kind: "found"; secrets: AccountSecrets; place: SecretPlace } | { kind: "absent" } | { kind: "unreadable"; reason: UnreadableReason };

/**
 * Keeps the accounts' secrets. Every method can be called at once for different accounts; calls for one account are
 * carried out in order.
 */
export interface SecretStore {
  read(accountId: AccountId): Promise<SecretRead>;
  /** The secrets of an account where they are in memory alone and end with the app; otherwise null. */
  heldInMemory(accountId: AccountId): AccountSecrets | null;
  /**
   * Writes durably before it resolves, and answers where to. Throws `secrets_unprotected`, `secrets_locked`, or `secret_unreadable` when what
   * is there now could not be read: nothing is ever written over it.
   */
  write(accountId: AccountId, secrets: AccountSecrets): Promise<SecretPlace>;
  /** Reads, changes, writes, as one step. Throws `secret_missing` when there is nothing to change, and as `write` does. */
  update(accountId: AccountId, change: (secrets: AccountSecrets) => AccountSecrets): Promise<AccountSecrets>;
  /**
   * Moves secrets that are sealed with a forgotten passphrase into `folder`, as they are, so that others can be written.
   * Where there are none it does nothing. Throws as `write` does, before anything is moved; and `conversation_over` when
   * they can be read.
   */
  setAside(accountId: AccountId, folder: string): Promise<void>;
  /** Removes key and vault. Removing what is absent is no error. */
  remove(accountId: AccountId): Promise<void>;
}
