import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApp } from "../support/electronApp.ts";
import { type SecretServiceForTests, startSecretService } from "../support/secretService.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { Person } from "./support/person.ts";

const COUNT = 50;
const LONG = "Wilhelmina Featherstonehaugh-Cholmondeley, who looks after the northern archive on weekdays";
const UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(2);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let keyring: SecretServiceForTests;
let person: Person;

const accountIdOf = (index: number): string => `account${String(index).padStart(9, "0")}`;

/** An account as the list keeps it; this computer has no secrets for it, so it cannot start. */
function entry(index: number) {
  const names: Record<number, string> = { 3: LONG, 4: UNBROKEN, 5: "مريم", 6: "👩‍👩‍👧‍👦 The whole family" };
  const longId = `@${"very.".repeat(20)}long.name:matrix.${"sub.".repeat(20)}example`;
  return {
    accountId: accountIdOf(index),
    userId: index === 7 ? longId : `@person${index}:${index % 2 ? "example.org" : "acme.example"}`,
    deviceId: `DEVICE${index}`,
    homeserver: { serverName: "example.org", baseUrl: "http://127.0.0.1:9" },
    displayName: names[index] ?? (index % 5 === 0 ? null : `Person ${index}`),
    avatar: null,
    health: null,
    hasRun: true,
    thisTimeOnly: false,
    createdAt: 0,
  };
}

beforeAll(async () => {
  folder = await temporaryFolder("many");
  await mkdir(folder.path, { recursive: true });
  const accounts = Array.from({ length: COUNT }, (_, index) => entry(index + 1));
  await writeFile(join(folder.path, "accounts.json"), JSON.stringify({ version: 1, data: { accounts } }));
  keyring = await startSecretService();
  person = new Person(await startApp({ userData: folder.path, env: keyring.env }));
});
afterAll(async () => {
  await person.app.close();
  await keyring.stop();
  await folder.remove();
});

/** Whether the window has to be scrolled sideways, or something sticks out of what it stands in. */
async function overflows(): Promise<string[]> {
  return person.page.evaluate(() => {
    const out: string[] = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) out.push(`the window by ${scrollWidth - clientWidth}`);
    for (const element of document.querySelectorAll("main, nav, h1, td, th, [role=dialog]")) {
      // Where rows are cards, the names of the columns are for screen readers alone.
      if (element.closest("thead")?.clientWidth === 1) continue;
      const { right } = element.getBoundingClientRect();
      if (right > innerWidth + 1) out.push(`${element.tagName} to ${Math.round(right)} of ${innerWidth}`);
    }
    return out;
  });
}

describe("fifty accounts", () => {
  test("are all there, each saying what is wrong with it, and the last can be reached", async () => {
    await person.sees("All 50 accounts need attention.");
    const accounts = await person.allAre("failed");
    expect(accounts).toHaveLength(COUNT);
    await person.looks("many-accounts");
    expect(await overflows()).toEqual([]);
    await person.inColumn("@person50:acme.example").scrollIntoViewIfNeeded();
    await person.openAccount("@person50:acme.example");
    await person.isAt("person50");
    await person.sees("The secrets of this account are no longer on this computer.");
    await person.page.keyboard.press("Control+9");
    await person.isAt("Person 9");
  });

  test("are found by a part of name, user or server", async () => {
    await person.openAllAccounts();
    const rows = person.page.getByRole("table").locator("tbody tr");
    await person.type("Filter accounts", "person4");
    await person.sees("11 of 50 shown");
    expect(await rows.count()).toBe(11);
    await person.type("Filter accounts", "featherstone");
    await person.sees("1 of 50 shown");
    await person.type("Filter accounts", "nobody at all");
    await person.sees("Nothing here is called “nobody at all”.");
    await person.looks("many-accounts-none");
    await person.press("Show all accounts");
    expect(await rows.count()).toBe(COUNT);
  });

  test("fit into the smallest window, with the longest names", async () => {
    await person.resizeTo(720, 520);
    expect(await overflows()).toEqual([]);
    await person.looks("small-all-accounts");
    for (const [index, title] of [
      [3, LONG],
      [4, UNBROKEN],
      [5, "مريم"],
      [7, "Person 7"],
    ] as const) {
      await person.inColumn(index === 7 ? "@very." : String(title)).click();
      await person.isAt(title);
      expect(await overflows(), String(title)).toEqual([]);
      await person.looks(`small-overview-${index}`);
    }
    await person.openAccount(UNBROKEN, "Overview");
    await person.press("Sign out…");
    await person.page.getByRole("alertdialog").getByRole("list").waitFor();
    expect(await overflows()).toEqual([]);
    await person.looks("small-sign-out");
    await person.page.keyboard.press("Escape");
    await person.press("Settings");
    await person.isAt("Settings");
    expect(await overflows()).toEqual([]);
    await person.looks("small-settings");
  });

  test("can be removed one by one, though there are no secrets to sign out with", async () => {
    await person.resizeTo(1100, 760);
    await person.openAccount("@person50:acme.example", "Overview");
    await person.press("Sign out…");
    await person.sees(/^The secrets of this session are no longer on this computer\./);
    await person.sees(
      "Without its secrets, Steward cannot tell the server. The server will list this session until you sign it out elsewhere.",
    );
    await person.looks("sign-out-no-secrets");
    await person.page.getByRole("alertdialog").getByRole("button", { name: "Sign out", exact: true }).click();
    await person.sees(
      "@person50:acme.example was removed from this computer, but the server could not be told. Sign that session out from another one.",
    );
    await person.isAt("All accounts");
    await person.looks("sign-out-not-told");
    expect(await person.inColumn("@person50:acme.example").count()).toBe(0);
    expect(await person.allAre("failed")).toHaveLength(COUNT - 1);
    expect(person.app.pageErrors).toEqual([]);
  });
});
