import { afterAll, beforeAll, expect, it } from "vitest";
import { signInAtProvider } from "../support/browser.ts";
import { SmsDelegate } from "../support/smsDelegate.ts";
import { ensureSydent } from "../support/sydentVenv.ts";
import { type SydentPair, startSydentPair } from "../support/sydentPair.ts";
import type { TestUser } from "../support/synapse.ts";
import { expectNoLeaks, openWorld } from "./support/world.ts";

const EMAIL = "erin@mail.example";

const NEW = "erin.new@mail.example";

const open = (config: object) => openWorld({ with: ["mailbox", "provider", "browser", "proxy"], homeserver: { config: { ...config } } });
let world: Awaited<ReturnType<typeof open>>;
let erin: TestUser;
let delegate: SmsDelegate;
let pair: SydentPair | null = null;

beforeAll(async () => {
  await ensureSydent();
  delegate = await SmsDelegate.start();
  world = await open(delegate.synapseConfig);
  const { person, synapse, proxy } = world;
  erin = await synapse.register({ user: "erin", password: "erin has two of them" });
  await synapse.call({
    method: "PUT",
    path: `/_synapse/admin/v2/users/${encodeURIComponent(erin.userId)}`,
    token: await synapse.adminToken(),
    body: {
      threepids: [
        { medium: "email", address: EMAIL },
        { medium: "msisdn", address: "447700900123" },
      ],
    },
  });
  await person.hasAccount(proxy.baseUrl, erin);
  await person.allAre("running");
}, 300_000);
afterAll(async () => {
  await world?.close();
  await delegate?.stop();
  await pair?.stop();
});

it("takes the last email off the account, after saying what goes with it", async () => {
  const { person, synapse } = world;
  await person.openAccount("erin");
  await person.page
    .getByRole("navigation", { name: /^Pages of/ })
    .getByRole("button", { name: "Deactivate" })
    .click();
  await person.press("Remove…");
  await person.isAt("Password & recovery");
  await person.sees("+447700900123");
  await person.looks("addresses");
  await person.press(`Remove ${EMAIL}`);
  await person.isAsked(`Remove ${EMAIL}?`);
  await person.sees(/It’s the last email address of this account/);
  await person.looks("addresses-remove");
  await person.press("Remove");
  await person.sees(/This account has no email address/);
  const left = await synapse.call({
    path: "/_matrix/client/v3/account/3pid",
    token: (await synapse.login(erin.user, erin.password)).accessToken,
  });
  expect(left).toMatchObject({ threepids: [{ medium: "msisdn" }] });
  await person.openAccount("erin", "Overview");
  await person.press("Email addresses");
  await person.isAt("Password & recovery");
}, 60_000);

/** Opens the link in the last email to an address, as the person does. */
async function openLink(address: string): Promise<void> {
  const { mailbox, browser } = world;
  await mailbox.waitFor(({ to }) => to.includes(address));
  const link = mailbox.messages.findLast(({ to }) => to.includes(address))?.links.find((url) => url.includes("submit_token"));
  if (link === undefined) throw new Error("there is no link in the email");
  await browser.open(link);
}

it("adds an email address by itself once its link is opened, also after a restart", async () => {
  const { person, mailbox } = world;
  await person.openAccount("erin", "Password & recovery");
  await person.press("Add an email address");
  await person.press("Send email");
  await person.sees("Type an email address, such as alice@mail.example.");
  await person.type("Email address", NEW);
  await person.press("Send email");
  await person.sees(/The server has sent an email to/);
  await person.looks("addresses-sent");
  await person.press("Send another email");
  await person.sees(/The server has sent 2 emails to/);
  await person.press("Continue");
  await person.isAsked("Confirm it’s you");
  await person.type("Account password", erin.password);
  await person.press("Confirm");
  await person.sees(/the link sent to .* hasn’t been opened yet/);
  await person.looks("addresses-confirmed");
  await person.app.quit();
  await person.app.start();
  await person.allAre("running");
  await person.openAccount("erin", "Password & recovery");
  await person.sees("Not added yet");
  await openLink(NEW);
  await person.seesNoMore("Not added yet");
  await person.button(`Remove ${NEW}`).waitFor();
  await person.seesNoMore(/This account has no email address/);
  await person.looks("addresses-added");
  expect(mailbox.messages.filter(({ to }) => to.includes(NEW))).toHaveLength(2);
  await expectNoLeaks(world, { password: erin.password, ...secretsIn(NEW) });
}, 90_000);

