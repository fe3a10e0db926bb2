import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { qrModules } from "../../../main/encryption/verification/qrModules.ts";
import { describeEnd, describeRequest, isCollision, type RequestFacts } from "../../../main/encryption/verification/requestFacts.ts";
import { numberedEmoji, SAS_EMOJI } from "../../../main/encryption/verification/sasEmoji.ts";
import { SAS_EMOJI_COUNT, VerificationCancelled, VerificationEnd } from "../../../shared/contract/verifications.ts";
import { QrCode } from "../../../shared/contract/qrCode.ts";
import { readQr } from "../../support/readQr.ts";

const facts = (changes: Partial<RequestFacts>): RequestFacts => ({
  phase: "requested",
  code: null,
  cancelledHere: false,
  otherDeviceId: null,
  theirs: { sas: true, scan: true, reciprocate: true },
  sas: null,
  scanned: false,
  ...changes,
});
const sas = {
  decimal: [1000, 5678, 9191] as [number, number, number],
  emoji: SAS_EMOJI.slice(0, 7).map((symbol): [string, string] => [symbol, "as the server says"]),
};

describe("how a request stands", () => {
  test.each([
    [facts({ phase: "unsent" }), false, "requested"],
    [facts({ phase: "requested" }), false, "requested"],
    [facts({ phase: "ready" }), false, "ready"],
    [facts({ phase: "started" }), false, "waiting_for_other"],
    [facts({ phase: "started", sas }), false, "comparing"],
    [facts({ phase: "started", sas }), true, "waiting_for_other"],
    [facts({ phase: "started", scanned: true }), false, "qr_scanned"],
    [facts({ phase: "started", scanned: true }), true, "waiting_for_other"],
    [facts({ phase: "done" }), true, "checking"],
    [facts({ phase: "cancelled" }), false, "cancelled"],
  ])("%o, answered %s, is %s", (request, answered, phase) => {
    const described = describeRequest(request, answered);
    expect(described.phase).toBe(phase);
    expect("emoji" in described).toBe(phase === "comparing");
  });

  test("numbers alone are compared where the other side knows no emoji", () => {
    const described = describeRequest(facts({ phase: "started", sas: { decimal: sas.decimal } }), false);
    expect(described).toEqual({ phase: "comparing", emoji: null, decimals: [1000, 5678, 9191] });
  });
});

describe("why it ended", () => {
  const theirs = { here: null, unanswered: false };

  test("is what was done here, else what the other side or nobody did", () => {
    expect(describeEnd("m.user", { here: "mismatch", unanswered: false })).toMatchObject({ by: "us", reason: "mismatch" });
    expect(describeEnd("m.user", { here: "timed_out", unanswered: true }).by).toBe("nobody");
    expect(describeEnd("m.user", theirs)).toMatchObject({ by: "them", reason: "cancelled" });
    expect(describeEnd("m.user", { here: null, unanswered: true })).toMatchObject({ by: "them", reason: "declined" });
    expect(describeEnd("m.accepted", { here: null, unanswered: true }).reason).toBe("answered_elsewhere");
    expect(describeEnd("m.key_mismatch", theirs).reason).toBe("key_mismatch");
    expect(describeEnd(null, theirs)).toEqual({ by: "them", reason: "other", code: "" });
  });

  test("fits the contract whatever code the other side makes up", () => {
    const code = fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom("__proto__", "constructor", "toString"));
    const here = fc.option(fc.constantFrom(...VerificationEnd.options));
    fc.assert(
      fc.property(fc.option(code), here, fc.boolean(), (made, done, unanswered) => {
        VerificationCancelled.parse(describeEnd(made, { here: done, unanswered }));
      }),
    );
  });

  test("two requests at once are told from a no", () => {
    expect(isCollision(facts({ phase: "cancelled", code: "m.user", cancelledHere: true }))).toBe(true);
    expect(isCollision(facts({ phase: "cancelled", code: "m.user" }))).toBe(false);
    expect(isCollision(facts({ phase: "cancelled", code: "m.timeout", cancelledHere: true }))).toBe(false);
  });
});

describe("emoji", () => {
  test("are 64, each once, and numbered from 0", () => {
    expect(new Set(SAS_EMOJI).size).toBe(SAS_EMOJI_COUNT);
    expect(numberedEmoji(SAS_EMOJI.slice(57))?.map(({ number }) => number)).toEqual([57, 58, 59, 60, 61, 62, 63]);
  });

  test("are known with and without their colour, and others are not", () => {
    const plain = ["☁", "❤", "☂", "✏", "✂", "☎", "✈"];
    expect(numberedEmoji(plain)?.map(({ number }) => number)).toEqual([21, 29, 37, 43, 45, 49, 53]);
    expect(numberedEmoji([...plain.slice(1), "🧿"])).toBeNull();
    expect(numberedEmoji(plain.slice(1))).toBeNull();
  });
});

test("a QR code gives back every byte it was made of", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      const qr = await qrModules(bytes);
      QrCode.parse(qr);
      expect([...readQr(qr)]).toEqual([...bytes]);
    }),
    { numRuns: 20 },
  );
});
