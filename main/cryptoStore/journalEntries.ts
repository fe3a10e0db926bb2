import { createHash } from "node:crypto";
import { Deserializer, Serializer } from "node:v8";
import { fail } from "../../shared/errors.ts";
import { decodeKey, encodeKey } from "./keyCodec.ts";
import type { Key } from "./keyCodec.ts";

const FORMAT = 0;
const TOTALS = 1;
const SCHEMA = 2;
const GENERATOR = 3;
const RECORD = 4;

const STAMP_BYTES = 6;

/** Stamps are numbers below this; sums of them are kept modulo this. */
export const STAMP_SPAN = 2 ** (8 * STAMP_BYTES);

/** Names the entry that says which layout the others have. Its own place and form never change. */
export const FORMAT_KEY = Buffer.of(FORMAT);

/** Names the entry with the number of the others and the sum of their stamps. */
export const TOTALS_KEY = Buffer.of(TOTALS);

/** What an entry of the journal says besides its content. */
export type EntryName =
  { of: "schema"; database: string } | { of: "generator"; storeId: number } | { of: "record"; storeId: number; key: Key };

/** The bytes an entry lies under. */
export function entryKey(name: EntryName): Buffer {
  if (name.of === "schema") return Buffer.concat([Buffer.of(SCHEMA), encodeKey(name.database)]);
  const head = Buffer.alloc(5);
  head[0] = name.of === "generator" ? GENERATOR : RECORD;
  head.writeUInt32BE(name.storeId, 1);
  return name.of === "generator" ? head : Buffer.concat([head, encodeKey(name.key)]);
}

/**
 * What `entryKey` was made from.
 * @throws RangeError when no entry has such a key
 */
export function entryName(bytes: Buffer): EntryName {
  switch (bytes[0]) {
    case SCHEMA:
      return { of: "schema", database: decodeKey(bytes.subarray(1)) as string };
    case GENERATOR:
      return { of: "generator", storeId: bytes.readUInt32BE(1) };
    case RECORD:
      return { of: "record", storeId: bytes.readUInt32BE(1), key: decodeKey(bytes.subarray(5)) };
    default:
      throw new RangeError("not an entry");
  }
}

/** A checksum over an entry's key and content: finds damage, protects against nobody. */
export function stampOf(key: Buffer, content: Buffer): number {
  return createHash("sha256").update(key).update(content).digest().readUIntBE(0, STAMP_BYTES);
}

/** Puts an entry's stamp before its content. */
export function sealEntry(stamp: number, content: Buffer): Buffer {
  const head = Buffer.alloc(STAMP_BYTES);
  head.writeUIntBE(stamp, 0, STAMP_BYTES);
  return Buffer.concat([head, content]);
}

/**
 * Takes an entry's stamp and content apart again.
 * @throws `store_damaged` when the stamp does not fit
 */
export function openEntry(key: Buffer, sealed: Buffer): { stamp: number; content: Buffer } {
  if (sealed.length < STAMP_BYTES) throw fail("store_damaged");
  const stamp = sealed.readUIntBE(0, STAMP_BYTES);
  const content = sealed.subarray(STAMP_BYTES);
  if (stampOf(key, content) !== stamp) throw fail("store_damaged");
  return { stamp, content };
}

/**
 * Writes a value as V8's structured clone does.
 *
 * The plain `Serializer` is used and not `v8.serialize`, because that one hands typed arrays back as views on the
 * whole buffer that was read, which changes `.buffer` and keeps the bytes of its neighbours alive. The language's own
 * types are kept; objects of the platform, such as Blob or CryptoKey, are not, and the crypto WASM stores none.
 * @throws DOMException `DataCloneError` when the value cannot be written
 */
export function encodeValue(value: unknown): Buffer {
  const serializer = new Serializer();
  serializer.writeHeader();
  try {
    serializer.writeValue(value);
  } catch (thrown) {
    throw new DOMException(thrown instanceof Error ? thrown.message : "", "DataCloneError");
  }
  return serializer.releaseBuffer();
}

/**
 * The value that `encodeValue` wrote.
 * @throws Error when it was written by a newer V8
 */
export function decodeValue(content: Buffer): unknown {
  const deserializer = new Deserializer(content);
  deserializer.readHeader();
  return deserializer.readValue();
}
