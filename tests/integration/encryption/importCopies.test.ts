import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackupDecryptionKey, initAsync } from "@matrix-org/matrix-sdk-crypto-wasm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncryptionContext } from "../../../main/encryption/encryptionContext.ts";
import { BackupDecryptor, BackupEncryptor } from "../../../main/roomKeys/backupCipher.ts";
import { openEntry, qualityOf, sealEntry } from "../../../main/roomKeys/backupEntries.ts";
import type { BackupEntriesApi } from "../../../main/roomKeys/backupEntriesApi.ts";
import { deliverTo } from "../../../main/encryption/importTarget.ts";
import { isBetter, type KeyQuality } from "../../../main/roomKeys/roomKeyQuality.ts";
import { type CheckedRoomKey, firstIndexOf, idOf, type RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { runWorker } from "../../../main/roomKeys/runWorker.ts";
import type { TaskResults } from "../../../main/roomKeys/workerProtocol.ts";
import type { PrivateKey } from "../../../shared/secret.ts";
import { writeKeyFile } from "../../support/keyFiles.ts";
import { OwnRoomKeys } from "../../support/ownRoomKeys.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { privateKeyOf, secretOf } from "../../support/secretValues.ts";
import { seed } from "../../support/seed.ts";

const PASSPHRASE = "quarrel lantern osprey velvet 1837";
let folder: string;
let keys: { privateKey: PrivateKey; publicKey: string };
beforeAll(async () => {
  await initAsync();
  const key = BackupDecryptionKey.createRandomKey();
  keys = { privateKey: privateKeyOf(key.toBase64()), publicKey: key.megolmV1PublicKey.publicKeyBase64 };
  folder = await mkdtemp(join(tmpdir(), "steward-copies-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** One copy of one of a few keys. */
interface Copy {
  number: number;
  firstIndex: number;
}
const keyOf = ({ number, firstIndex }: Copy): RoomKey => makeRoomKey(number, { firstIndex });

/** Which of two copies a server keeps: by the specification ("Key backups"), or as Synapse does. */
type Rule = "spec" | "synapse";

const replaces: Record<Rule, (one: KeyQuality, other: KeyQuality) => boolean> = {
  spec: isBetter,
  synapse: (one, other) => (one.verified && !other.verified) || one.firstIndex < other.firstIndex || one.forwarded < other.forwarded,
};

/** A backup on a server that follows one of these rules. */
class Backup {
  readonly entries = new Map<string, { roomId: string; sessionId: string; text: string }>();
  readonly #rule: Rule;
  #pieces: Buffer[] | null = null;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  put(roomId: string, sessionId: string, text: string): void {
    const address = `${roomId} ${sessionId}`;
    const before = this.entries.get(address);
    if (before && !replaces[this.#rule](qualityOf(text) as KeyQuality, qualityOf(before.text) as KeyQuality)) return;
    this.entries.set(address, { roomId, sessionId, text });
  }

  upload(body: string): Promise<void> {
    const { rooms } = JSON.parse(body) as { rooms: Record<string, { sessions: Record<string, object> }> };
    for (const [roomId, { sessions }] of Object.entries(rooms)) {
      for (const [sessionId, entry] of Object.entries(sessions)) this.put(roomId, sessionId, JSON.stringify(entry));
    }
    return Promise.resolve();
  }

  pull(): Promise<Uint8Array | null> {
    this.#pieces ??= [Buffer.from(this.#answer())];
    const piece = this.#pieces.shift() ?? null;
    if (!piece) this.#pieces = null;
    return Promise.resolve(piece && Uint8Array.from(piece));
  }

  /** The first message that each key opens, by what is inside the entries. */
  firstIndexes(): Record<string, number> {
    const decryptor = new BackupDecryptor(keys.privateKey);
    return Object.fromEntries([...this.entries].map(([id, entry]) => [id, (openEntry(decryptor, entry) as CheckedRoomKey).firstIndex]));
  }

  #answer(): string {
    const rooms: Record<string, { sessions: Record<string, unknown> }> = {};
    for (const { roomId, sessionId, text } of this.entries.values()) {
      (rooms[roomId] ??= { sessions: {} }).sessions[sessionId] = JSON.parse(text);
    }
    return JSON.stringify({ rooms });
  }
}

interface Situation {
  file: Copy[];
  session: Copy[];
  /** Null: there is no backup. */
  backup: (Copy & { verified: boolean })[] | null;
}

async function importInto({ file, session, backup: inBackup }: Situation, rule: Rule = "spec") {
  const path = join(folder, "keys.txt");
  await writeKeyFile(path, PASSPHRASE, file.map(keyOf));
  const own = await OwnRoomKeys.create([]);
  try {
    for (const copy of session) await own.add([keyOf(copy)]);
    const backup = inBackup && new Backup(rule);
    const encryptor = new BackupEncryptor(keys.publicKey);
    for (const { verified, ...copy } of inBackup ?? []) {
      const key = keyOf(copy);
      const entry = JSON.parse(sealEntry(encryptor, { key, firstIndex: copy.firstIndex })) as object;
      backup?.put(key.room_id, key.session_id, JSON.stringify({ ...entry, is_verified: verified }));
    }
    const counts = await runWorker(
      {
        kind: "import",
        path,
        passphrase: secretOf("passphrase", PASSPHRASE),
        backup: backup && keys,
        session: session.length > 0 ? own.session() : null,
      },
      {
        pull: () => backup?.pull() ?? Promise.reject(new Error("there is no backup")),
        progress: () => Promise.resolve(),
        problem: (problem) => Promise.reject(new Error(JSON.stringify(problem))),
        readStore: (range) => own.readStore()(range),
        deliver: deliverTo({
          access: { machine: own.machine } as unknown as EncryptionContext,
          transfer: backup as unknown as BackupEntriesApi | null,
          version: backup && "1",
          control: { signal: new AbortController().signal, progress: () => undefined, problem: () => undefined },
        }),
      },
      new AbortController().signal,
      new URL("../../../main/roomKeys/roomKeysWorker.ts", import.meta.url),
    );
    const here = Object.fromEntries((await own.exportedBySdk()).map((key) => [idOf(key), firstIndexOf(key)]));
    return { counts, here, inBackup: backup?.firstIndexes() ?? null };
  } finally {
    await own.remove();
  }
}

/** What should come of it, key by key. */
function expected({ file, session, backup }: Situation, rule: Rule) {
  const counts: TaskResults["import"] = { new: 0, better: 0, alreadyThere: 0, broken: 0 };
  const least = (copies: readonly Copy[]): number => Math.min(...copies.map(({ firstIndex }) => firstIndex));
  const here: Record<string, number> = {};
  const inBackup: Record<string, number> = {};
  for (const number of new Set([...file, ...session, ...(backup ?? [])].map((copy) => copy.number))) {
    const [f, s] = [file, session].map((copies) => copies.filter((copy) => copy.number === number)) as [Copy[], Copy[]];
    const b = backup?.find((copy) => copy.number === number);
    const id = idOf(makeRoomKey(number));
    if (f.length + s.length > 0) here[id] = Math.min(least([...f, ...s]), f.length > 0 && b ? b.firstIndex : Infinity);
    if (b) inBackup[id] = b.firstIndex;
    if (f.length === 0) continue;
    const before = backup ? (b?.firstIndex ?? Infinity) : least(s);
    const isLess = least(f) < before;
    const fate = !isLess ? "alreadyThere" : b?.verified === true && rule === "spec" ? "kept" : before === Infinity ? "new" : "better";
    counts[fate] = (counts[fate] ?? 0) + 1;
    counts.alreadyThere += f.length - 1;
    if (fate === "new" || fate === "better") inBackup[id] = least([...f, ...s]);
  }
  return { counts, here, inBackup: backup && inBackup };
}

const copy = { number: fc.nat(4), firstIndex: fc.nat(12) };
const copies = fc.array(fc.record(copy), { maxLength: 8 });
const backup = fc.uniqueArray(fc.record({ ...copy, verified: fc.boolean() }), { selector: ({ number }) => number, maxLength: 5 });
/** Other keys in between, so that the copies are in several batches. */
const fillers = Array.from({ length: 450 }, (_, at) => ({ number: 100 + at, firstIndex: 0 }));

async function expectRight(situation: Situation, rules: readonly Rule[] = ["spec", "synapse"]): Promise<void> {
  for (const rule of rules) expect(await importInto(situation, rule), rule).toEqual(expected(situation, rule));
}

describe("copies of a key in a key file", () => {
  it.each([
    ["the better one first", [0, 10]],
    ["the better one last", [10, 0]],
    ["three", [7, 0, 10]],
  ])("leave the one that opens most in session and backup, and count once: %s", async (_name, indexes) => {
    const copiesOf = indexes.map((firstIndex) => ({ number: 1, firstIndex }));
    const inBatches = [copiesOf[0]!, ...fillers, ...copiesOf.slice(1)];
    for (const there of [[], [{ number: 1, firstIndex: 3, verified: false }], [{ number: 1, firstIndex: 3, verified: true }]]) {
      await expectRight({ file: copiesOf, session: [], backup: there });
    }
    await expectRight({ file: inBatches, session: [], backup: [] });
    await expectRight({ file: copiesOf, session: [{ number: 1, firstIndex: 3 }], backup: null });
    await expectRight({ file: inBatches, session: [], backup: null });
  });

  it("are outdone by what the session or the backup has better, and that goes to the other of the two", async () => {
    const file = [{ number: 1, firstIndex: 7 }];
    await expectRight({ file, session: [{ number: 1, firstIndex: 2 }], backup: [] });
    await expectRight({ file, session: [], backup: [{ number: 1, firstIndex: 2, verified: false }] });
    await expectRight({ file, session: [{ number: 1, firstIndex: 9 }], backup: [{ number: 1, firstIndex: 2, verified: true }] });
  });

  it("do so in any number and order, whatever session and backup have", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ file: copies, session: copies, backup: fc.option(backup) }),
        fc.nat(8),
        fc.nat(4),
        fc.constantFrom<Rule>("spec", "synapse"),
        async ({ file, ...others }, at, dice, rule) => {
          const inBatches = dice === 0 ? [...file.slice(0, at), ...fillers, ...file.slice(at)] : file;
          await expectRight({ file: inBatches, ...others }, [rule]);
        },
      ),
      { seed, numRuns: 8 },
    );
  });
});

