/** Unpadded base64, as the spec writes keys (appendices, "Unpadded Base64"). */
export function toUnpaddedBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

/**
 * Reads base64, padded or not, and refuses what Node would silently skip. Answers null when the text is not base64 in
 * the standard alphabet.
 */
export function fromBase64(text: string): Buffer | null {
  const digits = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return null;
  return Buffer.from(digits, "base64");
}

/** As `fromBase64`, but only for a value of exactly `length` bytes. */
export function fromBase64OfLength(text: string, length: number): Buffer | null {
  const bytes = fromBase64(text);
  return bytes?.length === length ? bytes : null;
}

/**
 * Reads base64 as other clients may have written it: in the standard alphabet or that of URLs, padded or not, with white
 * space in it. Answers null when it is none.
 */
export function fromAnyBase64(text: string): Buffer | null {
  return fromBase64(text.replace(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/"));
}
