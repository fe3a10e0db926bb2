import { fail } from "../../../shared/errors.ts";
import type { RoomKeyFault } from "../../../shared/contract/roomKeys.ts";
import { qualityOf, qualityOfKey } from "./backupEntries.ts";
import { backupEntries } from "./backupSource.ts";
import { CryptoPool } from "./cryptoPool.ts";
import { fileEntries } from "./keyFileEntries.ts";
import { KeyFileReader } from "./keyFileReader.ts";
import { isBetter, KeyIndex } from "./keyIndex.ts";
import { KeyTable } from "./keyTable.ts";
import { type CheckedRoomKey, checkRoomKey, idOf, type RoomKey } from "./roomKey.ts";
import type { SessionStore } from "./sessionStore.ts";
import { storedKeys } from "./storedKeys.ts";
import type { ThreadHost } from "./threadHost.ts";
import type { ResultOf, RoomKeysTask } from "./threadProtocol.ts";

type ImportTask = Extract<RoomKeysTask, { kind: "import" }>;

/** Keys that are delivered together: the requests are then a few hundred kilobytes long. */
const BATCH = 400;

/**
 * Reads a key file and delivers what is in it. The file is checked as a whole before anything of it is used; a broken
 * entry is reported, and the rest goes on. Throws as `KeyFileReader` does, `key_file_damaged` when what is inside is no
 * list, and what the delivery fails with.
 */
export async function importRoomKeys(task: ImportTask, host: ThreadHost): Promise<ResultOf<ImportTask>> {
  const counts = { new: 0, better: 0, alreadyThere: 0, broken: 0 };
  const reader = await KeyFileReader.open(task.path);
  const publicKey = task.backupPublicKey;
  const pool = publicKey === null ? null : new CryptoPool<CheckedRoomKey[], string[]>({ kind: "seal", publicKey });
  try {
    // Bytes are what the progress counts: the file is read twice.
    let read = 0;
    const onRead = (bytes: number): void => {
      read += bytes;
      void host.progress({ done: read, total: reader.sizeBytes * 2 });
    };
    await reader.check(task.passphrase, host.signal, onRead);
    const inBackup = pool && (await indexOfBackup(host));
    const inSession = task.session && (await idsOfSession(task.session, host));
    let number = 0;
    for await (const entries of fileEntries(reader, BATCH, host.signal, onRead)) {
      const good: CheckedRoomKey[] = [];
      const texts: string[] = [];
      for (const { text, value } of entries) {
        number += 1;
        const checked = text === undefined ? "unreadable" : checkRoomKey(value);
        if (typeof checked === "string") reportBroken(value, checked, number);
        else {
          good.push(checked);
          texts.push(checked.key === value ? (text as string) : JSON.stringify(checked.key));
        }
      }
      if (good.length > 0) await deliver(good, `[${texts.join(",")}]`, inBackup, inSession);
    }
    await host.progress({ done: read, total: read });
    return counts;
  } finally {
    await pool?.close();
    await reader.close();
  }

  function reportBroken(value: unknown, fault: RoomKeyFault, number: number): void {
    counts.broken += 1;
    const { room_id: roomId, session_id: sessionId } = (value ?? {}) as { room_id?: unknown; session_id?: unknown };
    const named = typeof roomId === "string" && typeof sessionId === "string";
    const subject = named ? { number, roomId: roomId.slice(0, 255), sessionId: sessionId.slice(0, 255) } : { number };
    void host.problem({ subject, reason: fault });
  }

  async function deliver(
    keys: CheckedRoomKey[],
    sessionKeys: string,
    inBackup: KeyIndex | null,
    inSession: KeyTable | null,
  ): Promise<void> {
    const wanted = inBackup ? keys.filter((checked) => isWanted(checked, inBackup)) : [];
    const upload = pool && wanted.length > 0 ? await sealed(pool, wanted) : null;
    if (host.signal.aborted) throw fail("cancelled");
    const { taken, refused } = await host.deliver({ sessionKeys, count: keys.length, upload });
    counts.broken += refused;
    if (inBackup) return;
    const better = taken.filter((id) => inSession?.get(id)).length;
    counts.better += better;
    counts.new += taken.length - better;
    counts.alreadyThere += keys.length - taken.length - refused;
    for (const { key } of keys) inSession?.set(idOf(key), 0, 0);
  }

  /** Counts a key, and notes it for the case that the file holds it again. */
  function isWanted(checked: CheckedRoomKey, inBackup: KeyIndex): boolean {
    const id = idOf(checked.key);
    const quality = qualityOfKey(checked);
    const before = inBackup.get(id);
    if (before && !isBetter(quality, before)) {
      counts.alreadyThere += 1;
      return false;
    }
    if (before) counts.better += 1;
    else counts.new += 1;
    inBackup.set(id, quality);
    return true;
  }
}

/** What the backup holds already, and how good that is. An entry that makes no sense counts as one that is missing. */
async function indexOfBackup(host: ThreadHost): Promise<KeyIndex> {
  const index = new KeyIndex();
  for await (const entries of backupEntries(host, BATCH)) {
    for (const { roomId, sessionId, text } of entries) {
      const quality = qualityOf(text);
      if (quality) index.set(idOf({ room_id: roomId, session_id: sessionId }), quality);
    }
  }
  return index;
}

/** Which keys the session has already. */
async function idsOfSession(session: SessionStore, host: ThreadHost): Promise<KeyTable> {
  const ids = new KeyTable();
  for await (const { keys } of storedKeys(session, host, null)) {
    for (const key of keys) ids.set(idOf(key as RoomKey), 0, 0);
  }
  return ids;
}

/** The body of the upload. Of two copies of a key in one batch the later one is the better one, and wins. */
async function sealed(pool: CryptoPool<CheckedRoomKey[], string[]>, keys: CheckedRoomKey[]): Promise<string> {
  const rooms = new Map<string, Map<string, string>>();
  const half = Math.ceil(keys.length / 2);
  for (const part of [keys.slice(0, half), keys.slice(half)]) {
    await pool.give(part, (entries) => {
      for (const [at, entry] of entries.entries()) {
        const { room_id: roomId, session_id: sessionId } = (part[at] as CheckedRoomKey).key;
        const sessions = rooms.get(roomId) ?? new Map<string, string>();
        rooms.set(roomId, sessions.set(sessionId, entry));
      }
    });
  }
  await pool.drain();
  const bodies = [...rooms].map(([roomId, sessions]) => {
    const entries = [...sessions].map(([sessionId, entry]) => `${JSON.stringify(sessionId)}:${entry}`);
    return `${JSON.stringify(roomId)}:{"sessions":{${entries.join(",")}}}`;
  });
  return `{"rooms":{${bodies.join(",")}}}`;
}
