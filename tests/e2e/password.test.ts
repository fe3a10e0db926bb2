import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInAtProvider } from "../support/browser.ts";
import type { TestUser } from "../support/synapse.ts";
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
