import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatSecurityKey, newSecurityKey, parseSecurityKey } from "../../main/encryption/securityKey.ts";
import { readQrPicture } from "../support/readQr.ts";
import { startSdkSession } from "../support/sdkSession.ts";
import { revealed, secretOf } from "../support/secretValues.ts";
import { AccountDataOnServer, openElsewhere } from "../support/secureBackupChecks.ts";
import type { TestUser } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { chooseWhereToSave, holdPrints, notesScreenPrivacy, readClipboard } from "./support/system.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

const KEPT = "The Security Key is kept on this computer.";
const NOT_KEPT = "Your Security Key isn’t stored on this computer.";
const OLDER = "The stored key doesn’t open your current Secure Backup";

let world: World;
let page: SecureBackupPage;
let ella: TestUser;
let finn: TestUser;
let securityKey: string;
/** All that must not be found anywhere in the end. */
const secrets: Record<string, string> = {};

/** Whether the page has a Security Key in it, however its groups are set. */
async function shows(securityKey: string): Promise<boolean> {
  const text = await world.person.page.locator("body").innerText();
  return text.replaceAll(/\s/g, "").includes(securityKey.replaceAll(" ", ""));
}

beforeAll(async () => {
  world = await openWorld();
  page = new SecureBackupPage(world.person);
  const { synapse } = world;
  ella = await synapse.register({ user: "ella", password: "ella eats early", displayName: "Ella" });
  finn = await synapse.register({ user: "finn", password: "finn finds fish", displayName: "Finn" });
  for (const { user, password } of [ella, finn]) secrets[`password of ${user}`] = password;
  const phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...ella });
  try {
    securityKey = await phone.setUpSecureBackup();
  } finally {
    phone.stop();
  }
  secrets["Security Key of ella"] = securityKey;
});
afterAll(() => world.close());

/** The Security Key that is kept, as it is shown, to be compared with what was set up. */
async function keyShownAgain(): Promise<string> {
  await world.person.press("Show Security Key");
  return page.shownKey();
}

/** Pictures of the part of the page that this is about. */
async function looks(name: string, { person } = world): Promise<void> {
  await person.page.getByRole("heading", { name: "Security Key on this computer" }).scrollIntoViewIfNeeded();
  await person.page.mouse.move(700, 400);
  await person.page.mouse.wheel(0, 250);
  await person.looks(name);
}

/** Whether the page's title has the focus, as it shall when what had it is gone. */
async function titleHasFocus(): Promise<void> {
  await world.person.page.locator("h1:focus").waitFor({ timeout: 10_000 });
}

