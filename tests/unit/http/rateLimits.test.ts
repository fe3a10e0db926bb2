import { expect, it } from "vitest";
import { RateLimits } from "../../../main/http/rateLimits.ts";

const BASE = "https://one.test/matrix";

it("counts what each server said within the last hour, and nothing else", async () => {
  let now = 10_000_000;
  let status = 429;
  const limits = new RateLimits(() => now);
  const fetch = limits.counting(() => Promise.resolve(new Response(null, { status })));
  const ask = async (url: Parameters<typeof fetch>[0]): Promise<void> => void (await fetch(url));
  expect(limits.lastHour([BASE])).toBe(0);
  await ask("https://one.test/matrix/_matrix/a");
  await ask(new URL("https://one.test/b"));
  now += 59 * 60_000;
  await ask(new Request("https://one.test/c"));
  await ask("https://two.test/a");
  status = 200;
  await ask("https://one.test/a");
  expect([limits.lastHour([BASE]), limits.lastHour([BASE, "https://one.test:443"]), limits.lastHour(["https://two.test", BASE])]).toEqual([
    3, 3, 4,
  ]);
  now += 60_001;
  expect(limits.lastHour([BASE])).toBe(1);
});
