/** A key as the engine keeps it: already validated, binary always as ArrayBuffer. */
export type Key = number | string | Date | ArrayBuffer | Key[];

const NUMBER = 1;
const DATE = 2;
const LATIN1 = 3;
const UTF16 = 4;
const BINARY = 5;
const ARRAY = 6;

/**
 * Writes an IndexedDB key as bytes, so that two keys are equal exactly when their bytes are. The order of the bytes
 * means nothing; the engine sorts. IndexedDB holds -0 and 0 for one key, so -0 comes back as 0.
 */
export function encodeKey(key: Key): Buffer {
  if (typeof key === "number") return encodeNumber(NUMBER, key);
  if (typeof key === "string") return encodeString(key);
  if (key instanceof Date) return encodeNumber(DATE, key.getTime());
  if (Array.isArray(key)) return encodeArray(key);
  return Buffer.concat([Buffer.of(BINARY), new Uint8Array(key)]);
}

/**
 * The key that `encodeKey` wrote.
 * @throws RangeError when the bytes are no key
 */
export function decodeKey(bytes: Buffer): Key {
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case NUMBER:
      return body.readDoubleBE(0);
    case DATE:
      return new Date(body.readDoubleBE(0));
    case LATIN1:
      return body.toString("latin1");
    case UTF16:
      return body.toString("utf16le");
    case BINARY:
      return Uint8Array.from(body).buffer;
    case ARRAY:
      return decodeArray(body);
    default:
      throw new RangeError("not a key");
  }
}

function encodeNumber(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = tag;
  bytes.writeDoubleBE(value === 0 ? 0 : value, 1);
  return bytes;
}

/** UTF-8 cannot carry a lone surrogate, which IndexedDB allows in a key; UTF-16 can, and Latin-1 halves the rest. */
function encodeString(value: string): Buffer {
  let wide = false;
  for (let i = 0; i < value.length && !wide; i++) wide = value.charCodeAt(i) > 0xff;
  return Buffer.concat([Buffer.of(wide ? UTF16 : LATIN1), Buffer.from(value, wide ? "utf16le" : "latin1")]);
}

function encodeArray(keys: readonly Key[]): Buffer {
  const parts: Buffer[] = [Buffer.of(ARRAY)];
  for (const key of keys) {
    const bytes = encodeKey(key);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

function decodeArray(body: Buffer): Key[] {
  const keys: Key[] = [];
  for (let at = 0; at < body.length;) {
    const end = at + 4 + body.readUInt32BE(at);
    if (end > body.length) throw new RangeError("not a key");
    keys.push(decodeKey(body.subarray(at + 4, end)));
    at = end;
  }
  return keys;
}
