import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../storage/fileErrors.ts";

// The layout of LevelDB's write-ahead log: https://github.com/google/leveldb/blob/main/doc/log_format.md
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/**
 * True when the write-ahead logs in a LevelDB folder hold a batch that is broken although later batches follow it, or
 * when there is no log at all, which LevelDB would take for an empty one.
 *
 * LevelDB skips such a batch without a word and then deletes the log, so this has to be asked before it opens the
 * folder. A broken end is no damage: that is the batch that was being written when the process or the power died, and
 * since every batch is synced before the next one is begun, nobody was told that it had been kept.
 * @throws system errors of reading
 */
export async function hasDamagedLog(folder: string): Promise<boolean> {
  const names = (await readdir(folder)).filter((name) => /^\d+\.log$/.test(name));
  if (names.length === 0) return true;
  for (const name of names) {
    try {
      if (isDamagedLog(await readFile(join(folder, name)))) return true;
    } catch (thrown) {
      // Another process that has the store open may have just replaced the log; the lock will say so.
      if (!isMissing(thrown)) throw thrown;
    }
  }
  return false;
}

/** True when whole batches follow a broken one. */
export function isDamagedLog(log: Buffer): boolean {
  let at = 0;
  for (;;) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      at += leftInBlock;
      continue;
    }
    const type = intactRecordAt(log, at);
    if (type === null) return beginsBatchAfter(log, at);
    at += HEADER_BYTES + log.readUInt16LE(at + 4);
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
  return masked(crc32c(log, at + 6, end)) === log.readUInt32LE(at) ? type : null;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Buffer, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** LevelDB stores checksums rotated, so that a checksum over data with checksums in it keeps its worth. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
