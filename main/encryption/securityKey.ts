import { randomBytes } from "node:crypto";
import { fail } from "../../shared/errors.ts";
import { Secret, SecretBytes, type SecurityKey, type SecurityKeyBytes } from "../../shared/secret.ts";

/** Length of the key that opens secret storage, in bytes. */
export const SECURITY_KEY_BYTES = 32;

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE = BigInt(ALPHABET.length);
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, BigInt(value)]));
const PREFIX = [0x8b, 0x01];
const ENCODED_BYTES = PREFIX.length + SECURITY_KEY_BYTES + 1;
/** 35 bytes that begin with 8B take exactly so many digits to the base 58. */
const ENCODED_LETTERS = 48;
const GROUP_LETTERS = 4;
/** Spaces of every kind, line breaks, and the characters that nobody sees but that come along when text is copied. */
const NOT_PART_OF_A_KEY = /[\s\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

/** Makes a new random key. */
export function newSecurityKey(): SecurityKeyBytes {
  return new SecretBytes("Security Key", randomBytes(SECURITY_KEY_BYTES));
}

/**
 * Writes a key as people see it: 48 letters and digits in groups of four (Client-Server API, "Secret storage", "Key
 * representation").
 */
export function formatSecurityKey(key: SecurityKeyBytes): SecurityKey {
  if (key.length !== SECURITY_KEY_BYTES) throw new RangeError("A Security Key has 32 bytes");
  const withoutParity = [...PREFIX, ...key.reveal()];
  let number = BigInt(`0x${Buffer.from([...withoutParity, parityOf(withoutParity)]).toString("hex")}`);
  let letters = "";
  while (number > 0n) {
    letters = ALPHABET[Number(number % BASE)]! + letters;
    number /= BASE;
  }
  return new Secret("Security Key", letters.match(new RegExp(`.{1,${GROUP_LETTERS}}`, "g"))!.join(" "));
}

/**
 * Reads a key that was typed or pasted. Spaces, line breaks, tabs and invisible characters are left out wherever they
 * are. The text may also be that of a file in which Steward saved the key, below a Matrix ID, or have the key on a line of
 * its own; everything else must be right.
 *
 * @throws `malformed_security_key`
 */
export function parseSecurityKey(typed: SecurityKey): SecurityKeyBytes {
  const text = typed.reveal();
  const key = parseBare(text) ?? parseLine(text) ?? parseAfterUserId(text);
  if (!key) throw fail("malformed_security_key");
  return new SecretBytes("Security Key", key);
}

/**
 * Whether a text that is no Security Key was probably meant to be one: incomplete, mistyped, or with too much. All keys
 * begin with "Es", because of their first two bytes.
 */
export function looksLikeSecurityKey(typed: SecurityKey): boolean {
  return looksLikeKey(typed.reveal());
}

function looksLikeKey(text: string): boolean {
  const letters = text.replace(NOT_PART_OF_A_KEY, "");
  if (!/^[A-Za-z0-9]+$/.test(letters)) return letters.includes(":") && looksLikeKey(afterUserId(letters));
  const startsAsKeysDo = letters.startsWith("Es");
  if (
    startsAsKeysDo &&
    text
      .trim()
      .split(/\s+/)
      .every((group) => group.length <= GROUP_LETTERS)
  )
    return true;
  const isMixed = /[a-z]/.test(letters) && /[A-Z]/.test(letters) && /\d/.test(letters);
  return isMixed && (startsAsKeysDo ? letters.length >= 8 : Math.abs(letters.length - ENCODED_LETTERS) <= 8);
}

/** The last characters, where what comes before them begins as a Matrix ID does. */
function afterUserId(letters: string): string {
  return letters.startsWith("@") && letters.includes(":") ? letters.slice(-ENCODED_LETTERS) : "";
}

function parseAfterUserId(text: string): Buffer | null {
  return parseBare(afterUserId(text.replace(NOT_PART_OF_A_KEY, "")));
}

/** The one key that stands on a line of its own. */
function parseLine(text: string): Buffer | null {
  const keys = text
    .split(/[\r\n\u2028\u2029]+/)
    .map(parseBare)
    .filter((key) => key !== null);
  return keys.length === 1 ? keys[0]! : null;
}

function parseBare(text: string): Buffer | null {
  const letters = text.replace(NOT_PART_OF_A_KEY, "");
  if (letters.length !== ENCODED_LETTERS) return null;
  let number = 0n;
  for (const letter of letters) {
    const value = VALUES.get(letter);
    if (value === undefined) return null;
    number = number * BASE + value;
  }
  const hex = number.toString(16).padStart(ENCODED_BYTES * 2, "0");
  const bytes = Buffer.from(hex, "hex");
  const rightPrefix = PREFIX.every((byte, index) => bytes[index] === byte);
  if (hex.length !== ENCODED_BYTES * 2 || !rightPrefix || parityOf(bytes) !== 0) return null;
  return bytes.subarray(PREFIX.length, PREFIX.length + SECURITY_KEY_BYTES);
}

function parityOf(bytes: Iterable<number>): number {
  let parity = 0;
  for (const byte of bytes) parity ^= byte;
  return parity;
}
