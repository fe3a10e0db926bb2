import { ByteReader } from "./byteReader.ts";
import { maskedCrc32c } from "./crc32c.ts";

// The layout of LevelDB's tables: https://github.com/google/leveldb/blob/main/doc/table_format.md
const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const MAGIC = Buffer.from("57fb808b247547db", "hex");
const PLAIN = 0;

/**
 * True when a whole table is not what LevelDB wrote.
 *
 * LevelDB reads tables without looking at their checksums, and ends the whole process when it meets nonsense in one;
 * with it all other accounts would go down, again at every start.
 */
export function isDamagedTable(table: Buffer): boolean {
  try {
    const footer = table.subarray(table.length - FOOTER_BYTES);
    if (!footer.subarray(-MAGIC.length).equals(MAGIC)) return true;
    const reader = new ByteReader(footer);
    // The index of filters and the like, of which there are none, and then the index of the data.
    checkedBlock(table, reader);
    const index = checkedBlock(table, reader);
    // We write no compressed blocks; one from another version is left to LevelDB, its checksum being right.
    if (index.type !== PLAIN) return false;
    for (const handle of indexValues(index.content)) checkedBlock(table, new ByteReader(handle));
    return false;
  } catch (thrown) {
    if (thrown instanceof RangeError) return true;
    throw thrown;
  }
}

/** The block that the next handle points to, once its checksum was found right. */
function checkedBlock(table: Buffer, handle: ByteReader): { type: number; content: Buffer } {
  const start = handle.varint();
  const end = start + handle.varint();
  if (end + TRAILER_BYTES > table.length) throw new RangeError("behind the end");
  if (maskedCrc32c(table, start, end + 1) !== table.readUInt32LE(end + 1)) throw new RangeError("checksum");
  return { type: table.readUInt8(end), content: table.subarray(start, end) };
}

function indexValues(block: Buffer): Buffer[] {
  const restarts = block.readUInt32LE(block.length - 4);
  const reader = new ByteReader(block.subarray(0, block.length - 4 - 4 * restarts));
  const values: Buffer[] = [];
  while (!reader.atEnd) {
    reader.varint();
    const keyLength = reader.varint();
    const valueLength = reader.varint();
    reader.take(keyLength);
    values.push(reader.take(valueLength));
  }
  return values;
}