it("adds a phone number by the code that is sent to it", async () => {
  const { person } = world;
  const to = "447700900321";
  await person.openAccount("erin", "Password & recovery");
  await person.press("Add a phone number");
  await person.press("Send code");
  await person.sees("Type the phone number.");
  await person.type("Phone number", "+44 (0)7700 900321");
  await person.sees(`The code goes to +${to}.`);
  await person.looks("addresses-phone");
  await person.press("Send code");
  await person.sees(`The server has sent a code to +${to}. Type it here.`);
  await person.press("Continue");
  await person.sees("Type the code from the message.");
  const [code = ""] = delegate.codes(to);
  await person.type("Code", code === "100000" ? "100001" : "100000");
  await person.press("Continue");
  await person.sees("That’s not the code, or it no longer works.");
  await person.looks("addresses-phone-code");
  await person.press("Send another code");
  await person.sees(/The server has sent 2 codes to/);
  // As people read it from the message.
  await person.type("Code", `${code.slice(0, 3)} ${code.slice(3)}`);
  await person.press("Continue");
  await person.isAsked("Confirm it’s you");
  await person.sees(/before it adds a phone number to/);
  await person.type("Account password", erin.password);
  await person.press("Confirm");
  await person.button(`Remove +${to}`).waitFor();
  await person.seesNoMore("Not added yet");
  expect(delegate.codes(to)).toEqual([code, code]);
  await expectNoLeaks(world, { password: erin.password });
}, 90_000);

it("adds one to an account without a password, after single sign-on", async () => {
  const { person, browser, proxy } = world;
  const address = "heidi@mail.example";
  await person.findHomeserver(proxy.baseUrl);
  await person.press("Continue with Example");
  const page = await browser.follow();
  await signInAtProvider(page, "heidi");
  await page.waitForURL(/\/done$/);
  await person.isAt(/Secure Backup|Verify this session/);
  await person.openAccount("heidi", "Password & recovery");
  await person.press("Add an email address");
  await person.type("Email address", address);
  await person.press("Send email");
  await person.sees(/The server has sent an email to/);
  await openLink(address);
  await person.press("Continue");
  await person.isAsked("Confirm it’s you");
  await person.sees(`The page is at ${new URL(proxy.baseUrl).host}`);
  await person.press("Open in the browser");
  const confirming = await browser.follow();
  await confirming.getByRole("link").first().click();
  await person.button(`Remove ${address}`).waitFor();
}, 90_000);

it("lets others find an account by an address, after the identity server’s terms, and no longer", async () => {
  const { person, browser } = world;
  pair = await startSydentPair({ version: "1", baseUrl: "https://identity.example/terms" });
  const { synapse, sydent, mailbox } = pair;
  const ivan = await synapse.register({ user: "ivan", password: "ivan wants to be found" });
  const address = "ivan@mail.example";
  await synapse.setEmail(ivan, address);
  await person.hasAccount(synapse.baseUrl, ivan);
  await person.allAre("running");
  await person.openAccount("ivan", "Password & recovery");
  await person.sees(/No identity server is used/);
  await person.looks("discovery-none");
  await person.press("Use an identity server");
  await person.press("Use it");
  await person.sees("Type the name of an identity server.");
  await person.type("Identity server", synapse.baseUrl);
  await person.press("Use it");
  await person.sees(/No identity server answers at/);
  await person.type("Identity server", sydent.baseUrl);
  await person.press("Use it");
  await person.sees(`The identity server ${sydent.host} wants you to read and accept these before it does anything for you.`);
  await person.looks("discovery-terms");
  await person.page.getByText("I’ve read and accept “Privacy of the identity server”").click();
  await person.press("Continue");
  await person.sees(`Others can find this account at the identity server ${sydent.host}, by the addresses that you share.`);
  await person.press(`Share ${address}`);
  await person.sees(/The identity server has sent an email to/);
  await person.looks("discovery-sent");
  const { links } = await mailbox.waitFor(({ to }) => to.includes(address));
  await browser.open(links[0]!);
  await person.sees("Others can find you by it.");
  await person.button(`Remove ${address}`).waitFor();
  await person.looks("discovery-shared");
  await person.press(`Stop sharing ${address}`);
  await person.sees("Not shared");
  await person.press("Don’t use any");
  await person.isAsked("Use no identity server?");
  await person.page.getByRole("alertdialog").getByRole("button", { name: "Don’t use any" }).click();
  await person.sees(/This account is set to use no identity server/);
  await person.button(`Remove ${address}`).waitFor();
  // Whoever proves the address last has it: the server takes it from the account without a word.
  await synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(ivan.userId)}`, body: { threepids: [] } });
  await person.openAccount("ivan", "Overview");
  await person.openAccount("ivan", "Password & recovery");
  await person.sees(/is no longer on this account, and it wasn’t removed here/);
  await person.looks("addresses-vanished");
  const secret = new URL(links[0]!).searchParams.get("client_secret") ?? "";
  await expectNoLeaks(world, { password: ivan.password, secret });
}, 120_000);

/** What the links to an address have in them that lets somebody add it elsewhere. */
function secretsIn(address: string): Record<string, string> {
  const links = world.mailbox.messages.filter(({ to }) => to.includes(address)).flatMap(({ links: all }) => all);
  const secrets = links.flatMap((link) => new URL(link).searchParams.get("client_secret") ?? []);
  expect(secrets.length).toBeGreaterThan(0);
  return Object.fromEntries(secrets.map((secret, index) => [`client secret ${index + 1}`, secret]));
}
