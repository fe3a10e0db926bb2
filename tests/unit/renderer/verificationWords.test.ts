import { expect, test } from "vitest";
import {
  canAskAgain,
  emojiName,
  endAdvice,
  endSentence,
  otherSessionName,
} from "../../../renderer/features/verification/verificationWords.ts";
import { isWaitingForPerson } from "../../../renderer/stores/verifications.ts";
import { VerificationEnd, type VerificationIn } from "../../../shared/contract/verifications.ts";

const ended = (reason: VerificationEnd, by: "us" | "them" | "nobody" = "them"): VerificationIn<"cancelled"> =>
  ({
    deviceId: "ABCDEF",
    deviceName: "{session} $& <b>",
    incoming: false,
    phase: "cancelled",
    cancelled: { by, reason, code: "m.user" },
  }) as VerificationIn<"cancelled">;

test("each of the 64 emoji has a name of its own", () => {
  const names = Array.from({ length: 64 }, (_, number) => emojiName(number));
  expect(new Set(names).size).toBe(64);
  expect(names.filter((name) => !/^[A-Z][a-z]+( [A-Z][a-z]+)?$/.test(name))).toEqual([]);
  expect([names[0], names[36], names[63]]).toEqual(["Dog", "Thumbs Up", "Pin"]);
});

test.each(VerificationEnd.options)("%s is a whole sentence, with the session's name as it is", (reason) => {
  const sentence = endSentence(ended(reason));
  expect(sentence).toMatch(/^[A-Z“].*\.$/s);
  expect(sentence.replace("{session} $& <b>", "")).not.toMatch(/[{}]/);
  expect(endAdvice(ended(reason)) ?? "Fine.").toMatch(/\.$/);
});

test("what the person did is not put down to the other session", () => {
  expect(endSentence(ended("cancelled", "us"))).toBe("You cancelled it.");
  expect(endSentence(ended("cancelled"))).toContain("“{session} $& <b>” cancelled");
});

test("a session is called by its name, else by its id", () => {
  expect(otherSessionName({ deviceName: "Phone", deviceId: "X" })).toBe("“Phone”");
  expect(otherSessionName({ deviceName: null, deviceId: "X" })).toBe("“X”");
  expect(otherSessionName({ deviceName: null, deviceId: null })).toBe("the other session");
});

test("asking again is offered where it may help", () => {
  expect(canAskAgain(ended("timed_out"))).toBe(true);
  expect(canAskAgain(ended("other_gone"))).toBe(false);
  expect(isWaitingForPerson({ ...ended("cancelled"), incoming: true, phase: "requested" })).toBe(true);
  expect(isWaitingForPerson({ ...ended("cancelled"), incoming: false, phase: "requested" })).toBe(false);
});
