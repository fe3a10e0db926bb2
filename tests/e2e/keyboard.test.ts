import type { Locator } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { demandPassword } from "./support/demandPassword.ts";
import { SecureBackupPage } from "./support/secureBackupPage.ts";
import { openWorld, type World } from "./support/world.ts";

let world: World;
let proxy: FaultProxy;

beforeAll(async () => {
  world = await openWorld();
  proxy = await startFaultProxy(world.synapse.baseUrl);
  await world.synapse.register({ user: "hal", password: "hal has no mouse", displayName: "Hal" });
});
afterAll(async () => {
  await proxy.stop();
  await world.close();
});

/** More than there are things to reach on any page of these tests. */
const MAX_TABS = 40;

/** Presses Tab until this has the focus, and fails when it never does, or when what has it is not to be seen. */
async function tabTo(target: Locator): Promise<void> {
  const { page } = world.person;
  await target.waitFor();
  for (let tabs = 0; tabs < MAX_TABS; tabs++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${String(target)} cannot be reached with Tab`);
}

const press = async (name: string): Promise<void> => {
  // On the empty page the column's button is repeated.
  await tabTo(world.person.button(name).first());
  await world.person.page.keyboard.press("Enter");
};

const fill = async (field: string, text: string): Promise<void> => {
  await tabTo(world.person.page.getByRole("textbox", { name: field, exact: true }));
  await world.person.page.keyboard.type(text);
};

describe("without a mouse", () => {
  test("an account is added", async () => {
    const { person } = world;
    const { keyboard } = person.page;
    await keyboard.press("Tab");
    expect(await person.page.locator(":focus").innerText()).toBe("Skip to the page");
    await person.looks("keyboard-skip-link");
    await press("Add account");
    await person.isAt("Add account");
    await fill("Homeserver", proxy.baseUrl);
    await keyboard.press("Enter");
    await person.isAt(/^Sign in to/);
    await tabTo(person.page.getByRole("radio", { name: "User name" }));
    await keyboard.press("ArrowRight");
    await person.page.getByRole("textbox", { name: "Email address" }).waitFor();
    await keyboard.press("ArrowLeft");
    await fill("User name", "hal");
    await keyboard.press("Tab");
    await keyboard.type("hal has no mouse");
    await keyboard.press("Enter");
    await person.isAt("Set up Secure Backup");
  });

  test("Secure Backup is set up", async () => {
    const { person } = world;
    const { keyboard } = person.page;
    const page = new SecureBackupPage(person);
    await press("Continue");
    await page.shownKey();
    await press("Copy");
    await person.sees("Copied. Paste it where you keep your passwords.");
    await press("I’ve saved it");
    await tabTo(person.page.getByRole("textbox", { name: "Security Key" }));
    await keyboard.press("Control+V");
    demandPassword(proxy, 1);
    await press("Check and set up");
    // The dialog takes the focus, keeps it, and gives it back.
    await person.isAsked("Confirm it’s you");
    await keyboard.type("hal has no mouse");
    for (let tabs = 0; tabs < 6; tabs++) {
      await keyboard.press("Tab");
      expect(await person.page.evaluate(() => document.activeElement?.closest("[role=dialog]") !== null)).toBe(true);
    }
    await press("Confirm");
    await page.isChecked();
    await press("Done");
    await person.isAt("Secure Backup");
    await person.page.locator("h1:focus").waitFor();
  });

  test("everything is found by typing a part of its name", async () => {
    const { person } = world;
    const { keyboard } = person.page;
    const find = async (words: string): Promise<void> => {
      await keyboard.press("Control+K");
      await person.page.getByRole("combobox").waitFor();
      await keyboard.type(words);
      await person.page.getByRole("option", { selected: true }).waitFor();
      await keyboard.press("Enter");
    };
    await keyboard.press("Control+K");
    await person.page.getByRole("combobox").waitFor();
    await keyboard.type("hal");
    await keyboard.press("ArrowDown");
    await person.looks("palette");
    await keyboard.press("Escape");
    await person.page.getByRole("combobox").waitFor({ state: "hidden" });
    await find("prof hal");
    await person.isAt("Profile");
    await find("all acc");
    await person.isAt("All accounts");
    const shownTheme = () => person.page.locator("html").getAttribute("data-theme");
    await person.page.emulateMedia({ colorScheme: "light" });
    await find("dark");
    await expect.poll(shownTheme).toBe("dark");
    await find("light theme");
    await expect.poll(shownTheme).toBe("light");
    await person.page.emulateMedia({ colorScheme: "dark" });
    expect(await shownTheme()).toBe("light");
    await find("system theme");
    await expect.poll(shownTheme).toBe("dark");
    await person.page.emulateMedia({ colorScheme: "light" });
    await expect.poll(shownTheme).toBe("light");
    await person.page.emulateMedia({ colorScheme: null });
    expect(await person.app.request("app.settings", {})).toEqual({ ok: true, value: { theme: "system", language: "system" } });
    await find("sign out hal");
    await person.isAsked("Sign out Hal?");
    await keyboard.press("Escape");
    await person.page.getByRole("alertdialog").waitFor({ state: "hidden" });
    await keyboard.press("Control+K");
    await person.page.getByRole("combobox").waitFor();
    await keyboard.type("there is no such thing");
    await person.sees("Nothing found");
    await person.looks("palette-nothing");
    await keyboard.press("Escape");
    await keyboard.press("Control+,");
    await person.isAt("Settings");
    await person.looks("settings");
    expect(person.app.pageErrors).toEqual([]);
  });
});
