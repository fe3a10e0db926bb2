import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { decodeRecoveryKey, deriveRecoveryKeyFromPassphrase, encodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/index.js";
import { describe, expect, it } from "vitest";
import { formatSecurityKey, looksLikeSecurityKey, parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import { keyFromPhrase, newPhraseInfo, readPhraseInfo } from "../../../main/encryption/securityPhrase.ts";
import { isFailure } from "../../../shared/errors.ts";
import { secretOf, securityKeyBytes } from "../../support/secretValues.ts";
import { sample, seed } from "../../support/seed.ts";

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Uint8Array.from(bytes));
const options = { seed, numRuns: sample(300, 20_000) };
const letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const spaces = [
  ...[" ", "\n", "\r\n", "\t", "\v", "\f"],
  ..."\u00a0\u1680\u2003\u2009\u2028\u2029\u202f\u205f\u3000\ufeff\u200b\u200d\u2060\u00ad\u200e\u2066\ufe0f",
];

const format = (key: Uint8Array): string => formatSecurityKey(securityKeyBytes(key)).reveal();
const parse = (text: string) => parseSecurityKey(secretOf("Security Key", text));
const looksLike = (text: string): boolean => looksLikeSecurityKey(secretOf("Security Key", text));

const isMalformed = (text: string): boolean => {
  try {
    parse(text);
    return false;
  } catch (thrown) {
    return isFailure(thrown, "malformed_security_key");
  }
};

describe("a Security Key", () => {
  it("is written and read as the SDK writes and reads it", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const text = format(key);
        expect(text).toBe(encodeRecoveryKey(key));
        expect(text).toMatch(/^(?:[1-9A-HJ-NP-Za-km-z]{4} ){11}[1-9A-HJ-NP-Za-km-z]{4}$/);
        expect(Buffer.from(decodeRecoveryKey(text))).toEqual(Buffer.from(key));
        expect(parse(text)).toEqual(Buffer.from(key));
      }),
      options,
    );
  });

  it("may have spaces, line breaks and invisible characters anywhere", () => {
    const filling = fc.array(fc.constantFrom(...spaces), { maxLength: 3 }).map((some) => some.join(""));
    fc.assert(
      fc.property(anyKey, fc.array(filling, { minLength: 49, maxLength: 49 }), (key, fillings) => {
        const text = [...format(key).replaceAll(" ", "")];
        const pasted = text.map((letter, index) => fillings[index]! + letter).join("") + fillings[48]!;
        expect(parse(pasted)).toEqual(Buffer.from(key));
      }),
      options,
    );
  });

  it("with one letter changed, left out or doubled is never taken for another key", () => {
    const letter = fc.constantFrom(...letters, ..."0OIl-_!é");
    fc.assert(
      fc.property(anyKey, fc.nat(47), letter, fc.constantFrom("change", "drop", "double"), (key, at, other, how) => {
        const text = format(key).replaceAll(" ", "");
        const middle = how === "change" ? other : how === "drop" ? "" : text[at]! + text[at]!;
        const changed = text.slice(0, at) + middle + text.slice(at + 1);
        if (changed === text) return;
        // Parity is 8 bits: a changed letter slips through once in some hundred tries, then as a different key.
        if (!isMalformed(changed)) expect(parse(changed)).not.toEqual(Buffer.from(key));
        if (how !== "change") expect(isMalformed(changed)).toBe(true);
      }),
      options,
    );
  });

  it("is never found in other texts, whatever they are", () => {
    const looksLikeOne = fc.string({ unit: fc.constantFrom(...letters, ...spaces), minLength: 40, maxLength: 60 });
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 200 }), looksLikeOne), isMalformed), options);
    expect(isMalformed("z".repeat(48))).toBe(true);
    expect(isMalformed("1".repeat(48))).toBe(true);
    const wrongPrefix = encodeRecoveryKey(randomBytes(32))!.replace(/^./, "F");
    expect(isMalformed(wrongPrefix)).toBe(true);
  });
});

describe("the text of a file that Steward saves a Security Key in", () => {
  const asSaved = (key: string): string[] => [
    `@alice:example.org\n${key}\n`,
    `\ufeff@alice:example.org\r\n${key}\r\n`,
    `  \n@alice:example.org\n\n  ${key.replaceAll(" ", "\u00a0")} \n\n`,
    // A field of one line drops the line breaks of what is pasted into it.
    `@alice:example.org${key}`,
    `@alice:example.org:8448 ${key}`,
    `@4:[2001:db8::1]${key.replaceAll(" ", "")}`,
    `Security Key\nOpens the Secure Backup of @alice:example.org\n${key}\nPrinted today`,
  ];

  it("is read as the key", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        for (const text of asSaved(format(key))) expect(parse(text)).toEqual(Buffer.from(key));
      }),
      { ...options, numRuns: sample(50, 2_000) },
    );
  });

  it("with two keys, or one that is cut, is not", () => {
    const key = format(randomBytes(32));
    expect(isMalformed(`${key}\n${format(randomBytes(32))}`)).toBe(true);
    for (const text of asSaved(key.slice(0, -1))) expect(isMalformed(text)).toBe(true);
  });
});

