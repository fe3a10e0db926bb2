import { describe, expect, it } from "vitest";
import { retryAfterMs } from "../../../main/http/retryAfter.ts";

const NOW = Date.parse("Sun, 29 Nov 2026 12:00:00 GMT");
const IN_TEN_SECONDS = "Sun, 29 Nov 2026 12:00:10 GMT";
const asked = (header: string | null, inBody?: unknown, others: Record<string, string> = {}): number =>
  retryAfterMs(header === null ? null : new Headers({ ...others, "retry-after": header }), inBody, NOW);

describe("how long a server wants to be left alone", () => {
  it.each([
    ["seconds", "3", undefined, 3_000],
    ["seconds before what the body says", "3", 1_500, 3_000],
    ["no time at all", "0", 1_500, 0],
    ["the body alone", null, 1_500, 1_500],
    ["the body as text", null, "1500", 1_500],
    ["the body where the header is empty", "", 1_500, 1_500],
    ["the body where the header is blank", "  ", 1_500, 1_500],
    ["the body where the header is a word", "soon", 1_500, 1_500],
    ["the body where the header is a date", IN_TEN_SECONDS, 1_500, 1_500],
    ["a date", IN_TEN_SECONDS, undefined, 10_000],
    ["a date in the form of RFC 850", "Sunday, 29-Nov-26 12:00:10 GMT", undefined, 10_000],
    ["a date that has passed", "Sat, 28 Nov 2026 12:00:00 GMT", undefined, 0],
    ["no date", "Sun, 99 Foo 2026", undefined, 5_000],
    ["a negative number", "-3", -4, 5_000],
    ["nothing", null, undefined, 5_000],
    ["null", null, null, 5_000],
    ["a time without end", null, 1e300, 86_400_000],
    ["no number", null, Number.NaN, 5_000],
  ])("%s", (_what, header, inBody, expected) => {
    expect(asked(header, inBody)).toBe(expected);
  });

  it("takes a date by the server's own clock", () => {
    expect(asked(IN_TEN_SECONDS, undefined, { date: "Sun, 29 Nov 2026 12:00:08 GMT" })).toBe(2_000);
    expect(asked(IN_TEN_SECONDS, undefined, { date: "never" })).toBe(10_000);
  });
});
