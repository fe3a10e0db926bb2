import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { BackupEncryptor } from "../../../main/roomKeys/backupCipher.ts";
import { sealEntry } from "../../../main/roomKeys/backupEntries.ts";
import { unfinishedName } from "../../../main/storage/growingFile.ts";
import type { RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { runWorker } from "../../../main/roomKeys/runWorker.ts";
import { takeExported } from "../../../main/roomKeys/importToSession.ts";
import type { CryptoStoreSnapshot } from "../../../main/roomKeys/cryptoStoreSnapshot.ts";
import type { ResultOf, RoomKeysTask, WorkerCalls } from "../../../main/roomKeys/workerProtocol.ts";
import { UnfinishedFiles } from "../../../main/storage/unfinishedFiles.ts";
import { OwnRoomKeys } from "../../support/ownRoomKeys.ts";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { errorOf } from "../../support/errorOf.ts";
import { readKeyFile } from "../../support/keyFiles.ts";
import { privateKeyOf, secretBytesOf, secretOf } from "../../support/secretValues.ts";

const PASSPHRASE = "quarrel lantern osprey velvet 1837";
const THREAD = new URL("../../../main/roomKeys/roomKeysWorker.ts", import.meta.url);
const never = new AbortController().signal;
/** Not a multiple of what is read at once. */
const COUNT = 1050;
/** A backup's private key; its public one goes with it. */
const BACKUP = await (async () => {
  const { BackupDecryptionKey, initAsync } = await import("@matrix-org/matrix-sdk-crypto-wasm");
  await initAsync();
  const key = BackupDecryptionKey.createRandomKey();
  return { privateKey: privateKeyOf(key.toBase64()), publicKey: key.megolmV1PublicKey.publicKeyBase64 };
})();

let own: OwnRoomKeys;
let folder: string;
let path: string;
let bySdk: RoomKey[];
beforeAll(async () => {
  own = await OwnRoomKeys.withKeys(COUNT);
  bySdk = await own.exportedBySdk();
}, 60_000);
afterAll(() => own.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "steward-own-keys-"));
  path = join(folder, "keys.txt");
});
afterEach(() => rm(folder, { recursive: true }));

interface Options {
  roomIds?: string[] | null;
  /** What the backup holds; null: there is none. */
  backup?: readonly RoomKey[] | null;
  session?: CryptoStoreSnapshot | null;
  calls?: Partial<WorkerCalls>;
  signal?: AbortSignal;
  module?: URL;
}

type ExportTask = Extract<RoomKeysTask, { kind: "export" }>;

function exportKeys(from: OwnRoomKeys, options: Options = {}): Promise<ResultOf<ExportTask>> {
  const { roomIds = null, backup = null, session = from.session(), signal = never, module = THREAD } = options;
  const answer = backup && [Buffer.from(answerWith(backup))];
  const calls: WorkerCalls = {
    pull: () => Promise.resolve(answer?.shift() ?? null),
    pullInto: () => Promise.reject(new Error("nothing is carried over")),
    progress: () => Promise.resolve(),
    problem: (problem) => Promise.reject(new Error(JSON.stringify(problem))),
    readStore: from.readStore(),
    readOtherStore: () => Promise.reject(new Error("nothing is compared")),
    deliver: () => Promise.reject(new Error("nothing is imported")),
    ...options.calls,
  };
  const task: ExportTask = {
    kind: "export",
    path,
    passphrase: secretOf("passphrase", PASSPHRASE),
    roomIds,
    backupKey: backup && BACKUP.privateKey,
    session,
    total: (session?.count ?? 0) + (backup?.length ?? 0),
  };
  return runWorker(task, calls, signal, module);
}

/** A server's answer to `GET /room_keys/keys`. */
function answerWith(keys: readonly RoomKey[]): string {
  const encryptor = new BackupEncryptor(BACKUP.publicKey);
  const rooms: Record<string, { sessions: Record<string, unknown> }> = {};
  for (const key of keys) {
    const firstIndex = Buffer.from(key.session_key, "base64").readUInt32BE(1);
    (rooms[key.room_id] ??= { sessions: {} }).sessions[key.session_id] = JSON.parse(sealEntry(encryptor, { key, firstIndex }));
  }
  return JSON.stringify({ rooms });
}

const inFile = (): Promise<RoomKey[]> => readKeyFile(path, PASSPHRASE);
const sorted = (keys: readonly RoomKey[]): RoomKey[] => [...keys].sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1));
const idOf = ({ room_id, session_id }: RoomKey): string => `${room_id} ${session_id}`;
const essence = (keys: readonly RoomKey[]): string[] => keys.map((key) => `${idOf(key)} ${key.session_key}`).sort();

