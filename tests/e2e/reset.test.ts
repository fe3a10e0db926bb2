import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupPublicKey } from "../../main/roomKeys/keyPairs.ts";
import { matrixCall } from "../support/matrixApi.ts";
import { type SdkSession, startSdkSession } from "../support/sdkSession.ts";
import { openElsewhere } from "../support/secureBackupChecks.ts";
import type { TestUser } from "../support/synapse.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";
import { privateKeyOf } from "../support/secretValues.ts";

let world: World;
let page: SecureBackupPage;
let dora: TestUser;
let phone: SdkSession;
let oldKey: string;
/** All that must not be found anywhere in the end. */
const secrets: Record<string, string> = {};

beforeAll(async () => {
  world = await openWorld();
  page = new SecureBackupPage(world.person);
  const { synapse } = world;
  dora = await synapse.register({ user: "dora", password: "dora draws doors", displayName: "Dora" });
  phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...dora });
  oldKey = await phone.setUpSecureBackup();
  await phone.sendRoomKeys(3);
  secrets["password of dora"] = dora.password;
});
afterAll(async () => {
  phone.stop();
  await world.close();
});

/** Of a backup whose private key nobody has. */
const strangersAuthData = { public_key: backupPublicKey(privateKeyOf(Buffer.alloc(32, 7).toString("base64"))), signatures: {} };
const VERSIONS = "/_matrix/client/v3/room_keys/version";
/** The first version of such a backup. */
let strangers: string;

/** Begins one with entries of these sessions, and answers its version. */
async function beginStrangersBackup(...sessionIds: string[]): Promise<string> {
  const token = phone.tokens.accessToken;
  const body = { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: strangersAuthData };
  const { version } = (await world.synapse.call({ method: "POST", path: VERSIONS, token, body })) as { version: string };
  const entry = { first_message_index: 0, forwarded_count: 0, is_verified: false, session_data: {} };
  const rooms = { "!far:example.org": { sessions: Object.fromEntries(sessionIds.map((id) => [id, entry])) } };
  const path = `/_matrix/client/v3/room_keys/keys?version=${version}`;
  await world.synapse.call({ method: "PUT", path, token, body: { rooms } });
  return version;
}

async function isOnServer(version: string): Promise<boolean> {
  const token = phone.tokens.accessToken;
  return (await matrixCall(world.synapse.baseUrl, { path: `${VERSIONS}/${version}`, token })).status === 200;
}

/** Goes from the page to the question for the password, and answers the new Security Key. */
async function resetUpToThePassword(): Promise<string> {
  const { person } = world;
  await person.press("Reset…");
  await person.isAt("Reset Secure Backup");
  await person.type("Type dora to continue", "dora");
  await person.press("Continue");
  await person.press("Continue");
  const securityKey = await page.shownKey();
  await person.press("I’ve saved it");
  await person.type("Security Key", securityKey);
  await person.press("Check and reset");
  await person.isAsked("Confirm it’s you");
  return securityKey;
}

describe("a reset", () => {
  test("says in this account's numbers what it costs, and wants its name typed", async () => {
    const { person, synapse } = world;
    await person.signIn(synapse.baseUrl, dora);
    await person.isAt("Verify this session");
    await person.press("Reset…");
    await person.sees(/A backup that nothing here opens, with 3 .* It stays on the server/);
    const box = person.page.getByText("Delete the backups that nothing here opens, too");
    await box.click();
    await person.sees(/A backup that nothing here opens is deleted, with 3 /);
    await person.looks("reset-preview-deleting");
    await box.click();
    await person.sees("1 other session will not be verified any more.");
    await person.looks("reset-preview");
    await person.type("Type dora to continue", "yes");
    await person.press("Continue");
    await person.sees("Type dora exactly.");
    await person.press("Cancel");
    await person.isAt("Verify this session");
  });

  test("loses nothing when it is cancelled at the password", async () => {
    const { person, synapse } = world;
    secrets["a key that was given up"] = await resetUpToThePassword();
    await person.looks("reset-password");
    await person.press("Cancel");
    await person.sees(/Stopped before anything was replaced/);
    await person.looks("reset-cancelled");
    const opened = await openElsewhere(synapse, dora, { securityKey: oldKey });
    expect(opened.roomKeys).toEqual({ inBackup: 3, restored: 3 });
    await person.press("Cancel the reset");
    await person.isAt("Verify this session");
    await page.unlockKeyWith(oldKey);
    await person.sees("Secure Backup works.");
  });

  test("that is finished brings a new key, and takes along what this session could read", async () => {
    const { person, synapse } = world;
    await person.press("Reset…");
    await person.sees("3 room keys in the backup: this session can read them, so they go into the new backup.");
    await person.press("Cancel");
    const securityKey = await resetUpToThePassword();
    secrets["Security Key of dora"] = securityKey;
    await page.confirmWith(dora.password);
    await page.isChecked();
    await person.looks("reset-checked");
    await person.press("Done");
    await person.sees("Secure Backup works.");
    const opened = await openElsewhere(synapse, dora, { securityKey });
    expect(opened.roomKeys).toEqual({ inBackup: 3, restored: 3 });
  });
});

