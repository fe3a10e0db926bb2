/**
 * One measurement of room keys, in a process of its own so that its memory is its own. Says one line of JSON.
 *
 *     node roomKeysChild.ts <what> <number of keys> <folder> <bundled thread>
 *
 * `make` prepares what the others read, and `make own` a session's crypto store.
 */
import { createReadStream } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import type { IMegolmSessionData } from "matrix-js-sdk/lib/@types/crypto.js";
import { KeyFileWriter } from "../../main/roomKeys/keyFileWriter.ts";
import { makeRoomKey } from "../support/roomKeyMaker.ts";
import { runWorker } from "../../main/roomKeys/runWorker.ts";
import type { ResultOf, RoomKeysTask, WorkerCalls } from "../../main/roomKeys/workerProtocol.ts";
import { privateKeyOf, secretOf } from "../support/secretValues.ts";

const PASSPHRASE = "a passphrase for the measurement";
const ROUNDS = 500_000;
const [what, count, folder, thread] = process.argv.slice(2) as [string, string, string, string];
const number = Number(count);
const files = {
  /** The server's answer to `GET /room_keys/keys`. */
  backup: join(folder, `backup-${number}.json`),
  privateKey: join(folder, "private-key"),
  /** The same keys in clear. */
  clear: join(folder, `clear-${number}.json`),
  keyFile: join(folder, `keys-${number}.txt`),
  /** What is exported, in place of the one before. */
  written: join(folder, `written-${number}.txt`),
  /** The folder of a session's crypto store that the keys are in. */
  own: join(folder, `own-${number}`),
};

/** What a person waits for and what it costs: milliseconds, megabytes of growth, delays of main's event loop. */
interface Measurement {
  ms: number;
  growthMb: number;
  delayP99Ms: number;
  result: unknown;
}

async function measure(work: () => Promise<unknown>): Promise<Measurement> {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const started = performance.now();
  const result = await work();
  const ms = performance.now() - started;
  delay.disable();
  clearInterval(sampler);
  // Where the thread was blocked the sampler was too: the system remembers the highest.
  peak = Math.max(peak, process.memoryUsage.rss(), process.resourceUsage().maxRSS * 1024);
  return { ms, growthMb: (peak - before) / 1e6, delayP99Ms: delay.percentile(99) / 1e6, result };
}

/** Does a task as the app does, with the server's answer read from a file. */
async function inThread<T extends RoomKeysTask>(task: T, calls: Partial<WorkerCalls> = {}): Promise<ResultOf<T>> {
  let pieces: AsyncIterator<Buffer> | null = null;
  const all: WorkerCalls = {
    pull: async () => {
      pieces ??= createReadStream(files.backup, { highWaterMark: 64 * 1024 })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      const { done, value } = await pieces.next();
      return done ? null : Uint8Array.from(value);
    },
    pullInto: () => Promise.reject(new Error("nothing is carried over")),
    progress: () => Promise.resolve(),
    problem: (problem) => Promise.reject(new Error(JSON.stringify(problem))),
    readStore: () => Promise.reject(new Error("there is no session")),
    readOtherStore: () => Promise.reject(new Error("nothing is compared")),
    deliver: () => Promise.resolve({ taken: [], refused: [] }),
    ...calls,
  };
  return await runWorker(task, all, new AbortController().signal, pathToFileURL(thread));
}

const wasm = async () => {
  const module = await import("@matrix-org/matrix-sdk-crypto-wasm");
  await module.initAsync();
  return module;
};

