import { parentPort, workerData } from "node:worker_threads";
import { BackupDecryptor, BackupEncryptor } from "./backupCipher.ts";
import { type BackupSlice, exportText, openEntry, sealEntry } from "./backupEntries.ts";
import type { CheckedRoomKey } from "./roomKey.ts";

/** What a thread of the pool is made for: to open entries of one backup, to see whether they open, or to make some. */
export type CryptoWork =
  | { kind: "open"; privateKey: Uint8Array }
  | { kind: "check"; privateKey: Uint8Array }
  | { kind: "seal"; publicKey: string };

/** An opened entry: its key as it stands in a key file and the first message it opens, or what is wrong. */
export type OpenedEntry = { text: string; firstIndex: number } | { fault: string };

/** What is wrong with an entry; null when it opens. */
export type CheckedEntry = string | null;

const work = workerData as CryptoWork;
const perform = performerOf(work);

/*
 * Node's crypto throws an error for each key that it is given, and catches it itself. To note down where that was takes
 * longer than to open the entry; and nobody is to see errors of this thread: that an entry is bad is an answer.
 */
Error.stackTraceLimit = 0;

parentPort?.on("message", ({ id, batch }: { id: number; batch: never }) => {
  parentPort?.postMessage({ id, result: perform(batch) });
});

function performerOf(asked: CryptoWork): (batch: never) => unknown {
  if (asked.kind === "open") return opener(asked.privateKey);
  return asked.kind === "check" ? checker(asked.privateKey) : sealer(asked.publicKey);
}

function checker(privateKey: Uint8Array): (slices: readonly BackupSlice[]) => CheckedEntry[] {
  const decryptor = new BackupDecryptor(privateKey);
  return (slices) =>
    slices.map((slice) => {
      const opened = openEntry(decryptor, slice);
      return typeof opened === "string" ? opened : null;
    });
}

function opener(privateKey: Uint8Array): (slices: readonly BackupSlice[]) => OpenedEntry[] {
  const decryptor = new BackupDecryptor(privateKey);
  return (slices) =>
    slices.map((slice) => {
      const opened = openEntry(decryptor, slice);
      return typeof opened === "string"
        ? { fault: opened }
        : { text: exportText(opened.key), firstIndex: opened.firstIndex };
    });
}

function sealer(publicKey: string): (keys: readonly CheckedRoomKey[]) => string[] {
  const encryptor = new BackupEncryptor(publicKey);
  return (keys) => keys.map((key) => sealEntry(encryptor, key));
}
