import { sha256 } from "./sha256.ts";

/**
 * Tells copies of one room key apart, in two numbers: many can be compared without being held. What is inside an entry
 * and is no whole room key has a mark as well, which only the same bytes have.
 */
export interface RoomKeyFingerprint {
  /** The first message it opens; `NO_INDEX` for what is no whole room key. */
  firstIndex: number;
  /** 32 bits of a SHA-256, of the session key where there is one. */
  digest: number;
}

/** No key begins so late: the message before it would be the last that there can be. */
export const NO_INDEX = 0xffff_ffff;

/** Version, index, ratchet and the public signing key (Megolm, "Session export format" and "Session sharing format"). */
const INDEX_AT = 1;
const SIGNING_KEY_AT = 1 + 4 + 128;
const KEY_BYTES = SIGNING_KEY_AT + 32;
/** Of the version byte: a session key in an export, and one as it was shared, which is signed besides. */
const VERSIONS: readonly (number | undefined)[] = [1, 2];

/** The mark of a room key. @param clear what is inside, as it stands in a backup or in a key file */
export function markOf(sessionId: string, clear: Uint8Array): RoomKeyFingerprint {
  return markOfSessionKey(sessionId, sessionKeyIn(clear)) ?? { firstIndex: NO_INDEX, digest: digestOf(clear) };
}

/** The mark of a session key, base64; null when it is none, or not the one of this session. */
export function markOfSessionKey(sessionId: string, sessionKey: unknown): RoomKeyFingerprint | null {
  if (typeof sessionKey !== "string") return null;
  const bytes = Buffer.from(sessionKey, "base64");
  if (bytes.length < KEY_BYTES || !VERSIONS.includes(bytes[0])) return null;
  const id = bytes.toString("base64", SIGNING_KEY_AT, KEY_BYTES).replace(/=+$/, "");
  if (id !== sessionId) return null;
  // Not the version, and not the signature that one of them ends with: neither opens anything.
  return { firstIndex: bytes.readUInt32BE(INDEX_AT), digest: digestOf(bytes.subarray(INDEX_AT, KEY_BYTES)) };
}

/** Whether whoever has one copy can do without the other. */
export function opensAsMuch(one: RoomKeyFingerprint, other: RoomKeyFingerprint): boolean {
  if (one.firstIndex === other.firstIndex) return one.digest === other.digest;
  return other.firstIndex !== NO_INDEX && one.firstIndex < other.firstIndex;
}

function sessionKeyIn(clear: Uint8Array): unknown {
  try {
    return (JSON.parse(Buffer.from(clear).toString("utf8")) as { session_key?: unknown } | null)?.session_key;
  } catch {
    return undefined;
  }
}

function digestOf(bytes: Uint8Array): number {
  return sha256(bytes).readUInt32LE(0);
}
