import { fail } from "../../../shared/errors.ts";
import { type BackupSlice, exportText } from "./backupEntries.ts";
import { backupEntries } from "./backupSource.ts";
import { CryptoPool } from "./cryptoPool.ts";
import type { OpenedEntry } from "./cryptoThread.ts";
import { KeyFileWriter } from "./keyFileWriter.ts";
import { checkRoomKey, idOf } from "./roomKey.ts";
import type { ThreadHost } from "./threadHost.ts";
import type { ResultOf, RoomKeysTask } from "./threadProtocol.ts";

type ExportTask = Extract<RoomKeysTask, { kind: "export" }>;

/** A key of this session, as it stands in a key file. */
interface KeyHere {
  text: string;
  firstIndex: number;
}

const BATCH = 128;
/** Characters that are gathered before they are encrypted and written. */
const WRITE_CHARACTERS = 128 * 1024;

/**
 * Writes the room keys of backup and session into a key file. Of a key that is in both, the copy that opens more
 * messages goes in. Throws `no_room_keys` when there are none, `file_failed`, and what the download fails with; the
 * file is then not there, or the one that was there before.
 */
export async function exportRoomKeys(task: ExportTask, host: ThreadHost): Promise<ResultOf<ExportTask>> {
  const counts = { exported: 0, fromBackup: 0, fromSession: 0, broken: 0 };
  const wanted = task.roomIds === null ? null : new Set(task.roomIds);
  const here = keysOfSession(task.sessionKeys, wanted);
  const writer = await KeyFileWriter.open(task.path, task.passphrase);
  let gathered = "[";
  let looked = 0;
  const add = async (text: string): Promise<void> => {
    gathered += counts.exported === 0 ? text : `,${text}`;
    counts.exported += 1;
    if (gathered.length < WRITE_CHARACTERS) return;
    const written = gathered;
    gathered = "";
    await writer.write(written);
  };
  const { backupKey } = task;
  const pool = backupKey && new CryptoPool<BackupSlice[], OpenedEntry[]>({ kind: "open", privateKey: backupKey });
  try {
    if (pool) {
      // Batches come back from several threads: what they add is written one after the other.
      let turn = Promise.resolve();
      for await (const batch of backupEntries(host, BATCH)) {
        const chosen = wanted ? batch.filter(({ roomId }) => wanted.has(roomId)) : batch;
        await pool.give(chosen, (opened) => (turn = turn.then(() => takeOpened(chosen, opened))));
        looked += batch.length;
        void host.progress({ done: looked, total: Math.max(task.total, looked) });
      }
      await pool.drain();
    }
    for (const { text } of here.values()) {
      counts.fromSession += 1;
      await add(text);
      if (host.signal.aborted) throw fail("cancelled");
    }
    if (counts.exported === 0) throw fail("no_room_keys");
    await writer.write(`${gathered}]`);
    if (host.signal.aborted) throw fail("cancelled");
    await writer.finish();
    await host.progress({ done: task.total, total: task.total });
    return counts;
  } catch (thrown) {
    await writer.discard();
    throw thrown;
  } finally {
    await pool?.close();
  }

  async function takeOpened(slices: readonly BackupSlice[], opened: readonly OpenedEntry[]): Promise<void> {
    for (const [at, entry] of opened.entries()) {
      const { roomId, sessionId } = slices[at] as BackupSlice;
      if ("fault" in entry) {
        counts.broken += 1;
        void host.problem({ subject: { roomId, sessionId }, reason: entry.fault });
        continue;
      }
      const id = idOf({ room_id: roomId, session_id: sessionId });
      const own = here.get(id);
      if (own && own.firstIndex < entry.firstIndex) continue;
      here.delete(id);
      counts.fromBackup += 1;
      await add(entry.text);
    }
  }
}

/** This session's keys by their ids. The crypto machine wrote them, so one that makes no sense is a mistake of ours. */
function keysOfSession(json: string, wanted: ReadonlySet<string> | null): Map<string, KeyHere> {
  const keys = new Map<string, KeyHere>();
  for (const value of JSON.parse(json) as unknown[]) {
    const checked = checkRoomKey(value);
    if (typeof checked === "string") throw new Error(`The crypto machine exported a room key that is ${checked}`);
    const { key, firstIndex } = checked;
    if (!wanted || wanted.has(key.room_id)) keys.set(idOf(key), { text: exportText(key), firstIndex });
  }
  return keys;
}
