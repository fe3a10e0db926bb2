import fc from "fast-check";
import type { Key } from "../../main/cryptoStore/keyCodec.ts";

const anyBytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => Uint8Array.from(bytes));

/** IndexedDB keys of every type, nested, often equal or close to each other. */
export const anyKey: fc.Arbitrary<Key> = fc.letrec<{ key: Key; list: Key[] }>((tie) => ({
  key: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Key>(0, -0, 1, "", "a", Infinity, -Infinity),
    fc.double({ noNaN: true }),
    fc.integer({ min: -3, max: 3 }),
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.string({ unit: fc.constantFrom("a", "b", "\u00ff", "\u0100", "\ud800", "\udc00", "\0"), maxLength: 4 }),
    fc.date({ noInvalidDate: true }),
    anyBytes.map((bytes) => bytes.buffer),
    tie("list"),
  ),
  list: fc.array(tie("key"), { maxLength: 3 }),
})).key;

/** Values that structured clone takes, of the kinds that are stored in databases. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(undefined, null, true, false, 0, -0, NaN, Infinity, -Infinity, "", "\ud800"),
    fc.double(),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.date(),
    anyBytes,
    anyBytes.map((bytes) => bytes.buffer),
    anyBytes.map((bytes) => new DataView(bytes.buffer)),
    fc.float64Array({ maxLength: 4 }).map((numbers) => Float64Array.from(numbers)),
    fc.constant(/a.b/gi),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ maxLength: 5 }).filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 4 },
    ),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((values) => new Set(values)),
  ),
})).value;
