import * as crypto from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
const MAX_DATA = 256;
/** Where the blocks are put together, again and again: making buffers takes longer than hashing them. */
const inner = new Uint8Array(BLOCK + MAX_DATA);
const outer = new Uint8Array(BLOCK + DIGEST);

/** SHA-256. Node 18 lacks the call that hashes at once; making an object for each hash takes ten times as long as hashing. */
export const sha256: (data: Uint8Array) => Buffer =
  typeof crypto.hash === "function"
    ? (data) => crypto.hash("sha256", data, "buffer")
    : (data) => crypto.createHash("sha256").update(data).digest();

/** SHA-256 of a short text. */
export function sha256OfText(text: string): Buffer {
  return sha256(Buffer.from(text, "utf8"));
}

/**
 * HMAC-SHA-256 (RFC 2104) for a key of at most 64 bytes and data of at most 256: what Node's own takes, most of it is
 * spent on making an object.
 */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Buffer {
  if (key.length > BLOCK || data.length > MAX_DATA) throw new RangeError("too long for this way");
  for (let at = 0; at < BLOCK; at += 1) {
    const byte = at < key.length ? (key[at] as number) : 0;
    inner[at] = 0x36 ^ byte;
    outer[at] = 0x5c ^ byte;
  }
  inner.set(data, BLOCK);
  outer.set(sha256(inner.subarray(0, BLOCK + data.length)), BLOCK);
  return sha256(outer);
}
