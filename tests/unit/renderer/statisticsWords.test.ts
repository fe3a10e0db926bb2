import { expect, it } from "vitest";
import { createdName, lastSeenName } from "../../../renderer/features/statistics/statisticsWords.ts";

const NOW = new Date(2026, 5, 15).getTime();
const ago = (days: number): number => NOW - days * 86_400_000;

it("names spans of time as a person does", () => {
  expect(lastSeenName({ from: ago(7), to: null }, NOW)).toBe("In the last 7 days");
  expect(lastSeenName({ from: ago(30), to: ago(7) }, NOW)).toBe("7–30 days ago");
  expect(lastSeenName({ from: null, to: ago(365) }, NOW)).toBe("More than 365 days ago");
  expect(createdName({ from: new Date(2026, 2).getTime(), to: null }, "month", NOW)).toBe("March 2026");
  expect(createdName({ from: null, to: new Date(2025, 0).getTime() }, "year", NOW)).toBe("2024 or earlier");
  expect(createdName({ from: null, to: null }, "month", NOW)).toBe("June 2026");
});
