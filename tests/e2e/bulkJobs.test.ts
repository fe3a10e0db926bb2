import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { usersOf } from "../support/bulkRig.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { holdPrints } from "./support/system.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const open = () => openWorld({ with: ["proxy"] });
const CREATE = { method: "PUT", path: /\/_synapse\/admin\/v2\/users\// };

let world: Awaited<ReturnType<typeof open>>;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder("bulk-e2e");
  world = await open();
  const { person, synapse, proxy } = world;
  const boss = await synapse.register({ user: "boss", password: "the boss of it all", admin: true });
  await synapse.register({ user: "dora", password: "dora was here before" });
  await synapse.adminToken();
  await person.hasAccount(proxy.baseUrl, boss);
  await person.allAre("running");
  const rows = Array.from({ length: 18 }, (_, at) => `new${at};Newcomer ${at};new${at}@example.org`);
  await writeFile(join(folder.path, "staff.csv"), `id;displayname;email;class\n${rows.join("\n")}\nnot a name;Somebody;;5a\ndora;Dora;;\n`);
  await writeFile(join(folder.path, "people.csv"), "Nachname;Vorname;Kennung\nLovelace;Ada;new4\nHopper;Grace;new5\n");
  await writeFile(join(folder.path, "leavers.csv"), "id\nnew0\nnew1\nboss\nnobody\n");
}, 180_000);
afterAll(async () => {
  await world?.close();
  await folder?.remove();
});

/** What the person answers when asked for a file to read, and for one to write. */
async function filesAre(source: string, target: string): Promise<void> {
  await world.person.app.electron.evaluate(
    ({ dialog }, [read, write]) => {
      Object.assign(dialog, {
        showSaveDialog: () => Promise.resolve({ canceled: false, filePath: write }),
        showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: [read] }),
      });
    },
    [join(folder.path, source), join(folder.path, target)] as const,
  );
}

const job = (name: string) => world.person.page.getByRole("article", { name });

it("a file is looked at first: a bad row and an existing user are named, and nothing is done yet", async () => {
  const { person, synapse } = world;
  await filesAre("staff.csv", "result.csv");
  await person.openAccount("boss", "Bulk jobs");
  await person.isAt("Bulk jobs");
  await person.looks("bulk-begin");
  await person.press("Create users: choose a file…");
  await person.sees(/^18 users will be created\. 1 row will be skipped\. 1 row can’t be used\. Steward will make 18 passwords\.$/);
  await person.sees("Columns that aren’t used: class");
  await person.press("Can’t be used (1)");
  await person.sees("Only a–z, 0–9 and . _ = - / + are allowed in a new user name.");
  await person.press("Skipped (1)");
  await person.sees("This user already exists.");
  await person.press("All (20)");
  await person.sees("Newcomer 17");
  await person.looks("bulk-preview");
  expect(await usersOf(synapse)).toHaveLength(3);
}, 120_000);

it("users are made once each, though the app is killed in the middle, and their passwords are saved before they go", async () => {
  const { person, synapse, proxy } = world;
  const hold = proxy.hold({ nth: 7, when: "after", ...CREATE });
  await person.press("Create 18 users");
  await hold.reached;
  await person.app.kill();
  hold.release();
  await person.app.start();
  await filesAre("staff.csv", "result.csv");
  await person.openAccount("boss", "Bulk jobs");
  await person.sees(/^18 of 18 · 18 done$/);
  expect(await usersOf(synapse)).toHaveLength(3 + 18);
  await job("Creating users").getByRole("button", { name: "Show rows" }).click();
  await person.sees("@new0:example.org");
  await person.sees(/^18 new passwords are kept here, encrypted, until you’ve saved them\.$/);
  await person.looks("bulk-passwords");
  const printer = await holdPrints(person.app);
  await person.press("Print slips…");
  await waitUntil(printer.begun, { what: "the printer to begin" });
  expect(await person.page.locator(".printOnly").isVisible()).toBe(false);
  await person.page.emulateMedia({ media: "print" });
  const slips = await person.page.locator(".printOnly > section").allInnerTexts();
  expect(slips).toHaveLength(18);
  expect(await person.page.locator("#root").isVisible()).toBe(false);
  await person.app.screenshot("bulk-slips-print");
  await person.page.emulateMedia({ media: null });
  await printer.end();
  await person.sees(/^18 slips were sent to the printer\.$/);
  expect(await person.page.locator(".printOnly").count()).toBe(0);
  expect(await person.page.getByRole("button", { name: "Delete passwords here" }).count()).toBe(0);
  await person.looks("bulk-slips-printed");
  await person.press("Save passwords…");
  await person.sees(/Once you’re sure the file is safe, delete them here\./);
  const path = join(folder.path, "result.csv");
  const table = await readFile(path, "utf8");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const password = /^new17,Newcomer 17,(\w{20}),.*,done,,\r?$/m.exec(table)?.[1] ?? "";
  await synapse.login("new17", password);
  expect(slips[17]).toContain("Matrix ID: @new17:example.org");
  expect(slips[17]).toContain(`Homeserver: example.org (${proxy.baseUrl})`);
  expect(slips[17]?.split("\n")).toContain(password);
  await expectNoLeaks(world, { password });
  await person.press("Delete passwords here");
  await person.seesNoMore(/are kept here, encrypted/);
  await person.press("Remove from list");
  await person.seesNoMore(/^18 of 18/);
}, 180_000);

