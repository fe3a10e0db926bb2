import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { fromBase64OfLength, toUnpaddedBase64 } from "./base64.ts";

const PRIVATE_KEY_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
/** PKCS #8 around a raw private key (RFC 8410), up to where the 32 bytes begin. */
const PKCS8_BEFORE_KEY = {
  ed25519: Buffer.from("302e020100300506032b657004220420", "hex"),
  x25519: Buffer.from("302e020100300506032b656e04220420", "hex"),
};

/** A private key from its 32 bytes. */
export function rawPrivateKey(kind: keyof typeof PKCS8_BEFORE_KEY, bytes: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_BEFORE_KEY[kind], bytes]), format: "der", type: "pkcs8" });
}

function privateKeyOf(kind: keyof typeof PKCS8_BEFORE_KEY, privateKey: string): KeyObject | null {
  const bytes = fromBase64OfLength(privateKey, PRIVATE_KEY_BYTES);
  return bytes && rawPrivateKey(kind, bytes);
}

function publicOf(kind: keyof typeof PKCS8_BEFORE_KEY, privateKey: string): string | null {
  const key = privateKeyOf(kind, privateKey);
  if (!key) return null;
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return toUnpaddedBase64(spki.subarray(-PUBLIC_KEY_BYTES));
}

/** The public key of a cross-signing key's seed, both base64. Null when the seed is not one. */
export function signingPublicKey(seed: string): string | null {
  return publicOf("ed25519", seed);
}

/** The public key of a key backup's private key, both base64. Null when it is not one. */
export function backupPublicKey(privateKey: string): string | null {
  return publicOf("x25519", privateKey);
}

/** Signs a text with a cross-signing key's seed (Ed25519); both base64. Throws when the seed is not one. */
export function signWithSeed(seed: string, text: string): string {
  const key = privateKeyOf("ed25519", seed);
  if (!key) throw new Error("A cross-signing key's seed is not one");
  return toUnpaddedBase64(sign(null, Buffer.from(text, "utf8"), key));
}

/** Whether two base64 public keys are the same, padded or not. */
export function samePublicKey(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && one.replace(/=+$/, "") === other.replace(/=+$/, "");
}
