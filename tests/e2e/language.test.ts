import { afterAll, beforeAll, expect, test } from "vitest";
import { expectNothingCut, isLoaded, textsPastTheFile } from "./support/layout.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;

beforeAll(async () => {
  world = await openWorld({ app: { args: ["--lang=de-DE"] } });
  const ute = await world.synapse.register({ user: "ute", password: "ute spricht deutsch", displayName: "Ute" });
  await world.person.hasAccount(world.synapse.baseUrl, ute);
});
afterAll(() => world.close());

/** The names on the application menu. */
const menu = (): Promise<string[]> =>
  world.person.app.electron.evaluate(({ Menu }) => Menu.getApplicationMenu()?.items.map(({ label }) => label) ?? []);

const language = (): Promise<string> => world.person.page.evaluate(() => document.documentElement.lang);

/** Opens the pages that everybody comes by, each by the names it has in that language, and looks at it. */
async function walk(names: Names, look: (page: string) => Promise<void>): Promise<void> {
  const { page } = world.person;
  const open = async (navigation: string | RegExp, name: string | RegExp, title: string | RegExp): Promise<void> => {
    await page.getByRole("navigation", { name: navigation }).getByRole("button", { name }).click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
  };
  await open(names.accounts, names.all, names.all);
  await look("all-accounts");
  await open(names.accounts, names.add, names.add);
  await look("add-account");
  await open(names.accounts, names.settings, names.settings);
  await look("settings");
  await open(names.accounts, /Ute/, "Ute");
  await look("overview");
  for (const [name, title] of names.pages) {
    await open(names.ofAccount, name, title);
    await isLoaded(page);
    await look(title.toLowerCase().replaceAll(/\W+/g, "-"));
  }
}

interface Names {
  readonly accounts: string;
  readonly ofAccount: RegExp;
  readonly all: RegExp;
  readonly add: string;
  readonly settings: string;
  /** Each page of an account in the middle column, and the title that it has. */
  readonly pages: readonly (readonly [string, string])[];
}

const german: Names = {
  accounts: "Konten",
  ofAccount: /^Seiten von/,
  all: /^Alle Konten/,
  add: "Konto hinzufügen",
  settings: "Einstellungen",
  pages: [
    ["Profil", "Profil"],
    ["Passwort & Zugang", "Passwort & Zugang"],
    ["Sichere Sicherung", "Sichere Sicherung einrichten"],
    ["Sitzungen", "Sitzungen"],
    ["Raumschlüssel", "Raumschlüssel"],
    ["Deaktivieren", "Deaktivieren"],
  ],
};

test("on a German desktop the window, its menu, the palette, lists and dialogs are German", async () => {
  const { person } = world;
  const { page } = person;
  expect(await language()).toBe("de");
  expect(await menu()).toEqual(["&Datei", "&Bearbeiten", "&Ansicht", "&Fenster"]);
  await person.allAre("running");
  await page.keyboard.press("Control+K");
  await page.getByRole("combobox").waitFor();
  await page.keyboard.type("übersicht ute");
  await page.getByRole("option", { selected: true }).waitFor();
  await person.looks("german-palette");
  await page.keyboard.press("Enter");
  await person.isAt("Ute");
  await person.press("Mehr zu Ute");
  await page.getByRole("menuitem", { name: "Abmelden" }).waitFor();
  await person.looks("german-menu");
  await page.getByRole("menuitem", { name: "Abmelden" }).click();
  await person.isAsked("Ute abmelden?");
  await person.looks("german-sign-out");
  await page.keyboard.press("Escape");
  await page.getByRole("alertdialog").waitFor({ state: "hidden" });
});

test("at 800 pixels no German text is cut, and nothing lies beside the window", async () => {
  const { person } = world;
  await person.resizeTo(800, 700);
  await walk(german, async (name) => {
    await person.looks(`german-${name}`);
    await expectNothingCut(person.page, name);
  });
  await person.resizeTo(1180, 800);
});

