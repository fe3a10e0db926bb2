import { expect, it } from "vitest";
import { isTokenName, readCount, tokenState } from "../../../renderer/features/registrationTokens/tokenState.ts";

const TOKEN = { token: "abc", usesAllowed: 2, pending: 0, completed: 1, expiresAt: 1000, addressable: true };

it("counts registrations that have begun as used", () => {
  expect(tokenState(TOKEN, 999)).toBe("usable");
  expect(tokenState({ ...TOKEN, pending: 1 }, 999)).toBe("used_up");
  expect(tokenState({ ...TOKEN, usesAllowed: null, completed: 9000 }, 999)).toBe("usable");
  expect(tokenState(TOKEN, 1001)).toBe("expired");
  expect(tokenState({ ...TOKEN, expiresAt: null }, 1001)).toBe("usable");
});

it.each([
  ["", null],
  [" 12 ", 12],
  ["100", 100],
  ["0", undefined],
  ["101", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["1e2", undefined],
  ["ten", undefined],
  ["99999999999999999999", undefined],
])("reads %j as %j of 1 to 100", (typed, count) => {
  expect(readCount(typed, 1, 100)).toBe(count);
});

it.each([
  ["welcome-2026", true],
  ["a.b~c_d", true],
  ["...", true],
  [".", false],
  ["..", false],
  ["", false],
  ["a b", false],
  ["a/b", false],
  ["ä", false],
  ["a".repeat(64), true],
  ["a".repeat(65), false],
])("takes %j as the name of a token: %j", (name, taken) => {
  expect(isTokenName(name)).toBe(taken);
});
