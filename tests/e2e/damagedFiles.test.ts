import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorld, type World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld();
  for (const user of ["jan", "kim"]) {
    const registered = await world.synapse.register({ user, password: `${user} is careful` });
    await world.person.hasAccount(world.synapse.baseUrl, registered);
  }
});
afterAll(() => world.close());

const file = (name: string): string => join(world.person.app.userData, name);

const chosenTheme = (): Promise<string | null> => world.person.page.locator("html").getAttribute("data-theme");

/** Ends the app, spoils one of its files, and starts it again. */
async function spoil(name: string, content: string): Promise<void> {
  const { app } = world.person;
  await app.quit();
  await writeFile(file(name), content);
  await app.start();
}

test("the theme that was chosen is there after a restart", async () => {
  const { person } = world;
  await person.allAre("running");
  await person.press("Settings");
  await person.page.getByText("Light", { exact: true }).click();
  await person.page.getByText("Dark", { exact: true }).click();
  await expect.poll(chosenTheme).toBe("dark");
  await person.app.quit();
  await person.app.start();
  await expect.poll(chosenTheme).toBe("dark");
});

test("a damaged list of accounts is said and kept, and the one before is used", async () => {
  const { person } = world;
  const cut = (await readFile(file("accounts.json"), "utf8")).slice(0, 200);
  await spoil("accounts.json", cut);
  const notice = await person.sees(/^The file accounts\.json was damaged\./);
  const kept = /kept as (\S+),/.exec(notice)?.[1] ?? "";
  expect(notice).toContain("went on with the one before it");
  expect(await readFile(file(kept), "utf8")).toBe(cut);
  await person.looks("damaged-file");
  expect((await person.allAre("running")).map(({ userId }) => userId)).toEqual(["@jan:example.org", "@kim:example.org"]);
  await person.press("Dismiss");
  await person.seesNoMore(/was damaged/);
});

test("damaged settings are said and kept, and the ones before are used", async () => {
  const { person } = world;
  await spoil("settings.json", "\0\0\0\0");
  await person.sees(/^The file settings\.json was damaged\./);
  expect(["dark", "light"]).toContain(await chosenTheme());
  expect((await readdir(person.app.userData)).filter((name) => name.startsWith("settings.json.damaged"))).toHaveLength(1);
  expect(await person.allAre("running")).toHaveLength(2);
});

test("one account whose vault is damaged says so, and the other runs", async () => {
  const { person } = world;
  const [jan, kim] = await person.accounts();
  const folder = join(person.app.userData, "accounts", jan?.accountId ?? "", "vault");
  await person.app.quit();
  const names = await readdir(folder);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) await writeFile(join(folder, name), "not a vault");
  await person.app.start();
  await expect.poll(async () => (await person.accounts()).map(({ session }) => session.status), { timeout: 30_000 }).toEqual([
    "locked",
    "running",
  ]);
  await person.openAccount("jan", "Overview");
  await person.sees("The secrets of this account are there, but cannot be read. Nothing was written over them.");
  await person.looks("vault-damaged");
  for (const name of names) expect(await readFile(join(folder, name), "utf8")).toBe("not a vault");
  expect(kim?.session.status).toBe("running");
});
