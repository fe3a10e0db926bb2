import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFaultProxy } from "../support/faultProxy.ts";
import { startSdkSession } from "../support/sdkSession.ts";
import type { TestUser } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

let world: World;
let alice: TestUser;
let bert: TestUser;
let cora: TestUser;

beforeAll(async () => {
  world = await openWorld();
  const { synapse } = world;
  alice = await synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
  bert = await synapse.register({ user: "bert", password: "bert reads by night", displayName: "Bert" });
  cora = await synapse.register({ user: "cora", password: "cora calls at noon", displayName: "Cora" });
  await synapse.setEmail(bert, "bert@mail.example");
  await synapse.setThreepid(cora, { medium: "msisdn", address: "447700900123" });
});
afterAll(() => world.close());

/** How many sessions the server knows of a user. */
async function sessionsOf({ userId }: TestUser): Promise<number> {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(userId)}/devices`;
  return (await world.synapse.adminCall({ path })).total;
}

describe("a person with three accounts", () => {
  test("meets an empty page first", async () => {
    await world.person.isAt("All accounts");
    await world.person.sees("No accounts yet");
    await world.person.looks("first-start");
  });

  test("signs in with a user name", async () => {
    const { person, synapse } = world;
    await person.findHomeserver("");
    await person.sees("Type the homeserver’s name, its address, or your Matrix ID.");
    await person.looks("add-account");
    await person.findHomeserver(synapse.baseUrl);
    await person.isAt(/^Sign in to/);
    await person.press("Sign in");
    await person.sees("Type your user name.");
    await person.type("User name", "al ice");
    await person.sees("User names have no spaces in them.");
    await person.page.getByText("Email", { exact: true }).click();
    for (const address of ["a&b@example.org", "用户@例子.公司"]) {
      await person.type("Email address", address);
      await person.type("Password", "not the password");
      await person.press("Sign in");
      await person.sees("The name or the password is not right.");
    }
    await person.page.getByText("User name", { exact: true }).click();
    await person.type("User name", "alice");
    await person.type("Password", alice.password);
    await person.looks("sign-in");
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    await person.press("Later");
    await person.isAt("Alice");
    await person.sees("Signed in. Set up Secure Backup to verify it.");
    await person.looks("overview");
  });

  test("signs in with an email address", async () => {
    const { person, synapse } = world;
    await person.findHomeserver(synapse.baseUrl);
    await person.page.getByText("Email", { exact: true }).click();
    await person.type("Email address", "bert@mail");
    await person.press("Sign in");
    await person.sees("Type an email address, such as alice@mail.example.");
    await person.type("Email address", "bert@mail.example");
    await person.type("Password", bert.password);
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
  });

  test("signs in with a phone number as it is dialled at home", async () => {
    const { person, synapse } = world;
    await person.findHomeserver(synapse.baseUrl);
    await person.page.getByText("Phone", { exact: true }).click();
    await person.page.getByLabel("Country").selectOption("GB");
    await person.type("Phone number", "07700 900123");
    await person.type("Password", cora.password);
    await person.looks("sign-in-phone");
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    await person.press("Later");
    expect((await person.allAre("running")).map(({ userId }) => userId)).toEqual([alice.userId, bert.userId, cora.userId]);
  });

  test("goes from one to the other with the left column and with Ctrl and a digit", async () => {
    const { person } = world;
    await person.openAccount("Bert", "Overview");
    await person.isAt("Bert");
    for (const [digit, name] of [
      ["1", "Alice"],
      ["3", "Cora"],
      ["2", "Bert"],
    ] as const) {
      await person.page.keyboard.press(`Control+${digit}`);
      await person.isAt(name);
      expect(await person.inColumn(name).getAttribute("aria-current")).toBe("page");
    }
  });

  test("is told kindly that an account is here already, and led to it", async () => {
    const { person, synapse } = world;
    const sessions = await sessionsOf(alice);
    await person.findHomeserver(synapse.baseUrl);
    await person.type("User name", "Alice");
    await person.type("Password", alice.password);
    await person.press("Sign in");
    await person.sees(`${alice.userId} is already signed in here.`);
    await person.looks("sign-in-twice");
    await person.press(`Go to ${alice.userId}`);
    await person.isAt("Alice");
    expect(await person.accounts()).toHaveLength(3);
    // By email only the server knows whose account it is; the session made by asking is signed out again.
    await person.findHomeserver(synapse.baseUrl);
    await person.page.getByText("Email", { exact: true }).click();
    await person.type("Email address", "bert@mail.example");
    await person.type("Password", bert.password);
    await person.press("Sign in");
    await person.sees(`${bert.userId} is already signed in here.`);
    expect(await person.accounts()).toHaveLength(3);
    expect([await sessionsOf(alice), await sessionsOf(bert)]).toEqual([sessions, 1]);
  });

  test("finds all as it was after quitting, and after the power was cut", async () => {
    const { person } = world;
    const before = (await person.allAre("running")).map(({ userId, deviceId, displayName }) => ({
      userId,
      deviceId,
      displayName,
    }));
    for (const end of ["quit", "kill"] as const) {
      await person.app[end]();
      await person.app.start();
      await person.sees("All 3 accounts need attention.");
      expect(await person.knownAtStart(), end).toEqual([alice.userId, bert.userId, cora.userId]);
      expect(await person.allAre("running"), end).toMatchObject(before);
    }
    for (const user of [alice, bert, cora]) expect(await sessionsOf(user)).toBe(1);
  });

  test("reads what signing out costs, and afterwards the account is gone", async () => {
    const { person, synapse } = world;
    const phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...alice });
    try {
      await phone.sendRoomKeys(2);
    } finally {
      phone.stop();
    }
    await person.openAccount("Alice", "Overview");
    const dialog = person.page.getByRole("alertdialog");
    const lost = "2 room keys are not backed up and will be lost, with the messages they open.";
    await waitUntil(
      async () => {
        await person.press("Sign out…");
        await dialog.getByRole("list").waitFor();
        if (await dialog.getByText(lost).isVisible()) return true;
        await dialog.getByRole("button", { name: "Cancel" }).click();
        await dialog.waitFor({ state: "hidden" });
        return false;
      },
      { timeoutMs: 30_000, what: "the room keys to have arrived" },
    );
    await person.looks("sign-out");
    expect(await person.button("Sign out anyway").isDisabled()).toBe(true);
    await person.page.getByText("I understand what will be lost").click();
    await person.press("Sign out anyway");
    await person.sees(`${alice.userId} was signed out`);
    await person.isAt("All accounts");
    expect((await person.accounts()).map(({ userId }) => userId)).toEqual([bert.userId, cora.userId]);
    expect(await sessionsOf(alice)).toBe(1);
    await person.app.quit();
    await person.app.start();
    expect(await person.allAre("running")).toHaveLength(2);
  });

  test("signs out while the server is down, and is told that it could not be told", async () => {
    const { person, synapse } = world;
    const proxy = await startFaultProxy(synapse.baseUrl);
    await person.hasAccount(proxy.baseUrl, alice);
    await person.allAre("running");
    await proxy.stop();
    await person.openAccount("Alice", "Overview");
    await person.press("Sign out…");
    await person.sees(
      "The server cannot be reached. Everything here will be removed, but the server may list this session until you sign it out elsewhere.",
    );
    await person.looks("sign-out-server-down");
    await person.page.getByRole("alertdialog").getByRole("button", { name: "Sign out", exact: true }).click();
    await person.sees(
      `${alice.userId} was removed from this computer, but the server could not be told. Sign that session out from another one.`,
    );
    expect((await person.accounts()).map(({ userId }) => userId)).toEqual([bert.userId, cora.userId]);
    const left = (await person.accounts()).map(({ accountId }) => accountId);
    expect((await readdir(join(person.app.userData, "accounts"))).sort()).toEqual(left.sort());
    // The session on the phone, and the one that it could not be told of.
    expect(await sessionsOf(alice)).toBe(2);
  });

  test("has left no secret behind", async () => {
    const passwords = Object.fromEntries([alice, bert, cora].map(({ user, password }) => [`password of ${user}`, password]));
    await expectNoLeaks(world, passwords);
    expect(world.person.app.pageErrors).toEqual([]);
  });
});
