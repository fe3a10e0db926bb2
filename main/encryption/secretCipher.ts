import { createCipheriv, createDecipheriv, createHmac, hkdf, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { type PrivateKey, Secret, type SecurityKeyBytes } from "../../shared/secret.ts";
import { fromAnyBase64, toUnpaddedBase64 } from "../roomKeys/base64.ts";

const expand = promisify(hkdf);

const IV_BYTES = 16;
const MAC_BYTES = 32;
const ZERO_SALT = Buffer.alloc(32);
const CHECKED_ZEROS = Buffer.alloc(32);

/** A secret as it lies on the server, encrypted with `m.secret_storage.v1.aes-hmac-sha2`. All fields are base64. */
export interface EncryptedSecret {
  iv: string;
  ciphertext: string;
  mac: string;
}

/** What a key description says to recognise the right key by. */
export interface KeyCheck {
  iv: string;
  mac: string;
}

/**
 * The IV that a client counted from. Some wrote 32 bytes of which they used the first 16: matrix-js-sdk and the Rust SDK
 * refuse those, although the key is the right one.
 */
export function readIv(text: string): Buffer | null {
  const bytes = fromAnyBase64(text);
  return bytes && bytes.length >= IV_BYTES ? bytes.subarray(0, IV_BYTES) : null;
}

/** A MAC of HMAC-SHA-256. */
export function readMac(text: string): Buffer | null {
  const bytes = fromAnyBase64(text);
  return bytes?.length === MAC_BYTES ? bytes : null;
}

async function keysFor(key: SecurityKeyBytes, name: string): Promise<{ aes: Buffer; mac: Buffer }> {
  const both = Buffer.from(await expand("sha256", key.reveal(), ZERO_SALT, name, 64));
  return { aes: both.subarray(0, 32), mac: both.subarray(32) };
}

function newIv(): Buffer {
  const iv = randomBytes(IV_BYTES);
  // Some implementations of AES-CTR treat the counter's upper half as signed; the spec has bit 63 cleared for them.
  iv[8]! &= 0x7f;
  return iv;
}

async function encrypt(plain: Uint8Array, key: SecurityKeyBytes, name: string, iv: Buffer): Promise<EncryptedSecret> {
  const { aes, mac } = await keysFor(key, name);
  const cipher = createCipheriv("aes-256-ctr", aes, iv);
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    iv: toUnpaddedBase64(iv),
    ciphertext: ciphertext.toString("base64"),
    mac: createHmac("sha256", mac).update(ciphertext).digest("base64"),
  };
}

/** Encrypts a secret under its name (Client-Server API, "m.secret_storage.v1.aes-hmac-sha2"). */
export function encryptSecret(secret: PrivateKey, key: SecurityKeyBytes, name: string): Promise<EncryptedSecret> {
  return encrypt(Buffer.from(secret.reveal(), "utf8"), key, name, newIv());
}

/** Decrypts a secret. Answers null when the key is another one, or the data are not what was encrypted. */
export async function decryptSecret(secret: EncryptedSecret, key: SecurityKeyBytes, name: string): Promise<PrivateKey | null> {
  const [iv, mac, ciphertext] = [readIv(secret.iv), readMac(secret.mac), fromAnyBase64(secret.ciphertext)];
  if (!iv || !mac || !ciphertext) return null;
  const keys = await keysFor(key, name);
  if (!timingSafeEqual(createHmac("sha256", keys.mac).update(ciphertext).digest(), mac)) return null;
  const decipher = createDecipheriv("aes-256-ctr", keys.aes, iv);
  return new Secret("private key", Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString("utf8"));
}

/** Makes what a key description says to recognise this key by. */
export async function newKeyCheck(key: SecurityKeyBytes): Promise<KeyCheck> {
  const { iv, mac } = await encrypt(CHECKED_ZEROS, key, "", newIv());
  return { iv, mac };
}

/** Whether this is the key that the check was made with. */
export async function matchesKeyCheck(key: SecurityKeyBytes, check: KeyCheck): Promise<boolean> {
  const [iv, expected] = [readIv(check.iv), readMac(check.mac)];
  if (!iv || !expected) return false;
  const { mac } = await encrypt(CHECKED_ZEROS, key, "", iv);
  return timingSafeEqual(Buffer.from(mac, "base64"), expected);
}
