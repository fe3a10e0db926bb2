import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { startSdkSession } from "../support/sdkSession.ts";
import { openElsewhere } from "../support/secureBackupChecks.ts";
import type { TestUser } from "../support/synapse.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { demandPassword } from "./support/demandPassword.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { chooseWhereToSave, countPrints, paste, readClipboard } from "./support/system.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

let world: World;
let proxy: FaultProxy;
let page: SecureBackupPage;
let alice: TestUser;
let bert: TestUser;
let cora: TestUser;
/** All that must not be found anywhere in the end. */
const secrets: Record<string, string> = {};
const PHRASE = "nine quiet herons by the old mill";

beforeAll(async () => {
  world = await openWorld();
  proxy = await startFaultProxy(world.synapse.baseUrl);
  page = new SecureBackupPage(world.person);
  const { synapse } = world;
  alice = await synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
  bert = await synapse.register({ user: "bert", password: "bert reads by night", displayName: "Bert" });
  cora = await synapse.register({ user: "cora", password: "cora calls at noon", displayName: "Cora" });
  for (const { user, password } of [alice, bert, cora]) secrets[`password of ${user}`] = password;
  secrets["Security Phrase"] = PHRASE;
});
afterAll(async () => {
  await proxy.stop();
  await world.close();
});

describe("setting up with a Security Key", () => {
  let securityKey: string;

  test("is offered after signing in, and shows the key once to be kept", async () => {
    const { person } = world;
    await person.signIn(proxy.baseUrl, alice);
    await person.isAt("Set up Secure Backup");
    await person.looks("secure-backup-choose");
    await person.press("Continue");
    securityKey = await page.shownKey();
    expect(securityKey).toMatch(/^E[\w ]{58}$/);
    secrets["Security Key of alice"] = securityKey;
    await person.looks("secure-backup-keep");
  });

  test("copies the key, saves it as a file for this user alone, and prints it", async () => {
    const { person } = world;
    await person.press("Copy");
    await person.sees("Copied. Paste it where you keep your passwords.");
    expect(await readClipboard(person.app)).toBe(securityKey);

    const folder = await temporaryFolder("saved");
    try {
      const path = join(folder.path, "key.txt");
      const suggested = await chooseWhereToSave(person.app, path);
      await person.press("Save as file");
      await person.sees("Saved.");
      expect(await suggested()).toMatch(/Security Key alice example\.org\.txt$/);
      expect(await readFile(path, "utf8")).toBe(`${alice.userId}\n${securityKey}\n`);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    } finally {
      await folder.remove();
    }

    const prints = await countPrints(person.app);
    await person.press("Print");
    await person.sees("Sent to the printer.");
    expect(await prints()).toBe(1);
    await person.page.emulateMedia({ media: "print" });
    const sheet = person.page.locator(".printOnly");
    expect((await sheet.innerText()).replaceAll(/\s/g, "")).toContain(securityKey.replaceAll(" ", ""));
    expect(await person.page.locator("#root").isVisible()).toBe(false);
    await person.app.screenshot("secure-backup-print");
    await person.page.emulateMedia({ media: null });
  });

  test("takes the key only when it is typed back rightly, however it was wrapped", async () => {
    const { person } = world;
    await person.press("I’ve saved it");
    await person.press("Check and set up");
    await person.sees("Type or paste your Security Key.");
    const wrong = securityKey.slice(0, 10) + (securityKey[10] === "a" ? "b" : "a") + securityKey.slice(11);
    await paste(person.app, "Security Key", wrong);
    await person.sees("That doesn’t match. Check group 3.");
    await paste(person.app, "Security Key", securityKey.slice(0, 24));
    await person.sees("The key is not complete: 20 of 48 characters.");
    await person.looks("secure-backup-type-back");
    const [first, rest] = [securityKey.slice(0, 29), securityKey.slice(30).replaceAll(" ", "\u00a0")];
    await paste(person.app, "Security Key", `\n ${first}\r\n\t${rest} \n`);
    demandPassword(proxy, 2);
    await person.press("Check and set up");
    await person.isAsked("Confirm it’s you");
  });

  test("asks for the account's password, and loses nothing when that is cancelled", async () => {
    const { person } = world;
    await person.sees(`example.org wants your password before it takes a new identity for ${alice.userId}.`);
    await person.looks("challenge");
    await page.confirmWith("not alice's password");
    await person.sees("That is not the password of this account.");
    await person.looks("challenge-wrong");
    await person.press("Cancel");
    await person.sees("You cancelled the confirmation. The server changed nothing in this step.");
    await person.isAt("Finish setting up Secure Backup");
    await person.looks("secure-backup-stopped");
    demandPassword(proxy, 1);
    await person.press("Continue");
    await page.confirmWith(alice.password);
  });

  test("says checked, and another client opens it with nothing but the key", async () => {
    const { person, synapse } = world;
    await page.isChecked();
    await person.looks("secure-backup-checked");
    await person.press("Done");
    await person.isAt("Secure Backup");
    await person.sees("Secure Backup works.");
    expect(await page.secrets()).toEqual([
      ["Your identity", "Stored", "Here"],
      ["Key for verifying your sessions", "Stored", "Here"],
      ["Key for verifying other people", "Stored", "Here"],
      ["Key to your room keys", "Stored", "Here"],
    ]);
    await person.looks("secure-backup-working");
    await openElsewhere(synapse, alice, { securityKey });
  });
});

