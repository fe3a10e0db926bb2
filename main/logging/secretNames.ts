/** What makes a secret of whatever it is part of the name of, however the name is written. */
const PHRASE = /passw(?:or)?d|pwd|phrase/;

/** What makes a secret of what it names, unless the name goes on to name something else about it. */
const SECRET = /token|secret|authori[sz]ation|cookie|credential|bearer|pickle|mnemonic|jwt|verifier/;

/** Last words of names that tell something harmless about a secret: `tokenType`, `secretName`. */
const HARMLESS_LAST = new Set([
  "name", "names", "type", "types", "id", "ids", "count", "kind", "length", "status", "state", "policy", "strength",
  "endpoint", "uri", "url",
]); // prettier-ignore

/** Words before "key" that make it a private one. */
const PRIVATE_KEY = new Set([
  "storage", "security", "recovery", "private", "secret", "master", "vault", "backup", "decryption", "encryption",
  "signing", "seed", "access", "api", "raw",
]); // prettier-ignore

const KEY = new Set(["key", "keys"]);

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "");
}

/** What the name of a field says about its value. */
export type NameSays =
  /** The value is a secret whatever it looks like. */
  | "secret"
  /** So is this one, and it may hold spaces. */
  | "phrase"
  /** The value is a secret when it looks like 32 bytes. */
  | "maybe_key"
  /** The value is a secret unless it looks like the name of an error. */
  | "maybe_code"
  | "nothing";

const CODE_NAMES = new Set(["code", "authcode", "authorizationcode"]);

/** Judges the name of a field, a query parameter or a header, in any of the usual spellings. */
export function judgeName(name: string): NameSays {
  const words = wordsOf(name);
  const letters = words.join("");
  if (PHRASE.test(letters)) return "phrase";
  const last = words.at(-1) ?? "";
  if (CODE_NAMES.has(letters)) return "maybe_code";
  if (SECRET.test(letters) && !HARMLESS_LAST.has(last)) return "secret";
  const isKey = words.some((word, index) => KEY.has(word) && PRIVATE_KEY.has(words[index - 1] ?? ""));
  // "storagekey" is one word where nobody wrote capitals.
  const joined = [...PRIVATE_KEY].some((word) => words.some((one) => one === `${word}key` || one === `${word}keys`));
  if (isKey || joined) return HARMLESS_LAST.has(last) ? "nothing" : "secret";
  return words.some((word) => KEY.has(word)) ? "maybe_key" : "nothing";
}