async function make(): Promise<unknown> {
  // Node's crypto throws and catches errors of its own for every key; noting where takes most of the time.
  Error.stackTraceLimit = 0;
  const { BackupDecryptionKey } = await wasm();
  const { BackupEncryptor } = await import("../../main/roomKeys/backupCipher.ts");
  const { sealEntry } = await import("../../main/roomKeys/backupEntries.ts");
  const known = await readFile(files.privateKey, "utf8").catch(() => null);
  const key = known === null ? BackupDecryptionKey.createRandomKey() : BackupDecryptionKey.fromBase64(known);
  await writeFile(files.privateKey, key.toBase64());
  const encryptor = new BackupEncryptor(key.megolmV1PublicKey.publicKeyBase64);
  const [backup, clear] = await Promise.all([open(files.backup, "w"), open(files.clear, "w")]);
  let room = "";
  let [backupText, clearText] = ['{"rooms":{', "["];
  for (let at = 0; at < number; at += 1) {
    const made = makeRoomKey(at);
    const entry = `${JSON.stringify(made.session_id)}:${sealEntry(encryptor, { key: made, firstIndex: 0 })}`;
    if (made.room_id === room) backupText += `,${entry}`;
    else backupText += `${room === "" ? "" : "}},"}${JSON.stringify(made.room_id)}:{"sessions":{${entry}`;
    room = made.room_id;
    clearText += `${at === 0 ? "" : ","}${JSON.stringify(made)}`;
    if (at % 1000 === 999 || at === number - 1) {
      const end = at === number - 1;
      await backup.writeFile(backupText + (end ? "}}}}" : ""));
      await clear.writeFile(clearText + (end ? "]" : ""));
      [backupText, clearText] = ["", ""];
    }
  }
  await Promise.all([backup.close(), clear.close()]);
  await writeKeyFile(files.keyFile);
  return {};
}

/** The whole way: the server's answer to a key file. */
async function exportOurs(): Promise<Measurement> {
  const backupKey = privateKeyOf(await readFile(files.privateKey, "utf8"));
  const task = {
    kind: "export" as const,
    path: files.written,
    passphrase: secretOf("passphrase", PASSPHRASE),
    roomIds: null,
    session: null,
  };
  return await measure(() => inThread({ ...task, backupKey, total: number }));
}

/** As the SDK restores a backup: parse the answer, then decrypt it in chunks of 200 and hand on each. */
async function decryptWithSdk(onChunk: (keys: IMegolmSessionData[]) => Promise<void>): Promise<number> {
  const { BackupDecryptionKey } = await wasm();
  const { RustBackupDecryptor } = await import("matrix-js-sdk/lib/rust-crypto/backup.js");
  const decryptor = new RustBackupDecryptor(
    { debug: (...words: unknown[]) => process.stderr.write(`${words.join(" ")}\n`) } as never,
    BackupDecryptionKey.fromBase64(await readFile(files.privateKey, "utf8")),
  );
  type Entries = Parameters<typeof decryptor.decryptSessions>[0];
  const { rooms } = JSON.parse(await readFile(files.backup, "utf8")) as { rooms: Record<string, { sessions: Entries }> };
  let done = 0;
  for (const [roomId, { sessions }] of Object.entries(rooms)) {
    const entries = Object.entries(sessions);
    for (let from = 0; from < entries.length; from += 200) {
      const keys = await decryptor.decryptSessions(Object.fromEntries(entries.slice(from, from + 200)));
      for (const key of keys) key.room_id = roomId;
      await onChunk(keys);
      done += keys.length;
    }
  }
  return done;
}

/** The same by the SDK and the WASM: restore into a machine, export from it, encrypt. */
async function exportWithWasm(): Promise<Measurement> {
  const { DeviceId, OlmMachine, RoomId, UserId } = await wasm();
  const machine = await OlmMachine.initialize(new UserId("@alice:example.org"), new DeviceId("DEVICE"));
  return await measure(async () => {
    await decryptWithSdk(async (keys) => {
      const byRoom = new Map(keys.slice(0, 1).map(({ room_id }) => [new RoomId(room_id), new Map()]));
      for (const sessions of byRoom.values()) for (const key of keys) sessions.set(key.session_id, key);
      (await machine.importBackedUpRoomKeys(byRoom, () => undefined, "1")).free();
    });
    const json = await machine.exportRoomKeys(() => true);
    await writeFile(files.written, OlmMachine.encryptExportedRoomKeys(json, PASSPHRASE, ROUNDS));
  });
}

