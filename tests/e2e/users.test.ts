import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { manyTimes } from "../support/matrixApi.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { startSynapse, type Synapse, type TestUser } from "../support/synapse.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const LIST = /\/_synapse\/admin\/v\d\/users\?/;
const ADMIN = /\/_synapse\/admin\//;
const DORA = `/_synapse/admin/v2/users/${encodeURIComponent("@dora.lindqvist:example.org")}`;

const open = () => openWorld({ with: ["proxy"] });
let world: Awaited<ReturnType<typeof open>>;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let boss: TestUser;
/** Another homeserver, of which an account here is an admin too. */
let other: Synapse;

beforeAll(async () => {
  folder = await temporaryFolder("users-e2e");
  world = await open();
  const { person, synapse, proxy } = world;
  boss = await synapse.register({ user: "boss", password: "the boss of it all", admin: true, displayName: "The Boss" });
  const plain = await synapse.register({ user: "plain", password: "nobody special" });
  await synapse.register({ user: "dora.lindqvist", password: "dora's password", displayName: "Dora" });
  await synapse.login("dora.lindqvist", "dora's password", { displayName: "Dora’s phone" });
  await synapse.login("dora.lindqvist", "dora's password", { displayName: "Dora’s computer" });
  await manyTimes(150, 4, (index) =>
    synapse.register({ user: `person${String(index).padStart(3, "0")}`, password: "p", displayName: `Person ${index}` }),
  );
  const set = (user: string, body: object) =>
    synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(`@${user}:example.org`)}`, body });
  await set("person003", { locked: true });
  await set("person004", { deactivated: true });
  await set("person005", { user_type: "bot" });
  await person.hasAccount(proxy.baseUrl, boss);
  await person.hasAccount(proxy.baseUrl, plain);
  other = await startSynapse({ serverName: "other.example" });
  await person.hasAccount(other.baseUrl, await other.register({ user: "chief", password: "the chief of it all", admin: true }));
  await other.register({ user: "dora", password: "dora's password", displayName: "Dora Lindqvist" });
  await person.allAre("running");
}, 180_000);
afterAll(async () => {
  await world?.close();
  await other?.stop();
  await folder?.remove();
});

const pages = () => world.person.page.getByRole("navigation", { name: /^Pages of/ });
const rows = () => world.person.page.getByRole("table", { name: "Users" }).getByRole("rowheader");

it("shows a server's users to its admin, and nothing of them to anybody else", async () => {
  const { person } = world;
  await person.openAccount("boss", "Users");
  await person.isAt("Users");
  await person.sees(/^153 users on example\.org · server version 1\./);
  await person.sees("The Boss");
  await person.looks("users");
  await person.openAccount("plain");
  await person.isAt("plain");
  await pages().getByRole("button", { name: "Sessions" }).waitFor();
  // Its answer has been told to the page by then.
  await person.app.request("administration.checkAccess", { accountId: (await person.accounts())[1]?.accountId });
  expect(await pages().getByRole("button", { name: "Users" }).count()).toBe(0);
}, 60_000);

it("reads on as one scrolls, draws what is to be seen alone, and selects all that match", async () => {
  const { person } = world;
  await person.openAccount("boss", "Users");
  await person.sees("The Boss");
  await expect.poll(() => rows().count(), { timeout: 30_000 }).toBeLessThan(60);
  const last = person.page.getByText("@person149:example.org");
  const scrolled = async (): Promise<boolean> => {
    await person.page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight));
    return last.isVisible();
  };
  await waitUntil(scrolled, { what: "the last user to be shown", timeoutMs: 60_000 });
  await expect.poll(() => rows().count(), { timeout: 30_000 }).toBeLessThan(60);
  await person.page.locator("main").evaluate((main) => main.scrollTo(0, 0));
  await person.press("Select all 153 that match");
  await person.sees("153 users selected.");
  await person.press("Locked");
  await person.sees("Nobody is selected.");
  await waitUntil(async () => (await rows().count()) === 1, { what: "the one who is locked to be shown alone", timeoutMs: 30_000 });
  await person.sees("@person003:example.org");
  await person.press("Deactivated");
  await person.sees("@person004:example.org");
  await person.press("Guests");
  await person.sees("There’s nobody of this kind on the server.");
  await person.looks("users-none");
  await person.press("Show all users");
  await rows().filter({ hasText: "The Boss" }).waitFor({ timeout: 30_000 });
}, 90_000);

it("finds one, changes the name, adds an email and signs out a session", async () => {
  const { person, synapse } = world;
  await person.openAccount("boss", "Users");
  await person.type("Find users", "@dora.lindqvist:example.org");
  await rows().filter({ hasText: "The Boss" }).waitFor({ state: "hidden", timeout: 30_000 });
  await person.page.getByRole("rowheader").getByRole("button", { name: /Dora/ }).click();
  await person.isAt("Dora");
  await person.sees("Dora’s phone");
  await person.sees("No invites, and no room that they left or were banned from.");
  await person.sees("0 in all, 0 in the last 7 days");
  await person.looks("users-one");
  await person.type("Display name", "Dora Lindqvist");
  await person.sees("Display name: Dora → Dora Lindqvist");
  await synapse.adminCall({ method: "PUT", path: DORA, body: { displayname: "Dora of the post office" } });
  await person.press("Save changes");
  await person.sees(/^Somebody else has changed this user in the meantime\./);
  await person.isAt("Dora of the post office");
  await person.press("Save changes");
  await person.isAt("Dora Lindqvist");
  await person.press("Add an email");
  await person.press("Add");
  await person.sees("Type an email address, such as alice@mail.example.");
  await person.type("Email address", "Dora@Mail.Example");
  await person.press("Add");
  await person.button("Remove dora@mail.example").waitFor();
  await person.press("More for Dora’s phone");
  await person.page.getByRole("menuitem", { name: "Sign out…" }).click();
  await person.isAsked("Sign out Dora’s phone?");
  await person.press("Sign it out");
  await person.seesNoMore("Dora’s phone");
  await person.looks("users-one-changed");
  const told = await synapse.adminCall({ path: DORA });
  expect(told).toMatchObject({ displayname: "Dora Lindqvist", deactivated: false, threepids: [{ address: "dora@mail.example" }] });
  await person.press("All users");
  await person.sees("Dora Lindqvist");
  await expectNoLeaks(world, { password: boss.password });
}, 90_000);

it("counts the users, and each bar leads to those who are counted", async () => {
  const { person } = world;
  await person.openAccount("boss", "Statistics");
  await person.isAt("Statistics");
  await person.sees("Not counted yet");
  await person.press("Count users");
  await person.sees(/^154 users, as of /);
  await person.looks("statistics");
  await person.press(/^Show these users: Bots, 1$/);
  await person.isAt("Users");
  await waitUntil(async () => (await rows().count()) === 1, { what: "the bot to be shown alone", timeoutMs: 30_000 });
  await person.sees("@person005:example.org");
  await person.openAccount("boss", "Statistics");
  await person.page.getByRole("table", { name: "Created, by month" }).getByRole("button").last().click();
  await person.isAt("Users");
  await person.press(/^Created: /);
  await person.press("Not deactivated");
  await person.sees(/^153 users on example\.org/);
}, 60_000);

it("searches all servers at once, each by itself, and leads to who was found", async () => {
  const { person, proxy } = world;
  await person.column.getByRole("button", { name: "Servers" }).click();
  await person.isAt("Servers");
  await person.sees("2 servers that you run");
  const server = (name: string) => person.page.getByRole("listitem", { name });
  const found = person.page.getByRole("table", { name: "Found" });
  const limited = { kind: "answer", status: 429, body: { errcode: "M_LIMIT_EXCEEDED", error: "", retry_after_ms: 3_600_000 } } as const;
  const rule = proxy.addRule({ path: LIST, times: Infinity, fault: limited });
  await person.type("Find users on all servers", "dora");
  await server("other.example").getByText("1 found").waitFor();
  await server("example.org").getByText("Asked too often").waitFor();
  await server("example.org")
    .getByText(/Asked to slow down once in the last hour/)
    .waitFor();
  await person.looks("servers-limited");
  rule.remove();
  await server("example.org").getByRole("button", { name: "Try again" }).click();
  await server("example.org").getByText("1 found").waitFor();
  expect(await found.getByRole("rowheader").count()).toBe(2);
  await person.looks("servers");
  await found
    .getByRole("row", { name: /other\.example/ })
    .getByRole("button")
    .click();
  await person.isAt("Dora Lindqvist");
  await person.sees("@dora:other.example");
  await person.column.getByRole("button", { name: "Servers" }).click();
  proxy.addRule({
    path: ADMIN,
    times: Infinity,
    fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "You are not a server admin" } },
  });
  await person.type("Find users on all servers", "doral");
  await server("example.org").getByText("Not an admin any more").first().waitFor();
  await server("other.example").getByText("0 found").waitFor();
  proxy.clear();
  await person.openAccount("boss");
  await person.app.request("administration.checkAccess", { accountId: (await person.accounts())[0]?.accountId });
}, 90_000);

it("ends the accounts of one person on all servers: chosen, looked at, asked about once, and told in one report", async () => {
  const { person, synapse } = world;
  await person.column.getByRole("button", { name: "Servers" }).click();
  await person.press("Off-board a person…");
  await person.isAt("Off-boarding");
  await person.type("What you know of them", "dora.lindqvist\nDora Lindqvist");
  await person.press("Find their accounts");
  const found = person.page.getByRole("table", { name: "Found" });
  await found
    .getByRole("row", { name: /@dora:other\.example/ })
    .getByText("Same name")
    .waitFor();
  for (const name of ["@dora.lindqvist:example.org", "@dora:other.example"])
    await found.getByRole("checkbox", { name: `Select ${name}` }).check();
  await person.looks("offboarding");
  await person.press("Check first");
  await person.sees("2 accounts on 2 servers can go ahead.");
  await person.looks("offboarding-draft");
  await person.press("Lock 2 users");
  const dialog = person.page.getByRole("alertdialog", { name: "Lock 2 users?" });
  expect(await dialog.getByRole("list", { name: "Users" }).getByRole("listitem").allTextContents()).toEqual([
    "@dora.lindqvist:example.org",
    "@dora:other.example",
  ]);
  await dialog.getByRole("button", { name: "Lock 2 users" }).click();
  const report = person.page.getByRole("table", { name: "What came of each account" });
  for (const name of [/@dora\.lindqvist:example\.org/, /@dora:other\.example/])
    await report.getByRole("row", { name }).getByText("Done", { exact: true }).waitFor({ timeout: 30_000 });
  await person.looks("offboarding-report");
  expect(await synapse.adminCall({ path: DORA })).toMatchObject({ locked: true });
  expect(await other.adminCall({ path: `/_synapse/admin/v2/users/${encodeURIComponent("@dora:other.example")}` })).toMatchObject({
    locked: true,
  });
  await person.press("Remove from list");
  await report.waitFor({ state: "detached" });
}, 90_000);

it("holds a list of staff against all servers, and makes a job of a difference", async () => {
  const { person, synapse } = world;
  const file = join(folder.path, "staff.csv");
  await writeFile(
    file,
    "id;server;displayname;active\ndora.lindqvist;example.org;Dora of the list;yes\nnewcomer;example.org;New Comer;yes\ndora;other.example;;no\nnobody;third.example;;\n",
  );
  await person.app.electron.evaluate(({ dialog }, path) => {
    Object.assign(dialog, { showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: [path] }) });
  }, file);
  await person.column.getByRole("button", { name: "Servers" }).click();
  await person.press("Compare with a staff list…");
  await person.isAt("Staff list");
  await person.looks("staff-list");
  await person.press("Choose a file…");
  await person.sees("4 rows.");
  await person.sees("1 row is for a server that none of your accounts administers: third.example");
  await person.press("Compare");
  const servers = person.page.getByRole("table", { name: "Servers and how they differ" });
  for (const name of [/example\.org/, /other\.example/])
    await servers
      .getByRole("row", { name })
      .getByText(/^Compared/)
      .waitFor({ timeout: 60_000 });
  await person.press("Different (1)");
  await person.sees(/^Display name: .+ → Dora of the list$/);
  await person.press(/^Extra \(\d+\)$/);
  await person.sees("@person000:example.org");
  const first = person.page.getByRole("checkbox", { name: "Select @person000:example.org" });
  expect(await first.isChecked()).toBe(true);
  await first.click();
  await waitUntil(async () => !(await first.isChecked()), { what: "one of them not to be selected any more", timeoutMs: 10_000 });
  await person.looks("staff-list-extra");
  await person.press("Inactive (1)");
  await person.sees("On the list, but deactivated, locked or not seen for a long time.");
  await person.press("Unlock 1 user…");
  await person.isAt("Bulk jobs");
  await person.sees(/^1 user will be unlocked\.$/);
  await person.press("Unlock 1 user");
  await person.sees(/^1 of 1 · 1 done$/);
  expect(await synapse.adminCall({ path: DORA })).toMatchObject({ locked: false });
  await person.press("Remove from list");
  await person.seesNoMore(/^1 of 1/);
}, 120_000);

it("shows the columns that are chosen, and comes back to a view that was saved", async () => {
  const { person } = world;
  await person.openAccount("boss", "Users");
  await person.press("Not deactivated");
  await person.press("Columns…");
  const dialog = person.page.getByRole("dialog", { name: "Columns of the list" });
  for (const column of ["Created", "Kind", "Emails", "External IDs"]) await dialog.getByText(column, { exact: true }).click();
  await dialog.getByRole("button", { name: "Show these" }).click();
  const heads = () => person.page.getByRole("table", { name: "Users" }).getByRole("columnheader").allTextContents();
  await waitUntil(async () => (await heads()).join() === "Select,User,State,Kind,Last seen,Emails,External IDs", {
    what: "the columns",
    timeoutMs: 10_000,
  });
  await person.sees(/^The server’s list has no emails/);
  await person.press("Collect them");
  await person.sees(/^Contacts of \d+ users, as of/);
  await person.sees("dora@mail.example");
  await person.looks("users-contacts");
  await person.press("Bots");
  await rows().filter({ hasText: "person005" }).waitFor();
  await person.press("Views…");
  await person.type("Name of the view", "Our bots");
  await person.looks("users-view");
  await person.press("Save view");
  await person.press("Not deactivated");
  await rows().filter({ hasText: "The Boss" }).waitFor();
  await person.page.getByLabel("Saved views").selectOption({ label: "Our bots" });
  await rows().filter({ hasText: "The Boss" }).waitFor({ state: "detached" });
  await person.looks("users-columns");
  await person.press("Not deactivated");
}, 60_000);

it("asks for an admin address where the usual one does not let the admin API through", async () => {
  const { person, proxy, synapse } = world;
  await person.openAccount("boss", "Users");
  const page = { kind: "answer", status: 404, body: "<html><h1>404 Not Found</h1></html>" } as const;
  proxy.addRule({ path: /\/_synapse\/admin\//, times: Infinity, fault: page });
  await person.press("Read the list again");
  await person.sees(/^The admin API can’t be reached at/);
  await person.looks("users-not-exposed");
  await person.press("Admin address…");
  await person.type("Address", proxy.baseUrl);
  await person.press("Save");
  await person.page
    .getByRole("dialog")
    .getByText(/something in front of the server answers instead/)
    .waitFor();
  await person.type("Address", synapse.baseUrl);
  await person.press("Save");
  await rows().first().waitFor({ timeout: 30_000 });
}, 90_000);
