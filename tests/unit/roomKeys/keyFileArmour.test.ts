import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArmourDecoder, ArmourEncoder } from "../../../main/roomKeys/keyFileArmour.ts";
import { FIRST_LINE, LAST_LINE } from "../../../main/roomKeys/keyFileFormat.ts";
import { seed } from "../../support/seed.ts";

describe("the armour", () => {
  it("gives back what went in, however both are cut into pieces", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 700 }),
        fc.array(fc.nat(900), { maxLength: 5 }),
        fc.integer({ min: 1, max: 99 }),
        (bytes, cuts, step) => {
          const encoder = new ArmourEncoder();
          const pieces = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const written = Buffer.concat([
            ...pieces.slice(1).map((end, at) => encoder.encode(bytes.subarray(pieces[at], end))),
            encoder.end(),
          ]);
          const decoder = new ArmourDecoder();
          const back: Buffer[] = [];
          for (let at = 0; at < written.length; at += step) back.push(decoder.decode(Buffer.from(written.subarray(at, at + step))));
          decoder.end();
          expect(Buffer.concat(back)).toEqual(Buffer.from(bytes));
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it("passes over blanks wherever they are, in lines and in one line, in whole pieces and in small ones", () => {
    const blanks = fc.array(fc.tuple(fc.nat(2000), fc.constantFrom(" ", "\n", "\r\n", "\t")), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 900 }),
        blanks,
        fc.boolean(),
        fc.constantFrom(7, 300, 10_000),
        (bytes, added, oneLine, step) => {
          const encoder = new ArmourEncoder();
          const lines = Buffer.concat([encoder.encode(bytes), encoder.end()])
            .toString()
            .split("\n");
          let body = lines.slice(1, -2).join(oneLine ? "" : "\n");
          for (const [place, blank] of added) {
            const at = place % (body.length + 1);
            body = body.slice(0, at) + blank + body.slice(at);
          }
          const text = Buffer.from([FIRST_LINE, body, LAST_LINE].join("\n"));
          const decoder = new ArmourDecoder();
          const back: Buffer[] = [];
          for (let at = 0; at < text.length; at += step) back.push(decoder.decode(text.subarray(at, at + step)));
          decoder.end();
          expect(Buffer.concat(back)).toEqual(Buffer.from(bytes));
        },
      ),
      { seed, numRuns: 1000 },
    );
  });

  it("refuses any text by a failure a person understands", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."\ufeff -\nA=", FIRST_LINE, LAST_LINE), maxLength: 12 }),
        fc.integer({ min: 1, max: 60 }),
        (text, step) => {
          const bytes = Buffer.from(text);
          const decoder = new ArmourDecoder();
          try {
            for (let at = 0; at < bytes.length; at += step) decoder.decode(bytes.subarray(at, at + step));
            decoder.end();
          } catch (thrown) {
            expect(["key_file_cut", "not_a_key_file"]).toContain((thrown as { error: { kind: string } }).error.kind);
            return;
          }
          expect(text).toMatch(new RegExp(`^[\ufeff ]*${FIRST_LINE}`, "m"));
          expect(text).toContain(LAST_LINE);
        },
      ),
      { seed, numRuns: 2000 },
    );
  });
});