describe("keeping the Security Key on this computer", () => {
  test("is offered where Secure Backup works, and off", async () => {
    const { person, synapse } = world;
    await person.signIn(synapse.baseUrl, ella);
    expect(await person.page.getByText("Security Key on this computer").isVisible()).toBe(false);
    await page.unlockKeyWith(securityKey);
    await person.sees("Secure Backup works.");
    await person.sees(NOT_KEPT);
    await person.sees("A kept key is sealed with this computer’s keychain.");
    await looks("kept-key-off");
  });

  test("asks for the key and refuses a wrong one", async () => {
    const { person } = world;
    await person.press("Keep it on this computer…");
    await person.press("Check and keep");
    await person.sees("Type or paste your Security Key.");
    await person.type("Security Key", "EsTR mwqJ");
    await person.press("Check and keep");
    await person.sees("That is not a complete Security Key.");
    secrets["wrong Security Key"] = formatSecurityKey(newSecurityKey()).reveal();
    await person.type("Security Key", secrets["wrong Security Key"]);
    await person.press("Check and keep");
    await person.sees("That does not open this Secure Backup.");
    await person.looks("kept-key-wrong");
    await person.type("Security Key", securityKey);
    await person.press("Check and keep");
    await person.sees(KEPT);
    await titleHasFocus();
    await looks("kept-key-on");
  });

  test("shows it again after a restart, to be copied and saved, and not without being asked", async () => {
    const { person } = world;
    await person.app.quit();
    await person.app.start();
    await person.allAre("running");
    await person.openAccount("Ella", "Secure Backup");
    await person.sees(KEPT);
    expect(await shows(securityKey)).toBe(false);
    const isPrivate = await notesScreenPrivacy(person.app);
    expect(await keyShownAgain()).toBe(securityKey);
    expect(await shows(securityKey)).toBe(true);
    await waitUntil(isPrivate, { what: "the window to be kept out of screenshots" });
    await person.looks("kept-key-shown");
    await person.press("Copy");
    await person.sees("Copied. Paste it where you keep your passwords.");
    expect(await readClipboard(person.app)).toBe(securityKey);
    // What the page itself would copy of a part of it stays out: main copies the key, and takes it off again.
    await person.app.electron.evaluate(({ clipboard }) => clipboard.clear());
    await person.page.getByRole("group", { name: "Your Security Key" }).locator("span").nth(2).selectText();
    await person.page.keyboard.press("Control+C");
    await waitUntil(async () => (await readClipboard(person.app)) === securityKey, { what: "the whole key to be copied by main" });
    await person.page.evaluate(() => getSelection()?.removeAllRanges());
    const folder = await temporaryFolder("saved");
    try {
      const path = join(folder.path, "key.txt");
      await chooseWhereToSave(person.app, path);
      await person.press("Save as file");
      await person.sees("Saved.");
      expect(await readFile(path, "utf8")).toBe(`${ella.userId}\n${securityKey}\n`);
    } finally {
      await folder.remove();
    }
  });

  test("is seen in a small window, and hidden again by leaving the page", async () => {
    const { person } = world;
    const { width, height } = await person.page.evaluate(() => ({ width: innerWidth, height: innerHeight }));
    await person.resizeTo(720, 520);
    await person.page.getByRole("group", { name: "Your Security Key" }).scrollIntoViewIfNeeded();
    await person.looks("small-kept-key");
    await person.resizeTo(width, height);
    const isPrivate = await notesScreenPrivacy(person.app);
    await person.openAccount("Ella", "Overview");
    await waitUntil(async () => (await isPrivate()) === false, { what: "screenshots to be possible again" });
    await person.openAccount("Ella", "Secure Backup");
    await person.sees(KEPT);
    expect(await shows(securityKey)).toBe(false);
    await keyShownAgain();
    await person.press("Hide Security Key");
    expect(await shows(securityKey)).toBe(false);
  });

  test("is said where signing out would take it away", async () => {
    const { person } = world;
    await person.openAccount("Ella", "Overview");
    await person.press("Sign out…");
    await person.sees("Signing out also removes the Security Key kept on this computer.");
    await person.looks("kept-key-sign-out");
    await person.press("Cancel");
  });
});

describe("the key kept on this computer", () => {
  const USE = "Use the key kept on this computer";

  test("mends what takes a Security Key", async () => {
    const { person, synapse } = world;
    const { accessToken } = await synapse.login(ella.user, ella.password);
    await new AccountDataOnServer(synapse, { ...ella, accessToken }).write("m.cross_signing.user_signing", {});
    await person.openAccount("Ella", "Secure Backup");
    await person.press("Check again");
    await person.sees(/^One of the secrets is not in the Secure Backup/);
    await person.looks("kept-key-repair");
    await person.press(USE);
    await person.sees("Secure Backup works.");
    await titleHasFocus();
  });

  test("unlocks a new session, in place of one that was removed from elsewhere", async () => {
    const { person, synapse } = world;
    const [before] = await person.accounts();
    await synapse.removeDevice(ella, before!.deviceId);
    await person.allAre("softLoggedOut");
    await person.openAllAccounts();
    await person.press("Sign in again for Ella");
    await person.type(`Password of ${ella.userId}`, ella.password);
    await person.press("Sign in again");
    await person.seesNoMore(`Password of ${ella.userId}`);
    const [after] = await person.allAre("running");
    expect(after!.deviceId).not.toBe(before!.deviceId);
    await person.openAccount("Ella", "Secure Backup");
    await person.sees(USE);
    expect(await shows(securityKey)).toBe(false);
    await person.looks("kept-key-unlock");
    await person.press(USE);
    await person.sees("Secure Backup works.");
    await titleHasFocus();
    await person.sees(KEPT);
  });
});

