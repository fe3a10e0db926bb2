import { randomBytes } from "node:crypto";
import { type AccountSecrets, NO_IDENTITY_PIN } from "../secrets/secretStore.ts";

const STORAGE_KEY_BYTES = 32;

/** A fresh random key for a crypto store, in base64. */
export function newStorageKey(): string {
  return randomBytes(STORAGE_KEY_BYTES).toString("base64");
}

/** The secrets of a session that has just been signed in, with a key for a crypto store that is still to be made. */
export function initialSecrets(accessToken: string): AccountSecrets {
  return {
    accessToken,
    refreshToken: null,
    storageKey: newStorageKey(),
    pendingSetUp: null,
    keptSecurityKey: null,
    newDevice: null,
    identity: NO_IDENTITY_PIN,
  };
}