const ownKeys = async () => {
  const [{ OwnRoomKeys }, { storeInFolder }] = await Promise.all([
    import("../support/ownRoomKeys.ts"),
    import("../support/cryptoFolder.ts"),
  ]);
  return await OwnRoomKeys.open(await storeInFolder(undefined, files.own));
};

async function makeOwn(): Promise<unknown> {
  const own = await ownKeys();
  for (let from = 0; from < number; from += 1000) {
    await own.add(Array.from({ length: Math.min(1000, number - from) }, (_, at) => makeRoomKey(from + at)));
  }
  await own.close();
  return {};
}

/** The keys of the session's own store to a key file, where there is no backup. */
async function exportOwn(): Promise<Measurement> {
  const own = await ownKeys();
  const task = {
    kind: "export" as const,
    path: files.written,
    passphrase: secretOf("passphrase", PASSPHRASE),
    roomIds: null,
    backupKey: null,
  };
  const readStore = own.readStore();
  const measured = await measure(() => inThread({ ...task, session: own.session(), total: number }, { readStore }));
  await own.close();
  return measured;
}

/** The same by the SDK: export as `CryptoApi.exportRoomKeys` does, and encrypt. */
async function exportOwnWithWasm(): Promise<Measurement> {
  const { OlmMachine } = await wasm();
  const own = await ownKeys();
  const measured = await measure(async () => {
    const json = await own.machine.exportRoomKeys(() => true);
    await writeFile(files.written, OlmMachine.encryptExportedRoomKeys(json, PASSPHRASE, ROUNDS));
  });
  await own.close();
  return measured;
}

/** Keys in clear to a key file, by what the exporting thread writes with. */
async function writeKeyFile(path: string): Promise<void> {
  const writer = await KeyFileWriter.open(path, secretOf("passphrase", PASSPHRASE), ROUNDS);
  for await (const text of createReadStream(files.clear, { highWaterMark: 512 * 1024, encoding: "utf8" })) {
    await writer.write(text as string);
  }
  await writer.finish();
}

const works: Record<string, () => Promise<unknown>> = {
  make,
  "make own": makeOwn,
  "own ours": exportOwn,
  "own wasm": exportOwnWithWasm,
  "export ours": exportOurs,
  "export wasm": exportWithWasm,
  "write ours": () => measure(() => writeKeyFile(files.written)),
  "write wasm": async () => {
    const { OlmMachine } = await wasm();
    return await measure(async () => {
      const json = await readFile(files.clear, "utf8");
      await writeFile(files.written, OlmMachine.encryptExportedRoomKeys(json, PASSPHRASE, ROUNDS));
    });
  },
  "read ours": () =>
    measure(() =>
      inThread({ kind: "import", path: files.keyFile, passphrase: secretOf("passphrase", PASSPHRASE), backup: null, session: null }),
    ),
  "read wasm": async () => {
    const { OlmMachine } = await wasm();
    return await measure(async () => {
      const keys = JSON.parse(OlmMachine.decryptExportedRoomKeys(await readFile(files.keyFile, "utf8"), PASSPHRASE)) as unknown[];
      return keys.length;
    });
  },
  "decrypt ours": async () => {
    const backupKey = privateKeyOf(await readFile(files.privateKey, "utf8"));
    return await measure(() => inThread({ kind: "verify", backupKey, total: number }));
  },
  "decrypt wasm": async () => {
    await wasm();
    return await measure(() => decryptWithSdk(() => Promise.resolve()));
  },
};

const work = works[what];
if (!work) throw new Error(`there is no measurement called ${what}`);
process.stdout.write(`${JSON.stringify(await work())}\n`);