describe("another Security Key", () => {
  test("set here takes the place of the kept one", async () => {
    const { person, synapse } = world;
    await person.openAccount("Ella", "Secure Backup");
    await person.press("Change Security Key…");
    await person.press("Continue");
    securityKey = await page.shownKey();
    secrets["second Security Key of ella"] = securityKey;
    await person.press("I’ve saved it");
    const box = person.page.getByRole("checkbox", { name: /^Keep the key on this computer/ });
    expect(await box.isChecked()).toBe(true);
    await person.type("Security Key", securityKey);
    await person.looks("kept-key-type-back");
    await person.press("Check and change the key");
    await person.sees("Your new Security Key works. Other clients ask for it from now on.");
    await person.press("Done");
    await person.sees(KEPT);
    expect(await keyShownAgain()).toBe(securityKey);
    await openElsewhere(synapse, ella, { securityKey });
    await person.press("Hide Security Key");
  });

  test("set by another client is not taken for the kept one, which can be forgotten", async () => {
    const { person, synapse } = world;
    const { accessToken } = await synapse.login(ella.user, ella.password);
    const onServer = new AccountDataOnServer(synapse, { ...ella, accessToken });
    const { key } = await onServer.read("m.secret_storage.default_key");
    await onServer.write("m.secret_storage.key.theirs", await onServer.read(`m.secret_storage.key.${key}`));
    await onServer.write("m.secret_storage.default_key", { key: "theirs" });
    // The page was read before that.
    await person.press("Show Security Key");
    await person.sees(OLDER);
    expect(await shows(securityKey)).toBe(false);
    await person.looks("kept-key-older");
    await person.press("Remove…");
    await person.isAsked("Forget the Security Key kept here?");
    await person.press("Remove it");
    await person.seesNoMore(OLDER);
    await titleHasFocus();
  });
});

