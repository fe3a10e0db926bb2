import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld({ app: { args: ["--lang=de-DE"] } });
  const ute = await world.synapse.register({ user: "ute", password: "ute spricht deutsch", displayName: "Ute" });
  await world.person.hasAccount(world.synapse.baseUrl, ute);
});
afterAll(() => world.close());

test("on a German desktop the palette, menus, lists and dialogs open", async () => {
  const { person } = world;
  const { page } = person;
  expect(await page.evaluate(() => navigator.language)).toMatch(/^de\b/);
  await person.allAre("running");
  await page.keyboard.press("Control+K");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type("overview ute");
  await page.getByRole("option", { selected: true }).waitFor();
  await person.looks("german-palette");
  await page.keyboard.press("Enter");
  await person.isAt("Ute");
  await person.press("More for Ute");
  await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
  await person.looks("german-menu");
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await person.isAsked("Sign out Ute?");
  await page.keyboard.press("Escape");
  await page.getByRole("alertdialog").waitFor({ state: "hidden" });
  await person.openAccount("Ute", "Sessions");
  await person.isAt("Sessions");
  await person.findHomeserver(world.synapse.baseUrl);
  await person.isAt(/^Sign in to/);
  await page.getByText("Phone", { exact: true }).click();
  expect(await page.getByLabel("Country").inputValue()).toBe("DE");
  expect(person.app.pageErrors).toEqual([]);
});