test("signing in, and what is wrong with it, is said in German; the country is the desktop's", async () => {
  const { person } = world;
  const { page } = person;
  await page.getByRole("navigation", { name: "Konten" }).getByRole("button", { name: "Konto hinzufügen" }).click();
  await person.type("Homeserver", world.synapse.baseUrl);
  await person.press("Weiter");
  await person.isAt(/^Bei .* anmelden$/);
  await person.type("Benutzername", "niemand");
  await person.type("Passwort", "falsch");
  await person.press("Anmelden");
  await person.sees("Name oder Passwort stimmt nicht.");
  await person.looks("german-sign-in");
  await page.getByText("Telefon", { exact: true }).click();
  expect(await page.getByLabel("Land").inputValue()).toBe("DE");
  expect(await page.getByLabel("Land").locator("option:checked").innerText()).toBe("Deutschland");
});

test("another language is spoken at once, menus included, with the focus kept, and again after a start", async () => {
  const { person } = world;
  const { page } = person;
  await page.getByRole("navigation", { name: "Konten" }).getByRole("button", { name: "Einstellungen" }).click();
  await page.getByText("English", { exact: true }).click();
  await person.isAt("Settings");
  expect(await language()).toBe("en");
  expect(await menu()).toEqual(["&File", "&Edit", "&View", "&Window"]);
  await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.value)).toBe("en");
  await person.app.quit();
  await person.app.start();
  expect([await language(), await menu()]).toEqual(["en", ["&File", "&Edit", "&View", "&Window"]]);
  await person.app.page.getByRole("button", { name: "Settings" }).click();
  await person.app.page.getByText("As the system", { exact: true }).last().click();
  await person.isAt("Einstellungen");
  expect(await menu()).toEqual(["&Datei", "&Bearbeiten", "&Ansicht", "&Fenster"]);
});

/** What people and servers have named, which no file of texts can know. */
const given =
  /^(?:(?:title|aria-label): )?(?:[A-Z]{10}|UT|Ute|Ute\n@ute:example\.org|@ute:example\.org|ute|example\.org|127\.0\.0\.1:\d+|http:\S+|Steward on .*|Electron|Chromium|Node\.js|Linux|English|Deutsch|Alt\+↑ Alt\+↓)$/;

test("in the pseudo-language no text passes by the texts, from right to left nothing is cut", async () => {
  const { person } = world;
  const { page } = person;
  await person.app.electron.evaluate(({ app }) => app.commandLine.appendSwitch("lang", "en-XA"));
  // The system's language is asked for when "as the system" is chosen.
  for (const chosen of ["en", "system"]) await person.app.request("app.updateSettings", { language: chosen });
  await page.reload();
  await page.waitForSelector("#root > *");
  expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir])).toEqual(["en-XA", "rtl"]);
  await person.allAre("running");
  const accented = (text: string): RegExp => new RegExp(`^⟦${text}`);
  const pseudo: Names = {
    accounts: "⟦Àççöûñţš···⟧",
    ofAccount: accented("Þàĝéš"),
    all: accented("Àļļ àççöûñţš"),
    add: "⟦Àđđ àççöûñţ····⟧",
    settings: "⟦Šéţţîñĝš···⟧",
    pages: [],
  };
  await person.resizeTo(800, 700);
  await walk(pseudo, async (name) => {
    await person.app.screenshot(`pseudo-${name}`);
    expect(await textsPastTheFile(page, given), name).toEqual([]);
    await expectNothingCut(page, name);
  });
  const others = page.getByRole("navigation", { name: accented("Þàĝéš") }).getByRole("button");
  for (const button of await others.all()) {
    await button.click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await isLoaded(page);
    const name = (await page.getByRole("heading", { level: 1 }).innerText()).trim();
    await person.app.screenshot(`pseudo-page-${(await others.all()).indexOf(button)}`);
    expect(await textsPastTheFile(page, given), name).toEqual([]);
    await expectNothingCut(page, name);
  }
  expect(person.app.pageErrors).toEqual([]);
});
