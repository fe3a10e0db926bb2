import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makePng } from "../support/png.ts";
import { chooseWhereToSave, countPrints, readClipboard } from "./support/system.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

const ANN = "@ann:example.org";

let world: World;
/** The one that Ann was given. */
let password: string;

beforeAll(async () => {
  world = await openWorld();
  world.synapse.makeProfileIndex();
}, 180_000);
afterAll(() => world?.close());

it("makes the first admin of a homeserver with its shared secret, as an account", async () => {
  const { person, synapse } = world;
  await person.findHomeserver(synapse.baseUrl);
  await person.press("Create the first admin with the server’s shared secret");
  await person.isAt(/^First admin of/);
  await person.type("Shared secret", "a wrong one");
  await person.type("User name", "boss");
  await person.type("Password", "nine quiet herons");
  await person.type("Password again", "nine quiet herons");
  await person.press("Create admin");
  await person.sees("The homeserver doesn’t accept this shared secret.");
  await person.looks("first-admin");
  await person.type("Shared secret", synapse.registrationSharedSecret);
  await person.press("Create admin");
  await person.isAt(/Secure Backup/);
  expect((await person.accounts()).map(({ userId }) => userId)).toEqual(["@boss:example.org"]);
  await person.allAre("running");
}, 120_000);

const row = (name: string) => world.person.page.getByRole("list", { name: "Actions" }).getByRole("listitem").filter({ hasText: name });
const ask = async (name: string, button: string): Promise<void> => {
  const found = row(name).getByRole("button", { name: button });
  await found.click({ timeout: 30_000 });
};
const shownPassword = () => world.person.page.getByRole("group", { name: "Password" }).innerText({ timeout: 30_000 });
const signsIn = (given: string): Promise<boolean> =>
  world.synapse.login(ANN, given).then(
    () => true,
    () => false,
  );

it("creates a user, and hands out a password that they sign in with", async () => {
  const { person } = world;
  await person.openAccount("boss", "Users");
  await person.press("New user…");
  await person.isAsked("New user on example.org");
  await person.type("User name", "12345");
  await person.press("Create user");
  await person.looks("new-user-refused");
  await person.type("User name", "ann");
  await person.type("Display name (optional)", "Ann O’Nym");
  await person.page.locator("input[type=file]").setInputFiles({ name: "picture", mimeType: "image/png", buffer: makePng(40, 30) });
  await person.press("Use this picture");
  await person.button("Choose another…").waitFor();
  await person.type("Email (optional)", "a@b.example;msisdn:1");
  await person.press("Create user");
  await person.type("Email (optional)", "Ann@Mail.Example");
  await person.press("Create user");
  await person.sees(`${ANN} can sign in now.`);
  password = await shownPassword();
  await person.looks("new-user-created");
  await person.press("Copy");
  await person.sees("Copied. It leaves the clipboard after a minute.");
  expect(await readClipboard(person.app)).toBe(password);
  const path = join(person.app.userData, "..", `password-${Date.now()}.txt`);
  const suggested = await chooseWhereToSave(person.app, path);
  await person.press("Save…");
  await person.sees("Saved. Delete the file when you don’t need it any more.");
  expect(await suggested()).toMatch(/Password ann example\.org\.txt$/);
  expect(await readFile(path, "utf8")).toBe(`${ANN}\n${password}\n`);
  await rm(path);
  const prints = await countPrints(person.app);
  await person.press("Print…");
  await person.sees("Printed.");
  expect(await prints()).toBe(1);
  expect(await signsIn(password)).toBe(true);
  await expectNoLeaks(world, { password });
  // Left without a word, it waits.
  await person.page.keyboard.press("Escape");
  await person.sees(`The password of ${ANN} hasn’t been handed out yet.`);
  await person.press("Show password");
  expect(await shownPassword()).toBe(password);
  await person.press("I’ve handed it out");
  await person.seesNoMore(`The password of ${ANN} hasn’t been handed out yet.`);
}, 120_000);

