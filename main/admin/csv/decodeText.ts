/** Windows-1252 where it differs from Latin-1: 0x80 to 0x9f. What it does not define stays a control character. */
const WINDOWS_1252 =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** How much of a file is looked at to find out whether two bytes are one character. */
const LOOKED_AT = 4096;

/**
 * The text in a file that a spreadsheet or a script wrote, whichever of their encodings it is in: UTF-8, UTF-16 in both byte
 * orders, with a byte order mark or without, and Windows-1252 where it is no UTF-8.
 *
 * What cannot be read comes out as U+FFFD or as a control character, so that the row it stands in can be refused.
 */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = wideOrder(buffer);
  if (wide !== null) return decodeWide(buffer, wide);
  const hasMark = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf;
  try {
    return new TextDecoder("utf-8", { fatal: !hasMark }).decode(buffer);
  } catch {
    return buffer.toString("latin1").replace(/[\u0080-\u009f]/g, (character) => WINDOWS_1252.charAt(character.charCodeAt(0) - 0x80));
  }
}

/** The byte order of UTF-16: by its mark, or by the zeroes beside the letters and separators that every table has. */
function wideOrder(buffer: Buffer): "le" | "be" | null {
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return "le";
  if (buffer[0] === 0xfe && buffer[1] === 0xff) return "be";
  const looked = buffer.subarray(0, LOOKED_AT);
  let even = 0;
  let odd = 0;
  for (const [at, byte] of looked.entries()) {
    if (byte !== 0) continue;
    if (at % 2 === 0) even += 1;
    else odd += 1;
  }
  const many = looked.length / 5;
  if (odd > many && even === 0) return "le";
  return even > many && odd === 0 ? "be" : null;
}

function decodeWide(buffer: Buffer, order: "le" | "be"): string {
  const whole = Buffer.from(buffer.subarray(0, buffer.length - (buffer.length % 2)));
  if (order === "be") whole.swap16();
  const text = whole.toString("utf16le").replace(/^\ufeff/, "");
  // Half a pair is no character.
  const paired = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  return whole.length === buffer.length ? paired : `${paired}\ufffd`;
}
