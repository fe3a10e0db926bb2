import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CrashReporter } from "../../../main/logging/crashReport.ts";
import { LogFile } from "../../../main/logging/logFile.ts";
import { Redactor } from "../../../main/logging/redact.ts";
import { redactText } from "../../../main/logging/secretPatterns.ts";
import { fail } from "../../../shared/errors.ts";
import { sample, seed } from "../../support/seed.ts";
import { temporaryFolder } from "../../support/temporaryFolder.ts";

const MIB = 1024 * 1024;
const redactor = new Redactor({ homeDirectory: "/home/ada" });

/** Milliseconds of work by this process so far: what the machine does besides does not count. */
function worked(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The quickest of some runs, in milliseconds of work. */
function quickest(work: () => unknown, runs = 3): number {
  let best = Infinity;
  for (let run = 0; run < runs; run += 1) {
    const before = worked();
    work();
    best = Math.min(best, worked() - before);
  }
  return best;
}

/** What matrix-js-sdk throws for an error answer: the whole body hangs on it. */
function matrixError(body: Record<string, unknown>): Error {
  const error = new Error(body["error"] as string);
  return Object.assign(error, { name: body["errcode"] ?? "Unknown", errcode: body["errcode"], httpStatus: 403, data: body });
}

const BODIES: [string, Record<string, unknown>][] = [
  ["a long message", { errcode: "M_FORBIDDEN", error: "eyJ".repeat((32 * MIB) / 3) }],
  ["a long code", { errcode: "M_".repeat(16 * MIB), error: "no" }],
  ["a long field", { errcode: "M_FORBIDDEN", error: "no", more: "data".repeat(8 * MIB) }],
  [
    "many fields",
    { errcode: "M_FORBIDDEN", error: "no", ...Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`data${String(at)}`, at])) },
  ],
  ["a long list", { errcode: "M_FORBIDDEN", error: "no", more: Array.from({ length: 2_000_000 }, () => "data") }],
];

describe("a long error of a server", () => {
  it.each(BODIES)("with %s takes no time in the log, and leaves kind, status and code", async (_what, body) => {
    const folder = await temporaryFolder("bounds");
    const log = new LogFile({ path: `${folder.path}/steward.log`, redactor });
    const error = matrixError(body);
    for (const fields of [{ error }, { error: new Error("outer", { cause: error }) }]) {
      expect(quickest(() => log.write("error", "sync", "failed", fields), 2)).toBeLessThan(200);
      const line = log.recent().at(-1) ?? "";
      expect(line).toContain('"status":403');
      expect(line).toContain('"errcode":"M_');
      expect(line).not.toContain("datadata");
      expect(line).not.toContain("data1");
      expect(line.length).toBeLessThan(4_000);
    }
    await log.flush();
    await folder.remove();
  });

  it.each(BODIES)("with %s takes no time in a crash report", async (_what, body) => {
    const folder = await temporaryFolder("bounds");
    const reporter = new CrashReporter({ path: `${folder.path}/crash.json`, redactor, about: [], recentLines: () => [] });
    for (const thrown of [matrixError(body), body]) {
      expect(quickest(() => reporter.write("unhandledRejection", thrown), 2)).toBeLessThan(200);
    }
    expect(reporter.text().length).toBeLessThan(65_536);
    await folder.remove();
  });

  it("says of a failure what it is, and never more than 500 characters of a server", () => {
    const failure = fail("server", { status: 500, errcode: "M_UNKNOWN", message: "x".repeat(500) });
    expect(redactor.value(failure)).toMatchObject({ kind: "server", status: 500, errcode: "M_UNKNOWN" });
    const logged = redactor.value(matrixError({ errcode: "M_UNKNOWN", error: "y".repeat(2_000) })) as { message: string };
    expect(logged.message.match(/y/g)).toHaveLength(500);
  });

  it("bounds what is wide and deep at once", () => {
    let wide: unknown = "leaf";
    for (let level = 0; level < 7; level += 1) wide = Array.from({ length: 200 }, () => wide);
    expect(quickest(() => expect(JSON.stringify(redactor.value(wide)).length).toBeLessThan(64 * 1024), 1)).toBeLessThan(500);
  });
});

/** Pieces that one pattern or another begins with, goes on with, or nearly ends with. */
const PIECES = [
  "eyJ", "eyJhbGciOi", ".", "a", "aaaaaaaa", "-", "_", "syt_", "mat_", "format_", "Bearer ", "Basic+", "Es", "E ", "E", "s",
  "T", " ", "\t", "\n", "\\", "\\n", "\\\\r", "\\u00a0", "%", "%25", "%20", "%2520", "%C2%A0", "%3D", "%3A", "password", "passphrase:",
  "key=", "key:", "key:'", 'key":"', "code=", "token", "token=", 'access_token\\":\\"', '"', "'", "`", ":", "=", ";", "&", "25", "/home/", "x",
]; // prettier-ignore

const SHORT = 12 * 1024;
const TIMES = 8;

/**
 * How many times longer eight times the text takes. In proportion: eight times; each with each: sixty-four times.
 *
 * A text so quick that the clock says nothing is in proportion.
 */
function growth(unit: string): number {
  const grown = growthOnce(unit);
  // Measured again before it is believed: the machine may have been busy with something else just then.
  return grown < MAX_GROWTH ? grown : Math.min(grown, growthOnce(unit), growthOnce(unit));
}

function growthOnce(unit: string): number {
  const text = (length: number): string => unit.repeat(Math.ceil(length / unit.length));
  const [short, long] = [text(SHORT), text(TIMES * SHORT)];
  const shortTime = quickest(() => redactText(short));
  const longTime = quickest(() => redactText(long));
  return longTime < 20 ? 1 : longTime / shortTime;
}

/** Between 8 and 64, with room for what a loaded machine makes of 8. */
const MAX_GROWTH = 24;

describe("every pattern takes time in proportion to the text", () => {
  it.each(PIECES)("for %j again and again", (piece) => {
    expect(growth(piece)).toBeLessThan(MAX_GROWTH);
  });

  it.each<[string, string]>([
    ["names and spaces", "a".repeat(64) + " ".repeat(5_000)],
    ["backslashes", `E${"\\".repeat(9_000)}`],
    ["escapes", `%${"25".repeat(9_000)}`],
  ])("for %s", (_what, piece) => {
    expect(growth(piece)).toBeLessThan(MAX_GROWTH);
  });

  it(`for any few of them together (seed ${String(seed)})`, () => {
    const unit = fc.array(fc.constantFrom(...PIECES), { minLength: 2, maxLength: 6 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(unit, (text) => growth(text) < MAX_GROWTH),
      { seed, numRuns: sample(60, 1_000), endOnFailure: true },
    );
  }, 120_000);
});
