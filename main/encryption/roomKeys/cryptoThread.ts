import { parentPort, workerData } from "node:worker_threads";
import { BackupDecryptor, BackupEncryptor } from "./backupCipher.ts";
import { type BackupSlice, exportText, openEntry, sealEntry } from "./backupEntries.ts";
import type { CheckedRoomKey } from "./roomKey.ts";

/** What a thread of the pool is made for: to open entries of one backup, or to make some. */
export type CryptoWork = { kind: "open"; privateKey: Uint8Array } | { kind: "seal"; publicKey: string };

/** An opened entry: its key as it stands in a key file and the first message it opens, or what is wrong. */
export type OpenedEntry = { text: string; firstIndex: number } | { fault: string };

const work = workerData as CryptoWork;
const perform = work.kind === "open" ? opener(work.privateKey) : sealer(work.publicKey);

parentPort?.on("message", ({ id, batch }: { id: number; batch: never }) => {
  parentPort?.postMessage({ id, result: perform(batch) });
});

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
