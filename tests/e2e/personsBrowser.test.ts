import { afterAll, beforeAll, expect, it } from "vitest";
import { openWorld } from "./support/world.ts";

let world: Awaited<ReturnType<typeof open>>;
const open = () => openWorld({ with: ["browser"] });
beforeAll(async () => {
  world = await open();
}, 120_000);
afterAll(() => world?.close());

it("opens in the person's browser what the app opens", async () => {
  const { person, browser, synapse } = world;
  const reply = await person.app.request("app.openExternal", { url: "https://localhost:1/page" });
  expect(reply.ok).toBe(true);
  expect(await browser.nextOpened()).toBe("https://localhost:1/page");
  const page = await browser.open(`${synapse.baseUrl}/_matrix/static/`);
  expect(await page.textContent("body")).toContain("Synapse");
});
