import { expect, it } from "vitest";
import { tryMeasurements } from "../bench/app.bench.ts";

it("measures starts, memory and round trips still", async () => {
  const measured = await tryMeasurements();
  for (const [what, value] of Object.entries(measured)) expect(value, what).toBeGreaterThan(0);
});
