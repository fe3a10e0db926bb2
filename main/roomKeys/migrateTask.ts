import { fail } from "../../shared/errors.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import { backupPublicKey } from "./keyPairs.ts";
import { addressOf, type BackupSlice } from "./backupEntries.ts";
import { backupEntries } from "./backupSource.ts";
import type { CarriedEntry } from "./migratedEntry.ts";
import { type RoomKeyFingerprint, markOfSessionKey, opensAsMuch } from "./roomKeyFingerprint.ts";
import { WorkerPool } from "./workerPool.ts";
import { RoomKeyTable } from "./roomKeyTable.ts";
import { idOf, type RoomKey } from "./roomKey.ts";
import type { CryptoStoreSnapshot } from "./cryptoStoreSnapshot.ts";
import { storedKeys } from "./storedKeys.ts";
import type { WorkerHost } from "./workerHost.ts";
import type { Carried, ResultOf, RoomKeysTask } from "./workerProtocol.ts";

type MigrateTask = Extract<RoomKeysTask, { kind: "carry" }>;
type ProveTask = Extract<RoomKeysTask, { kind: "prove" }>;
type CompareTask = Extract<RoomKeysTask, { kind: "compareStores" }>;
type Pool = WorkerPool<BackupSlice[], (CarriedEntry | null)[]>;

const BATCH = 128;
/** Characters of entries that are sent together: proxies before a server may take no more than a megabyte. */
const MAX_CHARACTERS = 512 * 1024;

/**
 * Compares two backups, entry by entry and by what is inside, and delivers what the one lacks or has worse: sealed for it
 * as it is. Throws what the downloads and the delivery fail with.
 */
export async function carryEntries({ fromKey, intoKey, send }: MigrateTask, host: WorkerHost): Promise<Carried> {
  const there = await inBackup(intoKey, host);
  const publicKey = send ? backupPublicKey(intoKey) : null;
  const delivery = new Delivery(host);
  const counts = await compare({ kind: "carry", privateKey: fromKey, publicKey }, there, host, (slice, { body }, missing) =>
    missing && body !== null ? delivery.add(slice, body) : Promise.resolve(),
  );
  await delivery.flush();
  return counts;
}

/** Looks whether the session has every key of a backup. Throws what the download fails with. */
export async function proveInSession({ backupKey, session }: ProveTask, host: WorkerHost): Promise<Carried> {
  const there = session ? await inStore(session, host) : new RoomKeyTable();
  return await compare({ kind: "carry", privateKey: backupKey, publicKey: null }, there, host, () => Promise.resolve());
}

/** Looks how many keys of a store are in another one, in copies that open as much. */
export async function compareStores({ session, other }: CompareTask, host: WorkerHost): Promise<ResultOf<CompareTask>> {
  const there = await inStore(other, { ...host, readStore: (range) => host.readOtherStore(range) });
  let shown = 0;
  for await (const { keys } of storedKeys(session, host, null)) {
    for (const key of keys as RoomKey[]) {
      const mark = markOfSessionKey(key.session_id, key.session_key);
      const known = markIn(there, idOf(key));
      if (mark && known && opensAsMuch(known, mark)) shown += 1;
    }
  }
  return { shown };
}

async function inStore(session: CryptoStoreSnapshot, host: WorkerHost): Promise<RoomKeyTable> {
  const there = new RoomKeyTable();
  for await (const { keys } of storedKeys(session, host, null)) {
    for (const key of keys as RoomKey[]) note(there, idOf(key), markOfSessionKey(key.session_id, key.session_key));
  }
  return there;
}

/** What a backup holds that opens. */
async function inBackup(privateKey: PrivateKey, host: WorkerHost): Promise<RoomKeyTable> {
  const there = new RoomKeyTable();
  await opened(
    { kind: "carry", privateKey, publicKey: null },
    host,
    () => host.pullInto(),
    (slices, entries) => {
      for (const [at, entry] of entries.entries()) note(there, addressOf(slices[at] as BackupSlice), entry);
      return Promise.resolve();
    },
  );
  return there;
}

function note(there: RoomKeyTable, id: string, mark: RoomKeyFingerprint | null): void {
  if (mark) there.set(id, mark.firstIndex, mark.digest);
}

function markIn(there: RoomKeyTable, id: string): RoomKeyFingerprint | null {
  const numbers = there.get(id);
  return numbers && { firstIndex: numbers[0], digest: numbers[1] };
}

async function compare(
  work: Parameters<typeof opened>[0],
  there: RoomKeyTable,
  host: WorkerHost,
  onOpened: (slice: BackupSlice, entry: CarriedEntry, missing: boolean) => Promise<void>,
): Promise<Carried> {
  const counts = { entries: 0, unopened: 0, missing: 0 };
  await opened(
    work,
    host,
    () => host.pull(),
    async (slices, entries) => {
      for (const [at, slice] of slices.entries()) {
        const entry = entries[at];
        counts.entries += 1;
        if (!entry) {
          counts.unopened += 1;
          continue;
        }
        const known = markIn(there, addressOf(slice));
        const missing = known === null || !opensAsMuch(known, entry);
        if (missing) counts.missing += 1;
        await onOpened(slice, entry, missing);
      }
    },
  );
  return counts;
}

/** Opens the entries of a download in threads and hands them on batch by batch, one after the other. */
async function opened(
  work: { kind: "carry"; privateKey: PrivateKey; publicKey: string | null },
  host: WorkerHost,
  pull: WorkerHost["pull"],
  onBatch: (slices: BackupSlice[], entries: (CarriedEntry | null)[]) => Promise<void>,
): Promise<void> {
  const pool: Pool = new WorkerPool(work);
  let turn = Promise.resolve();
  try {
    for await (const slices of backupEntries(host, BATCH, pull)) {
      await pool.give(slices, (entries) => (turn = turn.then(() => onBatch(slices, entries))));
    }
    await pool.drain();
  } finally {
    await pool.close();
  }
}

/** Gathers what is delivered together. */
class Delivery {
  readonly #host: WorkerHost;
  #rooms = new Map<string, string[]>();
  #count = 0;
  #characters = 0;

  constructor(host: WorkerHost) {
    this.#host = host;
  }

  async add({ roomId, sessionId }: BackupSlice, body: string): Promise<void> {
    const entry = `${JSON.stringify(sessionId)}:${body}`;
    this.#rooms.set(roomId, [...(this.#rooms.get(roomId) ?? []), entry]);
    this.#count += 1;
    this.#characters += entry.length;
    if (this.#count >= BATCH || this.#characters >= MAX_CHARACTERS) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#count === 0) return;
    const rooms = [...this.#rooms].map(([id, entries]) => `${JSON.stringify(id)}:{"sessions":{${entries.join(",")}}}`);
    const batch = { sessionKeys: "[]", count: this.#count, upload: `{"rooms":{${rooms.join(",")}}}` };
    this.#rooms = new Map();
    [this.#count, this.#characters] = [0, 0];
    if (this.#host.signal.aborted) throw fail("cancelled");
    await this.#host.deliver(batch);
  }
}
