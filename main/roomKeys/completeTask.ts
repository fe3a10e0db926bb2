import { fail } from "../../shared/errors.ts";
import { addressOf, qualityOf } from "./backupEntries.ts";
import { backupEntries } from "./backupSource.ts";
import { WorkerPool } from "./workerPool.ts";
import { checkOwn, HeldRoomKeys } from "./heldRoomKeys.ts";
import { type CheckedRoomKey, idOf } from "./roomKey.ts";
import { sealedUpload, type SealingPool } from "./sealedUpload.ts";
import { openStoredKeys, type StoredKeysReader } from "./storedKeys.ts";
import type { WorkerHost } from "./workerHost.ts";
import type { ResultOf, RoomKeysTask } from "./workerProtocol.ts";

type CompleteTask = Extract<RoomKeysTask, { kind: "complete" }>;

const BATCH = 128;
/** Ids that are answered; more are not worth remembering. */
const MAX_WORSE = 10_000;
const ignore = (): void => undefined;

/**
 * Delivers the room keys of the session that its backup lacks or has worse, by what the entries say of themselves. Throws
 * `cancelled`, and what the download and the delivery fail with.
 */
export async function completeBackup(
  { publicKey, session, send: sends, refused }: CompleteTask,
  host: WorkerHost,
): Promise<ResultOf<CompleteTask>> {
  const reader = await openStoredKeys(session, host);
  try {
    const own = new HeldRoomKeys();
    for await (const piece of reader.all(null)) own.add(piece, checkOwn(piece.keys, ignore));
    const notTaken = new Set(refused);
    const worse: string[] = [];
    let there = 0;
    for await (const entries of backupEntries(host, BATCH)) {
      for (const slice of entries) {
        const id = addressOf(slice);
        if (own.has(id)) there += 1;
        // An entry that makes no sense counts as one that opens less.
        const firstIndex = qualityOf(slice.text)?.firstIndex ?? Number.POSITIVE_INFINITY;
        const opensLess = own.opensMore(id, firstIndex);
        if (opensLess && worse.length < MAX_WORSE) worse.push(id);
        if (!opensLess || notTaken.has(id)) own.remove(id);
      }
    }
    return { missing: own.size - there, worse, sent: sends ? await send(reader, own, publicKey, host) : 0 };
  } finally {
    reader.close();
  }
}

/** Delivers what remains; answers how many there are. */
async function send(reader: StoredKeysReader, own: HeldRoomKeys, publicKey: string, host: WorkerHost): Promise<number> {
  const pieces = own.remaining();
  if (pieces.length === 0) return 0;
  const sealing: SealingPool = new WorkerPool({ kind: "seal", publicKey });
  let sent = 0;
  let gathered: CheckedRoomKey[] = [];
  const flush = async (): Promise<void> => {
    if (gathered.length === 0) return;
    const upload = await sealedUpload(sealing, gathered);
    if (host.signal.aborted) throw fail("cancelled");
    await host.deliver({ sessionKeys: "[]", count: gathered.length, upload });
    sent += gathered.length;
    gathered = [];
  };
  try {
    for (const range of pieces) {
      const keys = checkOwn(await reader.again(range, null), ignore).filter(({ key }) => own.has(idOf(key)));
      gathered.push(...keys.map(({ key, firstIndex }) => ({ key, firstIndex })));
      if (gathered.length >= BATCH) await flush();
    }
    await flush();
    return sent;
  } finally {
    await sealing.close();
  }
}
