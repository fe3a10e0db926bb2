import { expect, it } from "vitest";
import { tryMeasurements } from "../bench/app.bench.ts";
import { measureScroll } from "../bench/scroll.bench.ts";

it("measures starts, memory and round trips still", async () => {
  const measured = await tryMeasurements();
  for (const [what, value] of Object.entries(measured)) expect(value, what).toBeGreaterThan(0);
});

it("counts the frames of a list that is scrolled still", async () => {
  const { ours, reference } = await measureScroll(300, [0.2]);
  expect([ours > 0, reference > 0]).toEqual([true, true]);
});
