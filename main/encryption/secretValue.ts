import { type PrivateKey, Secret } from "../../shared/secret.ts";
import { fromAnyBase64, toUnpaddedBase64 } from "../roomKeys/base64.ts";

/** Each of the four secrets of Secure Backup is a private key of so many bytes. */
const SECRET_BYTES = 32;
/** No way of writing 32 bytes takes more: what is longer is not looked into. */
const MAX_SECRET = 1000;

/**
 * Whether a decrypted secret is written as the specification has it: base64 of the private key (Client-Server API,
 * "Cross-signing", "Server-side key backups"), padded or not.
 */
export function isProperSecret(secret: PrivateKey): boolean {
  const text = secret.reveal();
  const bytes = fromAnyBase64(text);
  return bytes?.length === SECRET_BYTES && text.replace(/=$/, "") === toUnpaddedBase64(bytes);
}

/**
 * Reads a decrypted secret that a client may have written in another way: with a line break at its end, in the URL
 * alphabet of base64, in base64 twice, or as a list of numbers. Answers unpadded base64, and a text that is none of these
 * as it is.
 */
export function readSecret(secret: PrivateKey): PrivateKey {
  if (secret.length > MAX_SECRET) return secret;
  const bytes = fromText(secret.reveal(), 2);
  return bytes ? new Secret("private key", toUnpaddedBase64(bytes)) : secret;
}

function fromText(text: string, layers: number): Buffer | null {
  const bytes = fromAnyBase64(text.replaceAll("\ufeff", ""));
  if (bytes?.length === SECRET_BYTES) return bytes;
  if (layers === 0) return null;
  return (bytes && fromText(bytes.toString("latin1"), layers - 1)) ?? fromNumbers(text) ?? fromJson(text, layers);
}

/** 32 numbers with commas between them, in brackets or not. */
function fromNumbers(text: string): Buffer | null {
  const inside = /^\s*\[?([\d\s,]+)\]?\s*$/.exec(text)?.[1];
  return inside === undefined ? null : fromList(inside.split(",").map(Number));
}

function fromList(numbers: readonly unknown[]): Buffer | null {
  const areBytes = numbers.every((one) => Number.isInteger(one) && (one as number) >= 0 && (one as number) <= 255);
  return numbers.length === SECRET_BYTES && areBytes ? Buffer.from(numbers as number[]) : null;
}

/** A JSON string, or the numbers of a typed array by their place. */
function fromJson(text: string, layers: number): Buffer | null {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "string") return fromText(parsed, layers - 1);
    return typeof parsed === "object" && parsed !== null ? fromList(Object.values(parsed)) : null;
  } catch {
    return null;
  }
}
