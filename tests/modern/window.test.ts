import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNothingCut, isLoaded } from "../e2e/support/layout.ts";
import { Person } from "../e2e/support/person.ts";
import { SecureBackupPage } from "../e2e/support/secureBackupPage.ts";
import { ModernWindow } from "../support/modernWindow.ts";
import { startSynapse, type Synapse, type TestUser } from "../support/synapse.ts";
import { manyTimes } from "../support/matrixApi.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

let synapse: Synapse;
let window: ModernWindow;
let person: Person<ModernWindow>;
let secureBackup: SecureBackupPage;
let alice: TestUser;
beforeAll(async () => {
  synapse = await startSynapse();
  window = await ModernWindow.open();
  person = new Person(window);
  secureBackup = new SecureBackupPage(person);
  alice = await synapse.register({ user: "alice", password: "alice likes lists", displayName: "Alice" });
});
afterAll(async () => {
  await window?.close();
  await synapse?.stop();
});

test("it is a browser as new as the one that ships", () => {
  expect(Number.parseInt(window.version)).toBeGreaterThanOrEqual(140);
});

test("a person signs in, and sets up Secure Backup", async () => {
  await person.signIn(synapse.baseUrl, alice);
  await person.isAt("Set up Secure Backup");
  await person.press("Continue");
  const key = await secureBackup.shownKey();
  expect(key).toMatch(/^E[\w ]{58}$/);
  await person.looks("modern-keep-key");
  await person.press("Copy");
  await expect.poll(() => window.data.kept).toEqual([key]);
});

test("the key is typed back, and the set-up is checked", async () => {
  const key = await secureBackup.shownKey();
  await person.press("I’ve saved it");
  await person.type("Security Key", key);
  await person.press("Check and set up");
  await secureBackup.isChecked();
  await window.screenshot("modern-checked");
});

test("another client's room keys are imported from its file, and exported again", async () => {
  const folder = await temporaryFolder("modern");
  const section = (title: string) => person.page.locator("section", { has: person.page.getByRole("heading", { name: title }) });
  try {
    const file = join(import.meta.dirname, "../vectors/keyFile-matrix-nio.txt");
    const passphrase = /^passphrase: (.*)$/m.exec(await readFile(file, "utf8"))?.[1] as string;
    window.data.keyFile = file;
    await person.openAccount("Alice");
    await person.page
      .getByRole("navigation", { name: /^Pages of/ })
      .getByRole("button", { name: "Room keys" })
      .click();
    await person.press("Choose a key file…");
    await person.sees(/^keyFile-matrix-nio\.txt, /);
    const importing = section("Import a key file");
    await importing.getByLabel("File passphrase", { exact: true }).and(person.page.locator("input")).fill(passphrase);
    await person.press("Import");
    await person.sees(/^3 new, 0 better than before/);
    window.data.keyFile = join(folder.path, "keys.txt");
    const exporting = section("Export to a key file");
    for (const name of ["File passphrase", "Passphrase again"]) {
      await exporting.getByLabel(name, { exact: true }).and(person.page.locator("input")).fill("nine quiet herons by the old mill");
    }
    await person.press("Export…");
    await person.sees("3 room keys were exported.");
    expect(await readFile(window.data.keyFile, "utf8")).toMatch(/^-----BEGIN MEGOLM SESSION DATA-----/);
  } finally {
    await folder.remove();
  }
});

test("an admin reads on in a long table of users, and opens one", async () => {
  const admin = await synapse.register({ user: "boss", password: "the boss knows", displayName: "The Boss", admin: true });
  await manyTimes(120, 4, (n) => synapse.register({ user: `person${String(n).padStart(3, "0")}`, password: "a long enough one" }));
  await person.hasAccount(synapse.baseUrl, admin);
  await person.openAccount("boss", "Users");
  await person.sees(/^122 users on/);
  const rows = person.page.getByRole("row");
  await expect.poll(() => rows.count()).toBeLessThan(60);
  const last = person.page.getByText(/@person119:/);
  await expect
    .poll(
      async () => {
        await person.page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight));
        return last.isVisible();
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  await last.click();
  await person.isAt("person119");
});

test("the window goes on in German without a restart", async () => {
  await person.openAccount("Alice", "Sessions");
  await person.sees("Verified");
  await person.column.getByRole("button", { name: "Settings" }).click();
  await person.page.getByText("Deutsch", { exact: true }).click();
  await person.isAt("Einstellungen");
  expect(await person.page.evaluate(() => document.documentElement.lang)).toBe("de");
  await person.page.getByRole("button", { name: /Alice/ }).first().click();
  await person.page.getByRole("button", { name: "Sitzungen" }).click();
  await person.sees("Verifiziert");
  await person.page.getByRole("button", { name: "Einstellungen" }).click();
  await person.page.getByText("English", { exact: true }).click();
  await person.isAt("Settings");
});

const inEnglish = { language: "en", pagesOf: /^Pages of/, others: ["Servers", "Add account", "Settings", /^All accounts/] };
const inGerman = { language: "de", pagesOf: /^Seiten von/, others: ["Server", "Konto hinzufügen", "Einstellungen", /^Alle Konten/] };

test.each([
  { where: "the usual window", width: 590, height: 390, ...inEnglish },
  { where: "the smallest window", width: 360, height: 260, ...inEnglish },
  { where: "the smallest window in German", width: 360, height: 260, ...inGerman },
])("$where at 200 percent shows every page whole, and says what its icons mean", async ({ where, width, height, ...spoken }) => {
  const { page } = person;
  await page.setViewportSize({ width, height });
  await window.request("app.updateSettings", { language: spoken.language });
  await page.getByRole("navigation", { name: spoken.language === "de" ? "Konten" : "Accounts" }).waitFor();
  await page
    .getByRole("button", { name: /The Boss/ })
    .first()
    .click();
  const pages = page.getByRole("navigation", { name: spoken.pagesOf }).getByRole("button");
  await pages.first().waitFor();
  const count = await pages.count();
  expect(count).toBeGreaterThan(10);
  for (let index = 0; index < count; index += 1) {
    const name = (await pages.nth(index).getAttribute("title")) as string;
    await pages.nth(index).click();
    await page.locator("nav [aria-current=page]").and(pages.nth(index)).waitFor();
    await isLoaded(page);
    await expectNothingCut(page, `${name} in ${where}`);
  }
  await person.looks(`modern-${width}-last-page`);
  for (const name of spoken.others) {
    await page.getByRole("navigation").first().getByRole("button", { name }).click();
    await expectNothingCut(page, `${name} in ${where}`);
  }
  await person.looks(`modern-${width}-all-accounts`);
});

test("in the smallest window at 200 percent work that is done is an icon that says so, leads to its page, and goes", async () => {
  const { page } = person;
  await window.request("app.updateSettings", { language: "en" });
  const work = page.getByRole("list", { name: "Work in progress" });
  const exported = work.getByRole("listitem").filter({ has: page.getByRole("button", { name: /^Exporting room keys · Alice/ }) });
  const [icon, dismiss] = [exported.getByRole("button").first(), exported.getByRole("button").last()];
  await icon.scrollIntoViewIfNeeded();
  for (const button of [icon, dismiss]) expect((await button.boundingBox())?.width).toBeGreaterThanOrEqual(24);
  await icon.click();
  await person.isAt("Room keys");
  await expectNothingCut(page, "the work that is done");
  await dismiss.scrollIntoViewIfNeeded();
  await dismiss.click();
  await exported.waitFor({ state: "hidden" });
});

test("the page had nothing to complain of", () => {
  expect(window.pageErrors).toEqual([]);
});