describe("an import into a backup", () => {
  it("counts a copy as kept by the backup when another client's came meanwhile", async () => {
    const upload = Backup.prototype.upload;
    Backup.prototype.upload = function (this: Backup, body: string): Promise<void> {
      const key = makeRoomKey(1, { firstIndex: 6 });
      const entry = JSON.parse(sealEntry(new BackupEncryptor(keys.publicKey), { key, firstIndex: 6 })) as object;
      this.put(key.room_id, key.session_id, JSON.stringify({ ...entry, is_verified: true }));
      return upload.call(this, body);
    };
    try {
      const file = [1, 2].map((number) => ({ number, firstIndex: 1 }));
      const { counts, here } = await importInto({ file, session: [], backup: [{ number: 2, firstIndex: 6, verified: false }] });
      expect(counts).toEqual({ new: 0, better: 1, kept: 1, alreadyThere: 0, broken: 0 });
      expect(Object.values(here)).toEqual([1, 1]);
    } finally {
      Backup.prototype.upload = upload;
    }
  });

  it("says so when the backup has not got in the end what was sent to it", async () => {
    const upload = Backup.prototype.upload;
    Backup.prototype.upload = () => Promise.resolve();
    try {
      await expect(importInto({ file: [{ number: 1, firstIndex: 0 }], session: [], backup: [] })).rejects.toMatchObject({
        error: { kind: "secure_backup_check_failed", failed: ["room_keys"] },
      });
    } finally {
      Backup.prototype.upload = upload;
    }
  });
});
