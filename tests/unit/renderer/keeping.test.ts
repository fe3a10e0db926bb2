import { describe, expect, it } from "vitest";
import { keepingOf } from "../../../renderer/features/secureBackup/storeSecurityKeyChoice.ts";

describe("keeping a new Security Key on this computer", () => {
  it("is not decided for the person while nothing is known of a kept key", () => {
    expect(keepingOf(undefined, null)).toEqual({ offered: false, ticked: false, answer: undefined });
    expect(keepingOf({ status: "unreadable", place: null }, null).answer).toBeUndefined();
    expect(keepingOf({ status: "none", place: "memory" }, null).answer).toBeUndefined();
  });

  it("is wanted by whoever had the last one kept, unless they say otherwise", () => {
    for (const status of ["current", "older"] as const) {
      expect(keepingOf({ status, place: "keychain" }, null)).toEqual({ offered: true, ticked: true, answer: true });
      expect(keepingOf({ status, place: "passphrase" }, false).answer).toBe(false);
    }
    expect(keepingOf({ status: "none", place: "keychain" }, null).answer).toBe(false);
    expect(keepingOf({ status: "none", place: "keychain" }, true).answer).toBe(true);
  });
});
