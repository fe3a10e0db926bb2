import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../support/waitUntil.ts";
import type { TestUser } from "../support/synapse.ts";
import { PATIENCE_MS } from "./support/person.ts";
import { takeNotifications } from "./support/system.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

let world: World;
let alice: TestUser;

beforeAll(async () => {
  world = await openWorld();
  const { person, synapse } = world;
  alice = await synapse.register({ user: "alice", password: "alice looks out", displayName: "Alice" });
  await person.hasAccount(synapse.baseUrl, alice);
  await person.allAre("running");
  await person.openAccount("Alice", "Overview");
  await person.sees("Checked");
}, 240_000);
afterAll(() => world.close());
afterEach(() => expect(world.person.app.pageErrors).toEqual([]));

describe("a session that someone else signs in", () => {
  test("is shown at once, with what is known of it, and the person says whose it is", async () => {
    const { person, synapse } = world;
    await synapse.login(alice.user, alice.password, { displayName: "Element on a new phone" });
    await person.sees("Element on a new phone");
    await person.looks("new-session");
    await person.press("This was me");
    await person.seesNoMore("Element on a new phone");
  });

  test("can be thrown out in the order that helps", async () => {
    const { person, synapse } = world;
    const thief = await synapse.login(alice.user, alice.password, { displayName: "A stranger’s browser" });
    await person.sees("A stranger’s browser");
    await person.press("This wasn’t me…");
    await person.isAsked("This wasn’t you?");
    await person.looks("new-session-not-mine");
    await person.press("Sign it out");
    await person.isAsked("Confirm it’s you");
    await person.type("Account password", alice.password);
    await person.press("Confirm");
    await person.sees("It was signed out.");
    await expect(synapse.call({ path: "/_matrix/client/v3/account/whoami", token: thief.accessToken })).rejects.toThrow();
    await person.press("Change the password");
    await person.isAt("Password & recovery");
    await person.openAccount("Alice", "Overview");
    await person.seesNoMore("A stranger’s browser");
  });
});

describe("Steward without its window", () => {
  test("goes on where the person wants it, and tells of a new session; a click on that opens the window at the account", async () => {
    const { person, synapse } = world;
    const { app, page } = person;
    await person.press("Settings");
    await person.isAt("Settings");
    await person.sees("Your desktop doesn’t show icons of running apps.");
    await person.sees("This copy of Steward can’t be started automatically.");
    await person.page.getByText("Keep Steward running when its window is closed").click();
    await person.looks("settings-background");
    const notifications = await takeNotifications(app);
    await Promise.all([
      page.waitForEvent("close"),
      app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close()),
    ]);
    await synapse.login(alice.user, alice.password, { displayName: "A visitor" });
    const told = async (): Promise<boolean> => (await notifications.shown()).length > 0;
    await waitUntil(told, { timeoutMs: PATIENCE_MS, what: "the notification" });
    expect(await notifications.shown()).toEqual(["New session: Alice: “A visitor” has signed in. Was it you?"]);
    await notifications.click();
    await app.windowOpens();
    await person.isAt("Alice");
    await person.sees("A visitor");
    await person.press("This was me");
  });

  test("starts so when the system starts it, and its icon opens the window", async () => {
    const { person, synapse } = world;
    const { app } = person;
    await app.quit();
    await app.startHidden();
    const notifications = await takeNotifications(app);
    await synapse.login(alice.user, alice.password, { displayName: "A later visitor" });
    const told = async (): Promise<boolean> => (await notifications.shown()).length > 0;
    await waitUntil(told, { timeoutMs: PATIENCE_MS, what: "the notification" });
    expect(await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(0);
    await app.electron.evaluate(({ app: electronApp }) => void electronApp.emit("second-instance", {}, ["steward"]));
    await app.windowOpens();
    await person.openAccount("Alice", "Overview");
    await person.sees("A later visitor");
    await person.press("This was me");
    await person.press("Settings");
    await person.page.getByText("Keep Steward running when its window is closed").click();
    await person.openAccount("Alice", "Overview");
  });
});

describe("a change that someone else makes", () => {
  test("is asked about, and stands in the list of what happened", async () => {
    const { person, synapse } = world;
    await synapse.setEmail(alice, "stranger@mail.example");
    await person.press("Check again");
    await person.sees("Was this you?");
    await person.sees("Email added: s…r@mail.example");
    await person.looks("activity-asked");
    await person.press("This wasn’t me…");
    await person.isAsked("This wasn’t you?");
    await person.looks("activity-not-mine");
    await person.press("Change the password");
    await person.isAt("Password & recovery");
    await person.openAccount("Alice", "Activity");
    await person.sees("it wasn’t you");
    await person.sees("New session: Element on a new phone");
    await person.sees("Session signed out: A stranger’s browser");
    await person.looks("activity");
    await person.openAccount("Alice", "Overview");
    await person.seesNoMore("Was this you?");
    await expectNoLeaks(world, { "password of alice": alice.password });
  });
});