describe("setting up", () => {
  test("does not keep the key unless the box is ticked", async () => {
    const { person, synapse } = world;
    await person.signIn(synapse.baseUrl, finn);
    await person.press("Continue");
    secrets["Security Key of finn"] = await page.shownKey();
    await person.press("I’ve saved it");
    const box = person.page.getByRole("checkbox", { name: /^Keep the key on this computer/ });
    expect(await box.isChecked()).toBe(false);
    await person.page.getByText(/^Keep the key on this computer/).click();
    expect(await box.isChecked()).toBe(true);
    await person.type("Security Key", secrets["Security Key of finn"]);
    await person.press("Check and set up");
    await page.isChecked();
    await person.press("Done");
    await person.sees(KEPT);
    expect(await keyShownAgain()).toBe(secrets["Security Key of finn"]);
  });

  test("goes on an emergency sheet, which is in the window only while it is printed", async () => {
    const { person } = world;
    await person.press("Emergency sheet");
    await person.isAt("Emergency sheet");
    await person.page.getByLabel("Security Key on the sheet").selectOption({ label: "Print the one kept on this computer" });
    await person.sees("Anyone who finds this sheet can read the account’s encrypted messages.");
    await person.looks("emergency-sheet");
    const printer = await holdPrints(person.app);
    await person.press("Print");
    await waitUntil(printer.begun, { what: "the printer to begin" });
    await person.page.emulateMedia({ media: "print" });
    const sheet = person.page.locator(".printOnly");
    const text = await sheet.innerText();
    expect(text).toContain(finn.userId);
    expect(text).toContain("If you lose everything");
    expect(text.replaceAll(/\s/g, "")).toContain(secrets["Security Key of finn"]!.replaceAll(" ", ""));
    const scanned = await readQrPicture(person.page, await sheet.locator("svg").screenshot());
    expect(Buffer.from(scanned).toString("utf8")).toBe(secrets["Security Key of finn"]!.replaceAll(" ", ""));
    await person.app.screenshot("emergency-sheet-print");
    await person.page.emulateMedia({ media: null });
    await printer.end();
    await person.sees("Sent to the printer.");
    expect(await sheet.count()).toBe(0);
  });

  test("prints nothing while a typed key is wrong, then several sheets into one file for this user alone", async () => {
    const { person } = world;
    await person.page.getByText("Ella", { exact: true }).last().click();
    const ellas = person.page.getByRole("listitem").filter({ hasText: ella.userId });
    await ellas.getByLabel("Security Key on the sheet").selectOption({ label: "Type it now" });
    await ellas.getByLabel("Security Key", { exact: true }).fill(secrets["wrong Security Key"]!);
    await person.press("Save as PDF");
    await person.sees("Not done yet: one Security Key needs a look.");
    await person.looks("emergency-sheet-wrong-key");
    await ellas.getByLabel("Security Key", { exact: true }).fill(securityKey);
    const folder = await temporaryFolder("sheets");
    try {
      const path = join(folder.path, "sheets.pdf");
      const suggested = await chooseWhereToSave(person.app, path);
      await person.press("Save as PDF");
      await person.sees("Saved.");
      expect(await suggested()).toMatch(/Emergency sheets 2\.pdf$/);
      const pdf = await readFile(path, "latin1");
      expect(pdf.startsWith("%PDF-")).toBe(true);
      expect(pdf.match(/\/Type \/Page\b/g)).toHaveLength(2);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    } finally {
      await folder.remove();
    }
    expect(await person.page.locator(".printOnly").count()).toBe(0);
    await person.openAccount("Finn", "Secure Backup");
    await person.sees(KEPT);
  });

  test("what was kept is forgotten after a second yes", async () => {
    const { person } = world;
    await person.press("Remove…");
    await person.isAsked("Forget the Security Key kept here?");
    await person.looks("kept-key-forget");
    await person.press("Cancel");
    await person.sees(KEPT);
    await person.press("Remove…");
    await person.press("Remove it");
    await person.sees(NOT_KEPT);
    await titleHasFocus();
    expect(await shows(secrets["Security Key of finn"]!)).toBe(false);
    await person.sees("Secure Backup works.");
  });
});

test("an account for this time only keeps no key, and says why", async () => {
  const bare = await openWorld({ keychain: "none" });
  try {
    const { person, synapse } = bare;
    const gina = await synapse.register({ user: "gina", password: "gina goes gliding", displayName: "Gina" });
    await person.page.getByText("Until Steward closes").click();
    await person.press("Use this");
    await person.signIn(synapse.baseUrl, gina);
    await person.press("Continue");
    const key = await new SecureBackupPage(person).shownKey();
    await person.press("I’ve saved it");
    expect(await person.page.getByRole("checkbox").count()).toBe(0);
    await person.type("Security Key", key);
    await person.press("Check and set up");
    await new SecureBackupPage(person).isChecked();
    await person.press("Done");
    await person.sees("Your Security Key can’t be stored on this computer: this account stays only until Steward closes");
    await looks("kept-key-memory", bare);
    await expectNoLeaks(bare, { key });
  } finally {
    await bare.close();
  }
});

test("no key or password is left behind", async () => {
  for (const [name, secret] of Object.entries(secrets)) {
    if (name.includes("Security Key")) secrets[`${name} in base64`] = revealed(parseSecurityKey(secretOf("Security Key", secret)));
  }
  await expectNoLeaks(world, secrets);
  expect(world.person.app.pageErrors).toEqual([]);
});
