import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonShapeError, type JsonSlice, JsonSlices, type SlicePath } from "../../../main/roomKeys/jsonSlices.ts";
import { seed } from "../../support/seed.ts";

const ARRAY: SlicePath = { kind: "array" };
const BACKUP: SlicePath = { kind: "objects", names: ["rooms", null, "sessions", null] };

/** Cuts a text that comes in pieces which end at the given places. */
function cut(path: SlicePath, text: string | Buffer, ends: readonly number[] = [], longest = 10_000): JsonSlice[] {
  const bytes = Buffer.from(text);
  const slices: JsonSlice[] = [];
  const parser = new JsonSlices(path, longest, (slice) => void slices.push(slice));
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    // The piece's memory is used again afterwards, as a reader's buffer is.
    const piece = Buffer.from(bytes.subarray(from, end));
    parser.push(piece);
    piece.fill(0x21);
    from = end;
  }
  parser.end();
  return slices;
}

const values = (slices: JsonSlice[]): unknown[] => slices.map(({ text }) => JSON.parse(text!) as unknown);

/** JSON values with nasty strings in them, written with or without blanks. */
const json = fc.tuple(
  fc.array(fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>('"\\', "é€😀[{,:]}", '\\\\"', "\u2028", {}, [], [[]], { '"': "}" }))),
  fc.constantFrom(undefined, 1, "\t", "\r\n "),
);

describe("the elements of an array", () => {
  it("are what JSON.parse finds, wherever the text is cut in two", () => {
    fc.assert(
      fc.property(json, ([array, indent]) => {
        const text = Buffer.from(JSON.stringify(array, undefined, indent as string));
        for (let end = 0; end <= text.length; end += 1) {
          expect(values(cut(ARRAY, text, [end]))).toEqual(JSON.parse(text.toString()));
        }
      }),
      { seed, numRuns: 60 },
    );
  });

  it("are the same when every byte comes alone", () => {
    fc.assert(
      fc.property(json, ([array, indent]) => {
        const text = Buffer.from(JSON.stringify(array, undefined, indent as string));
        const everywhere = Array.from(text, (_, at) => at);
        expect(values(cut(ARRAY, text, everywhere))).toEqual(JSON.parse(text.toString()));
      }),
      { seed, numRuns: 100 },
    );
  });

  it("are all there or the text is refused, however it is broken", () => {
    fc.assert(
      fc.property(json, fc.nat(), fc.constantFrom("", ",", "[", "]", "{", "}", '"', ":", "\\", "x", "1"), ([array], place, put) => {
        const text = JSON.stringify(array);
        const at = place % (text.length + 1);
        // Half a surrogate pair becomes what the bytes of it are.
        const broken = Buffer.from(text.slice(0, at) + put + text.slice(at + (put === "" ? 1 : 0))).toString();
        let found: JsonSlice[];
        try {
          found = cut(ARRAY, broken);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(JsonShapeError);
          expect(() => JSON.parse(broken) as unknown).toThrow();
          return;
        }
        // What is taken is an array save for elements that are broken in themselves.
        const texts = found.map(({ text: one }) => one!);
        expect(texts.every((one) => one !== "")).toBe(true);
        const repaired = texts.map((one) => (isJson(one) ? one : "null"));
        expect(JSON.parse(`[${repaired.join(",")}]`)).toHaveLength(found.length);
        if (isJson(broken)) expect(values(found)).toEqual(JSON.parse(broken));
      }),
      { seed, numRuns: 1000 },
    );
  });

  it("that are too long are passed over, and only they", () => {
    const text = JSON.stringify(["a", "b".repeat(50), { c: "d".repeat(60) }, 7]);
    for (let end = 0; end <= text.length; end += 1) {
      expect(cut(ARRAY, text, [end], 20).map(({ text: one }) => one)).toEqual(['"a"', null, null, "7"]);
    }
  });

  it.each(["", " ", "{}", "null", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "[1],", '["a', "[}", "[1}", '["a":1]'])(
    "are not found in %j",
    (text) => expect(() => cut(ARRAY, text)).toThrow(JsonShapeError),
  );
});

const name = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("rooms", "sessions", '"', "\\", "é€😀"));
const backup = fc.record({
  etag: fc.jsonValue(),
  rooms: fc.dictionary(
    name,
    fc.record({ other: fc.jsonValue(), sessions: fc.dictionary(name, fc.jsonValue(), { noNullPrototype: true }) }),
    { maxKeys: 4, noNullPrototype: true },
  ),
  sessions: fc.jsonValue(),
});

describe("the entries of a backup", () => {
  it("are those at their place alone, with the names that lead there, wherever the text is cut", () => {
    fc.assert(
      fc.property(backup, fc.boolean(), (content, roomsFirst) => {
        const text = JSON.stringify(roomsFirst ? { rooms: content.rooms, sessions: 5, etag: "x" } : content);
        const entries = Object.entries(content.rooms).flatMap(([room, { sessions }]) =>
          Object.entries(sessions).map(([session, value]) => ({ names: ["rooms", room, "sessions", session], value })),
        );
        const bytes = Buffer.from(text);
        for (let end = 0; end <= bytes.length; end += 7) {
          const found = cut(BACKUP, text, [end]).map(({ text: one, names }) => ({ names, value: JSON.parse(one!) as unknown }));
          expect(found).toEqual(JSON.parse(JSON.stringify(entries)));
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  it.each(["[]", '{"rooms":[]}', '{"rooms":{"a":1}}', '{"rooms":{}', '{"rooms":{"a":{"sessions":{"b":{}}}}', "{1:2}", '{"a" 1}'])(
    "are not found in %s",
    (text) => expect(() => cut(BACKUP, text)).toThrow(JsonShapeError),
  );

  it("may be none", () => {
    for (const text of ["{}", '{"rooms":{}}', '{"rooms":{"a":{}}}', '{"rooms":{"a":{"sessions":{}}}}'])
      expect(cut(BACKUP, text)).toEqual([]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
