import { fail } from "../../shared/errors.ts";
import type { RoomKeyFault } from "../../shared/contract/roomKeys.ts";
import { ImportFates } from "./importOutcomes.ts";
import { ImportIntoBackup } from "./importIntoBackup.ts";
import { fileEntries } from "./keyFileEntries.ts";
import { KeyFileReader } from "./keyFileReader.ts";
import { RoomKeyTable } from "./roomKeyTable.ts";
import { bestCopies, type CheckedRoomKey, checkRoomKey, idOf, type RoomKey } from "./roomKey.ts";
import type { CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import { storedKeys } from "./storedKeys.ts";
import type { WorkerHost } from "./workerHost.ts";
import type { ResultOf, RoomKeysTask } from "./workerProtocol.ts";

type ImportTask = Extract<RoomKeysTask, { kind: "import" }>;

/** Keys that are delivered together: the requests are then a few hundred kilobytes long. */
const BATCH = 400;

/** A good key of the file, and how it is written as JSON. */
interface FileKey extends CheckedRoomKey {
  text: string;
}

/**
 * Reads a key file and delivers what is in it. The file is checked as a whole before anything of it is used; a broken
 * entry is reported, and the rest goes on. Of the copies of a key in the file, the backup and the session, the one that
 * opens most is in the session in the end, and in the backup too, unless the server keeps another one there.
 *
 * Throws as `KeyFileReader` does, `key_file_damaged` when what is inside is no list, what the delivery fails with, and
 * `secure_backup_check_failed` when the backup has not got in the end what was sent to it.
 */
export async function importRoomKeys(task: ImportTask, host: WorkerHost): Promise<ResultOf<ImportTask>> {
  const fates = new ImportFates();
  const reader = await KeyFileReader.open(task.path);
  let backup: ImportIntoBackup | null = null;
  try {
    // Bytes are what the progress counts: the file is read twice.
    let read = 0;
    const onRead = (bytes: number): void => {
      read += bytes;
      void host.progress({ done: read, total: reader.sizeBytes * 2 });
    };
    await reader.check(task.passphrase, host.signal, onRead);
    backup = task.backup && (await ImportIntoBackup.open(task.backup, fates, host));
    const inSession = backup ? null : await idsOfSession(task.session, host);
    let number = 0;
    for await (const entries of fileEntries(reader, BATCH, host.signal, onRead)) {
      const good: FileKey[] = [];
      for (const { text, value } of entries) {
        number += 1;
        const checked = text === undefined ? "unreadable" : checkRoomKey(value);
        if (typeof checked === "string") reportBroken(value, checked, number);
        else good.push({ ...checked, text: checked.key === value ? (text as string) : JSON.stringify(checked.key) });
      }
      const best = bestCopies(good, ({ key }) => key);
      fates.add("alreadyThere", good.length - best.length);
      if (best.length > 0) await deliver(best, inSession);
    }
    // How long what is in the backup takes nobody knows.
    if (backup) await host.progress({ done: read, total: null });
    await backup?.finish(task.session);
    await host.progress({ done: read, total: read });
    return fates.counts;
  } finally {
    await backup?.close();
    await reader.close();
  }

  function reportBroken(value: unknown, fault: RoomKeyFault, number: number): void {
    fates.add("broken", 1);
    const { room_id: roomId, session_id: sessionId } = (value ?? {}) as { room_id?: unknown; session_id?: unknown };
    const named = typeof roomId === "string" && typeof sessionId === "string";
    const subject = named ? { number, roomId: roomId.slice(0, 255), sessionId: sessionId.slice(0, 255) } : { number };
    void host.problem({ subject, reason: fault });
  }

  async function deliver(keys: FileKey[], inSession: RoomKeyTable | null): Promise<void> {
    const upload = (await backup?.prepare(keys)) ?? null;
    if (host.signal.aborted) throw fail("cancelled");
    const sessionKeys = `[${keys.map(({ text }) => text).join(",")}]`;
    const { taken, refused } = await host.deliver({ sessionKeys, count: keys.length, upload });
    for (const id of refused) fates.refuse(id);
    if (backup) return backup.noteTaken(taken);
    for (const id of taken) fates.note(id, 0, inSession?.get(id) ? "better" : "new");
    fates.add("alreadyThere", keys.length - taken.length - refused.length);
  }
}

/** Which keys the session has already. */
async function idsOfSession(session: CryptoStoreSnapshot | null, host: WorkerHost): Promise<RoomKeyTable> {
  const ids = new RoomKeyTable();
  if (!session) return ids;
  for await (const { keys } of storedKeys(session, host, null)) {
    for (const key of keys) ids.set(idOf(key as RoomKey), 0, 0);
  }
  return ids;
}