describe("setting up with a Security Phrase", () => {
  test("refuses a weak one and says how weak, and that the two differ", async () => {
    const { person, synapse } = world;
    await person.signIn(synapse.baseUrl, bert);
    await person.page.getByText("A phrase that only you know.").click();
    await person.type("Security Phrase", "bert bert");
    await person.sees(/guess/);
    await person.press("Continue");
    await person.sees("This phrase is too easy to guess. Make it longer.");
    expect(Number(await person.page.getByRole("meter").getAttribute("aria-valuenow"))).toBeLessThan(4);
    await person.looks("secure-backup-phrase-weak");
    await person.type("Security Phrase", PHRASE);
    await person.sees("Hard to guess");
    await person.type("Security Phrase again", PHRASE.replace("nine", "ten"));
    await person.press("Continue");
    await person.sees("The two phrases don’t match.");
    await person.type("Security Phrase again", PHRASE);
    await person.looks("secure-backup-phrase");
  });

  test("gives a Security Key as well, and takes the phrase typed back", async () => {
    const { person, synapse } = world;
    await person.press("Continue");
    secrets["Security Key of bert"] = await page.shownKey();
    await person.sees("This key does too, in case you forget the phrase.");
    await person.looks("secure-backup-keep-phrase");
    await person.press("I’ve saved it");
    await person.type("Security Key", PHRASE.toUpperCase());
    await person.press("Check and set up");
    await person.sees("That is not the Security Key that was shown. Compare it group by group.");
    await person.type("Security Key", PHRASE);
    await person.press("Check and set up");
    await page.isChecked();
    await openElsewhere(synapse, bert, { securityPhrase: PHRASE });
    await openElsewhere(synapse, bert, { securityKey: secrets["Security Key of bert"] });
  });
});

describe("an account that has a Secure Backup from another client", () => {
  beforeAll(async () => {
    const phone = await startSdkSession({ baseUrl: world.synapse.baseUrl, ...cora });
    try {
      secrets["Security Key of cora"] = await phone.setUpSecureBackup({ securityPhrase: PHRASE });
    } finally {
      phone.stop();
    }
  });

  test("shows its state secret by secret, and does not offer to set it up again", async () => {
    const { person, synapse } = world;
    await person.signIn(synapse.baseUrl, cora);
    await person.isAt("Verify this session");
    expect((await page.secrets()).map(([, server, here]) => [server, here])).toEqual(
      Array.from({ length: 4 }, () => ["Stored", "Missing"]),
    );
    expect(await person.page.getByText("How do you want to open your Secure Backup later?").isVisible()).toBe(false);
    await person.looks("secure-backup-unlock");
  });

  test("is opened with the Security Key and not with a wrong one", async () => {
    const { person } = world;
    await page.unlockWith(secrets["Security Key of alice"] ?? "");
    await person.sees("That does not open this Secure Backup.");
    await person.looks("secure-backup-wrong-key");
    await page.unlockWith(secrets["Security Key of cora"] ?? "");
    await person.isAt("Secure Backup");
    await person.sees("Secure Backup works.");
    expect((await page.secrets()).every(([, server, here]) => server === "Stored" && here === "Here")).toBe(true);
  });

  test("is opened on a new session with the Security Phrase", async () => {
    const { person, synapse } = world;
    await person.openAccount("Cora", "Overview");
    await person.press("Sign out…");
    await person.sees("All of this session’s room keys are backed up.");
    await person.looks("sign-out-safe");
    await person.page.getByRole("alertdialog").getByRole("button", { name: "Sign out", exact: true }).click();
    await person.sees(`${cora.userId} was signed out`);
    await person.signIn(synapse.baseUrl, cora);
    await page.unlockWith(`${PHRASE} not`);
    await person.sees("That does not open this Secure Backup.");
    await page.unlockWith(PHRASE);
    await person.sees("Secure Backup works.");
  });
});

test("no key, phrase or password is left behind", async () => {
  await expectNoLeaks(world, secrets);
  expect(world.person.app.pageErrors).toEqual([]);
});
