import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { type PrivateKey, Secret, type SecurityKeyBytes } from "../../shared/secret.ts";
import { fromBase64OfLength, toUnpaddedBase64 } from "./base64.ts";

const PRIVATE_KEY_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;
/** PKCS #8 around a raw private key (RFC 8410), up to where the 32 bytes begin. */
const PKCS8_BEFORE_KEY = {
  ed25519: Buffer.from("302e020100300506032b657004220420", "hex"),
  x25519: Buffer.from("302e020100300506032b656e04220420", "hex"),
};

/** A private key for Node's crypto; null when it is none. */
export function keyObjectOf(kind: keyof typeof PKCS8_BEFORE_KEY, privateKey: PrivateKey): KeyObject | null {
  const bytes = fromBase64OfLength(privateKey.reveal(), PRIVATE_KEY_BYTES);
  return bytes && createPrivateKey({ key: Buffer.concat([PKCS8_BEFORE_KEY[kind], bytes]), format: "der", type: "pkcs8" });
}

/** A private key that a Security Key says or a phrase leads to, base64: that of a backup from before secret storage. */
export function asPrivateKey(key: SecurityKeyBytes): PrivateKey {
  return new Secret("private key", toUnpaddedBase64(key.reveal()));
}

/** A new private key as the crypto machine writes it. */
export function newPrivateKey(): PrivateKey {
  return new Secret("private key", toUnpaddedBase64(randomBytes(PRIVATE_KEY_BYTES)));
}

/** The 32 bytes of a private key, as the SDK takes it; empty when it is none. */
export function privateKeyBytes(privateKey: PrivateKey): Uint8Array {
  return fromBase64OfLength(privateKey.reveal(), PRIVATE_KEY_BYTES) ?? new Uint8Array();
}

function publicOf(kind: keyof typeof PKCS8_BEFORE_KEY, privateKey: PrivateKey): string | null {
  const key = keyObjectOf(kind, privateKey);
  if (!key) return null;
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return toUnpaddedBase64(spki.subarray(-PUBLIC_KEY_BYTES));
}

/** The public key of a cross-signing key's seed, both base64. Null when the seed is not one. */
export function signingPublicKey(seed: PrivateKey): string | null {
  return publicOf("ed25519", seed);
}

/** The public key of a key backup's private key, both base64. Null when it is not one. */
export function backupPublicKey(privateKey: PrivateKey): string | null {
  return publicOf("x25519", privateKey);
}

/** Signs a text with a cross-signing key's seed (Ed25519); both base64. Throws when the seed is not one. */
export function signWithSeed(seed: PrivateKey, text: string): string {
  const key = keyObjectOf("ed25519", seed);
  if (!key) throw new Error("A cross-signing key's seed is not one");
  return toUnpaddedBase64(sign(null, Buffer.from(text, "utf8"), key));
}

/** Whether two base64 public keys are the same, padded or not. */
export function samePublicKey(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && one.replace(/=+$/, "") === other.replace(/=+$/, "");
}
