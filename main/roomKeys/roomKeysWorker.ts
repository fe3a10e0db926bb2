import { parentPort, workerData } from "node:worker_threads";
import { AppFailure } from "../../shared/errors.ts";
import { backupEntries } from "./backupSource.ts";
import type { BackupSlice } from "./backupEntries.ts";
import { carryEntries, compareStores, proveInSession } from "./migrateTask.ts";
import { completeBackup } from "./completeTask.ts";
import { WorkerPool } from "./workerPool.ts";
import type { CheckedEntry, OpenedEntries } from "./poolWorker.ts";
import { exportRoomKeys } from "./exportTask.ts";
import { importRoomKeys } from "./importTask.ts";
import type { RoomKey } from "./roomKey.ts";
import { storedKeys } from "./storedKeys.ts";
import { connectToHost, type WorkerHost } from "./workerHost.ts";
import { inThread } from "./crossing.ts";
import { type FromThread, type ResultOf, type RoomKeysTask } from "./workerProtocol.ts";

type VerifyTask = Extract<RoomKeysTask, { kind: "verify" }>;
type ListTask = Extract<RoomKeysTask, { kind: "list" }>;
type HandOverTask = Extract<RoomKeysTask, { kind: "handOver" }>;
type RestoreTask = Extract<RoomKeysTask, { kind: "restore" }>;

const BATCH = 128;

if (parentPort) {
  const port = parentPort;
  const say = (message: FromThread): void => port.postMessage(message);
  perform(inThread<RoomKeysTask>(workerData as object), connectToHost(port)).then(
    (result) => say({ kind: "done", result }),
    (thrown: unknown) => {
      if (thrown instanceof AppFailure) return say({ kind: "failed", error: thrown.error });
      const { message, stack = "" } = thrown instanceof Error ? thrown : new Error(String(thrown));
      say({ kind: "crashed", message, stack });
    },
  );
}

function perform(task: RoomKeysTask, host: WorkerHost): Promise<unknown> {
  switch (task.kind) {
    case "export":
      return exportRoomKeys(task, host);
    case "import":
      return importRoomKeys(task, host);
    case "verify":
      return verifyBackup(task, host);
    case "list":
      return listRooms(task, host);
    case "handOver":
      return handOver(task, host);
    case "compareStores":
      return compareStores(task, host);
    case "restore":
      return restoreBackup(task, host);
    case "carry":
      return carryEntries(task, host);
    case "complete":
      return completeBackup(task, host);
    case "prove":
      return proveInSession(task, host);
  }
}

/** Opens every entry of the backup. */
async function verifyBackup(task: VerifyTask, host: WorkerHost): Promise<ResultOf<VerifyTask>> {
  const counts = { good: 0, broken: 0 };
  const pool = new WorkerPool<BackupSlice[], CheckedEntry[]>({ kind: "check", privateKey: task.backupKey });
  try {
    for await (const batch of backupEntries(host, BATCH)) {
      await pool.give(batch, (checked) => {
        for (const [at, fault] of checked.entries()) {
          if (fault === null) {
            counts.good += 1;
            continue;
          }
          const { roomId, sessionId } = batch[at] as BackupSlice;
          counts.broken += 1;
          void host.problem({ subject: { roomId, sessionId }, reason: fault });
        }
        const done = counts.good + counts.broken;
        void host.progress({ done, total: Math.max(task.total, done) });
      });
    }
    await pool.drain();
    const done = counts.good + counts.broken;
    await host.progress({ done, total: done });
    return counts;
  } finally {
    await pool.close();
  }
}

/** Counts the entries of backup and session room by room; of the backup nothing is opened. */
async function listRooms({ hasBackup, session }: ListTask, host: WorkerHost): Promise<ResultOf<ListTask>> {
  const rooms = new Map<string, [number, number]>();
  const countsOf = (roomId: string): [number, number] => {
    const counts = rooms.get(roomId) ?? [0, 0];
    rooms.set(roomId, counts);
    return counts;
  };
  if (hasBackup) {
    for await (const batch of backupEntries(host, BATCH)) for (const { roomId } of batch) countsOf(roomId)[0] += 1;
  }
  if (session) {
    for await (const { keys } of storedKeys(session, host, null)) {
      for (const key of keys) countsOf((key as RoomKey).room_id)[1] += 1;
    }
  }
  return { rooms: [...rooms].map(([roomId, counts]) => [roomId, ...counts]) };
}

/** Delivers all room keys of the session. */
async function handOver({ session }: HandOverTask, host: WorkerHost): Promise<ResultOf<HandOverTask>> {
  for await (const { keys } of storedKeys(session, host, null)) {
    await host.deliver({ sessionKeys: JSON.stringify(keys), count: keys.length, upload: null });
  }
  return {};
}

/** Opens the backup and delivers what is in it. */
async function restoreBackup({ backupKey }: RestoreTask, host: WorkerHost): Promise<ResultOf<RestoreTask>> {
  const counts = { given: 0, broken: 0 };
  const pool = new WorkerPool<BackupSlice[], OpenedEntries>({ kind: "open", privateKey: backupKey });
  try {
    for await (const batch of backupEntries(host, BATCH)) {
      await pool.give(batch, async ({ texts: opened }) => {
        const texts = opened.filter((text) => text !== null);
        counts.given += texts.length;
        counts.broken += opened.length - texts.length;
        await host.deliver({ sessionKeys: `[${texts.join(",")}]`, count: texts.length, upload: null });
      });
    }
    await pool.drain();
    return counts;
  } finally {
    await pool.close();
  }
}
