import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../support/certificate.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { startSynapse, type Synapse } from "../support/synapse.ts";
import { trustCertificate } from "../support/trustCertificate.ts";
import { startWellKnownHost, type WellKnownHost, type WellKnownOutcome } from "../support/wellKnown.ts";
import { openWorld, type World } from "./support/world.ts";

/** Its Synapse is not reached at its name, but where the `.well-known` of `host` says. */
let world: World;
let host: WellKnownHost;
/** Reached at its own name. */
let plain: Synapse;
/** Another way to `plain`. */
let proxy: FaultProxy;

beforeAll(async () => {
  const tls = await makeCertificate();
  host = await startWellKnownHost({ tls });
  plain = await startSynapse();
  proxy = await startFaultProxy(plain.baseUrl);
  world = await openWorld({ homeserver: { serverName: host.name } });
  await trustCertificate(world.person.app, tls.cert);
});
beforeEach(() => {
  host.outcome = { kind: "homeserver", baseUrl: world.synapse.baseUrl };
});
afterEach(() => proxy.clear());
afterAll(async () => {
  await world?.close();
  await Promise.all([proxy?.stop(), plain?.stop(), host?.stop()]);
});

const userOf = async (): Promise<string | undefined> => (await world.person.accounts()).at(-1)?.userId;

describe("a server on this computer", () => {
  test("is found by its name, which also tells a wrong name from a wrong password", async () => {
    const { person } = world;
    const alice = await plain.register({ user: "alice", password: "alice's password" });
    await person.findHomeserver(plain.serverName);
    await person.isAt(`Sign in to ${plain.serverName}`);
    await person.sees(`Address: http://${plain.serverName}`);
    await person.type("User name", "alise");
    await person.type("Password", alice.password);
    await person.press("Sign in");
    await person.sees(`There is no user @alise:${plain.serverName} on this homeserver. Check the spelling, and whether the account`);
    await person.looks("sign-in-unknown-user");
    await person.type("User name", "alice");
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    expect(await userOf()).toBe(alice.userId);
  });

  test("is found by a full Matrix ID, which is then half of what is asked for", async () => {
    const { person } = world;
    const bert = await plain.register({ user: "bert", password: "bert's password" });
    await person.findHomeserver(bert.userId);
    await person.isAt(`Sign in to ${plain.serverName}`);
    expect(await person.page.getByLabel("User name", { exact: true }).last().inputValue()).toBe("bert");
    await person.type("Password", bert.password);
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    expect(await userOf()).toBe(bert.userId);
  });

  test("that is found by its address does not say whether there is such a user, so neither does Steward", async () => {
    const { person } = world;
    await person.findHomeserver(plain.baseUrl);
    await person.isAt(/^Sign in to/);
    await person.sees(`Address: ${plain.baseUrl}, as you typed it.`);
    await person.type("User name", "alise");
    await person.type("Password", "alice's password");
    await person.press("Sign in");
    await person.sees("The name or the password is not right. Check both, and whether Caps Lock is on.");
  });
});

test("those that were found before are one press away, until they are forgotten", async () => {
  const { person } = world;
  const used = (): Promise<string[]> => person.page.getByRole("group", { name: "Used before:" }).getByRole("button").allInnerTexts();
  await person.press("Use another homeserver");
  await person.isAt("Add account");
  await person.sees("Used before:");
  expect(await used()).toEqual([plain.baseUrl, plain.serverName, "Forget these"]);
  await person.looks("add-account-used-before");
  await person.press(plain.serverName);
  await person.isAt(`Sign in to ${plain.serverName}`);
  await person.press("Use another homeserver");
  await person.sees("Used before:");
  expect(await used()).toEqual([plain.serverName, plain.baseUrl, "Forget these"]);
  await person.press("Forget these");
  await person.seesNoMore("Used before:");
});

