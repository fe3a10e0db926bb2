import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { type SdkSession, startSdkSession } from "../support/sdkSession.ts";
import type { TestUser } from "../support/synapse.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

const PASSPHRASE = "quarrel lantern osprey velvet";

let world: World;
let kim: TestUser;
let other: SdkSession;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let proxy: FaultProxy;

beforeAll(async () => {
  folder = await temporaryFolder("room-keys-e2e");
  world = await openWorld();
  proxy = await startFaultProxy(world.synapse.baseUrl);
  kim = await world.synapse.register({ user: "kim", password: "kim keeps every key" });
  other = await startSdkSession({ baseUrl: world.synapse.baseUrl, ...kim });
  const securityKey = await other.setUpSecureBackup();
  await other.sendRoomKeys(3);
  const { person } = world;
  await person.hasAccount(proxy.baseUrl, kim);
  const [account] = await person.accounts();
  const unlocked = await person.app.request("secureBackup.unlock", { accountId: account!.accountId, keyOrPhrase: securityKey });
  expect(unlocked.ok).toBe(true);
  await openRoomKeys("keys.txt");
});
afterAll(async () => {
  other.stop();
  await proxy.stop();
  await world.close();
  await folder.remove();
});

/** Opens the page of room keys, on which this file is chosen whenever one is asked for. */
async function openRoomKeys(name: string): Promise<void> {
  const { person } = world;
  await person.app.electron.evaluate(
    ({ dialog }, path) => {
      Object.assign(dialog, {
        showSaveDialog: () => Promise.resolve({ canceled: false, filePath: path }),
        showOpenDialog: () => Promise.resolve({ canceled: false, filePaths: [path] }),
      });
    },
    join(folder.path, name),
  );
  await person.openAccount("kim");
  await person.page
    .getByRole("navigation", { name: /^Pages of/ })
    .getByRole("button", { name: "Room keys" })
    .click();
}

/** Fills in the passphrase of the file to be written, twice, and begins. */
async function beginExport(): Promise<void> {
  const form = world.person.page.locator("section", {
    has: world.person.page.getByRole("heading", { name: "Export to a key file" }),
  });
  for (const label of ["File passphrase", "Passphrase again"]) {
    await form.getByLabel(label, { exact: true }).and(world.person.page.locator("input")).fill(PASSPHRASE);
  }
  await world.person.press("Export…");
}

describe("room keys", () => {
  test("are counted, and every key of the backup opens", async () => {
    const { person } = world;
    await person.isAt("Room keys");
    await person.sees("3 room keys");
    await person.press("Verify the backup");
    await person.sees("3 room keys open.");
    await person.looks("room-keys");
  });

  test("are exported under a passphrase that is not too easy to guess", async () => {
    const { person } = world;
    const form = person.page.locator("section", { has: person.page.getByRole("heading", { name: "Export to a key file" }) });
    const field = form.getByLabel("File passphrase", { exact: true }).and(person.page.locator("input"));
    const again = form.getByLabel("Passphrase again", { exact: true }).and(person.page.locator("input"));
    await field.fill("password1");
    await again.fill("password2");
    await person.press("Export…");
    await person.sees("This passphrase is too easy to guess. Make it longer.");
    await person.sees("The two passphrases don’t match.");
    await form.getByText("Chosen rooms").click();
    await person.sees("0 rooms chosen");
    await person.looks("room-keys-export");
    await form.getByText("All rooms").click();
    await field.fill(PASSPHRASE);
    await again.fill(PASSPHRASE);
    await person.press("Export…");
    await person.sees("3 room keys were exported.");
  });

  test("are imported from a key file, after a wrong passphrase too", async () => {
    const { person } = world;
    await person.press("Choose a key file…");
    await person.sees(/^keys\.txt, /);
    const form = person.page.locator("section", { has: person.page.getByRole("heading", { name: "Import a key file" }) });
    const field = form.getByLabel("File passphrase", { exact: true }).and(person.page.locator("input"));
    await field.fill("not this one");
    await person.press("Import");
    await person.sees(/^That passphrase does not open the key file/);
    await field.fill(PASSPHRASE);
    await person.press("Import");
    await person.sees("0 new, 0 better than before, 3 already there.");
    await person.looks("room-keys-import");
  });

  test("that were being exported when the app was killed leave the file that was there, and nothing else", async () => {
    const { person } = world;
    await writeFile(join(folder.path, "killed.txt"), "precious");
    await openRoomKeys("killed.txt");
    const hold = proxy.hold({ nth: 1, when: "before", method: "GET", path: /\/room_keys\/keys/ });
    await beginExport();
    await hold.reached;
    await waitUntil(async () => (await readdir(folder.path)).includes("killed.txt.part"), { what: "the file to be begun" });
    await person.app.kill();
    hold.release();
    expect((await readdir(folder.path)).sort()).toEqual(["keys.txt", "killed.txt", "killed.txt.part"]);
    expect(await readFile(join(folder.path, "killed.txt"), "utf8")).toBe("precious");
    await person.app.start();
    await person.allAre("running");
    expect((await readdir(folder.path)).sort()).toEqual(["keys.txt", "killed.txt"]);
    await openRoomKeys("killed.txt");
    await beginExport();
    await person.sees("3 room keys were exported.");
    expect((await readdir(folder.path)).sort()).toEqual(["keys.txt", "killed.txt"]);
    expect(await readFile(join(folder.path, "killed.txt"), "utf8")).toMatch(/^-----BEGIN MEGOLM/);
  });

  test("go on being exported while the page is loaded again, which finds the Job and how it ends", async () => {
    const { person } = world;
    await openRoomKeys("reloaded.txt");
    const hold = proxy.hold({ nth: 1, when: "before", method: "GET", path: /\/room_keys\/keys/ });
    await beginExport();
    await hold.reached;
    await person.page.reload();
    const tray = person.page.getByRole("list", { name: "Work in progress" });
    await tray.getByRole("button", { name: "Cancel: Exporting room keys" }).waitFor();
    await openRoomKeys("reloaded.txt");
    await person.page.getByRole("main").getByRole("progressbar", { name: "Exporting room keys" }).waitFor();
    expect(await person.page.getByText("3 room keys were exported.").count()).toBe(0);
    hold.release();
    await person.sees("3 room keys were exported.");
    await tray.getByRole("button", { name: "Cancel: Exporting room keys" }).waitFor({ state: "hidden" });
    expect(await readFile(join(folder.path, "reloaded.txt"), "utf8")).toMatch(/^-----BEGIN MEGOLM/);
  });

  test("and what protects them stay out of files and output", () => expectNoLeaks(world, { passphrase: PASSPHRASE }));
});
