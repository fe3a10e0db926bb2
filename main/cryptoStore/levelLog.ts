import { maskedCrc32c } from "./crc32c.ts";

// The layout of LevelDB's write-ahead log, and of its manifest:
// https://github.com/google/leveldb/blob/main/doc/log_format.md
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/**
 * True when a log of LevelDB holds a batch that is broken although later batches follow it.
 *
 * LevelDB skips such a batch without a word and then deletes the log, so this has to be asked before it opens the
 * folder. A broken end is no damage: that is the batch that was being written when the process or the power died, and
 * since every batch is synced before the next one is begun, nobody was told that it had been kept.
 */
export function isDamagedLog(log: Buffer): boolean {
  const { end } = readLog(log);
  if (beginsBatchAfter(log, end)) return true;
  // A last record whose length alone is wrong looks like one that was cut off, but is not.
  const rest = log.length - end;
  if (rest < HEADER_BYTES || end - (end % BLOCK_BYTES) + BLOCK_BYTES < log.length) return false;
  return log.readUInt16LE(end + 4) !== rest - HEADER_BYTES && isSealed(log, end, log.length);
}

/** The batches of a log up to the first one that is broken or not there, and where that is. */
export function readLog(log: Buffer): { batches: Buffer[]; end: number } {
  const batches: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; ;) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      at += leftInBlock;
      continue;
    }
    const type = intactRecordAt(log, at);
    if (type === null) return { batches, end: at };
    const next = at + HEADER_BYTES + log.readUInt16LE(at + 4);
    if (type === FULL || type === FIRST) parts = [];
    parts.push(log.subarray(at + HEADER_BYTES, next));
    if (type === FULL || type === LAST) batches.push(Buffer.concat(parts));
    at = next;
  }
}

/** Only the beginning of a batch counts: later pieces may belong to the very batch that was cut off. */
function beginsBatchAfter(log: Buffer, broken: number): boolean {
  for (let at = broken + 1; at + HEADER_BYTES <= log.length; at++) {
    const type = log[at + 6];
    if ((type === FULL || type === FIRST) && intactRecordAt(log, at) !== null) return true;
  }
  return false;
}

/** The type of the intact record that begins at `at`, or null. */
function intactRecordAt(log: Buffer, at: number): number | null {
  if (at + HEADER_BYTES > log.length) return null;
  const type = log[at + 6];
  if (type === undefined || type < FULL || type > LAST) return null;
  const end = at + HEADER_BYTES + log.readUInt16LE(at + 4);
  const blockEnd = at - (at % BLOCK_BYTES) + BLOCK_BYTES;
  if (end > log.length || end > blockEnd) return null;
  return isSealed(log, at, end) ? type : null;
}

function isSealed(log: Buffer, at: number, end: number): boolean {
  return maskedCrc32c(log, at + 6, end) === log.readUInt32LE(at);
}
