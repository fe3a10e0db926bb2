import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInAtProvider } from "../support/browser.ts";
import type { TestUser } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const NEW = "nine quiet herons";
const FIRST = "seven loud magpies";

const open = () => openWorld({ with: ["provider", "browser", "proxy"] });
let world: Awaited<ReturnType<typeof open>>;
let alice: TestUser;

beforeAll(async () => {
  world = await open();
  const { person, synapse, proxy } = world;
  alice = await synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
  await synapse.addSessions(alice, 3);
  await person.hasAccount(proxy.baseUrl, alice);
}, 120_000);
afterAll(() => world?.close());

describe("the password of an account", () => {
  it("is changed after a look at what it costs, and the page tells what became of the other sessions", async () => {
    const { person, synapse } = world;
    await person.openAccount("Alice", "Password & recovery");
    await person.isAt("Password & recovery");
    await person.sees(/room keys/);
    await person.sees("3 other sessions will be signed out. Room keys that they alone have are lost with them.");
    await person.press("Change password");
    await person.sees("Type a new password.");
    await person.hasFocusIn("New password");
    const field = person.page.getByLabel("New password", { exact: true });
    // A screen reader says nothing new of a field that has the focus already.
    await field.press("Enter");
    await person.page.locator("form [role=status]", { hasText: "Type a new password." }).waitFor({ state: "attached" });
    await person.type("New password", ` ${NEW}`);
    await person.sees(/starts or ends with a space/);
    await person.looks("password-hint");
    await person.type("New password", NEW);
    await person.type("New password again", NEW);
    await person.page.getByRole("radio", { name: /Sign them out/ }).check({ force: true });
    await person.looks("password-change");
    await person.press("Change password");
    await person.isAsked("Confirm it’s you");
    await person.type("Account password", "not this one");
    await person.press("Confirm");
    await person.sees("That is not the password of this account.");
    await person.type("Account password", alice.password);
    await person.press("Confirm");
    await person.sees("The new password is set. 3 other sessions were signed out and must sign in again.");
    await person.looks("password-changed");
    await expect(synapse.login("alice", NEW)).resolves.toBeTruthy();
    await expectNoLeaks(world, { "old password": alice.password, "new password": NEW });
  });

  it("is set for the first time after single sign-on", async () => {
    const { person, browser, synapse, proxy } = world;
    await person.findHomeserver(proxy.baseUrl);
    await person.press("Continue with Example");
    const page = await browser.follow();
    await signInAtProvider(page, "erin");
    await page.waitForURL(/\/done$/);
    await person.isAt(/Secure Backup|Verify this session/);
    await person.openAccount("erin", "Password & recovery");
    await person.sees("This account has no password yet. With one, you can sign in without your provider.");
    await person.sees("No other session is signed in.");
    await person.type("New password", FIRST);
    await person.type("New password again", FIRST);
    await person.looks("password-first");
    await person.press("Set password");
    await person.isAsked("Confirm it’s you");
    await person.press("Open in the browser");
    const confirming = await browser.follow();
    await confirming.getByRole("link").first().click();
    await person.sees("The new password is set. No other session is signed in.");
    await person.isAt("Password & recovery");
    await person.sees("Change the password");
    await expect(synapse.login("erin", FIRST)).resolves.toBeTruthy();
    await expectNoLeaks(world, { "first password": FIRST });
  });
});

describe("an account that has only single sign-on", () => {
  it("is told whom to ask where the server has nothing to confirm with", async () => {
    const { person, browser, proxy } = world;
    await browser.forgetCookies();
    await person.findHomeserver(proxy.baseUrl);
    await person.press("Continue with Example");
    const page = await browser.follow();
    await signInAtProvider(page, "frank");
    await page.waitForURL(/\/done$/);
    await person.isAt(/Secure Backup|Verify this session/);
    await person.openAccount("frank", "Password & recovery");
    const contacts = [{ role: "m.role.admin", email_address: "admin@mail.example" }];
    proxy.addRule({ path: /\.well-known\/matrix\/support/, fault: { kind: "answer", status: 200, body: { contacts } } });
    const nothing = { session: "s", flows: [] };
    const demand = proxy.addRule({ path: /account\/password$/, fault: { kind: "answer", status: 401, body: nothing } });
    await person.type("New password", FIRST);
    await person.type("New password again", FIRST);
    await person.press("Set password");
    await person.isAsked("Confirm it’s you");
    await person.sees(/has no way to confirm that it’s you/);
    await person.sees("admin@mail.example");
    await person.looks("challenge-none-offered");
    await person.page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
    expect(demand.met).toBe(1);
    proxy.clear();
  });

  it("is deactivated after its owner has confirmed, and not when somebody else has", async () => {
    const { person, browser, synapse } = world;
    await person.openAccount("frank");
    await person.page
      .getByRole("navigation", { name: /^Pages of/ })
      .getByRole("button", { name: "Deactivate" })
      .click();
    await person.sees(/provider/);
    await person.type("Type @frank:example.org to confirm", "@frank:example.org");
    await person.press("Deactivate for good");
    await person.isAsked("Confirm it’s you");
    await browser.forgetCookies();
    await person.press("Open in the browser");
    const wrong = await browser.follow();
    await wrong.getByRole("link").first().click();
    await signInAtProvider(wrong, "mallory");
    await person.sees(/Someone else was signed in at the provider/);
    await person.looks("deactivate-confirmed-by-other");
    expect((await person.accounts()).some(({ userId }) => userId === "@frank:example.org")).toBe(true);
    await browser.forgetCookies();
    await person.press("Open in the browser");
    const right = await browser.follow();
    await right.getByRole("link").first().click();
    await signInAtProvider(right, "frank");
    await person.sees("@frank:example.org is deactivated.");
    // It is told first and removed second.
    const isGone = async (): Promise<boolean> => (await person.accounts()).every(({ userId }) => userId !== "@frank:example.org");
    await waitUntil(isGone, { what: "the account to be gone here" });
    const path = `/_synapse/admin/v2/users/${encodeURIComponent("@frank:example.org")}`;
    expect(await synapse.adminCall({ path })).toMatchObject({ deactivated: true });
  });
});
