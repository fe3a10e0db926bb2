import { parentPort, workerData } from "node:worker_threads";
import type { RoomKeyFault } from "../../shared/contract/roomKeys.ts";
import type { PrivateKey } from "../../shared/secret.ts";
import { BackupDecryptor, BackupEncryptor } from "./backupCipher.ts";
import { type BackupSlice, exportText, openEntry, sealEntry } from "./backupEntries.ts";
import { inThread } from "./crossing.ts";
import { carryEntry, type CarriedEntry } from "./migratedEntry.ts";
import type { CheckedRoomKey } from "./roomKey.ts";

/**
 * What a thread of the pool is made for: to open entries of one backup, to see whether they open, to make some, or to
 * make those of one backup anew for another.
 */
export type CryptoWork =
  | { kind: "open"; privateKey: PrivateKey }
  | { kind: "check"; privateKey: PrivateKey }
  | { kind: "seal"; publicKey: string }
  /** Without a public key what is inside is only compared. */
  | { kind: "carry"; privateKey: PrivateKey; publicKey: string | null };

/** Opened entries, in the order they were given; as lists of one kind each, because objects take longer to hand over. */
export interface OpenedEntries {
  /** Each key as it stands in a key file; null for an entry that does not open. */
  texts: (string | null)[];
  /** The first message that each key opens. */
  firstIndexes: number[];
  /** What is wrong with an entry, by its place. */
  faults: Map<number, RoomKeyFault>;
}

/** What is wrong with an entry; null when it opens. */
export type CheckedEntry = string | null;

const work = inThread<CryptoWork>(workerData as object);
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
  if (asked.kind === "carry") return carrier(asked.privateKey, asked.publicKey);
  return asked.kind === "check" ? checker(asked.privateKey) : sealer(asked.publicKey);
}

function checker(privateKey: PrivateKey): (slices: readonly BackupSlice[]) => CheckedEntry[] {
  const decryptor = new BackupDecryptor(privateKey);
  return (slices) =>
    slices.map((slice) => {
      const opened = openEntry(decryptor, slice);
      return typeof opened === "string" ? opened : null;
    });
}

function carrier(privateKey: PrivateKey, publicKey: string | null): (slices: readonly BackupSlice[]) => (CarriedEntry | null)[] {
  const decryptor = new BackupDecryptor(privateKey);
  const encryptor = publicKey === null ? null : new BackupEncryptor(publicKey);
  return (slices) => slices.map((slice) => carryEntry(decryptor, encryptor, slice));
}

function opener(privateKey: PrivateKey): (slices: readonly BackupSlice[]) => OpenedEntries {
  const decryptor = new BackupDecryptor(privateKey);
  return (slices) => {
    const all: OpenedEntries = { texts: [], firstIndexes: [], faults: new Map() };
    for (const [at, slice] of slices.entries()) {
      const opened = openEntry(decryptor, slice);
      if (typeof opened === "string") all.faults.set(at, opened);
      all.texts.push(typeof opened === "string" ? null : exportText(opened.key));
      all.firstIndexes.push(typeof opened === "string" ? 0 : opened.firstIndex);
    }
    return all;
  };
}

function sealer(publicKey: string): (keys: readonly CheckedRoomKey[]) => string[] {
  const encryptor = new BackupEncryptor(publicKey);
  return (keys) => keys.map((key) => sealEntry(encryptor, key));
}