describe("a server that is reached elsewhere", () => {
  test.each([
    ["its name", "nora", () => host.name],
    ["a full Matrix ID", "mara", () => `@mara:${host.name}`],
    ["the web address of its name", "wanda", () => host.baseUrl],
  ])("is found by %s", async (_what, name, typed) => {
    const { person, synapse } = world;
    const user = await synapse.register({ user: name, password: `${name} is elsewhere` });
    await person.findHomeserver(typed());
    await person.isAt(`Sign in to ${host.name}`);
    await person.sees(`${host.name} has its homeserver at ${synapse.baseUrl}.`);
    await person.looks("sign-in-well-known");
    await person.type("User name", name);
    await person.type("Password", user.password);
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    expect(await userOf()).toBe(user.userId);
    expect((await person.accounts()).at(-1)?.homeserver.baseUrl).toBe(synapse.baseUrl);
  });

  test("is shown before the password goes there, when a Matrix ID of it was typed at another one", async () => {
    const { person, synapse } = world;
    const vera = await synapse.register({ user: "vera", password: "vera is somewhere else" });
    await person.findHomeserver(new URL(proxy.baseUrl).host);
    await person.isAt(/^Sign in to/);
    proxy.clearRecord();
    await person.type("User name", vera.userId);
    await person.type("Password", vera.password);
    await person.press("Sign in");
    await person.sees(`This Matrix ID is on ${host.name}, so you’ll sign in there. Check it, then press Sign in.`);
    await person.isAt(`Sign in to ${host.name}`);
    await person.sees(`${host.name} has its homeserver at ${synapse.baseUrl}.`);
    await person.looks("sign-in-other-server");
    expect(await userOf()).not.toBe(vera.userId);
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    expect(await userOf()).toBe(vera.userId);
    expect(proxy.record).toEqual([]);
  });

  test("with an identity server that is wrong can be signed in to all the same", async () => {
    const { person, synapse } = world;
    const more = { "m.identity_server": { base_url: "nowhere" } };
    host.outcome = { kind: "homeserver", baseUrl: synapse.baseUrl, more };
    await person.findHomeserver(host.name);
    await person.sees(`The identity server that ${host.name} names has no valid address. You can sign in anyway.`);
  });

  const wrongly = "gives a wrong homeserver address:";
  test.each<[string, WellKnownOutcome, string]>([
    ["not JSON", { kind: "raw", body: "<html>" }, `${wrongly} what it answers cannot be understood.`],
    ["without a homeserver", { kind: "raw", body: "{}" }, `${wrongly} it names none.`],
    ["with no URL", { kind: "homeserver", baseUrl: "matrix" }, `${wrongly} the address it names is not one of a server`],
    ["that is an error", { kind: "status", status: 500 }, `${wrongly} it answers with an error.`],
    ["that is not there", { kind: "absent" }, "answers, but it is not a Matrix homeserver."],
  ])("but has a .well-known %s, is not found: it says why", async (_what, outcome, sentence) => {
    host.outcome = outcome;
    await world.person.findHomeserver(host.name);
    await world.person.sees(`${host.name} ${sentence}`);
    if (outcome.kind !== "absent") {
      await world.person.sees("Type the homeserver’s own address instead, or tell the people who run the server.");
    }
  });

  test("but leads to no homeserver, or to plain http, is not found either", async () => {
    const { person } = world;
    const open = await startWellKnownHost();
    try {
      host.outcome = { kind: "homeserver", baseUrl: open.baseUrl };
      await person.findHomeserver(host.name);
      await person.sees(`${open.name} answers, but it is not a Matrix homeserver.`);
      host.outcome = { kind: "homeserver", baseUrl: "matrix" };
      await person.press("Continue");
      await person.sees(`${host.name} ${wrongly}`);
      await person.looks("homeserver-well-known");
      host.outcome = { kind: "redirect", to: `${open.baseUrl}/.well-known/matrix/client` };
      await person.press("Continue");
      await person.sees(`${host.name} redirects to ${open.baseUrl}. Steward won’t send your passwords there`);
      await person.looks("homeserver-redirected");
    } finally {
      await open.stop();
    }
  });
});

describe("the ways of signing in that a server offers", () => {
  const badge = { type: "com.example.badge" };
  const sso = {
    type: "m.login.sso",
    identity_providers: [
      { id: "a", name: "Acme" },
      { id: "b", name: "Beta" },
    ],
  };
  const offers = async (...flows: object[]): Promise<void> => {
    proxy.addRule({ method: "GET", path: /\/login$/, fault: { kind: "answer", status: 200, body: { flows } } });
    await world.person.findHomeserver(proxy.baseUrl);
    await world.person.isAt(/^Sign in to/);
  };
  const named = (): Promise<string[]> => world.person.page.getByRole("main").getByRole("listitem").allInnerTexts();
  const server = (): string => new URL(proxy.baseUrl).host;

  test("are all named, beside the password", async () => {
    const { person } = world;
    await offers({ type: "m.login.password" }, sso, { type: "m.login.token" }, badge);
    await person.sees(`${server()} also offers these, which Steward cannot do yet:`);
    expect(await named()).toEqual(["Other (“com.example.badge”)"]);
    for (const provider of ["Acme", "Beta"]) await person.button(`Continue with ${provider}`).waitFor();
    await person.button("Sign in").waitFor();
    await person.looks("sign-in-other-ways");
  });

  test("are buttons where single sign-on is all there is", async () => {
    const { person } = world;
    await offers({ type: "m.login.sso" });
    await person.button("Continue in the browser").waitFor();
    expect(await person.button("Sign in").count()).toBe(0);
    await person.looks("sign-in-single-sign-on-alone");
  });

  test("are named when a password is none of them, and there is no form then", async () => {
    const { person } = world;
    await offers({ type: "m.login.cas" }, badge);
    await person.sees(`${server()} doesn’t offer a way to sign in that Steward supports.`);
    await person.sees("It offers these, which Steward can’t do yet:");
    expect(await named()).toEqual(["Other (“com.example.badge”)"]);
    expect(await person.button("Sign in").count()).toBe(0);
    await person.looks("sign-in-no-password");
    await person.press("Use another homeserver");
    await person.isAt("Add account");
  });

  test("are none: it says so", async () => {
    const { person } = world;
    await offers();
    await person.sees(`${server()} offers no way to sign in.`);
    expect(await named()).toEqual([]);
    expect(await person.button("Sign in").count()).toBe(0);
    await person.looks("sign-in-no-way");
  });

  test("left no error on the page", () => {
    expect(world.person.app.pageErrors).toEqual([]);
  });
});
