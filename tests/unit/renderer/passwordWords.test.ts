import { expect, test } from "vitest";
import { printSlipsText } from "../../../renderer/features/bulk/bulkWords.ts";
import { changeOutcome, passwordHints } from "../../../renderer/features/passwordAndRecovery/passwordWords.ts";

test("hints at what servers may read differently, and at nothing else", () => {
  expect(passwordHints("")).toEqual([]);
  expect(passwordHints("nine quiet herons")).toEqual([]);
  expect(passwordHints("Grüße aus Köln")).toEqual([]);
  expect(passwordHints(" nine quiet herons")).toMatchObject([expect.stringContaining("space")]);
  expect(passwordHints("Pä²ss")).toMatchObject([expect.stringContaining("read differently")]);
  expect(passwordHints("ü".repeat(36))).toEqual([]);
  expect(passwordHints("ü".repeat(37))).toMatchObject([expect.stringContaining("72 bytes")]);
  expect(passwordHints(`${"²".repeat(40)} `)).toHaveLength(3);
});

test("tells what became of the other sessions, and warns where it is not what was wanted", () => {
  expect(changeOutcome({ others: { signedOut: 0, left: 2 } }, false).tone).toBe("success");
  expect(changeOutcome({ others: { signedOut: 3, left: 0 } }, true)).toEqual({
    tone: "success",
    text: "The new password is set. 3 other sessions were signed out and must sign in again.",
  });
  expect(changeOutcome({ others: { signedOut: 1, left: 0 } }, false)).toEqual({
    tone: "warn",
    text: "The new password is set, but the server also signed out 1 other session. It must sign in again.",
  });
  expect(changeOutcome({ others: { signedOut: 0, left: 1 } }, true).tone).toBe("warn");
  expect(changeOutcome({ others: null }, true).tone).toBe("warn");
  expect(changeOutcome({ others: { signedOut: 0, left: 0 } }, true).text).toContain("No other session");
});

test("slips of passwords are printed in portions where they are many, and the button says which comes next", () => {
  expect(printSlipsText(0, 500, 500)).toBe("Print slips…");
  expect(printSlipsText(0, 1_200, 500)).toBe("Print slips 1 to 500 of 1,200…");
  expect(printSlipsText(1_000, 1_200, 500)).toBe("Print slips 1,001 to 1,200 of 1,200…");
});
