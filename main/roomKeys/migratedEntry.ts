import type { BackupDecryptor, BackupEncryptor } from "./backupCipher.ts";
import { type BackupSlice, encryptedIn } from "./backupEntries.ts";
import { type RoomKeyFingerprint, markOf, NO_INDEX } from "./roomKeyFingerprint.ts";

/** An entry that opens. */
export interface CarriedEntry extends RoomKeyFingerprint {
  /** The body of the same entry for the other backup; null where none was asked for. */
  body: string | null;
}

/**
 * Opens an entry and makes it anew for another backup: what is inside stays byte for byte what it was, whatever it is.
 * Null when it does not open.
 *
 * @param encryptor of the other backup; null to compare alone
 */
export function carryEntry(decryptor: BackupDecryptor, encryptor: BackupEncryptor | null, slice: BackupSlice): CarriedEntry | null {
  const encrypted = encryptedIn(slice.text);
  const clear = encrypted && decryptor.open(encrypted);
  if (!clear) return null;
  const mark = markOf(slice.sessionId, clear);
  return { ...mark, body: encryptor && bodyFor(slice.text as string, mark, encryptor, clear) };
}

/**
 * The entry with other contents. By the rest of it the server decides which of two copies it keeps, so it must be true
 * as far as can be told here, and must be of a kind that the server takes.
 */
function bodyFor(text: string, { firstIndex }: RoomKeyFingerprint, encryptor: BackupEncryptor, clear: Buffer): string {
  const entry = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify({
    ...entry,
    first_message_index: firstIndex === NO_INDEX ? countIn(entry["first_message_index"]) : firstIndex,
    forwarded_count: countIn(entry["forwarded_count"]),
    is_verified: entry["is_verified"] === true,
    session_data: encryptor.encrypt(clear),
  });
}

const countIn = (value: unknown): number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < NO_INDEX ? (value as number) : 0;
