import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import type { Passphrase } from "../../shared/secret.ts";

const derive = promisify(pbkdf2);

/** First and last line of a key file (Client-Server API, "Key export format"). */
export const FIRST_LINE = "-----BEGIN MEGOLM SESSION DATA-----";
export const LAST_LINE = "-----END MEGOLM SESSION DATA-----";
export const FORMAT_VERSION = 1;
export const SALT_BYTES = 16;
export const IV_BYTES = 16;
/** Version, salt, IV, rounds. */
export const HEAD_BYTES = 1 + SALT_BYTES + IV_BYTES + 4;
export const MAC_BYTES = 32;

/** How often the passphrase is stirred when a file is written. */
export const ROUNDS = 500_000;
/** Above this, opening a file takes many seconds: nobody writes that, save to keep a computer busy. */
export const MAX_ROUNDS = 10_000_000;

/** Two and a half million room keys. Nobody has so many: a larger file is something else. */
export const MAX_FILE_BYTES = 2 * 1024 ** 3;

/** Base64 characters in one line of a file that we write: as in PEM and MIME, and what every decoder takes. */
export const LINE_CHARACTERS = 76;

/** The two keys that a passphrase leads to. */
export interface KeyFileKeys {
  aes: Buffer;
  mac: Buffer;
}

/**
 * The keys that a passphrase leads to. Takes about 0.2 seconds for 500,000 rounds, on a thread of Node's own.
 *
 * @param encoding UTF-8 for every file that we write; matrix-nio writes Latin-1
 */
export async function keyFileKeys(
  passphrase: Passphrase,
  salt: Uint8Array,
  rounds: number,
  encoding: "utf8" | "latin1" = "utf8",
): Promise<KeyFileKeys> {
  const keys = await derive(Buffer.from(passphrase.reveal(), encoding), salt, rounds, 64, "sha512");
  return { aes: keys.subarray(0, 32), mac: keys.subarray(32) };
}

/** Whether Latin-1 can write a passphrase, and by other bytes than UTF-8. */
export function isOtherInLatin1(passphrase: Passphrase): boolean {
  const text = passphrase.reveal();
  const isLatin1 = Buffer.from(text, "latin1").toString("latin1") === text;
  return isLatin1 && Buffer.byteLength(text, "utf8") !== text.length;
}
