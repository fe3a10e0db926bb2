import { KEY_BYTES } from "./sealing.ts";

/** Marks an entry as ours and names its format. */
const PREFIX = "steward-key-1:";

/** The text under which a vault's key is kept in a keychain. */
export function vaultKeyToText(key: Uint8Array): string {
  return PREFIX + Buffer.from(key).toString("base64");
}

/** The key in a keychain's entry, or null when the entry is not one that `vaultKeyToText` made. */
export function vaultKeyFromText(text: string): Buffer | null {
  if (!text.startsWith(PREFIX)) return null;
  const key = Buffer.from(text.slice(PREFIX.length), "base64");
  return key.length === KEY_BYTES && vaultKeyToText(key) === text ? key : null;
}
