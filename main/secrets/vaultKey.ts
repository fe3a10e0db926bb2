import { KEY_BYTES, newKey } from "./aesGcm.ts";

/** Marks an entry as ours and names its format: one key, or the one that counts and those that went before it. */
const ONE = "steward-key-1:";
const SEVERAL = "steward-key-2:";

/**
 * The text under which a vault's keys are kept in a keychain: the one that it is to be sealed with first, then those that
 * it may still be sealed with.
 */
export function vaultKeysToText(keys: readonly Uint8Array[]): string {
  const texts = keys.map((key) => Buffer.from(key).toString("base64"));
  return texts.length === 1 ? ONE + texts[0]! : SEVERAL + texts.join(":");
}

/** The keys in a keychain's entry, or null when the entry is not one that `vaultKeysToText` made. */
export function vaultKeysFromText(text: string): Buffer[] | null {
  const prefix = [ONE, SEVERAL].find((one) => text.startsWith(one));
  if (prefix === undefined) return null;
  const keys = text
    .slice(prefix.length)
    .split(":")
    .map((key) => Buffer.from(key, "base64"));
  return keys.every((key) => key.length === KEY_BYTES) && vaultKeysToText(keys) === text ? keys : null;
}

/** The entry with a fresh key in front, with which the vault is to be sealed next. One that is not ours stays as it is. */
export function renewVaultKeysText(text: string): string {
  const keys = vaultKeysFromText(text);
  return keys === null ? text : vaultKeysToText([newKey(), ...keys]);
}
