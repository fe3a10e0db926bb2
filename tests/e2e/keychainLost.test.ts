import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startApp } from "../support/electronApp.ts";
import { type SecretServiceForTests, startSecretService } from "../support/secretService.ts";
import { startSynapse, type Synapse, type TestUser } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { Person } from "./support/person.ts";
import { expectNoLeaks, type World } from "./support/world.ts";

const PASSPHRASE = "seven slow snails on the wall";

let synapse: Synapse;
let ida: TestUser;
let jon: TestUser;
let keyring: SecretServiceForTests;
let person: Person;

beforeAll(async () => {
  synapse = await startSynapse({ serverName: "example.org" });
  ida = await synapse.register({ user: "ida", password: "ida hides things", displayName: "Ida" });
  jon = await synapse.register({ user: "jon", password: "jon loses things", displayName: "Jon" });
});
afterEach(async () => {
  await person.app.close();
  await keyring.stop();
});
afterAll(() => synapse.stop());

async function open(keychain: "unlocked" | "locked" | "none"): Promise<void> {
  keyring = await startSecretService(keychain);
  person = new Person(await startApp({ env: keyring.env }));
}

async function restart(between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  await person.app.quit();
  await between();
  await person.app.start();
}

async function choosePassphrase(passphrase = PASSPHRASE): Promise<void> {
  await person.type("Passphrase", passphrase);
  await person.type("Passphrase again", passphrase);
  await person.sees("Hard to guess");
  await person.press("Use this");
}

async function unlock(passphrase = PASSPHRASE): Promise<void> {
  await person.isAt("Unlock your accounts");
  await person.type("Passphrase", passphrase);
  await person.press("Unlock");
}

/** Waits until the accounts' sessions stand so, in their order. */
const stand = (...statuses: string[]): Promise<unknown> =>
  waitUntil(async () => JSON.stringify((await person.accounts()).map(({ session }) => session.status)) === JSON.stringify(statuses), {
    what: `the accounts to be ${statuses.join(", ")}`,
    timeoutMs: 30_000,
  });

const leaks = (secrets: Record<string, string>): Promise<void> =>
  expectNoLeaks({ synapse, keyring, person } as World, { ida: ida.password, jon: jon.password, ...secrets });

describe("with a keychain that cannot be unlocked", () => {
  test("a new person uses a passphrase instead", async () => {
    await open("locked");
    await person.isAt("The keychain is locked");
    await person.sees("Steward keeps access tokens and keys in this computer’s keychain. Unlock it, then try again.");
    await person.sees(/^No account on this computer needs the keychain/);
    await person.looks("keychain-locked-no-accounts");
    await person.press("Use a passphrase instead");
    await person.isAt("Continue without the keychain");
    await person.press("Back");
    await person.isAt("The keychain is locked");
    await person.press("Use a passphrase instead");
    await person.looks("keychain-instead-passphrase");
    await choosePassphrase();
    await person.isAt("All accounts");
    await person.signIn(synapse.baseUrl, ida);
    await person.allAre("running");
    await restart();
    await unlock();
    await person.isAt("All accounts");
    await person.allAre("running");
    await leaks({ passphrase: PASSPHRASE });
  });

  test("those in it wait while another account is used for this time only, and are back when it opens", async () => {
    await open("unlocked");
    await person.hasAccount(synapse.baseUrl, ida);
    const [before] = await person.allAre("running");
    await restart(() => keyring.lock());
    await person.isAt("The keychain is locked");
    await person.sees(/^1 account keeps its secrets in the keychain: Ida\. It stays as it is/);
    await person.looks("keychain-locked-accounts");
    await person.press("Until Steward closes instead");
    await person.sees(/^Nothing is written\. Accounts that you add now are forgotten/);
    await person.looks("keychain-instead-this-time");
    await person.press("Use this");
    await person.isAt("All accounts");
    await person.sees("The keychain is locked. The accounts that keep their secrets in it wait, and nothing of them is lost.");
    await person.looks("keychain-still-locked");
    await person.signIn(synapse.baseUrl, jon);
    await stand("locked", "running");
    await restart();
    await person.isAt("The keychain is locked");
    await stand("locked");
    await keyring.unlock();
    await person.press("Try again");
    await person.isAt("All accounts");
    expect(await person.allAre("running")).toMatchObject([{ userId: ida.userId, deviceId: before?.deviceId }]);
    await leaks({});
  });
});

