import { fail } from "../../shared/errors.ts";
import { MAX_ENTRY } from "./backupSource.ts";
import { JsonShapeError, JsonSlices } from "./jsonSlices.ts";
import type { KeyFileReader, OnRead } from "./keyFileReader.ts";

/** An entry: its JSON and what that says. Both are undefined for one that is no JSON or too long. */
export interface FileEntry {
  text: string | undefined;
  value: unknown;
}

/**
 * The entries of a key file that was checked, parsed and in batches. Throws `key_file_damaged` when they are no list,
 * and as `KeyFileReader.clearText` does.
 */
export async function* fileEntries(
  reader: KeyFileReader,
  batchSize: number,
  signal: AbortSignal,
  onRead: OnRead,
): AsyncGenerator<FileEntry[], void> {
  let texts: (string | null)[] = [];
  const slices = new JsonSlices({ kind: "array" }, MAX_ENTRY, ({ text }) => void texts.push(text));
  try {
    for await (const piece of reader.clearText(signal, onRead)) {
      slices.push(piece);
      let from = 0;
      for (; texts.length - from >= batchSize; from += batchSize) yield parsed(texts.slice(from, from + batchSize));
      texts = texts.slice(from);
    }
    slices.end();
  } catch (thrown) {
    throw thrown instanceof JsonShapeError ? fail("key_file_damaged") : thrown;
  }
  if (texts.length > 0) yield parsed(texts);
}

/** Parsing a batch at once takes half the time; where that fails, one by one tells which of them are broken. */
function parsed(texts: readonly (string | null)[]): FileEntry[] {
  try {
    if (!texts.includes(null)) {
      const values = JSON.parse(`[${texts.join(",")}]`) as unknown[];
      return texts.map((text, at) => ({ text: text as string, value: values[at] }));
    }
  } catch {
    // One of them is broken.
  }
  return texts.map((text) => {
    try {
      if (text !== null) return { text, value: JSON.parse(text) as unknown };
    } catch {
      // This is the one.
    }
    return { text: undefined, value: undefined };
  });
}
