import type { RoomKeyFault } from "../../shared/contract/roomKeys.ts";

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

const ALGORITHM = "m.megolm.v1.aes-sha2";
/** Not in the specification yet; the crypto WASM passes over its keys without a word. */
const UNSUPPORTED_ALGORITHM = "m.megolm.v2.aes-sha2";
/** Version, index, ratchet and the public signing key (Megolm, "Session export format"); needs no padding. */
const SESSION_KEY_BYTES = 1 + 4 + 128 + 32;
const SESSION_KEY_CHARACTERS = (SESSION_KEY_BYTES / 3) * 4;
const SESSION_KEY_VERSION = 1;
const SIGNING_KEY_AT = 1 + 4 + 128;
/** 32 bytes in unpadded base64. */
const KEY_CHARACTERS = 43;
const MAX_ROOM_ID = 255;
/** Whether the key may be shared with people who are invited (MSC3061): its name, and the one it had before. */
const SHARED_HISTORY = "m.shared_history";
const SHARED_HISTORY_BEFORE = "org.matrix.msc3061.shared_history";

/**
 * Looks at one entry of a key file or at one opened entry of a backup. What opens messages must be right: the key, its
 * id, its room, its sender's key. What only says where the key came from may be missing or of any shape, because other
 * clients write it so and the key opens messages without it. The crypto WASM would refuse such a key, or pass over it
 * without a word; so the key that is answered has what the WASM itself fills in, and is written as the spec says.
 *
 * Whether the ratchet inside is the right one, only a message can tell.
 *
 * @returns the key, or what is wrong with it
 */
export function checkRoomKey(value: unknown): CheckedRoomKey | RoomKeyFault {
  if (!isRecord(value)) return "not_a_room_key";
  const { algorithm, room_id: roomId, session_id: givenId, session_key: givenKey, sender_key: givenSender } = value;
  if (!isRoomId(roomId) || typeof givenId !== "string" || typeof givenKey !== "string") return "not_a_room_key";
  if (typeof algorithm !== "string") return "not_a_room_key";
  if (algorithm === UNSUPPORTED_ALGORITHM) return "unsupported_algorithm";
  if (algorithm !== ALGORITHM) return "unknown_algorithm";
  const senderKey = typeof givenSender === "string" ? plainBase64(givenSender) : null;
  if (!isKey(senderKey)) return "not_a_room_key";
  const sessionKey = plainBase64(givenKey).slice(0, SESSION_KEY_CHARACTERS);
  const bytes = Buffer.from(sessionKey, "base64");
  // Node reads what is no base64 as well as it can. Written again it is then another text.
  if (bytes.length !== SESSION_KEY_BYTES || bytes.toString("base64") !== sessionKey) return "bad_session_key";
  if (bytes[0] !== SESSION_KEY_VERSION) return "bad_session_key";
  const sessionId = bytes.toString("base64", SIGNING_KEY_AT, SESSION_KEY_BYTES).slice(0, KEY_CHARACTERS);
  if (givenId !== sessionId && plainBase64(givenId) !== sessionId) return "bad_session_key";
  const firstIndex = bytes.readUInt32BE(1);
  const written = givenId === sessionId && givenKey === sessionKey && givenSender === senderKey;
  if (written && isOriginPlain(value)) return { key: value as unknown as RoomKey, firstIndex };
  const plain = { session_id: sessionId, session_key: sessionKey, sender_key: senderKey };
  return { key: { ...withPlainOrigin(value), algorithm, room_id: roomId, ...plain }, firstIndex };
}

/** Whether what says where a key came from is as the spec wants it. */
function isOriginPlain(value: Record<string, unknown>): boolean {
  const { sender_claimed_keys: claimed, forwarding_curve25519_key_chain: chain } = value;
  if (!isRecord(claimed) || !Array.isArray(chain) || !chain.every(isKey)) return false;
  for (const name in claimed) if (!isClaim(name, claimed[name])) return false;
  const [now, before] = [value[SHARED_HISTORY], value[SHARED_HISTORY_BEFORE]];
  if (now === undefined) return before === undefined || typeof before === "boolean";
  return typeof now === "boolean" && !(SHARED_HISTORY_BEFORE in value);
}

/** The same key, without what is odd in it, and with what is missing. The WASM refuses a field that has two names. */
function withPlainOrigin(value: Record<string, unknown>): Pick<RoomKey, "sender_claimed_keys" | "forwarding_curve25519_key_chain"> {
  const { [SHARED_HISTORY]: now, [SHARED_HISTORY_BEFORE]: before, ...others } = value;
  const { sender_claimed_keys: claimed, forwarding_curve25519_key_chain: chain } = value;
  const claims = isRecord(claimed) ? Object.entries(claimed).filter(([name, key]) => isClaim(name, key)) : [];
  return {
    ...others,
    ...(typeof now === "boolean" ? { [SHARED_HISTORY]: now } : typeof before === "boolean" && { [SHARED_HISTORY_BEFORE]: before }),
    sender_claimed_keys: Object.fromEntries(claims) as Record<string, string>,
    forwarding_curve25519_key_chain: Array.isArray(chain) ? chain.filter(isKey) : [],
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRoomId(value: unknown): value is string {
  if (typeof value !== "string" || value.length < 2 || value.length > MAX_ROOM_ID) return false;
  // The crypto WASM takes any other room id.
  return value.startsWith("!") && !value.includes("\0");
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9+/]{43}=?$/.test(value);
}

/** Whether the crypto WASM takes that as one of the `sender_claimed_keys`: it looks at no other than this kind. */
function isClaim(name: string, key: unknown): boolean {
  return name === "ed25519" ? isKey(key) : typeof key === "string";
}

/** Base64 without padding, line breaks and the alphabet for URLs, of which some clients write the one or the other. */
function plainBase64(text: string): string {
  if (!/[-_=\s]/.test(text)) return text;
  return text
    .replace(/[=\s]+/g, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/");
}

/** What names a room key among all others of an account. */
export function idOf({ room_id: roomId, session_id: sessionId }: Pick<RoomKey, "room_id" | "session_id">): string {
  return `${roomId} ${sessionId}`;
}

/** The first message that a key opens which `checkRoomKey` has found good. */
export function firstIndexOf({ session_key: key }: Pick<RoomKey, "session_key">): number {
  return Buffer.from(key.slice(0, 8), "base64").readUInt32BE(1);
}

/** Of each key the copy that opens most, in the order in which the keys first come. */
export function bestCopies<T>(keys: readonly T[], keyOf: (one: T) => RoomKey): T[] {
  const best = new Map<string, T>();
  for (const one of keys) {
    const id = idOf(keyOf(one));
    const other = best.get(id);
    if (other === undefined || firstIndexOf(keyOf(one)) < firstIndexOf(keyOf(other))) best.set(id, one);
  }
  return best.size === keys.length ? (keys as T[]) : [...best.values()];
}

/** The key alone, with nothing that says where it came from. */
export function bareRoomKey({ algorithm, room_id, session_id, session_key, sender_key }: RoomKey): RoomKey {
  const plainOrigin = { sender_claimed_keys: {}, forwarding_curve25519_key_chain: [] };
  return { algorithm, room_id, session_id, session_key, sender_key, ...plainOrigin };
}
