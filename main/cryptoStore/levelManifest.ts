import { ByteReader } from "./byteReader.ts";
import { readLog } from "./levelLog.ts";

// The tags of a version edit; LevelDB describes them only in its source, db/version_edit.cc.
const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE = 3;
const LAST_SEQUENCE = 4;
const COMPACT_POINTER = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG_NUMBER = 9;

/**
 * The numbers of the tables that LevelDB will read, by its manifest. Others may lie in the folder, cut short by the end
 * of the process that was writing them.
 * @throws RangeError when the manifest says what no manifest says
 */
export function liveTables(manifest: Buffer): Set<number> {
  const live = new Set<number>();
  for (const edit of readLog(manifest).batches) applyEdit(new ByteReader(edit), live);
  return live;
}

function applyEdit(edit: ByteReader, live: Set<number>): void {
  while (!edit.atEnd) {
    const tag = edit.varint();
    switch (tag) {
      case LOG_NUMBER:
      case NEXT_FILE:
      case LAST_SEQUENCE:
      case PREVIOUS_LOG_NUMBER:
        edit.varint();
        break;
      case COMPARATOR:
        edit.take(edit.varint());
        break;
      case COMPACT_POINTER:
        edit.varint();
        edit.take(edit.varint());
        break;
      case DELETED_FILE:
        edit.varint();
        live.delete(edit.varint());
        break;
      case NEW_FILE:
        edit.varint();
        live.add(edit.varint());
        edit.varint();
        edit.take(edit.varint());
        edit.take(edit.varint());
        break;
      default:
        throw new RangeError("unknown tag");
    }
  }
}
