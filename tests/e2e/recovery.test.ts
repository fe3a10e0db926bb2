import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SdkSession, startSdkSession } from "../support/sdkSession.ts";
import type { TestUser } from "../support/synapse.ts";
import { waitUntil } from "../support/waitUntil.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const NEW = "nine quiet herons";
const ANOTHER = "eleven loud storks";
const ADDRESS = "Alice+Tag@mail.example";

const open = () =>
  openWorld({
    with: ["mailbox", "browser", "proxy"],
    homeserver: { config: { rc_3pid_validation: { per_second: 0.003, burst_count: 5 } } },
  });
let world: Awaited<ReturnType<typeof open>>;
let alice: TestUser;
let phone: SdkSession;
let securityKey: string;

beforeAll(async () => {
  world = await open();
  const { synapse } = world;
  alice = await synapse.register({ user: "alice", password: "alice forgot this", displayName: "Alice" });
  await synapse.setEmail(alice, ADDRESS);
  phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...alice });
  securityKey = await phone.setUpSecureBackup();
}, 120_000);
afterAll(async () => {
  phone?.stop();
  await world?.close();
});

/** Opens the link of a mail, as the person does, and presses the button on the server's page. */
async function useLinkOfMail(index: number): Promise<void> {
  const { mailbox, browser } = world;
  const mail = await waitUntil(() => mailbox.messages[index], { what: "a mail" });
  const page = await browser.open(mail.links.find((link) => link.includes("submit_token")) as string);
  await page.locator("button, input[type=submit]").first().click();
  await page.waitForLoadState();
}

/** From "Add account" to the form for an address and a new password. */
async function forget(): Promise<void> {
  const { person, proxy } = world;
  await person.findHomeserver(proxy.baseUrl);
  await person.isAt(/^Sign in to/);
  await person.press("Forgot your password?");
  await person.isAt(/^Reset your password on/);
}

async function choosePassword(password: string): Promise<void> {
  const { person } = world;
  await person.type("New password", password);
  await person.type("New password again", password);
}

describe("a forgotten password", () => {
  it("says what is wrong with what was typed, and that nobody has the address", async () => {
    const { person, proxy } = world;
    proxy.addRule({
      path: /^\/\.well-known\/matrix\/support/,
      fault: { kind: "answer", status: 200, body: { contacts: [{ email_address: "help@example.org", role: "m.role.admin" }] } },
      times: Infinity,
    });
    await forget();
    await person.sees(/Security Key or Security Phrase/);
    await person.sees("help@example.org");
    await person.press("Send reset mail");
    await person.sees("Type an email address, such as alice@mail.example.");
    await person.sees("Type a new password.");
    await person.type("Email address", "nobody@mail.example");
    await choosePassword(NEW);
    await person.page.getByRole("radio", { name: /Sign them all out/ }).check({ force: true });
    await person.looks("recover-form");
    await person.page.getByRole("radio", { name: /Keep them signed in/ }).check({ force: true });
    await person.press("Send reset mail");
    await person.sees(/has this email address/);
    await person.looks("recover-unknown");
  });

  it("sends a mail, notices by itself that its link was used, and signs in with the new password", async () => {
    const { person } = world;
    await person.type("Email address", ` ${ADDRESS.toUpperCase()} `);
    await person.press("Send reset mail");
    await person.sees(/a mail on its way to it/);
    await person.press("I have verified my email");
    await person.sees(/hasn’t seen the link used yet/);
    await person.press("Send the mail again");
    await person.sees(/2 mails were asked for/);
    await person.looks("recover-waiting");
    await useLinkOfMail(0);
    await person.sees("Your new password is set.");
    await person.looks("recover-changed");
    await person.press("Sign in with the new password");
    await person.isAt(/Secure Backup|Verify this session/);
    expect((await person.accounts()).map(({ userId }) => userId)).toEqual([alice.userId]);
    await expectNoLeaks(world, { "new password": NEW, "old password": alice.password });
  });

  it("leads to the session being verified by the Security Key", async () => {
    const { person } = world;
    const unlock = person.page.getByLabel(/Security Key/).and(person.page.locator("input"));
    await unlock.first().fill(securityKey);
    await unlock.first().press("Enter");
    await waitUntil(async () => (await person.accounts())[0]?.health?.thisSession === "verified", {
      what: "the session to be verified",
      timeoutMs: 30_000,
    });
  });

  it("is replaced from a signed-out account, and goes on after the window was loaded again", async () => {
    const { person, synapse } = world;
    await synapse.expireTokens();
    await person.openAccount("Alice", "Overview");
    await person.press("Forgot your password?");
    await person.type("Email address", ADDRESS);
    await choosePassword(ANOTHER);
    await person.press("Send reset mail");
    await person.sees(/a mail on its way to it/);
    await person.looks("recover-signed-out");
    await person.page.reload();
    await person.openAccount("Alice", "Overview");
    await person.sees(/a mail on its way to it/);
    await useLinkOfMail(2);
    await person.press("Sign in with the new password");
    await person.allAre("running");
    await expect(synapse.login("alice", ANOTHER)).resolves.toMatchObject({ userId: alice.userId });
  });

  it("counts down where the server sends no further mail, and can be given up", async () => {
    const { person } = world;
    await forget();
    await person.type("Email address", ADDRESS);
    await choosePassword(NEW);
    await person.press("Send reset mail");
    const again = person.button("Send the mail again");
    const limited = person.page.getByText(/sends no further mail yet/);
    await waitUntil(
      async () => {
        if (await limited.isVisible()) return true;
        if (await again.isEnabled()) await again.click();
        return false;
      },
      { what: "the server to send no further mail" },
    );
    expect(await again.isDisabled()).toBe(true);
    await person.looks("recover-limited");
    await person.press("Don’t reset");
    await person.isAt(/^Sign in to/);
  });
});
