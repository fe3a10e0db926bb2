/** Where the values lie that a `JsonSlices` cuts out: the elements of an array, or the members of nested objects. */
export type SlicePath =
  /** `[value, value, ...]` */
  | { kind: "array" }
  /** Objects in objects. A name must be met exactly, null takes any; the values of the last level are cut out. */
  | { kind: "objects"; names: readonly (string | null)[] };

/** A value that was cut out. */
export interface JsonSlice {
  /** Its JSON, or null when it is longer than is allowed. */
  text: string | null;
  /** The names that lead to it; for an array there are none. They are unescaped. */
  names: readonly string[];
}

/** The text is no JSON, or none of the expected shape. */
export class JsonShapeError extends Error {
  override name = "JsonShapeError";
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** No name that matters is longer; a room id has at most 255 bytes. */
const MAX_NAME = 4096;

type Expect = "value" | "valueOrEnd" | "name" | "nameOrEnd" | "colon" | "commaOrEnd" | "nothing";
/** What the bytes belong to: the outer structure, or a value that is cut out or passed over, by how it ends. */
type Inside = "structure" | "name" | "string" | "container" | "scalar";

/**
 * Cuts values out of a JSON text that arrives in pieces and may be larger than the memory. Only the structure above the
 * values is looked at; each value is handed out as text, for `JSON.parse` to judge, so that a broken one spoils nothing
 * else. Pieces may be cut anywhere, in the middle of a character too.
 *
 * A value that is broken in its brackets or quotes cannot be told from a broken text: that is a `JsonShapeError`.
 */
export class JsonSlices {
  readonly #isArray: boolean;
  readonly #wanted: readonly (string | null)[];
  readonly #longest: number;
  readonly #onSlice: (slice: JsonSlice) => void;
  /** The outer containers that are open: how many, and the names that lead to the innermost. */
  #depth = 0;
  #names: string[] = [];
  #expect: Expect = "value";
  #inside: Inside = "structure";
  /** Within a value: brackets that are open, whether a string is, and whether the next byte is escaped. */
  #brackets = 0;
  #inString = false;
  #escaped = false;
  /** The value is cut out, not passed over. */
  #capture = false;
  #carried: Buffer[] = [];
  #carriedLength = 0;
  #tooLong = false;

  /** @param longest bytes of the longest value that is handed out */
  constructor(path: SlicePath, longest: number, onSlice: (slice: JsonSlice) => void) {
    this.#isArray = path.kind === "array";
    this.#wanted = path.kind === "array" ? [] : path.names;
    this.#longest = longest;
    this.#onSlice = onSlice;
  }

