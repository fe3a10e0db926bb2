import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { makeCertificate } from "../support/certificate.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { freePort, listenLocally } from "../support/ports.ts";
import type { TestUser } from "../support/synapse.ts";
import { expectNoLeaks, openWorld, type World } from "./support/world.ts";

let world: World;
let proxy: FaultProxy;
let dora: TestUser;

beforeAll(async () => {
  world = await openWorld();
  proxy = await startFaultProxy(world.synapse.baseUrl);
  dora = await world.synapse.register({ user: "dora", password: "dora opens doors", displayName: "Dora" });
});
afterEach(() => proxy.clear());
afterAll(async () => {
  await proxy.stop();
  await world.close();
});

async function trySigningIn(user: string, password: string): Promise<void> {
  const { person } = world;
  await person.type("User name", user);
  await person.type("Password", password);
  await person.press("Sign in");
}

describe("looking for a homeserver", () => {
  const finds = async (address: string): Promise<void> => world.person.findHomeserver(address);

  test("that is down", async () => {
    const port = await freePort();
    await finds(`http://127.0.0.1:${port}`);
    await world.person.sees(`127.0.0.1:${port} refused the connection. Check the connection and try again.`);
    await world.person.looks("homeserver-down");
  });

  test("that is some other web server", async () => {
    const server = createServer((_request, response) => void response.end("<h1>It works!</h1>"));
    const port = await listenLocally(server);
    try {
      await finds(`http://127.0.0.1:${port}`);
      await world.person.sees(`127.0.0.1:${port} answers, but it is not a Matrix homeserver.`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("whose certificate nobody vouches for", async () => {
    const secure = await startFaultProxy(world.synapse.baseUrl, { tls: await makeCertificate() });
    try {
      await finds(secure.baseUrl);
      await world.person.sees(/The certificate of localhost:\d+ cannot be trusted: nobody vouches for it but the/);
      await world.person.looks("homeserver-certificate");
      expect(secure.record).toEqual([]);
    } finally {
      await secure.stop();
    }
  });

  test("that does not answer as it should for a moment, and then does", async () => {
    proxy.addRule({ path: /versions/, fault: { kind: "cut" } });
    await finds(proxy.baseUrl);
    await world.person.sees(/The connection to 127\.0\.0\.1:\d+ was cut\./);
    await world.person.press("Continue");
    await world.person.isAt(/^Sign in to/);
  });
});

describe("signing in", () => {
  test("with a wrong password, and with a name that nobody has", async () => {
    const { person } = world;
    await person.findHomeserver(proxy.baseUrl);
    await trySigningIn("dora", "dora closes doors");
    await person.sees("The name or the password is not right. Check both, and whether Caps Lock is on.");
    await person.looks("sign-in-wrong");
    await trySigningIn("@nobody:example.org", "nobody's password");
    await person.sees("There is no user @nobody:example.org on this homeserver.");
    expect(await person.accounts()).toEqual([]);
  });

  test("to an account that was deactivated or locked: it says so, as far as the server does", async () => {
    const { person, synapse } = world;
    const register = (user: string) => synapse.register({ user, password: `${user} is out` });
    const [gone, closed, held] = [await register("gerd"), await register("cora"), await register("hans")];
    const path = (admin: string, { userId }: TestUser) => `/_synapse/admin/${admin}/${encodeURIComponent(userId)}`;
    // As administrators do it: Synapse then knows the password no more, and answers as to a wrong one.
    await synapse.adminCall({ method: "POST", path: path("v1/deactivate", gone), body: { erase: false } });
    await synapse.deactivateWithPasswordKept(closed);
    await synapse.adminCall({ method: "PUT", path: path("v2/users", held), body: { locked: true } });
    await person.findHomeserver(proxy.baseUrl);
    await trySigningIn("gerd", gone.password);
    await person.sees("A server may also answer this for an account that has been deactivated.");
    await person.looks("sign-in-deactivated-unsaid");
    await trySigningIn("cora", closed.password);
    await person.sees("This account has been deactivated. Only the server’s administrators can bring it back.");
    await person.looks("sign-in-deactivated");
    await trySigningIn("hans", held.password);
    await person.sees("The administrators of your server have locked this account. Ask them why. Your keys here stay as they are.");
    await person.looks("sign-in-locked");
    expect(await person.accounts()).toEqual([]);
  });

  test("too often: it says how long to wait, counts down, and then it can be done", async () => {
    const { person } = world;
    await person.findHomeserver(proxy.baseUrl);
    proxy.addRule({ method: "POST", path: /\/login/, fault: { kind: "rateLimit", retryAfterMs: 3000 } });
    await trySigningIn("dora", dora.password);
    await person.sees("Too many attempts.");
    const waits = person.page.getByRole("alert").locator("[aria-hidden]", { hasText: "Try again in" });
    const first = await waits.innerText();
    await person.sees(/Try again in [12] seconds?\./);
    expect(first).toMatch(/Try again in [23] seconds\./);
    await person.looks("sign-in-rate-limit");
    await person.sees("You can try again now.");
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
  });

  test("without encryption only after the warning was accepted", async () => {
    const { person, synapse } = world;
    const eve = await synapse.register({ user: "eve", password: "eve is on the line" });
    // An address that is not the local one by its name, but leads there.
    const open = proxy.baseUrl.replace("127.0.0.1", "0.0.0.0");
    await person.findHomeserver(open);
    await person.sees(/isn’t encrypted\. Anyone on the network can read your password and everything else\./);
    proxy.clearRecord();
    await trySigningIn("eve", eve.password);
    await person.sees("Tick the box, or use an https address.");
    await person.looks("sign-in-http");
    expect(proxy.requests({ method: "POST", path: /login/ })).toEqual([]);
    await person.page.getByText("I understand and want to sign in anyway").click();
    await person.press("Sign in");
    await person.isAt("Set up Secure Backup");
    expect(await person.accounts()).toMatchObject([{ userId: dora.userId }, { homeserver: { baseUrl: open } }]);
  });

  test("leaves no password behind", async () => {
    await expectNoLeaks(world, {
      right: dora.password,
      wrong: "dora closes doors",
      nobody: "nobody's password",
      eve: "eve is on the line",
    });
    expect(world.person.app.pageErrors).toEqual([]);
  });
});
