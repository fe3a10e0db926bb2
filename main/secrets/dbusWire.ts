/**
 * The D-Bus wire format (D-Bus Specification, "Type System" and "Message Format"), as much of it as a client needs that
 * asks questions: every basic type but file descriptors, arrays, structs, dictionaries and variants, little-endian.
 *
 * Values: numbers for y n q i u d, bigint for x t, boolean for b, string for s o g, arrays for a and ( ), arrays of
 * pairs for a{..}, and `Variant` for v.
 */
export interface Variant {
  readonly signature: string;
  readonly value: unknown;
}

const ALIGNMENT: Readonly<Record<string, number>> = {
  y: 1, g: 1, v: 1, n: 2, q: 2, b: 4, i: 4, u: 4, s: 4, o: 4, a: 4, x: 8, t: 8, d: 8, "(": 8, "{": 8,
}; // prettier-ignore

/** Splits `a{sv}su` into its single complete types: `a{sv}`, `s`, `u`. */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number): number {
  const first = signature[at];
  if (first === "a") return endOfType(signature, at + 1);
  if (first !== "(" && first !== "{") {
    if (first === undefined || !(first in ALIGNMENT)) throw new Error("D-Bus: signature not understood");
    return at + 1;
  }
  const closing = first === "(" ? ")" : "}";
  let end = at + 1;
  while (signature[end] !== closing) end = endOfType(signature, end);
  return end + 1;
}

function alignmentOf(type: string): number {
  return ALIGNMENT[type[0] ?? ""] ?? 1;
}

/** Builds one block of values; offsets count from its start, as alignment does. */
export class WireWriter {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  align(to: number): void {
    const padding = (to - (this.#length % to)) % to;
    if (padding > 0) this.#push(Buffer.alloc(padding));
  }

  write(type: string, value: unknown): void {
    this.align(alignmentOf(type));
    const kind = type[0];
    if (kind === "y") this.#push(Buffer.from([value as number]));
    else if (kind === "b") this.#uint32(value === true ? 1 : 0);
    else if (kind === "u") this.#uint32(value as number);
    else if (kind === "s" || kind === "o") this.#text(value as string, (length) => this.#uint32(length));
    else if (kind === "g") this.#text(value as string, (length) => this.#push(Buffer.from([length])));
    else if (kind === "v") {
      const variant = value as Variant;
      this.write("g", variant.signature);
      this.write(variant.signature, variant.value);
    } else if (kind === "(" || kind === "{") {
      const members = splitSignature(type.slice(1, -1));
      members.forEach((member, index) => this.write(member, (value as unknown[])[index]));
    } else if (kind === "a") this.#array(type.slice(1), value as unknown[]);
    else throw new Error("D-Bus: type cannot be written");
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #array(element: string, values: readonly unknown[]): void {
    const lengthBytes = Buffer.alloc(4);
    this.#push(lengthBytes);
    this.align(alignmentOf(element));
    const start = this.#length;
    for (const value of values) this.write(element, value);
    lengthBytes.writeUInt32LE(this.#length - start);
  }

  #text(text: string, writeLength: (length: number) => void): void {
    const bytes = Buffer.from(text, "utf8");
    writeLength(bytes.length);
    this.#push(bytes);
    this.#push(Buffer.alloc(1));
  }

  #uint32(value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#push(bytes);
  }

  #push(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }
}

/** Reads one block of values. Throws a `RangeError` when the block ends too early. */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  align(to: number): void {
    this.#at += (to - (this.#at % to)) % to;
  }

  read(type: string): unknown {
    this.align(alignmentOf(type));
    switch (type[0]) {
      case "y":
        return this.#bytes.readUInt8(this.#skip(1));
      case "n":
        return this.#bytes.readInt16LE(this.#skip(2));
      case "q":
        return this.#bytes.readUInt16LE(this.#skip(2));
      case "b":
        return this.#bytes.readUInt32LE(this.#skip(4)) === 1;
      case "i":
        return this.#bytes.readInt32LE(this.#skip(4));
      case "u":
        return this.#bytes.readUInt32LE(this.#skip(4));
      case "x":
        return this.#bytes.readBigInt64LE(this.#skip(8));
      case "t":
        return this.#bytes.readBigUInt64LE(this.#skip(8));
      case "d":
        return this.#bytes.readDoubleLE(this.#skip(8));
      case "s":
      case "o":
        return this.#text(this.#bytes.readUInt32LE(this.#skip(4)));
      case "g":
        return this.#text(this.#bytes.readUInt8(this.#skip(1)));
      case "v": {
        const signature = this.read("g") as string;
        return { signature, value: this.read(signature) } satisfies Variant;
      }
      case "(":
      case "{":
        return splitSignature(type.slice(1, -1)).map((member) => this.read(member));
      case "a":
        return this.#array(type.slice(1));
      default:
        throw new Error("D-Bus: type cannot be read");
    }
  }

  #array(element: string): unknown[] {
    const length = this.#bytes.readUInt32LE(this.#skip(4));
    this.align(alignmentOf(element));
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("D-Bus: array longer than its message");
    const values: unknown[] = [];
    while (this.#at < end) {
      const before = this.#at;
      values.push(this.read(element));
      // An array of nothing would never end.
      if (this.#at === before) throw new Error("D-Bus: signature not understood");
    }
    return values;
  }

  #text(length: number): string {
    const start = this.#skip(length + 1);
    return this.#bytes.toString("utf8", start, start + length);
  }

  #skip(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw new RangeError("D-Bus: message ends too early");
    this.#at += count;
    return start;
  }
}
