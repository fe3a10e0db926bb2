import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startApp } from "../support/electronApp.ts";
import { type SecretServiceForTests, startSecretService } from "../support/secretService.ts";
import { startSynapse, type Synapse, type TestUser } from "../support/synapse.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { Person } from "./support/person.ts";
import { holdSaveDialog } from "./support/system.ts";
import { expectNoLeaks, type World } from "./support/world.ts";

let synapse: Synapse;
let ida: TestUser;
let keyring: SecretServiceForTests;
let person: Person;

beforeAll(async () => {
  synapse = await startSynapse({ serverName: "example.org" });
  ida = await synapse.register({ user: "ida", password: "ida hides things", displayName: "Ida" });
});
afterEach(async () => {
  await person.app.close();
  await keyring.stop();
});
afterAll(() => synapse.stop());

async function open(keychain: "unlocked" | "none"): Promise<void> {
  keyring = await startSecretService(keychain);
  person = new Person(await startApp({ env: keyring.env }));
}

async function restart(): Promise<void> {
  await person.app.quit();
  await person.app.start();
}

const leaks = (secrets: Record<string, string>): Promise<void> => expectNoLeaks({ synapse, keyring, person } as World, secrets);

describe("with the system's keychain", () => {
  test("accounts wait while it is locked at the start, and run when it is unlocked", async () => {
    await open("unlocked");
    await person.hasAccount(synapse.baseUrl, ida);
    const [before] = await person.allAre("running");
    await person.app.quit();
    await keyring.lock();
    await person.app.start();
    await person.isAt("The keychain is locked");
    await person.sees("Your accounts wait, and nothing is lost.");
    await person.allAre("locked");
    await person.looks("keychain-locked");
    await person.press("Try again");
    // Unlocked before the answer is there, this first look would find it open already.
    await person.page.getByRole("button", { name: "Try again", exact: true, disabled: false }).waitFor();
    await person.isAt("The keychain is locked");
    await keyring.unlock();
    await person.press("Try again");
    await person.isAt("All accounts");
    expect(await person.allAre("running")).toMatchObject([{ userId: ida.userId, deviceId: before?.deviceId }]);
    await leaks({ password: ida.password });
  });

  test("accounts wait while it does not answer, and nothing is written over", async () => {
    await open("unlocked");
    await person.hasAccount(synapse.baseUrl, ida);
    await person.allAre("running");
    await person.app.quit();
    await keyring.killDaemon();
    await person.app.start();
    await person.isAt("The keychain does not answer");
    await person.looks("keychain-unreachable");
    await keyring.startDaemon();
    await person.press("Try again");
    await person.isAt("All accounts");
    await person.allAre("running");
  });
});

describe("without a keychain", () => {
  const PASSPHRASE = "seven slow snails on the wall";

  test("a passphrase protects the accounts, and is asked for at each start", async () => {
    await open("none");
    await person.isAt("How should Steward protect your secrets?");
    await person.press("Use this");
    await person.sees("Type a passphrase.");
    await person.type("Passphrase", "snails");
    await person.type("Passphrase again", "snail");
    await person.press("Use this");
    await person.sees("The two passphrases don’t match.");
    await person.type("Passphrase again", "snails");
    await person.press("Use this");
    await person.sees("That is too easy to guess.");
    await person.page.getByRole("meter", { name: "Strength" }).waitFor();
    await person.looks("secrets-choose");
    await person.type("Passphrase", PASSPHRASE);
    await person.sees("Hard to guess.");
    await person.type("Passphrase again", PASSPHRASE);
    await person.press("Use this");
    await person.isAt("All accounts");
    await person.signIn(synapse.baseUrl, ida);
    const [before] = await person.allAre("running");

    await restart();
    await person.isAt("Unlock your accounts");
    // Before the passphrase is given the page has nothing to draw behind the question.
    expect(await person.knownAtStart()).toBeNull();
    await person.allAre("locked");
    await person.type("Passphrase", "seven slow snails on the lawn");
    await person.press("Unlock");
    await person.sees("That is not the passphrase.");
    await person.looks("secrets-unlock");
    await person.type("Passphrase", PASSPHRASE);
    await person.press("Unlock");
    await person.isAt("All accounts");
    expect(await person.allAre("running")).toMatchObject([{ userId: ida.userId, deviceId: before?.deviceId }]);
    await leaks({ password: ida.password, passphrase: PASSPHRASE });
  });

  test("a locked window shows and answers nothing until the passphrase is given, and the accounts go on", async () => {
    await open("none");
    await person.type("Passphrase", PASSPHRASE);
    await person.type("Passphrase again", PASSPHRASE);
    await person.press("Use this");
    await person.isAt("All accounts");
    await person.signIn(synapse.baseUrl, ida);
    const [before] = await person.allAre("running");
    await person.press("Settings");
    await person.page.getByRole("heading", { name: "Lock", exact: true }).scrollIntoViewIfNeeded();
    await person.looks("lock-settings");
    const folder = await temporaryFolder("locked");
    const saving = await holdSaveDialog(person.app, join(folder.path, "sheet.pdf"));
    // The page that asks is gone before there is an answer.
    void person.app.request("emergencySheet.keep", { how: "pdf", name: "Sheet" }).catch(() => undefined);
    await waitUntil(saving.open, { what: "the dialog for saving" });
    await person.press("Lock now");

    await person.isAt("Steward is locked");
    await saving.answer();
    await person.looks("locked");
    const page = await person.page.content();
    for (const secret of [ida.userId, "Ida", synapse.baseUrl]) expect(page).not.toContain(secret);
    for (const request of ["accounts.list", "secrets.state", "jobs.list"]) {
      expect(await person.app.request(request, {})).toEqual({ ok: false, error: { kind: "app_locked" } });
    }
    await person.app.page.reload();
    await person.isAt("Steward is locked");
    await person.type("Passphrase", "seven slow snails on the lawn");
    await person.press("Unlock");
    await person.sees("That is not the passphrase.");
    await person.type("Passphrase", PASSPHRASE);
    await person.press("Unlock");
    await person.isAt("All accounts");
    expect(await readdir(folder.path)).toEqual([]);
    await folder.remove();
    // The same session, which was not started again.
    expect((await person.accounts())[0]).toMatchObject({ deviceId: before?.deviceId, session: { status: "running" } });
    await leaks({ password: ida.password, passphrase: PASSPHRASE });
  });

  test("for this time only means that accounts are forgotten at the next start", async () => {
    await open("none");
    await person.page.getByText("Until Steward closes").click();
    await person.looks("secrets-this-time-only");
    await person.press("Use this");
    await person.isAt("All accounts");
    await person.signIn(synapse.baseUrl, ida);
    await person.allAre("running");
    await restart();
    await person.isAt("How should Steward protect your secrets?");
    expect(await person.knownAtStart()).toEqual([]);
    expect(await person.accounts()).toEqual([]);
    await leaks({ password: ida.password });
  });
});
