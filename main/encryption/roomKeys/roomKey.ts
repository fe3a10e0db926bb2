import type { RoomKeyFault } from "../../../shared/contract/roomKeys.ts";

/** A room key as it lies in a key file (Client-Server API, "Key exports"). Fields that are not named here are kept. */
export interface RoomKey {
  algorithm: string;
  room_id: string;
  session_id: string;
  session_key: string;
  sender_key: string;
  sender_claimed_keys: Record<string, string>;
  forwarding_curve25519_key_chain: string[];
}

/** A room key whose fields have been looked at. */
export interface CheckedRoomKey {
  key: RoomKey;
  /** The first message it opens; of two copies of a key the one with the lower index opens more. */
  firstIndex: number;
}

const ALGORITHMS: readonly unknown[] = ["m.megolm.v1.aes-sha2", "m.megolm.v2.aes-sha2"];
/** Version, index, ratchet and the public signing key (Megolm, "Session export format"); needs no padding. */
const SESSION_KEY_BYTES = 1 + 4 + 128 + 32;
const SESSION_KEY_VERSION = 1;
const SIGNING_KEY_AT = 1 + 4 + 128;
/** 32 bytes in unpadded base64. */
const KEY_CHARACTERS = 43;
const LONGEST_ROOM_ID = 255;

/**
 * Looks at one entry of a key file or at one opened entry of a backup: all that the crypto WASM would trip over.
 * Whether the ratchet inside is the right one, only a message can tell.
 *
 * @returns the key, or what is wrong with it
 */
export function checkRoomKey(value: unknown): CheckedRoomKey | RoomKeyFault {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not_a_room_key";
  const key = value as Partial<Record<keyof RoomKey, unknown>>;
  if (!isRoomId(key.room_id) || typeof key.session_id !== "string" || typeof key.session_key !== "string") {
    return "not_a_room_key";
  }
  if (!ALGORITHMS.includes(key.algorithm)) return "unknown_algorithm";
  const claimed = key.sender_claimed_keys;
  const chain = key.forwarding_curve25519_key_chain;
  if (!isKey(key.sender_key) || typeof claimed !== "object" || claimed === null || !Array.isArray(chain)) {
    return "not_a_room_key";
  }
  if (!Object.values(claimed).every(isKey) || !chain.every(isKey)) return "not_a_room_key";
  const bytes = Buffer.from(key.session_key, "base64");
  // Node reads what is no base64 as well as it can. Written again it is then another text.
  if (bytes.length !== SESSION_KEY_BYTES || bytes.toString("base64") !== key.session_key) return "bad_session_key";
  if (bytes[0] !== SESSION_KEY_VERSION) return "bad_session_key";
  const sessionId = bytes.toString("base64", SIGNING_KEY_AT, SESSION_KEY_BYTES).slice(0, KEY_CHARACTERS);
  if (key.session_id !== sessionId) return "bad_session_key";
  return { key: value as RoomKey, firstIndex: bytes.readUInt32BE(1) };
}

function isRoomId(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("!") && value.length > 1 && value.length <= LONGEST_ROOM_ID;
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9+/]{43}=?$/.test(value);
}

/** What names a room key among all others of an account. */
export function idOf({ room_id: roomId, session_id: sessionId }: Pick<RoomKey, "room_id" | "session_id">): string {
  return `${roomId} ${sessionId}`;
}
