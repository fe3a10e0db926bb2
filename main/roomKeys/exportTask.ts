import { fail } from "../../shared/errors.ts";
import type { JobProblem } from "../../shared/contract/jobs.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import { addressOf, type BackupSlice, exportText } from "./backupEntries.ts";
import { backupEntries } from "./backupSource.ts";
import { WorkerPool } from "./workerPool.ts";
import type { OpenedEntries } from "./poolWorker.ts";
import { KeyFileWriter } from "./keyFileWriter.ts";
import { checkOwn, HeldRoomKeys } from "./heldRoomKeys.ts";
import { idOf } from "./roomKey.ts";
import { openStoredKeys, type StoredKeysReader } from "./storedKeys.ts";
import type { WorkerHost } from "./workerHost.ts";
import type { ResultOf, RoomKeysTask } from "./workerProtocol.ts";

type ExportTask = Extract<RoomKeysTask, { kind: "export" }>;

const BATCH = 128;
/** Characters that are gathered before they are encrypted and written. */
const WRITE_CHARACTERS = 128 * 1024;

/**
 * Writes the room keys of backup and session into a key file. Of a key that is in both, the copy that opens more
 * messages goes in. Throws `no_room_keys` when there are none, `file_failed`, and what the download fails with; the
 * file is then not there, or the one that was there before.
 */
export async function exportRoomKeys(task: ExportTask, host: WorkerHost): Promise<ResultOf<ExportTask>> {
  const writer = await KeyFileWriter.open(task.path, task.passphrase);
  let session: StoredKeysReader | null = null;
  try {
    session = task.session && (await openStoredKeys(task.session, host));
    const exporting = new Export(task, host, writer);
    const own = session && task.backupKey ? await exporting.learn(session) : new HeldRoomKeys();
    if (task.backupKey) await exporting.addBackup(task.backupKey, own);
    if (session) await (task.backupKey ? exporting.addRemaining(session, own) : exporting.addAll(session));
    return await exporting.finish();
  } catch (thrown) {
    await writer.discard();
    throw thrown;
  } finally {
    session?.close();
  }
}

/** The steps of one export. */
class Export {
  readonly #task: ExportTask;
  readonly #host: WorkerHost;
  readonly #writer: KeyFileWriter;
  readonly #wanted: ReadonlySet<string> | null;
  readonly #counts = { exported: 0, fromBackup: 0, fromSession: 0, broken: 0 };
  #gathered = "[";
  #looked = 0;

  constructor(task: ExportTask, host: WorkerHost, writer: KeyFileWriter) {
    this.#task = task;
    this.#host = host;
    this.#writer = writer;
    this.#wanted = task.roomIds === null ? null : new Set(task.roomIds);
  }

  /** Learns what the session has, before the backup is gone through. */
  async learn(session: StoredKeysReader): Promise<HeldRoomKeys> {
    const own = new HeldRoomKeys();
    for await (const piece of session.all(this.#wanted)) {
      own.add(piece, checkOwn(piece.keys, this.#onBroken));
      this.#progress(piece.looked);
    }
    return own;
  }

  /** Adds the backup's keys, save those that the session has better; those that it has no better are taken off. */
  async addBackup(backupKey: PrivateKey, own: HeldRoomKeys): Promise<void> {
    const pool = new WorkerPool<BackupSlice[], OpenedEntries>({ kind: "open", privateKey: backupKey });
    // Batches come back from several threads: what they add is written one after the other.
    let turn = Promise.resolve();
    try {
      for await (const batch of backupEntries(this.#host, BATCH)) {
        const wanted = this.#wanted;
        const chosen = wanted ? batch.filter(({ roomId }) => wanted.has(roomId)) : batch;
        await pool.give(chosen, (opened) => (turn = turn.then(() => this.#takeOpened(chosen, opened, own))));
        this.#progress(batch.length);
      }
      await pool.drain();
    } finally {
      await pool.close();
    }
  }

  /** Adds the session's keys that were not taken off. */
  async addRemaining(session: StoredKeysReader, own: HeldRoomKeys): Promise<void> {
    for (const range of own.remaining()) {
      await this.#addOwn(
        await session.again(range, this.#wanted),
        (id) => own.has(id),
        () => undefined,
      );
    }
  }

  /** Adds the session's keys. */
  async addAll(session: StoredKeysReader): Promise<void> {
    for await (const piece of session.all(this.#wanted)) {
      await this.#addOwn(piece.keys, () => true, this.#onBroken);
      this.#progress(piece.looked);
    }
  }

  async finish(): Promise<ResultOf<ExportTask>> {
    if (this.#counts.exported === 0) throw fail("no_room_keys");
    await this.#writer.write(`${this.#gathered}]`);
    if (this.#host.signal.aborted) throw fail("cancelled");
    await this.#writer.finish();
    await this.#host.progress({ done: this.#task.total, total: this.#task.total });
    return this.#counts;
  }

  async #addOwn(keys: readonly unknown[], isWanted: (id: string) => boolean, onBroken: (problem: JobProblem) => void): Promise<void> {
    for (const { key } of checkOwn(keys, onBroken)) {
      if (!isWanted(idOf(key))) continue;
      this.#counts.fromSession += 1;
      await this.#add(exportText(key));
    }
  }

  async #takeOpened(slices: readonly BackupSlice[], opened: OpenedEntries, own: HeldRoomKeys): Promise<void> {
    const { texts, firstIndexes, faults } = opened;
    for (const [at, { roomId, sessionId }] of slices.entries()) {
      const text = texts[at] ?? null;
      if (text === null) {
        this.#onBroken({ subject: { roomId, sessionId }, reason: faults.get(at) ?? "unreadable" });
        continue;
      }
      if (own.any) {
        const id = addressOf({ roomId, sessionId });
        if (own.opensMore(id, firstIndexes[at] as number)) continue;
        own.remove(id);
      }
      this.#counts.fromBackup += 1;
      await this.#add(text);
    }
  }

  async #add(text: string): Promise<void> {
    this.#gathered += this.#counts.exported === 0 ? text : `,${text}`;
    this.#counts.exported += 1;
    if (this.#gathered.length < WRITE_CHARACTERS) return;
    const written = this.#gathered;
    this.#gathered = "";
    await this.#writer.write(written);
  }

  readonly #onBroken = (problem: JobProblem): void => {
    this.#counts.broken += 1;
    void this.#host.problem(problem);
  };

  #progress(looked: number): void {
    this.#looked += looked;
    void this.#host.progress({ done: this.#looked, total: Math.max(this.#task.total, this.#looked) });
  }
}