  /** Takes the next piece. It may be used again afterwards. Throws `JsonShapeError`. */
  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#inside === "structure") at = this.#structure(piece, at);
      else at = this.#value(piece, at);
    }
  }

  /** Says that there is no more. Throws `JsonShapeError` when there should be. */
  end(): void {
    if (this.#expect !== "nothing") throw new JsonShapeError("the JSON ends too early");
  }

  #structure(piece: Buffer, at: number): number {
    const byte = piece[at] as number;
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return at + 1;
    switch (this.#expect) {
      case "name":
      case "nameOrEnd":
        if (byte === CLOSE_OBJECT && this.#expect === "nameOrEnd") return this.#close(at);
        if (byte !== QUOTE) throw new JsonShapeError("a name was expected");
        this.#begin("name", true);
        this.#inString = true;
        return this.#take(piece, at, at + 1);
      case "colon":
        if (byte !== COLON) throw new JsonShapeError("a colon was expected");
        this.#expect = "value";
        return at + 1;
      case "commaOrEnd":
        if (byte === (this.#isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) return this.#close(at);
        if (byte !== COMMA) throw new JsonShapeError("a comma was expected");
        this.#expect = this.#isArray ? "value" : "name";
        return at + 1;
      case "value":
        return this.#beginValue(byte, at);
      case "valueOrEnd":
        return byte === CLOSE_ARRAY ? this.#close(at) : this.#beginValue(byte, at);
      case "nothing":
        throw new JsonShapeError("something follows the end");
    }
  }

  #beginValue(byte: number, at: number): number {
    const outermost = this.#depth === 0;
    const level = this.#depth - 1;
    if (outermost || (this.#isOnPath() && this.#depth < this.#wanted.length)) {
      if (byte !== (this.#isArray ? OPEN_ARRAY : OPEN_OBJECT)) throw new JsonShapeError("another shape was expected");
      this.#depth += 1;
      this.#expect = this.#isArray ? "valueOrEnd" : "nameOrEnd";
      return at + 1;
    }
    if (byte === COMMA || byte === COLON || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      throw new JsonShapeError("a value was expected");
    }
    const capture = this.#isArray || (level === this.#wanted.length - 1 && this.#isOnPath());
    const opens = byte === OPEN_ARRAY || byte === OPEN_OBJECT;
    this.#begin(byte === QUOTE ? "string" : opens ? "container" : "scalar", capture);
    return at;
  }

  /** Whether the innermost name is the one wanted at its level. Those above it are, or it would not be open. */
  #isOnPath(): boolean {
    const level = this.#depth - 1;
    const wanted = this.#wanted[level];
    return !this.#isArray && wanted !== undefined && (wanted === null || wanted === this.#names[level]);
  }

  #close(at: number): number {
    this.#depth -= 1;
    this.#names.length = Math.min(this.#names.length, this.#depth);
    this.#expect = this.#depth === 0 ? "nothing" : "commaOrEnd";
    return at + 1;
  }

  #begin(inside: Inside, capture: boolean): void {
    this.#inside = inside;
    this.#capture = capture;
    this.#brackets = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#tooLong = false;
  }

  /** Goes on in a value until it ends or the piece does. */
  #value(piece: Buffer, start: number): number {
    const { length } = piece;
    let at = start;
    if (this.#inside === "scalar") {
      while (at < length && !endsScalar(piece[at] as number)) at += 1;
      if (at === length) return this.#take(piece, start, at);
      return this.#finish(piece, start, at);
    }
    while (at < length) {
      if (this.#inString) {
        if (this.#escaped) {
          this.#escaped = false;
          at += 1;
          continue;
        }
        let byte = 0;
        while (at < length && (byte = piece[at] as number) !== QUOTE && byte !== BACKSLASH) at += 1;
        if (at === length) break;
        at += 1;
        if (byte === BACKSLASH) this.#escaped = true;
        else {
          this.#inString = false;
          if (this.#brackets === 0) return this.#finish(piece, start, at);
        }
        continue;
      }
      const byte = piece[at] as number;
      at += 1;
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#brackets += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#brackets -= 1;
        if (this.#brackets === 0) return this.#finish(piece, start, at);
      }
    }
    return this.#take(piece, start, at);
  }

  /** Keeps the bytes of a value that goes on in the next piece. */
  #take(piece: Buffer, start: number, end: number): number {
    if (!this.#capture || this.#tooLong) return end;
    this.#carriedLength += end - start;
    if (this.#carriedLength > (this.#inside === "name" ? MAX_NAME : this.#longest)) {
      if (this.#inside === "name") throw new JsonShapeError("a name is too long");
      this.#tooLong = true;
      this.#forgetCarried();
    } else this.#carried.push(Buffer.from(piece.subarray(start, end)));
    return end;
  }

  #finish(piece: Buffer, start: number, end: number): number {
    const text = this.#textUpTo(piece, start, end);
    if (this.#inside === "name") {
      this.#names[this.#depth - 1] = unescaped(text);
      this.#expect = "colon";
    } else {
      this.#expect = "commaOrEnd";
      if (this.#capture) this.#onSlice({ text, names: this.#isArray ? [] : [...this.#names] });
    }
    this.#inside = "structure";
    return end;
  }

  #textUpTo(piece: Buffer, start: number, end: number): string | null {
    if (!this.#capture || this.#tooLong) return null;
    const length = this.#carriedLength + end - start;
    if (length > (this.#inside === "name" ? MAX_NAME : this.#longest)) {
      this.#forgetCarried();
      return null;
    }
    if (this.#carriedLength === 0) return piece.toString("utf8", start, end);
    const text = Buffer.concat([...this.#carried, piece.subarray(start, end)], length).toString("utf8");
    this.#forgetCarried();
    return text;
  }

  #forgetCarried(): void {
    this.#carried = [];
    this.#carriedLength = 0;
  }
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT || byte <= 0x20;
}

function unescaped(name: string | null): string {
  if (name === null) throw new JsonShapeError("a name is too long");
  if (!name.includes("\\")) return name.slice(1, -1);
  try {
    return JSON.parse(name) as string;
  } catch {
    throw new JsonShapeError("a name is malformed");
  }
}
