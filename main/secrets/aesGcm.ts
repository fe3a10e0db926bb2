import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Bytes in every key that seals something here. */
export const KEY_BYTES = 32;

/** A fresh random key. */
export function newKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/**
 * Seals `content` under a 32-byte key with AES-256-GCM and a fresh random nonce. The label is not in the result; it
 * must be the same when it is opened, which ties the result to its place.
 */
export function seal(key: Uint8Array, content: Uint8Array, label: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(label, "utf8"));
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** What `seal` was given, or null when key, label or bytes are not the same as then. */
export function unseal(key: Uint8Array, sealed: Uint8Array, label: string): Buffer | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(label, "utf8"))
    .setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
  } catch {
    return null;
  }
}
