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

test("an account in the list that cannot be understood is said, and stays in the file as it is", async () => {
  const { person } = world;
  const list = JSON.parse(await readFile(file("accounts.json"), "utf8")) as { data: { accounts: object[] } };
  const strange = { accountId: "laterlaterlaterl", shape: "of a later version" };
  list.data.accounts.splice(1, 0, strange);
  await spoil("accounts.json", JSON.stringify(list));
  await person.sees(/^1 account in the list could not be understood/);
  await person.looks("strange-account");
  expect(await person.allAre("running")).toHaveLength(2);
  const kept = JSON.parse(await readFile(file("accounts.json"), "utf8")) as typeof list;
  expect(kept.data.accounts[1]).toEqual(strange);
  await person.press("Dismiss");
  await person.app.quit();
  await writeFile(
    file("accounts.json"),
    JSON.stringify({ ...list, data: { accounts: list.data.accounts.filter((one) => one !== strange) } }),
  );
  await person.app.start();
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
  await expect
    .poll(async () => (await person.accounts()).map(({ session }) => session.status), { timeout: 30_000 })
    .toEqual(["locked", "running"]);
  await person.openAccount("jan", "Overview");
  await person.sees("The secrets of this account are there, but cannot be read. Nothing was written over them.");
  await person.looks("vault-damaged");
  for (const name of names) expect(await readFile(join(folder, name), "utf8")).toBe("not a vault");
  expect(kim?.session.status).toBe("running");
});

/** Signs out the account that is open, having read what it costs. */
async function signOutAllTheSame(cost: string, picture: string): Promise<void> {
  const { person } = world;
  await person.press("Sign out…");
  await person.sees(cost);
  await person.looks(picture);
  expect(await person.button("Sign out anyway").isDisabled()).toBe(true);
  await person.page.getByText("I understand what will be lost").click();
  await person.press("Sign out anyway");
}

/** Kim alone is there, on the screen and on the disk, and has not noticed anything. */
async function onlyKimIsLeft(): Promise<void> {
  const { person } = world;
  const left = await person.accounts();
  expect(left).toMatchObject([{ userId: "@kim:example.org", session: { status: "running", error: null } }]);
  expect(await person.inColumn("jan").count()).toBe(0);
  expect(await readdir(file("accounts"))).toEqual(left.map(({ accountId }) => accountId));
}

test("it can be signed out, of which the server cannot be told, and be signed in anew", async () => {
  const { person, synapse } = world;
  await signOutAllTheSame(
    "The secrets of this session cannot be read. Signing out removes them: room keys that are only in this session are lost, with the messages they open.",
    "sign-out-vault-damaged",
  );
  await person.sees("@jan:example.org was removed from this computer, but the server could not be told.");
  await onlyKimIsLeft();
  await person.signIn(synapse.baseUrl, { user: "jan", password: "jan is careful" });
  expect(await person.allAre("running")).toHaveLength(2);
});

test("one account whose key store is damaged says so, can be signed out, and be signed in anew", async () => {
  const { person, synapse } = world;
  const jan = (await person.accounts()).find(({ userId }) => userId === "@jan:example.org");
  await person.app.quit();
  await writeFile(file(join("accounts", jan?.accountId ?? "", "crypto", "level", "CURRENT")), "not a key store");
  await person.app.start();
  await expect
    .poll(async () => (await person.accounts()).map(({ session }) => session.status), { timeout: 30_000 })
    .toEqual(["running", "failed"]);
  await person.openAccount("jan", "Overview");
  await person.sees(
    "The key store of this account is damaged. It has been left as it is. Sign out here and sign in again. Room keys that are in Secure Backup come back with it.",
  );
  await person.looks("key-store-damaged");
  await signOutAllTheSame("The key store of this session is damaged, and Steward cannot read it.", "sign-out-key-store-damaged");
  await person.sees("@jan:example.org was signed out");
  await onlyKimIsLeft();
  const { devices } = await synapse.adminCall({ path: "/_synapse/admin/v2/users/@jan:example.org/devices" });
  expect((devices as { device_id: string }[]).map(({ device_id: id }) => id)).not.toContain(jan?.deviceId);
  await person.signIn(synapse.baseUrl, { user: "jan", password: "jan is careful" });
  expect(await person.allAre("running")).toHaveLength(2);
  expect(person.app.pageErrors).toEqual([]);
});