describe("the room keys of a session's own store", () => {
  it("are exported as the SDK exports them, each once and to the last field", async () => {
    expect(await exportKeys(own)).toEqual({ exported: COUNT, fromBackup: 0, fromSession: COUNT, broken: 0 });
    const written = await inFile();
    expect(written).toHaveLength(COUNT);
    expect(sorted(written)).toEqual(sorted(bySdk));
    expect(await readdir(folder)).toEqual(["keys.txt"]);
  });

  it("are those of chosen rooms alone, where rooms are chosen", async () => {
    const roomIds = [makeRoomKey(1000).room_id, "!none:example.org"];
    expect(await exportKeys(own, { roomIds })).toMatchObject({ exported: 50, fromSession: 50 });
    expect(sorted(await inFile())).toEqual(sorted(bySdk.filter(({ room_id }) => room_id === roomIds[0])));
    expect(await errorOf(exportKeys(own, { roomIds: ["!none:example.org"] }))).toEqual({ kind: "no_room_keys" });
  });

  it("are none in an empty store", async () => {
    const empty = await OwnRoomKeys.withKeys(0);
    try {
      expect(empty.session().count).toBe(0);
      expect(await errorOf(exportKeys(empty))).toEqual({ kind: "no_room_keys" });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await empty.remove();
    }
  });

  it("are put together with those of the backup: of each the copy that opens more messages", async () => {
    const both = await OwnRoomKeys.create([...makeRoomKeys(450, { firstIndex: 5 }), ...makeRoomKeys(20, { room: "!mine:example.org" })]);
    const read: object[] = [];
    const answer = both.readStore();
    const readStore: WorkerCalls["readStore"] = (range) => (read.push(range), answer(range));
    try {
      const everywhere = [...makeRoomKeys(450, { firstIndex: 5 }), ...makeRoomKeys(20, { room: "!mine:example.org" })];
      const same = await exportKeys(both, { backup: everywhere, calls: { readStore } });
      expect(same).toEqual({ exported: 470, fromBackup: 470, fromSession: 0, broken: 0 });
      expect(read).toHaveLength(10);
      const backup = [
        ...makeRoomKeys(100, { firstIndex: 2 }),
        makeRoomKey(200, { firstIndex: 9 }),
        ...everywhere.slice(100, 450).filter((_, at) => at !== 100),
        ...makeRoomKeys(7, { room: "!theirs:example.org" }),
      ];
      const mixed = await exportKeys(both, { backup, calls: { readStore } });
      expect(mixed).toEqual({ exported: 477, fromBackup: 456, fromSession: 21, broken: 0 });
      const expected = [
        ...makeRoomKeys(100, { firstIndex: 2 }),
        ...everywhere.slice(100),
        ...makeRoomKeys(7, { room: "!theirs:example.org" }),
      ];
      expect(essence(await inFile())).toEqual(essence(expected));
    } finally {
      await both.remove();
    }
  });

  it("are whole and complete when more come into the store meanwhile", async () => {
    const growing = await OwnRoomKeys.withKeys(350);
    const before = await growing.exportedBySdk();
    const answer = growing.readStore();
    let reads = 0;
    const readStore: WorkerCalls["readStore"] = async (range) => {
      const piece = await answer(range);
      reads += 1;
      await growing.add(makeRoomKeys(40, { room: `!new${reads}:example.org` }));
      return piece;
    };
    try {
      expect(await exportKeys(growing, { calls: { readStore } })).toMatchObject({ broken: 0 });
      const written = await inFile();
      const known = new Set(before.map(idOf));
      expect(sorted(written.filter((key) => known.has(idOf(key))))).toEqual(sorted(before));
      const after = new Map((await growing.exportedBySdk()).map((key) => [idOf(key), key]));
      for (const key of written) expect(key).toEqual(after.get(idOf(key)));
      expect(new Set(written.map(idOf)).size).toBe(written.length);
    } finally {
      await growing.remove();
    }
  });

  it("leave the session's own store as it is, whatever the second machine writes", async () => {
    const before = structuredClone(own.session().outlines);
    await exportKeys(own);
    expect(own.session().outlines).toEqual(before);
    expect(own.session().count).toBe(COUNT);
  });

  it("are read a few at a time, so that main goes on", async () => {
    const readStore = own.readStore();
    const sizes: number[] = [];
    const exported = await exportKeys(own, {
      calls: {
        readStore: async (range) => {
          const piece = await readStore(range);
          sizes.push(piece.records.length);
          return piece;
        },
      },
    });
    expect(exported).toMatchObject({ exported: COUNT });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(50);
    expect(sizes.length).toBeGreaterThanOrEqual(COUNT / 50);
  });
});

