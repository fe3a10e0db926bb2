import fc from "fast-check";
import { calculateKeyCheck } from "matrix-js-sdk/lib/secret-storage.js";
import decryptByTheSdk from "matrix-js-sdk/lib/utils/decryptAESSecretStorageItem.js";
import encryptByTheSdk from "matrix-js-sdk/lib/utils/encryptAESSecretStorageItem.js";
import { describe, expect, it } from "vitest";
import { decryptSecret, encryptSecret, matchesKeyCheck, newKeyCheck } from "../../../main/encryption/secretCipher.ts";
import { isDescribedKey, KeyDescription, StoredSecret } from "../../../main/encryption/secretStorage.ts";
import { isProperSecret, readSecret } from "../../../main/encryption/secretValue.ts";
import { newSecurityKey } from "../../../main/encryption/securityKey.ts";
import type { SecurityKeyBytes } from "../../../shared/secret.ts";
import { sample, seed } from "../../support/seed.ts";
import { privateKeyOf } from "../../support/secretValues.ts";

const options = { seed, numRuns: sample(60, 2_000) };
/** As the SDK takes it. */
const bytesOf = (key: SecurityKeyBytes): Uint8Array<ArrayBuffer> => Uint8Array.from(key.reveal());
const anySecret = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
const NAME = "m.cross_signing.master";

describe("secrets in secret storage", () => {
  it("that we encrypt are read by the SDK, and the other way round", async () => {
    await fc.assert(
      fc.asyncProperty(anySecret, anySecret, async (secret, name) => {
        const key = newSecurityKey();
        expect(await decryptByTheSdk(await encryptSecret(privateKeyOf(secret), key, name), bytesOf(key), name)).toBe(secret);
        expect(await decryptSecret(await encryptByTheSdk(secret, bytesOf(key), name), key, name)).toEqual(secret);
      }),
      options,
    );
  });

  it("are read from padded and from unpadded base64", async () => {
    const key = newSecurityKey();
    const { iv, ciphertext, mac } = await encryptSecret(privateKeyOf("secret"), key, NAME);
    const bare = (text: string): string => text.replace(/=+$/, "");
    const padded = (text: string): string => bare(text) + "=".repeat((4 - (bare(text).length % 4)) % 4);
    for (const as of [bare, padded]) {
      expect(await decryptSecret({ iv: as(iv), ciphertext: as(ciphertext), mac: as(mac) }, key, NAME)).toEqual("secret");
    }
  });

  it("do not open with another key, under another name, or when a bit has changed", async () => {
    const key = newSecurityKey();
    const encrypted = await encryptSecret(privateKeyOf("secret"), key, NAME);
    expect(await decryptSecret(encrypted, newSecurityKey(), NAME)).toBeNull();
    expect(await decryptSecret(encrypted, key, "m.cross_signing.user_signing")).toBeNull();
    const flipped = Buffer.from(encrypted.ciphertext, "base64");
    flipped[0]! ^= 1;
    expect(await decryptSecret({ ...encrypted, ciphertext: flipped.toString("base64") }, key, NAME)).toBeNull();
    expect(await decryptSecret({ ...encrypted, mac: encrypted.mac.slice(4) }, key, NAME)).toBeNull();
    expect(await decryptSecret({ ...encrypted, iv: "!" }, key, NAME)).toBeNull();
  });

  it("never share an IV, whose bit 63 is clear", async () => {
    const key = newSecurityKey();
    const ivs = await Promise.all(Array.from({ length: 200 }, async () => (await encryptSecret(privateKeyOf("x"), key, NAME)).iv));
    expect(new Set(ivs).size).toBe(ivs.length);
    for (const iv of ivs) expect(Buffer.from(iv, "base64")[8]! & 0x80).toBe(0);
  });
});

describe("the check of a key", () => {
  it("is the SDK's", async () => {
    const key = newSecurityKey();
    const ours = await newKeyCheck(key);
    expect((await calculateKeyCheck(bytesOf(key), ours.iv)).mac.replace(/=+$/, "")).toBe(ours.mac.replace(/=+$/, ""));
    const { iv, mac } = await calculateKeyCheck(bytesOf(key));
    expect(await matchesKeyCheck(key, { iv, mac })).toBe(true);
    expect(await matchesKeyCheck(newSecurityKey(), { iv, mac })).toBe(false);
  });

  it("cannot be done where the description has no MAC", async () => {
    const description = KeyDescription.parse({ algorithm: "m.secret_storage.v1.aes-hmac-sha2" });
    expect(await isDescribedKey(newSecurityKey(), description)).toBeNull();
  });
});

describe("a key description that another client wrote oddly", () => {
  const described = (fields: object) => KeyDescription.parse({ algorithm: "m.secret_storage.v1.aes-hmac-sha2", ...fields });

  it("with an IV of more than 16 bytes is checked by the first 16", async () => {
    const key = newSecurityKey();
    const { iv, mac } = await newKeyCheck(key);
    for (const extra of [1, 8, 16, 48]) {
      const longer = Buffer.concat([Buffer.from(iv, "base64"), Buffer.alloc(extra, 0x5a)]).toString("base64");
      expect(await isDescribedKey(key, described({ iv: longer, mac }))).toBe(true);
      expect(await isDescribedKey(newSecurityKey(), described({ iv: longer, mac }))).toBe(false);
    }
  });

  it("reads base64 of either alphabet, with padding, without, and with line breaks", async () => {
    const key = newSecurityKey();
    const { iv, mac } = await newKeyCheck(key);
    const url = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");
    for (const as of [url, (text: string) => `${text}\n`, (text: string) => text.replace(/=+$/, "")]) {
      expect(await isDescribedKey(key, described({ iv: as(iv), mac: as(mac) }))).toBe(true);
      expect(await isDescribedKey(newSecurityKey(), described({ iv: as(iv), mac: as(mac) }))).toBe(false);
    }
  });

  it("says nothing about the key where IV or MAC is absent, null, empty or no base64 of the right length", async () => {
    const key = newSecurityKey();
    const { iv, mac } = await newKeyCheck(key);
    const nothing = [undefined, null, "", "cut", 5, {}];
    for (const odd of nothing) {
      expect(await isDescribedKey(key, described({ iv, mac: odd })), `mac ${JSON.stringify(odd)}`).toBeNull();
      expect(await isDescribedKey(key, described({ iv: odd, mac })), `iv ${JSON.stringify(odd)}`).toBeNull();
      expect(await isDescribedKey(key, described({ iv, mac, name: odd, passphrase: odd }))).toBe(true);
    }
  });
});

