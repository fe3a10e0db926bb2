import fc from "fast-check";
import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue, entryKey, entryName, openEntry, sealEntry, stampOf } from "../../../main/cryptoStore/journalEntries.ts";
import { decodeKey, encodeKey } from "../../../main/cryptoStore/keyCodec.ts";
import type { Key } from "../../../main/cryptoStore/keyCodec.ts";
import { anyKey, anyValue } from "../../support/arbitraries.ts";
import { sample, seed } from "../../support/seed.ts";

const runs = { seed, numRuns: sample(500, 20_000) };

describe("keys", () => {
  it("come back as they were, except that -0 is 0", () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const back = decodeKey(encodeKey(key));
        expect(new IDBFactory().cmp(back, key)).toBe(0);
        expect(encodeKey(back)).toEqual(encodeKey(key));
      }),
      runs,
    );
  });

  it("have the same bytes exactly when IndexedDB holds them for equal", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (one, other) => {
        const equal = new IDBFactory().cmp(one, other) === 0;
        expect(encodeKey(one).equals(encodeKey(other))).toBe(equal);
      }),
      runs,
    );
  });

  it.each<[string, Key, Key]>([
    ["-0 and 0", -0, 0],
    ["a rope and a flat string", ["ab", "cd"].join(""), "abcd"],
    ["a slice of a wide string and a narrow one", "\u4e00plain".slice(1), "plain"],
  ])("take %s for one key", (_, one, other) => {
    expect(encodeKey(one)).toEqual(encodeKey(other));
  });

  it.each<[string, Key, Key]>([
    ["a number and a date", 1, new Date(1)],
    ["text and bytes", "a", Uint8Array.of(0x61).buffer],
    ["nesting", [["a"], "b"], [["a", "b"]]],
    ["an empty text, bytes and list", "", new ArrayBuffer(0)],
    ["lone surrogates", "\ud800", "\ufffd"],
  ])("tell %s apart", (_, one, other) => {
    expect(encodeKey(one)).not.toEqual(encodeKey(other));
  });

  it("of entries come back", () => {
    fc.assert(
      fc.property(anyKey, fc.nat(2 ** 32 - 1), fc.string({ unit: "binary" }), (key, storeId, database) => {
        for (const name of [
          { of: "record", storeId, key: decodeKey(encodeKey(key)) },
          { of: "generator", storeId },
          { of: "schema", database },
        ] as const) {
          expect(entryName(entryKey(name))).toEqual(name);
        }
      }),
      runs,
    );
  });
});

describe("values", () => {
  it("come back as structuredClone gives them", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(structuredClone(value));
      }),
      runs,
    );
  });

  it("keep -0, NaN, undefined, holes, shared references and cycles", () => {
    const shared = { n: 1 };
    const value: Record<string, unknown> = { a: -0, b: NaN, c: undefined, d: [, 1], e: shared, f: shared };
    value["self"] = value;
    const back = decodeValue(encodeValue(value)) as typeof value;
    expect(Object.is(back["a"], -0)).toBe(true);
    expect(back["b"]).toBeNaN();
    expect("c" in back).toBe(true);
    expect(0 in (back["d"] as unknown[])).toBe(false);
    expect(back["e"]).toBe(back["f"]);
    expect(back["self"]).toBe(back);
  });

  it("give typed arrays a buffer of their own size", () => {
    const back = decodeValue(encodeValue({ bytes: Uint8Array.of(1, 2, 3), other: "x".repeat(1000) }));
    const { bytes } = back as { bytes: Uint8Array };
    expect(bytes.buffer.byteLength).toBe(3);
    expect(Buffer.isBuffer(bytes)).toBe(false);
  });

  it("that cannot be cloned are refused", () => {
    expect(() => encodeValue(() => 1)).toThrow();
  });
});

describe("stamps", () => {
  it("find every flipped bit in content, stamp and key", () => {
    const key = entryKey({ of: "record", storeId: 7, key: "k" });
    const content = encodeValue({ text: "some content" });
    const sealed = sealEntry(stampOf(key, content), content);
    expect(openEntry(key, sealed).content).toEqual(content);
    for (const part of [key, sealed]) {
      for (let bit = 0; bit < part.length * 8; bit++) {
        const index = bit >> 3;
        part[index] = (part[index] ?? 0) ^ (1 << (bit & 7));
        expect(() => openEntry(key, sealed)).toThrow("store_damaged");
        part[index] = (part[index] ?? 0) ^ (1 << (bit & 7));
      }
    }
  });
});
