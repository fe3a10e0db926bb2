import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SmsDelegate } from "../support/smsDelegate.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const PASSWORD = "four unrelated words, galvanised";
const REGISTER = { method: "POST", path: /\/v3\/register$/ };

const open = (config: object) =>
  openWorld({
    with: ["mailbox", "browser", "proxy"],
    homeserver: { enableRegistration: true, policyVersion: "1.0", config: { ...config } },
  });
let world: Awaited<ReturnType<typeof open>>;
/** Stands in for what sends text messages. */
let delegate: SmsDelegate;
beforeAll(async () => {
  delegate = await SmsDelegate.start();
  world = await open(delegate.synapseConfig);
}, 120_000);
afterAll(async () => {
  await world?.close();
  await delegate?.stop();
});

const findHomeserver = async (): Promise<void> => {
  const { person } = world;
  await person.column.getByRole("button", { name: "Add account" }).click();
  await person.page.getByText("Create an account", { exact: true }).click();
  await person.type("Homeserver", world.proxy.baseUrl);
  await person.press("Continue");
  await person.isAt(/^Create an account on/);
};
const fillIn = async (name: string): Promise<void> => {
  const { person } = world;
  await person.type("User name", name);
  await person.sees(/It’s free/);
  await person.type("Password", PASSWORD);
  await person.type("Password again", PASSWORD);
};
const agree = async (): Promise<void> => {
  await world.person.page.getByText(/^I’ve read and accept/).click();
  await world.person.press("Continue");
};
const sessionsOf = async (name: string): Promise<number> => {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${name}:example.org`)}/devices`;
  const { total } = (await world.synapse.adminCall({ path })) as { total: number };
  return total;
};

describe("creating an account", () => {
  it("goes from the choice of a homeserver to Secure Backup, with an email address and the terms", async () => {
    const { person, browser, mailbox } = world;
    await person.column.getByRole("button", { name: "Add account" }).click();
    await person.page.getByText("Create an account", { exact: true }).click();
    await person.looks("create-homeserver");
    await findHomeserver();
    await person.type("User name", "Taken name");
    await person.sees(/no spaces/);
    await fillIn("Nadia.Test");
    await person.type("Email address (optional)", "nadia@mail.example");
    await person.looks("create-details");
    await person.press("Create account");
    await person.isAt("Agree to the terms");
    await person.press("Continue");
    await person.sees("Accept each of them to continue.");
    await person.page.getByRole("checkbox", { checked: false }).and(person.page.locator(":focus")).waitFor();
    await person.press(/^Read Privacy policy/);
    expect(await (await browser.follow()).textContent("body")).toContain("What this homeserver does with your data");
    await person.looks("create-terms");
    await agree();
    await person.isAt("Check your mail");
    await person.press("I’ve used the link");
    await person.sees(/hasn’t seen the link in the mail used yet/);
    await person.looks("create-mail");
    const mail = await mailbox.waitFor(({ to }) => to.includes("nadia@mail.example"));
    await browser.open(mail.links.find((link) => link.includes("submit_token"))!);
    await person.isAt(/Secure Backup/);
    expect((await person.accounts()).map(({ userId }) => userId)).toEqual(["@nadia.test:example.org"]);
    expect(await sessionsOf("nadia.test")).toBe(1);
    await person.sees("Your account @nadia.test:example.org is ready.");
    await person.looks("create-done");
    await person.press("Choose a name and picture");
    await person.isAt("Profile");
    await expectNoLeaks(world, { password: PASSWORD });
  });

  it("asks once when no email address is given, and says when the name is taken", async () => {
    const { person } = world;
    await findHomeserver();
    await person.type("User name", "nadia.test");
    await person.sees(/Somebody else has this name/);
    await fillIn("second");
    await person.press("Create account");
    await person.sees(/Without an email address/);
    await person.looks("create-without-email");
    await person.press("Create account");
    await person.isAt("Agree to the terms");
    await person.press("Later");
    await person.sees(/You’re still creating/);
    await person.looks("create-unfinished");
    await person.press("Finish creating it");
    await person.isAt("Agree to the terms");
    await person.press("Stop creating it");
    await person.isAt("Add account");
    await person.seesNoMore(/You’re still creating/);
  });

  it("proves a phone number by the code that is sent to it", async () => {
    const { person } = world;
    const [first, second] = ["447700900456", "447700900654"];
    await findHomeserver();
    await fillIn("phoning");
    await person.page.getByLabel("Country").selectOption("GB");
    await person.type("Phone number (optional)", "07700 900456");
    await person.sees(`The code goes to +${first}.`);
    await person.looks("create-phone");
    await person.press("Create account");
    await person.press("Create account");
    await agree();
    await person.isAt("Type the code from the text message");
    await person.sees(`The server has sent a code to +${first}.`);
    await person.press("Continue");
    await person.sees("Type the code from the message.");
    const [code = ""] = delegate.codes(first);
    await person.type("Code", code === "100000" ? "100001" : "100000");
    await person.press("Continue");
    await person.sees(/That’s not the code/);
    await person.looks("create-phone-code");
    await person.press("Use another number");
    await person.type("Phone number", "07700 900654");
    await person.press("Send code");
    await person.sees(`The server has sent a code to +${second}.`);
    await person.press("Send another code");
    await person.type("Code", delegate.codes(second)[0] ?? "");
    await person.press("Continue");
    await person.isAt(/Secure Backup/);
    await person.openAccount("phoning", "Password & recovery");
    await person.button(`Remove +${second}`).waitFor();
    await expectNoLeaks(world, { password: PASSWORD });
  });

  it("finds the account at the next start when the app was killed at the very last request", async () => {
    const { person, proxy } = world;
    await findHomeserver();
    await fillIn("third");
    await person.press("Create account");
    await person.press("Create account");
    await person.isAt("Agree to the terms");
    const lost = proxy.addRule({ ...REGISTER, fault: { kind: "hang" }, when: "after", skip: 1 });
    await agree();
    await lost.firstMet;
    await person.app.kill();
    proxy.clear();
    await person.app.start();
    await person.column.getByRole("button", { name: "Add account" }).click();
    await person.sees(/You’re still creating.*third/);
    await person.press("Finish creating it");
    await person.isAt("Type your password again");
    await person.looks("create-resumed");
    await person.type("Password", PASSWORD);
    await person.press("Continue");
    await person.isAt(/Secure Backup/);
    expect(await sessionsOf("third")).toBe(1);
  });
});