it("users are deactivated after the person has read what that costs, and one’s own account is left alone", async () => {
  const { person, synapse } = world;
  await filesAre("leavers.csv", "result.csv");
  await person.press("Deactivate users: choose a file…");
  await person.sees(/^2 users will be deactivated\. 2 rows will be skipped\.$/);
  await person.sees("This is one of your own accounts in Steward.");
  await person.press("Deactivate 2 users");
  await person.isAsked("Deactivate 2 users?");
  await person.looks("bulk-deactivate");
  await person.page.getByRole("alertdialog").getByRole("button", { name: "Deactivate 2 users" }).click();
  await person.sees(/^2 of 2 · 2 done$/);
  expect(await usersOf(synapse, "deactivated")).toEqual(["@new0:example.org", "@new1:example.org"]);
}, 120_000);

it("users who are selected in the list are deactivated in the same way", async () => {
  const { person, synapse } = world;
  await person.openAccount("boss", "Users");
  await person.page
    .getByRole("checkbox", { name: /new2:|Newcomer 2$/ })
    .first()
    .check();
  await person.press("More for those selected");
  await person.page.getByRole("menuitem", { name: "Deactivate…" }).click();
  await person.isAt("Bulk jobs");
  await person.sees(/^1 user will be deactivated\.$/);
  await person.press("Deactivate 1 user");
  await person.page.getByRole("alertdialog").getByRole("button", { name: "Deactivate 1 user" }).click();
  await person.sees(/^1 of 1 · 1 done$/);
  expect(await usersOf(synapse, "deactivated")).toContain("@new2:example.org");
}, 120_000);

it("the columns of a file are named where it doesn’t, what would change is shown, and that is all that changes", async () => {
  const { person, synapse } = world;
  await filesAre("people.csv", "result.csv");
  await person.press("Change users: choose a file…");
  await person.sees("Which column is which?");
  await person.press("Use these columns");
  await person.sees("One column must be the user name or Matrix ID.");
  for (const [heading, column] of [
    ["Nachname", "displayname"],
    ["Vorname", "displayname"],
    ["Kennung", "id"],
  ] as const) {
    await person.page.getByRole("combobox", { name: heading, exact: true }).selectOption(column);
  }
  await person.looks("bulk-columns");
  await person.press("Use these columns");
  await person.sees(/^2 users will be changed\.$/);
  await person.sees(/^Display name: Newcomer 4 → Lovelace Ada$/);
  await person.looks("bulk-changes");
  await person.press("Change 2 users");
  await job("Changing users").getByText("2 of 2 · 2 done").waitFor();
  expect(await synapse.adminCall({ path: "/_synapse/admin/v2/users/@new5:example.org" })).toMatchObject({
    displayname: "Hopper Grace",
    threepids: [{ address: "new5@example.org" }],
  });
}, 120_000);

it("what a job has changed is changed back, after a look at it", async () => {
  const { person, synapse } = world;
  const nameOf = async (name: string): Promise<unknown> =>
    (await synapse.adminCall({ path: `/_synapse/admin/v2/users/@${name}:example.org` }))["displayname"];
  await job("Changing users").getByRole("button", { name: "Undo…" }).click();
  await person.sees(/^2 users will be changed\.$/);
  const row = person.page.getByText("Display name: Lovelace Ada → Newcomer 4");
  await row.waitFor();
  await expect.poll(() => row.evaluate((element) => element.getBoundingClientRect().top < window.innerHeight)).toBe(true);
  await person.looks("bulk-undo");
  await person.press("Change 2 users");
  await expect.poll(() => job("Changing users").getByText("2 of 2 · 2 done").count(), { timeout: 60_000 }).toBe(2);
  expect(await Promise.all([nameOf("new4"), nameOf("new5")])).toEqual(["Newcomer 4", "Newcomer 5"]);
}, 120_000);

it("users are erased only once the person has typed how many", async () => {
  const { person, synapse } = world;
  await filesAre("leavers.csv", "result.csv");
  await person.press("Erase users: choose a file…");
  await person.press("Erase 2 users");
  await person.isAsked("Erase 2 users?");
  const dialog = person.page.getByRole("alertdialog");
  expect(await dialog.getByRole("button", { name: "Erase 2 users" }).isDisabled()).toBe(true);
  await dialog.getByLabel("Type the number of users: 2").fill("2");
  await person.looks("bulk-erase");
  await dialog.getByRole("button", { name: "Erase 2 users" }).click();
  await job("Erasing users").getByText("2 of 2 · 2 done").waitFor();
  expect(await synapse.adminCall({ path: "/_synapse/admin/v2/users/@new0:example.org" })).toMatchObject({ erased: true });
}, 120_000);