describe("room keys that come into a session's own store", () => {
  it("are counted, and those that wait for the backup", async () => {
    const counted = await OwnRoomKeys.withKeys(30);
    try {
      await counted.add(makeRoomKeys(40, { firstIndex: 3 }));
      const countsOf = async (): Promise<number[]> => {
        const counts = await counted.machine.roomKeyCounts();
        const { total, backedUp } = counts;
        counts.free();
        return [total, backedUp];
      };
      expect(await countsOf()).toEqual([40, 0]);
      expect(counted.session().count).toBe(40);
      await counted.machine.enableBackupV1(BACKUP.publicKey, "1");
      const request = await counted.machine.backupRoomKeys();
      await counted.machine.markRequestAsSent(request!.id, request!.type, '{"count":40,"etag":"1"}');
      expect(await countsOf()).toEqual([40, 40]);
    } finally {
      await counted.remove();
    }
  });

  it("are taken a few at a time, so that main goes on", async () => {
    const taking = await OwnRoomKeys.withKeys(0);
    try {
      const take = vi.spyOn(taking.machine, "importExportedRoomKeys");
      const { taken, refused } = await takeExported(taking.machine, makeRoomKeys(205));
      expect([taken.length, refused]).toEqual([205, []]);
      const sizes = take.mock.calls.map(([keys]) => (JSON.parse(keys) as RoomKey[]).length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
    } finally {
      await taking.remove();
    }
  });
});

describe("an export of a session's own room keys that does not come to its end", () => {
  /** As the service does it: whatever becomes of the thread, what it began is removed. */
  const guarded = async (work: () => Promise<unknown>): Promise<unknown> => {
    const data = join(folder, "data");
    const files = new UnfinishedFiles({ path: join(data, "unfinished.json"), onDamaged: () => undefined });
    await mkdir(data);
    const thrown = await files.during(unfinishedName(path), work).then(
      () => null,
      (reason: unknown) => reason,
    );
    await rm(data, { recursive: true });
    return thrown;
  };

  it("ends its thread when it is cancelled in the middle", async () => {
    const controller = new AbortController();
    const answer = own.readStore();
    let reads = 0;
    const readStore: WorkerCalls["readStore"] = (range) => {
      reads += 1;
      if (reads === 4) controller.abort();
      return answer(range);
    };
    await writeFile(path, "precious");
    const ports = (): number => process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length;
    const before = ports();
    expect(await errorOf(exportKeys(own, { calls: { readStore }, signal: controller.signal }))).toEqual({ kind: "cancelled" });
    expect(reads).toBeLessThan(8);
    expect(ports()).toBe(before);
    expect(await readdir(folder)).toEqual(["keys.txt"]);
  });

  it("says so and leaves no half file when its thread dies", async () => {
    const dying = join(folder, "dying.mjs");
    await writeFile(
      dying,
      `import { parentPort } from "node:worker_threads";
       let answers = 0;
       parentPort.on("message", ({ kind }) => { if (kind === "answer" && (answers += 1) === 6) process.exit(1); });
       await import(${JSON.stringify(THREAD.href)});`,
    );
    const thrown = await guarded(() => exportKeys(own, { module: pathToFileURL(dying) }));
    expect(thrown).toEqual(new Error("The thread ended before its work did"));
    expect(await readdir(folder)).toEqual(["dying.mjs"]);
  });

  it("says so when the store cannot be opened, or what is read of it is no record", async () => {
    const wrongKey = await guarded(() =>
      exportKeys(own, { session: own.session(secretBytesOf("storage key", new Uint8Array(32).fill(8))) }),
    );
    expect(wrongKey).toBeInstanceOf(Error);
    const answer = own.readStore();
    const readStore: WorkerCalls["readStore"] = async (range) => {
      const { records, more } = await answer(range);
      return { records: records.map(({ key }) => ({ key, value: { nonsense: true } })), more };
    };
    const nonsense = await guarded(() => exportKeys(own, { calls: { readStore } }));
    expect(nonsense).toBeInstanceOf(Error);
    expect(await readdir(folder)).toEqual([]);
  });
});