describe("with a keychain that is gone", () => {
  test("new accounts go behind a passphrase, which is asked for beside it; the old ones are back when it is", async () => {
    await open("unlocked");
    await person.hasAccount(synapse.baseUrl, ida);
    const [before] = await person.allAre("running");
    await restart(() => keyring.killDaemon());
    await person.isAt("The keychain does not answer");
    await person.looks("keychain-gone");
    await person.press("Use a passphrase instead");
    await choosePassphrase();
    await person.isAt("All accounts");
    await person.sees(/^The keychain does not answer\. The accounts that keep their secrets in it wait/);
    await person.openAccount("Ida", "Overview");
    await person.sees("The secrets of this computer are locked. Unlock them and try again.");
    await person.looks("keychain-gone-account");
    await person.signIn(synapse.baseUrl, jon);
    await stand("locked", "running");

    await restart();
    await unlock();
    await stand("locked", "running");
    await person.sees(/^The keychain does not answer\. The accounts that keep their secrets in it wait/);
    await keyring.startDaemon();
    await person.press("Try again");
    await person.seesNoMore(/^The keychain does not answer/);
    expect(await person.allAre("running")).toMatchObject([{ deviceId: before?.deviceId }, { userId: jon.userId }]);

    // The keychain's account runs, and can be used before the other one's passphrase is given.
    await restart();
    await stand("running", "locked");
    await person.isAt("Unlock your accounts");
    await person.looks("secrets-unlock-later");
    await person.press("Later");
    await person.isAt("All accounts");
    await person.sees("Some of your accounts wait for your passphrase.");
    await person.looks("secrets-some-locked");
    await person.press("Unlock");
    await unlock();
    await person.isAt("All accounts");
    await person.allAre("running");
    await leaks({ passphrase: PASSPHRASE });
  });
});

describe("with a forgotten passphrase", () => {
  test("accounts sign in again, or are brought back when it is remembered after all", async () => {
    const next = "nine brisk badgers near a kettle";
    await open("none");
    await choosePassphrase();
    await person.isAt("All accounts");
    await person.hasAccount(synapse.baseUrl, ida);
    await person.hasAccount(synapse.baseUrl, jon);
    const [, jonBefore] = await person.allAre("running");

    await restart();
    await person.isAt("Unlock your accounts");
    await person.looks("secrets-unlock-ways");
    await person.press("I have forgotten the passphrase");
    await person.isAt("Continue without the passphrase?");
    await person.page.getByRole("heading", { name: "2 accounts have to sign in again" }).waitFor();
    await person.sees(/^Secure Backup is not set up: this session’s room keys are on this computer alone\./);
    await person.looks("passphrase-forgotten");
    await person.press("Back");
    await person.isAt("Unlock your accounts");
    await person.press("I have forgotten the passphrase");
    await person.press("Continue without it");
    await person.isAt("How should Steward protect your secrets?");
    await choosePassphrase(next);
    await person.isAt("All accounts");
    await stand("locked", "locked");
    await person.looks("passphrase-forgotten-accounts");

    await person.openAccount("Ida", "Overview");
    await person.sees(/^Signing in again gives this account a new session\./);
    await person.looks("passphrase-forgotten-account");
    await person.type(`Password of ${ida.userId}`, "not hers");
    await person.press("Sign in again");
    await person.sees(/^That is not the password of this account\. A server may also answer this/);
    await person.type(`Password of ${ida.userId}`, ida.password);
    await person.press("Sign in again");
    await stand("running", "locked");
    await person.seesNoMore(/^Signing in again gives/);

    await person.openAccount("Jon", "Overview");
    await person.type("Passphrase", "seven slow snails on the lawn");
    await person.press("Restore accounts");
    await person.sees("That is not the passphrase.");
    await person.type("Passphrase", PASSPHRASE);
    await person.press("Restore accounts");
    const [idaNow, jonNow] = await person.allAre("running");
    expect(jonNow?.deviceId).toBe(jonBefore?.deviceId);
    await person.seesNoMore("Passphrase");

    await restart();
    await unlock(next);
    await person.isAt("All accounts");
    const after = await person.allAre("running");
    expect(after.map(({ deviceId }) => deviceId)).toEqual([idaNow?.deviceId, jonNow?.deviceId]);
    await leaks({ passphrase: PASSPHRASE, next });
  });
});
