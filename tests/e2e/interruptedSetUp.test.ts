import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { AccountDataOnServer, openElsewhere } from "../support/secureBackupChecks.ts";
import type { TestUser } from "../support/synapse.ts";
import { within } from "../support/waitUntil.ts";
import { demandPassword } from "./support/demandPassword.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { paste } from "./support/system.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

let world: World;
let proxy: FaultProxy;
let page: SecureBackupPage;
let user: TestUser;
let users = 0;
const secrets: Record<string, string> = {};

beforeAll(async () => {
  world = await openWorld();
  proxy = await startFaultProxy(world.synapse.baseUrl);
  page = new SecureBackupPage(world.person);
});
beforeEach(async () => {
  const name = `gus${(users += 1)}`;
  user = await world.synapse.register({ user: name, password: `${name} goes on and on` });
  secrets[`password of ${name}`] = user.password;
  await world.person.hasAccount(proxy.baseUrl, user);
  await world.person.openAccount(name, "Secure Backup");
});
afterEach(() => proxy.clear());
afterAll(async () => {
  await proxy.stop();
  await world.close();
});

/** Chooses a Security Key and answers it. */
async function beginSetUp(): Promise<string> {
  await world.person.press("Continue");
  const key = await page.shownKey();
  secrets[`Security Key of ${user.user}`] = key;
  return key;
}

async function typeBack(key: string): Promise<void> {
  await world.person.press("I’ve saved it");
  await paste(world.person.app, "Security Key", key);
  await world.person.press("Check and set up");
}

/** As Ctrl+R does. */
async function reload(): Promise<void> {
  await world.person.page.reload();
  await world.person.isAt("All accounts");
}

describe("a window that is loaded again", () => {
  test("goes on with a key that was shown, without showing it a second time", async () => {
    const { person } = world;
    const key = await beginSetUp();
    await reload();
    await person.openAccount(user.user, "Secure Backup");
    await person.sees("The key isn’t shown again after a reload.");
    expect(await person.page.content()).not.toContain(key.slice(0, 9));
    await person.looks("secure-backup-reloaded");
    await typeBack(key);
    await page.isChecked();
  });

  test("shows the Challenge again that was being asked, and its answer is taken", async () => {
    const { person, synapse } = world;
    const key = await beginSetUp();
    demandPassword(proxy, 2);
    await typeBack(key);
    await page.confirmWith("not the password");
    await person.sees("That is not the password of this account.");
    await person.page.reload();
    await person.isAsked("Confirm it’s you");
    await page.confirmWith(user.password);
    await person.page.getByRole("dialog").waitFor({ state: "hidden" });
    await person.openAccount(user.user, "Secure Backup");
    await person.sees(/Secure Backup works\./);
    await openElsewhere(synapse, user, { securityKey: key });
  });
});

describe("a set-up that a power cut ends", () => {
  test.each([
    ["while the key's description is written", /account_data\/m\.secret_storage\.key\./, "PUT"],
    ["while the backup of room keys is made", /room_keys\/version/, "POST"],
  ] as const)("%s is continued at the next start", async (_when, path, method) => {
    const { person, synapse } = world;
    const key = await beginSetUp();
    const hold = proxy.hold({ nth: 1, when: "after", method, path });
    await typeBack(key);
    await within(hold.reached, 30_000, "the request to be on its way");
    await person.looks(`secure-backup-running-${users}`);
    await person.app.kill();
    hold.release();
    await person.app.start();
    await person.allAre("running");
    await person.sees("Not finished");
    await person.press(`Continue set-up for ${user.user}`);
    await person.isAt("Finish setting up Secure Backup");
    await person.looks(`secure-backup-unfinished-${users}`);
    await person.press("Continue");
    await page.isChecked();
    const { accessToken } = await synapse.login(user.user, user.password);
    await new AccountDataOnServer(synapse, { ...user, accessToken }).expectNoKeyWithoutSecrets();
    await openElsewhere(synapse, user, { securityKey: key });
  });
});

test("a set-up that was stopped says so and goes on where it was", async () => {
  const { person, synapse } = world;
  const key = await beginSetUp();
  const hold = proxy.hold({ nth: 1, when: "before", method: "PUT", path: /account_data\/m\.cross_signing/ });
  await typeBack(key);
  await within(hold.reached, 30_000, "the request to be on its way");
  await person.press("Stop");
  await person.sees("Stopping…");
  hold.release();
  await person.sees("Set-up stopped here. What was done is kept; continue when you’re ready.");
  await person.press("Leave it for later");
  await person.sees("Set-up was started but not finished.");
  await person.press("Continue set-up");
  await person.press("Continue");
  await page.isChecked();
  await person.openAccount(user.user, "Overview");
  await person.sees("Your keys are on the server, encrypted, and this session can open them.");
  await openElsewhere(synapse, user, { securityKey: key });
});

test("no key or password is left behind", async () => {
  await expectNoLeaks(world, secrets);
  expect(world.person.app.pageErrors).toEqual([]);
});
