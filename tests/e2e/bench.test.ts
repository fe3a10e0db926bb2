import { expect, it } from "vitest";
import { tryMeasurements } from "../bench/app.bench.ts";
import { measureWindow } from "../bench/bulkWindow.bench.ts";
import { measureScroll } from "../bench/scroll.bench.ts";

it("measures starts, memory and round trips still", async () => {
  const measured = await tryMeasurements();
  for (const [what, value] of Object.entries(measured)) expect(value, what).toBeGreaterThan(0);
});

it("counts the frames of a list that is scrolled still", async () => {
  const { ours, reference } = await measureScroll(300, [0.2]);
  expect([ours > 0, reference > 0]).toEqual([true, true]);
});

it("watches the window and main still, while a file of users is looked at and done", async () => {
  const { frameMs, answerMs } = await measureWindow(300);
  expect([frameMs > 0, answerMs > 0]).toEqual([true, true]);
}, 180_000);
