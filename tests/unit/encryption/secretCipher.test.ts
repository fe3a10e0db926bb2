import fc from "fast-check";
import { calculateKeyCheck } from "matrix-js-sdk/lib/secret-storage.js";
import decryptByTheSdk from "matrix-js-sdk/lib/utils/decryptAESSecretStorageItem.js";
import encryptByTheSdk from "matrix-js-sdk/lib/utils/encryptAESSecretStorageItem.js";
import { describe, expect, it } from "vitest";
import { decryptSecret, encryptSecret, matchesKeyCheck, newKeyCheck } from "../../../main/encryption/secretCipher.ts";
import { isDescribedKey, KeyDescription, StoredSecret } from "../../../main/encryption/secretStorage.ts";
import { newSecurityKey } from "../../../main/encryption/securityKey.ts";
import { sample, seed } from "../../support/seed.ts";

const options = { seed, numRuns: sample(60, 2_000) };
const newKey = (): Uint8Array<ArrayBuffer> => Uint8Array.from(newSecurityKey());
const anySecret = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
const NAME = "m.cross_signing.master";

describe("secrets in secret storage", () => {
  it("that we encrypt are read by the SDK, and the other way round", async () => {
    await fc.assert(
      fc.asyncProperty(anySecret, anySecret, async (secret, name) => {
        const key = newKey();
        expect(await decryptByTheSdk(await encryptSecret(secret, key, name), key, name)).toBe(secret);
        expect(await decryptSecret(await encryptByTheSdk(secret, key, name), key, name)).toBe(secret);
      }),
      options,
    );
  });

  it("are read from padded and from unpadded base64", async () => {
    const key = newKey();
    const { iv, ciphertext, mac } = await encryptSecret("secret", key, NAME);
    const bare = (text: string): string => text.replace(/=+$/, "");
    const padded = (text: string): string => bare(text) + "=".repeat((4 - (bare(text).length % 4)) % 4);
    for (const as of [bare, padded]) {
      expect(await decryptSecret({ iv: as(iv), ciphertext: as(ciphertext), mac: as(mac) }, key, NAME)).toBe("secret");
    }
  });

  it("do not open with another key, under another name, or when a bit has changed", async () => {
    const key = newKey();
    const encrypted = await encryptSecret("secret", key, NAME);
    expect(await decryptSecret(encrypted, newKey(), NAME)).toBeNull();
    expect(await decryptSecret(encrypted, key, "m.cross_signing.user_signing")).toBeNull();
    const flipped = Buffer.from(encrypted.ciphertext, "base64");
    flipped[0]! ^= 1;
    expect(await decryptSecret({ ...encrypted, ciphertext: flipped.toString("base64") }, key, NAME)).toBeNull();
    expect(await decryptSecret({ ...encrypted, mac: encrypted.mac.slice(4) }, key, NAME)).toBeNull();
    expect(await decryptSecret({ ...encrypted, iv: "!" }, key, NAME)).toBeNull();
  });

  it("never share an IV, whose bit 63 is clear", async () => {
    const key = newKey();
    const ivs = await Promise.all(Array.from({ length: 200 }, async () => (await encryptSecret("x", key, NAME)).iv));
    expect(new Set(ivs).size).toBe(ivs.length);
    for (const iv of ivs) expect(Buffer.from(iv, "base64")[8]! & 0x80).toBe(0);
  });
});

describe("the check of a key", () => {
  it("is the SDK's", async () => {
    const key = newKey();
    const ours = await newKeyCheck(key);
    expect((await calculateKeyCheck(key, ours.iv)).mac.replace(/=+$/, "")).toBe(ours.mac.replace(/=+$/, ""));
    const { iv, mac } = await calculateKeyCheck(key);
    expect(await matchesKeyCheck(key, { iv, mac })).toBe(true);
    expect(await matchesKeyCheck(newKey(), { iv, mac })).toBe(false);
  });

  it("cannot be done where the description has no MAC", async () => {
    const description = KeyDescription.parse({ algorithm: "m.secret_storage.v1.aes-hmac-sha2" });
    expect(await isDescribedKey(newKey(), description)).toBeNull();
  });
});

describe("account data of a secret", () => {
  it("is judged, never trusted", async () => {
    const copy = await encryptSecret("secret", newKey(), NAME);
    const judged = (content: unknown): string => new StoredSecret(content).storedFor("a");
    expect(judged(null)).toBe("missing");
    expect(judged({})).toBe("missing");
    expect(judged({ encrypted: {} })).toBe("missing");
    expect(judged({ encrypted: { a: copy } })).toBe("stored");
    expect(judged({ encrypted: { b: copy } })).toBe("other_key_only");
    for (const broken of [false, "text", 5, [], { encrypted: [] }, { encrypted: "x" }, { encrypted: null }]) {
      expect(["malformed", "missing"], JSON.stringify(broken)).toContain(judged(broken));
    }
    const cut = [{ ...copy, iv: "x" }, { ...copy, mac: copy.mac.slice(2) }, { ...copy, ciphertext: "" }];
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
