import { describe, expect, test } from "vitest";
import type { Session } from "../../../shared/contract/devices.ts";
import { kindOfClient, matchesQuery, passesFilter } from "../../../renderer/features/sessions/sessionFilter.ts";

const session: Session = {
  deviceId: "ABCDEFGHIJ",
  name: "Element Desktop on Windows",
  lastSeenAt: 0,
  lastSeenIp: "203.0.113.7",
  thisSession: false,
  verification: "verified",
  inactive: false,
};

describe("the list of sessions", () => {
  test("is filtered by what was found out about each", () => {
    const fits = (change: Partial<Session>) =>
      (["all", "verified", "unverified", "inactive"] as const).filter((name) => passesFilter({ ...session, ...change }, name));
    expect(fits({})).toEqual(["all", "verified"]);
    expect(fits({ verification: "unverified", inactive: true })).toEqual(["all", "unverified", "inactive"]);
    expect(fits({ verification: "no_encryption" })).toEqual(["all", "unverified"]);
  });

  test("is searched by every word in name, id or address", () => {
    for (const query of ["", "element WINDOWS", "abcdef", "203.0.113"]) expect(matchesQuery(session, query)).toBe(true);
    expect(matchesQuery(session, "element linux")).toBe(false);
    expect(matchesQuery({ ...session, name: null, lastSeenIp: null }, "element")).toBe(false);
  });

  test.each([
    ["Element X on iPhone", "phone"],
    ["app.element.io: Firefox on Linux", "browser"],
    ["Element Desktop on Windows", "computer"],
    ["Steward on Linux (host)", "computer"],
    ["bot", "unknown"],
    [null, "unknown"],
  ] as const)("%s is shown as a %s", (name, kind) => {
    expect(kindOfClient(name)).toBe(kind);
  });
});