describe("what looks like a Security Key", () => {
  it("is told from a phrase", () => {
    const key = format(randomBytes(32));
    for (const text of [
      key.slice(0, -1),
      key.slice(0, 24),
      `${key}x`,
      "Es not a key",
      key.replace(/.$/, "0"),
      ` ${key.replaceAll(" ", "").slice(1)}`,
    ]) {
      expect(looksLike(text), text).toBe(true);
    }
    for (const text of [
      "some phrase",
      "correct horse battery staple",
      "four word long test",
      "",
      "Essential estate escape",
      "x".repeat(48),
    ]) {
      expect(looksLike(text), text).toBe(false);
    }
  });
});

describe("a Security Phrase", () => {
  it("leads to the same key as in the SDK", async () => {
    expect(newPhraseInfo().iterations).toBe(500_000);
    const phrases: [string, number][] = [
      ["correct horse", 500_000],
      ["Ümläut ü\u0308 🐎", 1_000],
      [" with spaces ", 1_000],
    ];
    for (const [phrase, iterations] of phrases) {
      const info = { ...newPhraseInfo(), iterations };
      const theirs = await deriveRecoveryKeyFromPassphrase(phrase, info.salt, info.iterations);
      expect(await keyFromPhrase(secretOf("Security Key", phrase), info)).toEqual(Buffer.from(theirs));
    }
  });

  it("has a salt of its own each time", () => {
    expect(newPhraseInfo().salt).not.toBe(newPhraseInfo().salt);
    expect(newPhraseInfo().salt).toMatch(/^[A-Za-z0-9]{32}$/);
  });

  it("is derived with few rounds, an empty salt and keys of other lengths as the SDK does it", async () => {
    for (const [iterations, salt, bits] of [
      [1, "salt", 256],
      [999, "", 256],
      [5, "s", 128],
      [2, "s", 512],
    ] as const) {
      const read = readPhraseInfo({ algorithm: "m.pbkdf2", iterations, salt, bits });
      if (read.kind !== "usable") throw new Error(read.kind);
      const theirs = await deriveRecoveryKeyFromPassphrase("phrase", salt, iterations, bits);
      expect(await keyFromPhrase(secretOf("Security Key", "phrase"), read.info)).toEqual(Buffer.from(theirs));
    }
  });

  it("takes what is absent, null or empty as the spec's defaults", () => {
    const good = { algorithm: "m.pbkdf2", iterations: 500_000, salt: "abc" };
    for (const nothing of [undefined, null, ""]) {
      expect(readPhraseInfo({ ...good, bits: nothing })).toMatchObject({ kind: "usable", info: good });
      expect(readPhraseInfo({ ...good, algorithm: nothing })).toMatchObject({ kind: "usable", info: good });
      expect(readPhraseInfo({ ...good, salt: nothing })).toMatchObject({ kind: "usable", info: { ...good, salt: "" } });
      expect(readPhraseInfo(nothing)).toEqual({ kind: "none" });
    }
    expect(readPhraseInfo({ ...good, iterations: "500000" })).toMatchObject({ kind: "usable", info: good });
    expect(readPhraseInfo({})).toEqual({ kind: "none" });
  });

  it("is not derived as a server demands without bounds: the reason is said", () => {
    const good = { algorithm: "m.pbkdf2", iterations: 500_000, salt: "abc" };
    expect(readPhraseInfo({ ...good, bits: 256 })).toEqual({ kind: "usable", info: { ...good, bits: 256 } });
    const bad: [object, string][] = [
      [{ iterations: 1e12 }, "rounds"],
      [{ iterations: 0 }, "rounds"],
      [{ iterations: -5 }, "rounds"],
      [{ iterations: 1.5 }, "rounds"],
      [{ iterations: null }, "rounds"],
      [{ bits: 1e9 }, "bits"],
      [{ bits: 12 }, "bits"],
      [{ bits: 0 }, "bits"],
      [{ salt: 5 }, "salt"],
      [{ salt: "s".repeat(5000) }, "salt"],
      [{ algorithm: "m.other" }, "algorithm"],
    ];
    for (const [fields, reason] of bad) {
      expect(readPhraseInfo({ ...good, ...fields }), JSON.stringify(fields)).toEqual({ kind: "unusable", reason });
    }
    expect(readPhraseInfo("text")).toEqual({ kind: "unusable", reason: "algorithm" });
  });
});
