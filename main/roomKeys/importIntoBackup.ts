import { fail } from "../../shared/errors.ts";
import { addressOf, qualityOf, qualityOfKey, type BackupSlice } from "./backupEntries.ts";
import { backupEntries } from "./backupSource.ts";
import { WorkerPool } from "./workerPool.ts";
import type { OpenedEntries } from "./poolWorker.ts";
import type { ImportFates } from "./importOutcomes.ts";
import { isBetter, RoomKeyQualities } from "./roomKeyQuality.ts";
import { RoomKeyTable } from "./roomKeyTable.ts";
import { type CheckedRoomKey, idOf } from "./roomKey.ts";
import type { CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import { sealedUpload, type SealingPool } from "./sealedUpload.ts";
import { checkOwn } from "./heldRoomKeys.ts";
import { storedKeys } from "./storedKeys.ts";
import type { WorkerHost } from "./workerHost.ts";
import type { RoomKeysTask } from "./workerProtocol.ts";

type Backup = NonNullable<Extract<RoomKeysTask, { kind: "import" }>["backup"]>;

/** Entries of the backup that are looked at together. */
const BATCH = 400;

/** The backup's part of an import: what goes into it, and what comes out of it into the session. */
export class ImportIntoBackup {
  readonly #backup: Backup;
  readonly #fates: ImportFates;
  readonly #host: WorkerHost;
  /** What the backup holds as far as is known, and how good that is. */
  readonly #index: RoomKeyQualities;
  readonly #sealing: SealingPool;
  /** Keys that are sent with the batch under way; those of them that the session has not taken it has as good. */
  readonly #sent = new Map<string, number>();
  readonly #heldBySession = new RoomKeyTable();

  private constructor(backup: Backup, fates: ImportFates, host: WorkerHost, index: RoomKeyQualities) {
    this.#backup = backup;
    this.#fates = fates;
    this.#host = host;
    this.#index = index;
    this.#sealing = new WorkerPool({ kind: "seal", publicKey: backup.publicKey });
  }

  /** Looks at what the backup holds already. Throws what the download fails with. */
  static async open(backup: Backup, fates: ImportFates, host: WorkerHost): Promise<ImportIntoBackup> {
    const index = new RoomKeyQualities();
    for await (const entries of backupEntries(host, BATCH)) {
      for (const slice of entries) {
        // An entry that makes no sense counts as one that is missing.
        const quality = qualityOf(slice.text);
        if (quality) index.set(addressOf(slice), quality);
      }
    }
    return new ImportIntoBackup(backup, fates, host, index);
  }

  /**
   * The body of the upload for those keys that the backup lacks or has worse; null when there are none. Counts each.
   *
   * @param keys each once
   */
  async prepare(keys: readonly CheckedRoomKey[]): Promise<string | null> {
    const wanted = keys.filter((checked) => this.#isWanted(checked)).map(({ key, firstIndex }) => ({ key, firstIndex }));
    return wanted.length > 0 ? await sealedUpload(this.#sealing, wanted) : null;
  }

  /** Told which keys of the batch the session took. */
  noteTaken(taken: readonly string[]): void {
    for (const id of taken) this.#sent.delete(id);
    for (const [id, firstIndex] of this.#sent) this.#heldBySession.set(id, firstIndex, 0);
    this.#sent.clear();
  }

  /**
   * Sends what the session has better than the file, takes from the backup what that has better, and makes sure that all
   * has arrived: the server does not tell which entries it has replaced. Throws `secure_backup_check_failed`.
   */
  async finish(session: CryptoStoreSnapshot | null): Promise<void> {
    if (session && this.#heldBySession.size > 0) await this.#sendOwn(session);
    if (!this.#fates.needsLook) return;
    const opening = new WorkerPool<BackupSlice[], OpenedEntries>({ kind: "open", privateKey: this.#backup.privateKey });
    try {
      for await (const entries of backupEntries(this.#host, BATCH)) {
        const better = entries.filter((slice) => {
          // One that makes no sense opens nothing.
          const firstIndex = qualityOf(slice.text)?.firstIndex ?? Number.POSITIVE_INFINITY;
          return this.#fates.settle(addressOf(slice), firstIndex);
        });
        if (better.length > 0) await opening.give(better, (opened) => this.#giveSession(opened));
      }
      await opening.drain();
    } finally {
      await opening.close();
    }
    if (this.#fates.unsettled > 0) throw fail("secure_backup_check_failed", { failed: ["room_keys"] });
  }

  async close(): Promise<void> {
    await this.#sealing.close();
  }

  #isWanted(checked: CheckedRoomKey): boolean {
    const id = idOf(checked.key);
    const quality = qualityOfKey(checked);
    const before = this.#index.get(id);
    // One that opens more is sent although a verified one is there: the spec has the server keep that, Synapse takes the
    // new one, and what it did is seen in the end.
    if (before && quality.firstIndex >= before.firstIndex && !isBetter(quality, before)) {
      if (quality.firstIndex === before.firstIndex) this.#fates.add("alreadyThere", 1);
      else this.#fates.note(id, quality.firstIndex, "behind");
      return false;
    }
    this.#fates.note(id, quality.firstIndex, before ? "better" : "new");
    this.#sent.set(id, quality.firstIndex);
    this.#index.set(id, quality);
    return true;
  }

  /** The keys that are in the backup as the file has them, and better in the session: the machine believes them there. */
  async #sendOwn(session: CryptoStoreSnapshot): Promise<void> {
    for await (const { keys } of storedKeys(session, this.#host, null)) {
      const better = checkOwn(keys, () => undefined).filter(({ key, firstIndex }) => {
        const sent = this.#heldBySession.get(idOf(key));
        return sent !== null && firstIndex < sent[0];
      });
      if (better.length === 0) continue;
      for (const { key, firstIndex } of better) this.#fates.improve(idOf(key), firstIndex);
      const upload = await sealedUpload(this.#sealing, better);
      await this.#host.deliver({ sessionKeys: "[]", count: 0, upload });
    }
  }

  async #giveSession({ texts }: OpenedEntries): Promise<void> {
    const opened = texts.filter((text) => text !== null);
    if (opened.length === 0) return;
    await this.#host.deliver({ sessionKeys: `[${opened.join(",")}]`, count: opened.length, upload: null });
  }
}
