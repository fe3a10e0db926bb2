import { pbkdf2, randomInt } from "node:crypto";
import { promisify } from "node:util";
import * as z from "zod";
import { SECURITY_KEY_BYTES } from "./securityKey.ts";

const deriveBits = promisify(pbkdf2);

/** Rounds for a new Security Phrase. */
export const PHRASE_ROUNDS = 500_000;
/** A server may name any number of rounds. More than this would keep the computer busy for several seconds. */
export const MOST_PHRASE_ROUNDS = 10_000_000;
const FEWEST_PHRASE_ROUNDS = 1_000;
const SALT_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SALT_LENGTH = 32;

/**
 * How a key follows from a phrase (Client-Server API, "Deriving keys from passphrases"): part of a key description, so
 * it comes from the server and is checked.
 */
export const PhraseInfo = z.object({
  algorithm: z.literal("m.pbkdf2"),
  iterations: z.number().int().min(FEWEST_PHRASE_ROUNDS).max(MOST_PHRASE_ROUNDS),
  salt: z.string().min(1).max(1024),
  bits: z
    .literal(SECURITY_KEY_BYTES * 8)
    .optional(),
});
export type PhraseInfo = z.infer<typeof PhraseInfo>;

/** Makes the description for a new phrase, with a salt of its own. */
export function newPhraseInfo(): PhraseInfo {
  const salt = Array.from({ length: SALT_LENGTH }, () => SALT_LETTERS[randomInt(SALT_LETTERS.length)]).join("");
  return { algorithm: "m.pbkdf2", iterations: PHRASE_ROUNDS, salt };
}

/** The key that a Security Phrase leads to. Takes about 0.2 s for 500,000 rounds, outside the main thread. */
export function keyFromPhrase(phrase: string, { salt, iterations }: PhraseInfo): Promise<Buffer> {
  return deriveBits(phrase, salt, iterations, SECURITY_KEY_BYTES, "sha512");
}
