import { fail } from "../../shared/errors.ts";
import { FIRST_LINE, LAST_LINE, LINE_CHARACTERS } from "./keyFileFormat.ts";

const LINE_BYTES = (LINE_CHARACTERS / 4) * 3;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const DASH = 0x2d;
/** More characters than this in front of the first line are no letter that came with it. */
const MAX_BEFORE_FIRST_LINE = 64 * 1024;
/** What may be before the first line in the same line: a byte order mark, blanks, and what marks a quotation in a mail. */
const BEFORE_IN_LINE = new Set("\u00ef\u00bb\u00bf \t\v\f>");
const MAX_LAST_LINE = 256;

/** Writes bytes as base64 in lines, between the first and the last line of a key file. */
export class ArmourEncoder {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  /** The text for these bytes, as far as they fill lines. */
  encode(bytes: Uint8Array): Buffer {
    const all = Buffer.concat([this.#rest, bytes]);
    const whole = all.length - (all.length % LINE_BYTES);
    this.#rest = Buffer.from(all.subarray(whole));
    return this.#lines(all.subarray(0, whole));
  }

  /** The rest of the text. */
  end(): Buffer {
    return Buffer.concat([this.#lines(this.#rest), Buffer.from(`${LAST_LINE}\n`, "latin1")]);
  }

  #lines(bytes: Buffer): Buffer {
    const first = this.#begun ? "" : `${FIRST_LINE}\n`;
    this.#begun = true;
    const digits = Buffer.from(bytes.toString("base64"), "latin1");
    const lines = Math.ceil(digits.length / LINE_CHARACTERS);
    const text = Buffer.allocUnsafe(first.length + digits.length + lines);
    let to = text.write(first, "latin1");
    for (let from = 0; from < digits.length; from += LINE_CHARACTERS) {
      to += digits.copy(text, to, from, from + LINE_CHARACTERS);
      text[to++] = NEWLINE;
    }
    return text;
  }
}

/**
 * Reads what is between the first and the last line of a key file. Lines may be of any length and end with CRLF; there
 * may be blanks, a byte order mark and other lines in front, such as those of a mail, and anything behind; padding may be
 * missing. The text may be cut into pieces anywhere.
 *
 * Characters that are no base64 are passed over: whether the bytes are the right ones, the MAC tells.
 */
export class ArmourDecoder {
  #part: "before" | "body" | "after" = "before";
  #head = "";
  #tail = "";
  /** Digits that wait for the rest of their group of four, and room for those of one piece. */
  #digits = Buffer.alloc(0);
  #waiting = 0;

  /** The bytes of the next piece. Throws `not_a_key_file`. */
  decode(piece: Buffer): Buffer {
    let body = piece;
    if (this.#part === "before") body = this.#findFirstLine(piece);
    if (this.#part === "after") {
      this.#keepTail(body);
      return Buffer.alloc(0);
    }
    if (this.#part === "before") return Buffer.alloc(0);
    // No digit of base64 is a dash: with the first one the last line begins.
    const dash = body.indexOf(DASH);
    if (dash < 0) return this.#decodeBody(body);
    this.#part = "after";
    this.#keepTail(body.subarray(dash));
    return Buffer.concat([this.#decodeBody(body.subarray(0, dash)), this.#decodeDigits(body.subarray(0, 0), true)]);
  }

  /** Says that there is no more. Throws `key_file_cut` when the last line is missing, or `not_a_key_file`. */
  end(): void {
    if (this.#part === "before") {
      const head = this.#head.trimEnd();
      const words = head.slice(Math.max(head.lastIndexOf("\n"), head.lastIndexOf("\r")) + 1).trim();
      throw words !== "" && FIRST_LINE.startsWith(words) ? fail("key_file_cut") : fail("not_a_key_file");
    }
    if (!this.#tail.startsWith(LAST_LINE)) throw fail("key_file_cut");
  }

  #findFirstLine(piece: Buffer): Buffer {
    const before = this.#head.length;
    this.#head += piece.toString("latin1", 0, MAX_BEFORE_FIRST_LINE + FIRST_LINE.length);
    let at = this.#head.indexOf(FIRST_LINE, Math.max(0, before - FIRST_LINE.length));
    while (at >= 0 && !isAtLineStart(this.#head, at)) at = this.#head.indexOf(FIRST_LINE, at + 1);
    if (at > MAX_BEFORE_FIRST_LINE) throw fail("not_a_key_file");
    if (at < 0) {
      if (this.#head.length >= MAX_BEFORE_FIRST_LINE + FIRST_LINE.length) throw fail("not_a_key_file");
      return piece;
    }
    this.#part = "body";
    return piece.subarray(at + FIRST_LINE.length - before);
  }

  #keepTail(piece: Buffer): void {
    if (this.#tail.length < MAX_LAST_LINE) this.#tail += piece.toString("latin1", 0, MAX_LAST_LINE);
  }

  /**
   * Most files are lines of one length, or one line: those Node decodes much faster than they could be looked through
   * here. What is around them, and every text that is not like that, is decoded digit by digit.
   */
  #decodeBody(text: Buffer): Buffer {
    const lineEnd = text.indexOf(NEWLINE);
    const start = lineEnd < 0 ? Math.min((4 - (this.#waiting % 4)) % 4, text.length) : lineEnd + 1;
    const head = this.#decodeDigits(text.subarray(0, start), false);
    const rest = text.subarray(start);
    const even = this.#waiting === 0 ? evenPart(rest) : { length: 0, digits: 0 };
    const bytes = Buffer.from(rest.toString("latin1", 0, even.length), "base64");
    // Fewer bytes than there should be: something in between was no digit.
    if (bytes.length * 4 !== even.digits * 3) return Buffer.concat([head, this.#decodeDigits(rest, false)]);
    return Buffer.concat([head, bytes, this.#decodeDigits(rest.subarray(even.length), false)]);
  }

  #decodeDigits(text: Buffer, last: boolean): Buffer {
    if (this.#digits.length < this.#waiting + text.length) {
      const larger = Buffer.allocUnsafe(this.#waiting + text.length);
      this.#digits.copy(larger, 0, 0, this.#waiting);
      this.#digits = larger;
    }
    const digits = this.#digits;
    const { length } = text;
    let count = this.#waiting;
    for (let at = 0; at < length; at += 1) {
      const byte = text[at] as number;
      if (isDigit[byte] === 1) digits[count++] = byte;
    }
    const ready = last ? count : count - (count % 4);
    const bytes = Buffer.from(digits.toString("latin1", 0, ready), "base64");
    digits.copy(digits, 0, ready, count);
    this.#waiting = count - ready;
    return bytes;
  }
}

/** Whether there is nothing but a quotation's marks between the line's beginning and this place. */
function isAtLineStart(text: string, place: number): boolean {
  let at = place - 1;
  while (at >= 0 && BEFORE_IN_LINE.has(text.charAt(at))) at -= 1;
  return at < 0 || text[at] === "\n" || text[at] === "\r";
}

/**
 * How much of a text is lines of one length with whole groups of four digits, or all in one line, and how many digits
 * that would be. Begins at a line's beginning.
 */
function evenPart(text: Buffer): { length: number; digits: number } {
  const lineEnd = text.indexOf(NEWLINE);
  if (lineEnd < 0) {
    const length = text.length - (text.length % 4);
    return { length, digits: length };
  }
  const carriageReturn = text[lineEnd - 1] === CARRIAGE_RETURN;
  const digits = carriageReturn ? lineEnd - 1 : lineEnd;
  if (digits % 4 !== 0) return { length: 0, digits: 0 };
  let lines = 0;
  for (let at = lineEnd; text[at] === NEWLINE; at += lineEnd + 1) {
    // With a digit in its place there would be one more than is counted.
    if (carriageReturn && text[at - 1] !== CARRIAGE_RETURN) break;
    lines += 1;
  }
  return { length: lines * (lineEnd + 1), digits: lines * digits };
}

const isDigit = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
  isDigit[character.charCodeAt(0)] = 1;
}
