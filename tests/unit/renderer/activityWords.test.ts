import { expect, test } from "vitest";
import type { Activity } from "../../../shared/contract/activity.ts";
import { betweenText } from "../../../renderer/features/activity/activityWords.ts";

const noon = new Date(2026, 10, 29, 12, 0).getTime();
const between = (since: number, noticedAt: number): string =>
  betweenText({
    activityId: "a",
    kind: "email_added",
    since,
    noticedAt,
    subject: null,
    here: false,
    asked: true,
    answer: null,
  } satisfies Activity);

test("what happened within one minute is said with one time, anything else with two", () => {
  expect(between(noon, noon + 59_000)).not.toContain("Between");
  expect(between(noon, noon + 59_000)).toMatch(/12:00/);
  expect(between(noon, noon + 60_000)).toMatch(/^Between .*12:00.* and .*12:01/);
});
