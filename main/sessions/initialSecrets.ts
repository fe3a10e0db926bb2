import { randomBytes } from "node:crypto";
import { type AccountSecrets, NO_IDENTITY_PIN } from "../secrets/secretStore.ts";

const STORAGE_KEY_BYTES = 32;

/** What a sign-in gives to be kept secret. */
export interface SignedInTokens {
  accessToken: string;
  /** Null where the server gave none. */
  refreshToken: string | null;
  /** As `AccountSecrets` has it; undefined where no authorization server has given the tokens. */
  oauth: string | undefined;
}

/** The tokens in what a sign-in gave, all of them: none of the session before stays beside them. */
export function tokensOf(signedIn: { accessToken: string } & Partial<SignedInTokens>): SignedInTokens {
  return { accessToken: signedIn.accessToken, refreshToken: signedIn.refreshToken ?? null, oauth: signedIn.oauth };
}

/** A fresh random key for a crypto store, in base64. */
export function newStorageKey(): string {
  return randomBytes(STORAGE_KEY_BYTES).toString("base64");
}

/** The secrets of a session that has just been signed in, with a key for a crypto store that is still to be made. */
export function initialSecrets(signedIn: { accessToken: string } & Partial<SignedInTokens>): AccountSecrets {
  return {
    ...tokensOf(signedIn),
    storageKey: newStorageKey(),
    pendingSetUp: null,
    keptSecurityKey: null,
    newDevice: null,
    identity: NO_IDENTITY_PIN,
  };
}
