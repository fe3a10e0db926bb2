import { pbkdf2, randomInt } from "node:crypto";
import { promisify } from "node:util";
import * as z from "zod";
import type { PhraseProblem } from "../../shared/errors.ts";
import { SecretBytes, type SecurityKey, type SecurityKeyBytes } from "../../shared/secret.ts";
import { SECURITY_KEY_BYTES } from "./securityKey.ts";

const deriveBits = promisify(pbkdf2);

/** Rounds for a new Security Phrase. */
export const PHRASE_ROUNDS = 500_000;
/** A server may name any number of rounds. More than this would keep the computer busy for several seconds. */
export const MAX_PHRASE_ROUNDS = 10_000_000;
const MAX_SALT = 1024;
const MAX_KEY_BITS = 4096;
const SALT_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SALT_LENGTH = 32;

/**
 * How a key follows from a phrase (Client-Server API, "Deriving keys from passphrases"): part of a key description. `bits`
 * is the key's length, 256 where it is left out.
 */
export const PhraseInfo = z.object({
  algorithm: z.literal("m.pbkdf2"),
  iterations: z.number().int().min(1).max(MAX_PHRASE_ROUNDS),
  salt: z.string().max(MAX_SALT),
  bits: z.number().int().min(8).max(MAX_KEY_BITS).multipleOf(8).optional(),
});
export type PhraseInfo = z.infer<typeof PhraseInfo>;

/** What a server's description of a key says about a phrase. */
export type PhraseRead =
  | { kind: "none" }
  | { kind: "usable"; info: PhraseInfo }
  /** There is a phrase, but a key cannot be derived in the way that is asked for, or not within bounds. */
  | { kind: "unusable"; reason: PhraseProblem };

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === "";

/**
 * Reads what a server says about a phrase, unchecked. Absent, null and empty are the same; few rounds, an empty salt and
 * keys of other lengths are taken, as matrix-js-sdk takes them.
 */
export function readPhraseInfo(content: unknown): PhraseRead {
  if (isNothing(content)) return { kind: "none" };
  if (typeof content !== "object" || Array.isArray(content)) return { kind: "unusable", reason: "algorithm" };
  const fields = content as Record<string, unknown>;
  if (Object.keys(fields).length === 0) return { kind: "none" };
  const { algorithm, iterations, salt, bits } = fields;
  const digits = typeof iterations === "string" && /^\d{1,15}$/.test(iterations);
  const parsed = PhraseInfo.safeParse({
    algorithm: isNothing(algorithm) ? "m.pbkdf2" : algorithm,
    iterations: digits ? Number(iterations) : iterations,
    salt: isNothing(salt) ? "" : salt,
    ...(isNothing(bits) ? {} : { bits }),
  });
  if (parsed.success) return { kind: "usable", info: parsed.data };
  const field = parsed.error.issues[0]?.path[0];
  return { kind: "unusable", reason: field === "iterations" ? "rounds" : field === "salt" || field === "bits" ? field : "algorithm" };
}

/** Makes the description for a new phrase, with a salt of its own. */
export function newPhraseInfo(): PhraseInfo {
  const salt = Array.from({ length: SALT_LENGTH }, () => SALT_LETTERS[randomInt(SALT_LETTERS.length)]).join("");
  return { algorithm: "m.pbkdf2", iterations: PHRASE_ROUNDS, salt };
}

/** The key that a Security Phrase leads to. Takes about 0.2 s for 500,000 rounds, outside the main thread. */
export async function keyFromPhrase(phrase: SecurityKey, { salt, iterations, bits }: PhraseInfo): Promise<SecurityKeyBytes> {
  const length = bits === undefined ? SECURITY_KEY_BYTES : bits / 8;
  return new SecretBytes("Security Key", await deriveBits(phrase.reveal(), salt, iterations, length, "sha512"));
}
