import { randomInt } from "node:crypto";
import { type Password, Secret } from "../../shared/secret.ts";

/**
 * Letters and digits that nobody mixes up on paper or on the phone: no `0 O o`, `1 I l`. And nothing with which a cell of a
 * spreadsheet would begin a formula.
 */
const ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** 20 of 56 characters are 116 bits. */
const LENGTH = 20;

/** What servers' rules for passwords ask for of what is in the alphabet. */
const KINDS = [/[a-z]/, /[A-Z]/, /\d/];

/**
 * Makes a password of at least 110 bits by the system's generator, with small and capital letters and digits in it.
 *
 * @param below a number from 0 up to, not including, the one given, each as likely as the others
 */
export function generatePassword(below: (limit: number) => number = randomInt): Password {
  for (;;) {
    const password = Array.from({ length: LENGTH }, () => ALPHABET[below(ALPHABET.length)]).join("");
    if (KINDS.every((kind) => kind.test(password))) return new Secret("password", password);
  }
}