it("says who is there already, and leaves them as they are", async () => {
  const { person, synapse } = world;
  await person.press("New user…");
  await person.type("User name", "ann");
  await person.press("Create user");
  await person.sees(`${ANN} already exists. Nothing was changed.`);
  await person.type("User name", "ann2");
  await person.type("Email (optional)", "ann@mail.example");
  await person.press("Add an external ID");
  const externalId = person.page.getByRole("group", { name: "External ID 1" });
  await externalId.getByLabel("Provider").and(person.page.locator(":focus")).waitFor();
  await person.press("Create user");
  await person.sees(`ann@mail.example belongs to ${ANN}.`);
  await person.looks("new-user-taken");
  await person.press("Open this user");
  await person.isAt("Ann O’Nym");
  expect(await synapse.adminCall({ path: `/_synapse/admin/v2/users/${encodeURIComponent(ANN)}` })).toMatchObject({
    admin: false,
    displayname: "Ann O’Nym",
    avatar_url: expect.stringMatching(/^mxc:/) as string,
  });
}, 60_000);

it("resets a password, locks and unlocks, deactivates and reactivates", async () => {
  const { person } = world;
  await ask("Password", "Reset password…");
  await person.press("Reset password");
  await person.sees("Choose what happens to their sessions.");
  await person.looks("user-reset-password");
  await person.page.getByText("Keep them signed in").click();
  await person.press("Reset password");
  await person.sees(`${ANN} has a new password.`);
  const reset = await shownPassword();
  await person.press("I’ve handed it out");
  expect([await signsIn(password), await signsIn(reset)]).toEqual([false, true]);
  await ask("Lock", "Lock…");
  await person.isAsked(`Lock ${ANN}?`);
  await person.press("Lock");
  await person.sees(`${ANN} is locked.`);
  await person.press("Close");
  expect(await signsIn(reset)).toBe(false);
  await ask("Unlock", "Unlock…");
  await person.press("Unlock");
  await person.sees(`${ANN} is unlocked.`);
  await person.press("Close");
  await ask("Deactivate", "Deactivate…");
  await person.isAsked(`Deactivate ${ANN}?`);
  await person.sees(/^Removes ann@mail\.example\.$/);
  await person.looks("user-deactivate");
  await person.page.getByRole("alertdialog").getByRole("button", { name: "Deactivate" }).click();
  await person.sees(`${ANN} is deactivated.`);
  await person.press("Close");
  await person.looks("user-deactivated");
  await ask("Reactivate", "Reactivate…");
  await person.looks("user-reactivate");
  await person.press("Reactivate");
  await person.sees(`${ANN} is active again.`);
  const again = await shownPassword();
  await person.press("I’ve handed it out");
  expect(await signsIn(again)).toBe(true);
  await ask("Erase", "Erase…");
  await person.press("Erase for good");
  await person.sees(`Type exactly ${ANN}.`);
  await person.looks("user-erase");
  await person.press("Cancel");
}, 120_000);