describe("a secret that another client wrote oddly", () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 3));
  const proper = bytes.toString("base64").replace(/=+$/, "");
  const odd: [string, string][] = [
    ["with padding", bytes.toString("base64")],
    ["with a line break", `${proper}\n`],
    ["with CRLF, blanks and a BOM", `\ufeff ${proper.slice(0, 20)}\r\n${proper.slice(20)}=\t`],
    ["in the URL alphabet", bytes.toString("base64url")],
    ["in base64 twice", Buffer.from(proper).toString("base64")],
    ["in base64 twice, padded inside, with a line break", `${Buffer.from(`${proper}=`).toString("base64")}\n`],
    ["as a list of numbers", JSON.stringify([...bytes])],
    ["as numbers with commas", [...bytes].join(",")],
    ["as numbers by their place", JSON.stringify({ ...bytes })],
    ["as a JSON string", JSON.stringify(proper)],
  ];

  it.each(odd)("%s is read", (_how, text) => {
    expect(readSecret(privateKeyOf(text)).reveal()).toBe(proper);
    expect(isProperSecret(privateKeyOf(text))).toBe(text === bytes.toString("base64"));
  });

  it("is left as it is when it is nothing of that kind", () => {
    expect(isProperSecret(privateKeyOf(proper))).toBe(true);
    const others = ["", "hello", "AAAA", "[1,2,3]", `[${Array(32).fill(256).join()}]`, "{}", "null", "é".repeat(40)];
    for (const text of others) {
      expect(readSecret(privateKeyOf(text)).reveal()).toBe(text);
      expect(isProperSecret(privateKeyOf(text))).toBe(false);
    }
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => typeof readSecret(privateKeyOf(text)).reveal() === "string"),
    );
  });

  it("decrypts whichever base64 its parts are in, and with a longer IV", async () => {
    const key = newSecurityKey();
    const { iv, ciphertext, mac } = await encryptSecret(privateKeyOf(proper), key, NAME);
    const url = (text: string): string => `${text.replaceAll("+", "-").replaceAll("/", "_")}\n`;
    const longer = Buffer.concat([Buffer.from(iv, "base64"), Buffer.alloc(16, 9)]).toString("base64");
    for (const copy of [
      { iv: url(iv), ciphertext: url(ciphertext), mac: url(mac) },
      { iv: longer, ciphertext, mac },
    ]) {
      const read = new StoredSecret({ encrypted: { a: copy } }).copyFor("a");
      expect(await decryptSecret(read!, key, NAME)).toEqual(proper);
      expect(await decryptSecret(read!, newSecurityKey(), NAME)).toBeNull();
    }
  });
});

describe("account data of a secret", () => {
  it("keeps what others put beside the copies, and copies under other keys", async () => {
    const copy = await encryptSecret(privateKeyOf("secret"), newSecurityKey(), NAME);
    const content = { encrypted: { a: copy, b: { odd: true } }, "org.example.note": [1], name: null };
    const stored = new StoredSecret(content);
    expect(stored.with("c", copy)).toEqual({ ...content, encrypted: { ...content.encrypted, c: copy } });
    expect(stored.without(["a"])).toEqual({ ...content, encrypted: { b: { odd: true } } });
    expect(new StoredSecret({ other: 1, encrypted: 5 }).with("c", copy)).toEqual({ other: 1, encrypted: { c: copy } });
  });

  it("is judged, never trusted", async () => {
    const copy = await encryptSecret(privateKeyOf("secret"), newSecurityKey(), NAME);
    const judged = (content: unknown): string => new StoredSecret(content).storedFor("a");
    expect(judged(null)).toBe("missing");
    expect(judged({})).toBe("missing");
    expect(judged({ encrypted: {} })).toBe("missing");
    expect(judged({ encrypted: { a: copy } })).toBe("stored");
    expect(judged({ encrypted: { b: copy } })).toBe("other_key_only");
    for (const broken of [false, "text", 5, [], { encrypted: [] }, { encrypted: "x" }, { encrypted: null }]) {
      expect(["malformed", "missing"], JSON.stringify(broken)).toContain(judged(broken));
    }
    const cut = [
      { ...copy, iv: "x" },
      { ...copy, mac: copy.mac.slice(2) },
      { ...copy, ciphertext: "" },
    ];
    for (const broken of [null, 5, {}, ...cut]) {
      expect(judged({ encrypted: { a: broken } }), JSON.stringify(broken)).toBe("malformed");
    }
  });

  it("of any shape is no crash", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (content, keyId) => {
        const stored = new StoredSecret(content);
        expect(["stored", "missing", "other_key_only", "malformed"]).toContain(stored.storedFor(keyId));
        expect(stored.copyFor("__proto__")).toBeNull();
        KeyDescription.safeParse(content);
      }),
      { ...options, numRuns: sample(500, 20_000) },
    );
  });
});
