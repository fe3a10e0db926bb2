import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestUser } from "../support/synapse.ts";
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