it("helps somebody who is locked out, in one go", async () => {
  const { person, synapse } = world;
  await synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(ANN)}`, body: { locked: true } });
  await ask("Locked out?", "Help them…");
  await person.isAsked(`Help ${ANN} get back in?`);
  await person.page.getByText("Let them set up a new identity without a password").click();
  await person.looks("user-help");
  await person.press("Let them in");
  const choose = person.page.getByText("Choose what happens to their sessions.");
  // They have sessions: those of this test's own sign-ins.
  await choose.waitFor();
  await person.page.getByRole("radiogroup", { name: "Their sessions" }).locator("input:focus").waitFor();
  await person.page.getByText("Sign them out").click();
  await person.press("Let them in");
  await person.sees(`${ANN} can sign in again.`);
  await person.sees("Their account is unlocked.");
  await person.looks("user-helped");
  const given = await shownPassword();
  await person.press("I’ve handed it out");
  expect(await signsIn(given)).toBe(true);
}, 120_000);

it("shows what the server keeps of a user, changes a limit, and says that it sends no notices", async () => {
  const { person, synapse } = world;
  await person.sees("IP addresses");
  await person.sees("As for everybody on this server.");
  await person.press("Change limit…");
  await person.type("Messages a second", "-1");
  await person.press("Save limit");
  await person.sees("Type a whole number from 0 to 1,000,000.");
  await person.type("Messages a second", "5");
  await person.type("Messages at once", "9");
  await person.press("Save limit");
  await person.sees("5 messages a second, 9 at once.");
  const limit = await synapse.adminCall({ path: `/_synapse/admin/v1/users/${encodeURIComponent(ANN)}/override_ratelimit` });
  expect(limit).toEqual({ messages_per_second: 5, burst_count: 9 });
  await person.press("Show names");
  await person.sees("Their clients keep nothing here.");
  await person.looks("user-data");
  await ask("Server notice", "Write…");
  await person.sees("example.org doesn’t send notices. They’re switched on in the homeserver’s configuration (server_notices).");
  await person.press("Close");
}, 120_000);

it("has written down who did what, and how it ended", async () => {
  const { person } = world;
  await person.openAccount("boss", "Action log");
  await person.sees("Reset the password");
  await person.type("Find in the log", "deactivated ann");
  await person.seesNoMore("Reset the password");
  await person.sees(/^Deactivated$/);
  await person.looks("action-log");
  await person.type("Find in the log", "locked ann");
  await person.sees("Locked: no → yes");
  await person.looks("action-log-changes");
}, 60_000);

it("undoes one of them, once that is asked", async () => {
  const { person, synapse } = world;
  const accountId = (await person.accounts()).find(({ userId }) => userId.startsWith("@boss:"))?.accountId;
  const preview = await person.app.request<{ token: string }>("userActions.preview", { accountId, userId: ANN, action: "suspend" });
  const token = preview.ok ? preview.value.token : null;
  const said = { typed: ANN, password: { kind: "none" }, signOutSessions: false, allowIdentityReset: false, displayName: null };
  expect(await person.app.request("userActions.perform", { accountId, token, ...said })).toMatchObject({
    ok: true,
    value: { status: "done" },
  });
  const isSuspended = async () =>
    (await synapse.adminCall({ path: `/_synapse/admin/v2/users/${encodeURIComponent(ANN)}` })).suspended as boolean;
  expect(await isSuspended()).toBe(true);
  await person.openAccount("boss", "Overview");
  await person.openAccount("boss", "Action log");
  await person.type("Find in the log", "suspended ann");
  await person.press(`Undo: Suspended, ${ANN}`);
  await person.isAsked("Undo this?");
  await person.looks("action-log-undo");
  await person.page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
  await person.page.getByRole("alertdialog").waitFor({ state: "detached" });
  expect(await isSuspended()).toBe(true);
  await person.press(`Undo: Suspended, ${ANN}`);
  await person.page.getByRole("alertdialog").getByRole("button", { name: "Undo" }).click();
  await person.page.getByRole("alertdialog").waitFor({ state: "detached" });
  await person.sees("Undone");
  expect(await isSuspended()).toBe(false);
}, 60_000);

it("creates registration tokens, and removes one", async () => {
  const { person, synapse } = world;
  await person.openAccount("boss", "Registration tokens");
  await person.sees("No tokens");
  await person.press("New token…");
  await person.type("How many", "3");
  await person.type("Uses of each", "0");
  await person.press("Create");
  await person.sees("Type a number from 1 to 1,000,000,000.");
  await person.hasFocusIn("Uses of each");
  await person.type("Uses of each", "2");
  await person.looks("tokens-new");
  await person.press("Create");
  await person.isAsked("3 tokens created");
  await person.press("Done");
  await person.sees("0 of 2");
  await person.looks("tokens");
  const onServer = async (): Promise<string[]> =>
    (await synapse.adminCall({ path: "/_synapse/admin/v1/registration_tokens" })).registration_tokens.map(
      ({ token }: { token: string }) => token,
    );
  const [token] = await onServer();
  await person.press(`Edit ${token}`);
  await person.type("Uses", "");
  await person.looks("tokens-edit");
  await person.press("Save");
  await person.sees("0, no limit");
  await person.press(`Remove ${token}`);
  await person.isAsked(`Remove ${token}?`);
  await person.press("Remove");
  await person.seesNoMore(token!);
  expect(await onServer()).toHaveLength(2);
}, 60_000);
