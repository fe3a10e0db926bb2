import type { RoomKeyFault } from "../../shared/contract/roomKeys.ts";
import type { BackupDecryptor, BackupEncryptor, EncryptedRoomKey } from "./backupCipher.ts";
import type { KeyQuality } from "./roomKeyQuality.ts";
import { type CheckedRoomKey, checkRoomKey, idOf, type RoomKey } from "./roomKey.ts";

/** An entry of a backup as it was cut out of the server's answer. */
export interface BackupSlice {
  roomId: string;
  sessionId: string;
  /** Its JSON; null when it is too long. */
  text: string | null;
}

/** What names the room key of an entry, as `idOf` does. */
export function addressOf({ roomId, sessionId }: Pick<BackupSlice, "roomId" | "sessionId">): string {
  return idOf({ room_id: roomId, session_id: sessionId });
}

interface EntryData {
  first_message_index?: unknown;
  forwarded_count?: unknown;
  is_verified?: unknown;
  session_data?: { ciphertext?: unknown; ephemeral?: unknown; mac?: unknown };
}

/** What the server goes by when it compares copies; null when the entry makes no sense: anything is better then. */
export function qualityOf(text: string | null): KeyQuality | null {
  const entry = (parse(text) ?? {}) as EntryData;
  const { first_message_index: firstIndex, forwarded_count: forwarded, is_verified: verified } = entry;
  if (!isCount(firstIndex) || !isCount(forwarded) || typeof verified !== "boolean") return null;
  return { firstIndex, forwarded, verified };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff;
}

/** What is locked in an entry; null when it has no such thing. */
export function encryptedIn(text: string | null): EncryptedRoomKey | null {
  const { ciphertext, ephemeral, mac } = (parse(text) as EntryData | null | undefined)?.session_data ?? {};
  if (typeof ciphertext !== "string" || typeof ephemeral !== "string" || typeof mac !== "string") return null;
  return { ciphertext, ephemeral, mac };
}

/** Opens an entry and looks at the key in it; answers what is wrong with it where something is. */
export function openEntry(decryptor: BackupDecryptor, { roomId, sessionId, text }: BackupSlice): CheckedRoomKey | RoomKeyFault {
  const encrypted = encryptedIn(text);
  if (!encrypted) return "unreadable";
  const clear = decryptor.decrypt(encrypted);
  if (clear === null) return "does_not_decrypt";
  const inside = parse(clear);
  if (typeof inside !== "object" || inside === null || Array.isArray(inside)) return "not_a_room_key";
  // Where the server keeps it says whose it is; what the inside says of that is of no account.
  return checkRoomKey({ ...inside, room_id: roomId, session_id: sessionId });
}

/** The body of one entry for `PUT /room_keys/keys`. */
export function sealEntry(encryptor: BackupEncryptor, { key, firstIndex }: CheckedRoomKey): string {
  // The id and the room are the entry's address, not its content (Client-Server API, "BackedUpSessionData").
  const { room_id: _room, session_id: _session, ...inside } = key;
  return JSON.stringify({
    first_message_index: firstIndex,
    forwarded_count: key.forwarding_curve25519_key_chain.length,
    // Who a file's keys really came from nobody can tell.
    is_verified: false,
    session_data: encryptor.encrypt(JSON.stringify(inside)),
  });
}

/** How good a key from a file is, in the backup's terms. */
export function qualityOfKey({ key, firstIndex }: CheckedRoomKey): KeyQuality {
  return { firstIndex, forwarded: key.forwarding_curve25519_key_chain.length, verified: false };
}

/** A key as an element of a key file: the fields that the spec names first, in its order, then what else there is. */
export function exportText(key: RoomKey): string {
  return JSON.stringify({
    algorithm: key.algorithm,
    forwarding_curve25519_key_chain: key.forwarding_curve25519_key_chain,
    room_id: key.room_id,
    sender_claimed_keys: key.sender_claimed_keys,
    sender_key: key.sender_key,
    session_id: key.session_id,
    session_key: key.session_key,
    ...(key as object),
  });
}

function parse(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