describe("backups that nothing here opens", () => {
  test("outlive a reset, which says so in the end", async () => {
    const { person } = world;
    strangers = await beginStrangersBackup("one", "other");
    await beginStrangersBackup("one");
    await person.press("Reset…");
    await person.sees(/2 backups that nothing here opens, with 3 keys. They stay on the server/);
    await person.press("Cancel");
    secrets["Security Key after another reset"] = await resetUpToThePassword();
    await page.confirmWith(dora.password);
    await person.sees(/^2 older backups weren’t deleted/);
    await person.looks("reset-kept-backup");
    await person.press("Done");
    await person.sees("Secure Backup works.");
    await person.sees("Older backups");
  });

  test("are deleted one by one, and only after the box for what nothing here opens", async () => {
    const { person } = world;
    await person.press(`Delete version ${strangers}…`);
    await person.isAsked(`Delete version ${strangers}?`);
    await person.sees(/^Nothing here opens it: its 2 keys/);
    const submit = person.page.getByRole("alertdialog").getByRole("button", { name: "Delete", exact: true });
    expect(await submit.isDisabled()).toBe(true);
    await person.looks("older-backup-unopened");
    await person.press("Cancel");
    await person.sees("Older backups");
    expect(await isOnServer(strangers)).toBe(true);

    await person.press(`Delete version ${strangers}…`);
    await person.isAsked(`Delete version ${strangers}?`);
    expect(await submit.isDisabled()).toBe(true);
    await person.page.getByRole("alertdialog").getByText("Delete it even though nothing here opens it").click();
    await submit.click();
    await person.sees(`Version ${strangers} was deleted. 2 keys that nothing here opens are gone with it.`);
    await person.looks("older-backup-deleted");
    expect(await isOnServer(strangers)).toBe(false);
    expect(await isOnServer(String(Number(strangers) + 1))).toBe(true);
    expect(await isOnServer(String(Number(strangers) + 2))).toBe(true);
    await person.sees("Secure Backup works.");
  });
});

describe("another Security Key", () => {
  test("opens everything, and the one before it nothing", async () => {
    const { person, synapse } = world;
    await person.press("Change Security Key…");
    await person.isAt("Change the Security Key");
    await person.looks("change-key");
    await person.press("Continue");
    const securityKey = await page.shownKey();
    secrets["changed Security Key of dora"] = securityKey;
    await person.press("I’ve saved it");
    await person.type("Security Key", securityKey);
    await person.press("Check and change the key");
    await person.sees("Your new Security Key works. Other clients ask for it from now on.");
    await person.press("Done");
    await person.sees("Secure Backup works.");
    await openElsewhere(synapse, dora, { securityKey });
  });
});

describe("Secure Backup", () => {
  test("is turned off after it was said what goes, and can be set up again", async () => {
    const { person } = world;
    await person.press("Turn off…");
    await person.isAsked("Turn Secure Backup off?");
    await person.sees("The backup with 3 room keys is deleted from the server.");
    await person.looks("turn-off");
    await person.press("Turn off and delete");
    await person.sees("Secure Backup is turned off for this account.");
    // The other backup that nothing here opens is still there.
    await person.looks("turned-off-partly");
    await person.press("Delete what’s left");
    await person.isAsked("Turn Secure Backup off?");
    await person.page.getByText("Delete backups even if this session doesn’t have all of their room keys").click();
    await person.press("Turn off and delete");
    await person.isAt("Set up Secure Backup");
    await person.looks("turned-off");
    await expectNoLeaks(world, secrets);
  });
});
