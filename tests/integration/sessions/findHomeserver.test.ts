import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findHomeserver } from "../../../main/sessions/discovery.ts";
import type { Homeserver } from "../../../shared/contract/signIn.ts";
import { makeCertificate, type TestCertificate } from "../../support/certificate.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { freePort } from "../../support/ports.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { startWellKnownHost, type WellKnownHost, type WellKnownOutcome } from "../../support/wellKnown.ts";

const trustedBefore = getCACertificates("default");
let tls: TestCertificate;
/** A server's name, and where it says that its homeserver is. */
let host: WellKnownHost;
/** Reached at its own name. */
let plain: Synapse;
/** Reached through `host`, whose name its users bear. */
let delegated: Synapse;
let data: StewardData;

beforeAll(async () => {
  tls = await makeCertificate();
  setDefaultCACertificates([...trustedBefore, tls.cert]);
  host = await startWellKnownHost({ tls });
  [plain, delegated] = await Promise.all([startSynapse(), startSynapse({ serverName: host.name })]);
});
afterAll(async () => {
  setDefaultCACertificates(trustedBefore);
  await Promise.all([host?.stop(), plain?.stop(), delegated?.stop()]);
});
beforeEach(async () => {
  host.outcome = { kind: "absent" };
  host.asked.length = 0;
  data = await StewardData.create();
});
afterEach(() => data.destroy());

const find = (input: string): Promise<Homeserver> => findHomeserver(input, fetch);

/** Signs in as the screen does with what was found, and answers whose account it then is. */
async function signInAt(found: Homeserver, user: string, password: string): Promise<string | undefined> {
  const services = await data.open();
  const accountId = await services.passwordSignIns.signIn({
    serverName: found.foundBy === "url" ? null : found.serverName,
    baseUrl: found.baseUrl,
    identifier: { kind: "user", user },
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
  expect(services.sessions.account(accountId)).toMatchObject({ session: { status: "running" } });
  return services.sessions.account(accountId).userId;
}

const wellKnownInvalid = (reason: string) => ({ kind: "well_known_invalid", host: host.name, reason });

describe("a server on this computer without .well-known and without https", () => {
  let alice: TestUser;

  beforeAll(async () => {
    alice = await plain.register({ user: "alice", password: "alice's password" });
  });

  it("is found without waiting for an https that never answers there", async () => {
    const asked: string[] = [];
    const watched: typeof fetch = (url, init) => {
      asked.push(new Request(url, init).url);
      return fetch(url, init);
    };
    await findHomeserver(plain.serverName, watched);
    expect(asked.filter((url) => !url.startsWith(`http://${plain.serverName}/`))).toEqual([]);
  });

  it("is found by its name, and signed in to with the name of a user alone", async () => {
    const found = await find(plain.serverName);
    expect(plain.serverName).toMatch(/^localhost:\d+$/);
    expect(found).toEqual({
      serverName: plain.serverName,
      baseUrl: `http://${plain.serverName}`,
      foundBy: "server_name",
      flows: [{ kind: "password" }],
      localpart: null,
      warnings: [],
    });
    expect(await signInAt(found, "alice", alice.password)).toBe(alice.userId);
  });

  it("is found by a full Matrix ID, and signed in to with that", async () => {
    const found = await find(alice.userId);
    expect(found).toMatchObject({ serverName: plain.serverName, foundBy: "server_name", localpart: "alice" });
    expect(await signInAt(found, alice.userId, alice.password)).toBe(alice.userId);
  });

  it("says that nobody has a name where the server’s name is known; the server itself does not tell", async () => {
    const nobody = `@nobody:${plain.serverName}`;
    const byName = await find(plain.serverName);
    expect(await errorOf(signInAt(byName, "nobody", "x"))).toEqual({ kind: "unknown_user", userId: nobody });
    const byUrl = await find(plain.baseUrl);
    expect(byUrl.foundBy).toBe("url");
    expect(await errorOf(signInAt(byUrl, "nobody", "x"))).toEqual({ kind: "wrong_credentials" });
    expect(await errorOf(signInAt(byUrl, nobody, "x"))).toEqual({ kind: "unknown_user", userId: nobody });
  });
});

describe("a server that is reached elsewhere, as its .well-known says", () => {
  const delegates = (): WellKnownOutcome => ({ kind: "homeserver", baseUrl: `${delegated.baseUrl}/` });

  it.each<[string, string, (user: TestUser) => string, string | null]>([
    ["its name", "nora", () => host.name, null],
    ["a full Matrix ID", "mara", ({ userId }) => userId, "mara"],
    ["the web address of its name", "wanda", () => host.baseUrl, null],
  ])("is found and signed in to by %s", async (_what, name, typed, localpart) => {
    host.outcome = delegates();
    const user = await delegated.register({ user: name, password: "a password" });
    const found = await find(typed(user));
    expect(found).toMatchObject({
      serverName: host.name,
      baseUrl: delegated.baseUrl,
      foundBy: "well_known",
      localpart,
      warnings: [],
    });
    expect(await signInAt(found, found.localpart ?? name, user.password)).toBe(user.userId);
    expect(await errorOf(signInAt(found, "nobody", "x"))).toMatchObject({ userId: `@nobody:${host.name}` });
  });

  it("is found with a bad identity server, too, of which it warns", async () => {
    host.outcome = { kind: "homeserver", baseUrl: delegated.baseUrl, more: { "m.identity_server": { base_url: 7 } } };
    expect((await find(host.name)).warnings).toEqual(["identity_server_invalid"]);
  });

  it("is found although a byte order mark stands before the file, or its compression is broken", async () => {
    const body = JSON.stringify({ "m.homeserver": { base_url: delegated.baseUrl } });
    host.outcome = { kind: "raw", body: `\ufeff${body}` };
    expect(await find(host.name)).toMatchObject({ baseUrl: delegated.baseUrl, foundBy: "well_known" });
    host.outcome = { kind: "bad_gzip", baseUrl: delegated.baseUrl, plainOnRequest: true };
    expect(await find(host.name)).toMatchObject({ baseUrl: delegated.baseUrl, foundBy: "well_known" });
  });

  it("is found however its name is written", async () => {
    host.outcome = delegates();
    const port = host.name.split(":")[1];
    for (const typed of [` LocalHost:${port} `, `${host.name}/`, `localhost.:${port}`, `@Nobody:LOCALHOST:${port}`]) {
      expect(await find(typed), typed).toMatchObject({ serverName: host.name, baseUrl: delegated.baseUrl });
    }
  });

  it("is found with an identity server that hangs, fails or is a web page, which is named", async () => {
    const identity = await startWellKnownHost();
    try {
      const more = { "m.identity_server": { base_url: `${identity.baseUrl}/` } };
      host.outcome = { kind: "homeserver", baseUrl: delegated.baseUrl, more };
      expect(await find(host.name)).toMatchObject({
        baseUrl: delegated.baseUrl,
        warnings: ["identity_server_invalid"],
        identityServer: identity.name,
      });
      expect(identity.asked).toEqual(["/_matrix/identity/v2"]);
    } finally {
      await identity.stop();
    }
  });

  it("is found when its name sends on to another one, over https alone", async () => {
    const [secure, open] = await Promise.all([startWellKnownHost({ tls }), startWellKnownHost()]);
    try {
      secure.outcome = open.outcome = delegates();
      host.outcome = { kind: "redirect", to: `${secure.baseUrl}/.well-known/matrix/client` };
      expect(await find(host.name)).toMatchObject({ serverName: host.name, baseUrl: delegated.baseUrl });
      host.outcome = { kind: "redirect", to: `${open.baseUrl}/.well-known/matrix/client` };
      expect(await errorOf(find(host.name))).toEqual({ kind: "redirected", host: host.name, to: open.baseUrl });
      expect(open.asked).toEqual([]);
    } finally {
      await Promise.all([secure.stop(), open.stop()]);
    }
  });

  it("is followed over http from an address on this computer", async () => {
    const open = await startWellKnownHost();
    try {
      open.outcome = delegates();
      expect(await find(open.baseUrl)).toMatchObject({ serverName: open.name, foundBy: "well_known" });
      expect(open.asked).toEqual(["/_matrix/client/versions", "/.well-known/matrix/client"]);
    } finally {
      await open.stop();
    }
  });
});

describe("a server whose answer to a login names another address", () => {
  let named: FaultProxy;
  let server: Synapse;
  let uma: TestUser;

  beforeAll(async () => {
    named = await startFaultProxy("http://127.0.0.1:1");
    server = await startSynapse({ publicBaseUrl: `${named.baseUrl}/` });
    named.target = server.baseUrl;
    uma = await server.register({ user: "uma", password: "a password" });
  });
  afterEach(() => named.clear());
  afterAll(() => Promise.all([named?.stop(), server?.stop()]));

  const addressAfterSignIn = async (): Promise<string> => {
    const services = await data.open();
    const accountId = await services.passwordSignIns.signIn({
      serverName: null,
      baseUrl: server.baseUrl,
      identifier: { kind: "user", user: uma.userId },
      password: secretOf("password", uma.password),
      acceptInsecureHttp: false,
    });
    expect(services.sessions.account(accountId)).toMatchObject({ session: { status: "running" } });
    return services.sessions.account(accountId).homeserver.baseUrl;
  };

  it("is reached there from then on", async () => {
    expect(await addressAfterSignIn()).toBe(named.baseUrl);
  });

  it("is reached where it was when nothing works there", async () => {
    named.addRule({ path: /./, fault: { kind: "answer", status: 502 } });
    expect(await addressAfterSignIn()).toBe(server.baseUrl);
  });
});

describe("a .well-known that is wrong", () => {
  const large = "x".repeat(60_000);
  it.each<[string, WellKnownOutcome, string]>([
    ["is not JSON", { kind: "raw", body: "<html>It works!</html>", contentType: "text/html" }, "not_json"],
    ["is empty", { kind: "raw", body: "" }, "not_json"],
    ["is no object", { kind: "raw", body: "[]" }, "not_json"],
    ["is larger than it may be", { kind: "homeserver", baseUrl: "https://x", more: { x: large } }, "not_json"],
    ["names no homeserver", { kind: "raw", body: "{}" }, "no_homeserver"],
    ["names a homeserver without an address", { kind: "raw", body: '{"m.homeserver":{}}' }, "no_homeserver"],
    ["names what is no address", { kind: "homeserver", baseUrl: "matrix.example" }, "base_url"],
    ["names an address of a file", { kind: "homeserver", baseUrl: "file:///etc/passwd" }, "base_url"],
    ["is an error", { kind: "status", status: 500 }, "error_status"],
    ["is refused", { kind: "status", status: 403 }, "error_status"],
    ["sends on to itself", { kind: "redirect", to: "/.well-known/matrix/client" }, "redirects"],
    ["is compressed wrongly", { kind: "bad_gzip", baseUrl: "https://x", plainOnRequest: false }, "not_json"],
    ["names an address with a password", { kind: "homeserver", baseUrl: "https://a:b@matrix.example" }, "base_url"],
  ])("because it %s", async (_why, outcome, reason) => {
    host.outcome = outcome;
    expect(await errorOf(find(host.name))).toEqual(wellKnownInvalid(reason));
    expect(await errorOf(find(`@alice:${host.name}`))).toEqual(wellKnownInvalid(reason));
    expect(host.asked.filter((path) => path !== "/.well-known/matrix/client")).toEqual([]);
  });

  it("because what it names is no homeserver, or is down", async () => {
    const other = await startWellKnownHost();
    try {
      host.outcome = { kind: "homeserver", baseUrl: other.baseUrl };
      expect(await errorOf(find(host.name))).toEqual({ kind: "not_a_homeserver", host: other.name });
      expect(await errorOf(find(host.baseUrl))).toEqual({ kind: "not_a_homeserver", host: other.name });
      const down = `localhost:${await freePort()}`;
      host.outcome = { kind: "homeserver", baseUrl: `http://${down}` };
      expect(await errorOf(find(host.name))).toEqual({ kind: "network", reason: "refused", host: down });
    } finally {
      await other.stop();
    }
  });
});

describe("a name without .well-known", () => {
  let server: FaultProxy;

  beforeAll(async () => {
    server = await startFaultProxy(plain.baseUrl, { tls });
  });
  afterEach(() => server.clear());
  afterAll(() => server?.stop());

  it("is that of the homeserver itself, over https", async () => {
    const name = new URL(server.baseUrl).host;
    expect(await find(name)).toMatchObject({ baseUrl: server.baseUrl, foundBy: "server_name" });
    expect(server.requests({ path: /well-known/ })).toMatchObject([{ status: 404 }]);
  });

  it("is so, too, when nothing answers for .well-known: it is not waited for without end", async () => {
    const hangs = server.addRule({ path: /well-known/, fault: { kind: "hang" } });
    const found = await find(new URL(server.baseUrl).host);
    expect(found).toMatchObject({ baseUrl: server.baseUrl, foundBy: "server_name" });
    expect(hangs.met).toBe(1);
  });

  it("is that of no homeserver when none answers there, by name as well as by address", async () => {
    const none = { kind: "not_a_homeserver", host: host.name };
    expect(await errorOf(find(host.name))).toEqual(none);
    expect(await errorOf(find(host.baseUrl))).toEqual(none);
    host.outcome = { kind: "raw", body: "<html>It works!</html>", contentType: "text/html" };
    expect(await errorOf(find(host.baseUrl))).toEqual(none);
  });

  it("is not trusted with a certificate that nobody vouches for", async () => {
    const strange = await startFaultProxy(plain.baseUrl, { tls: await makeCertificate() });
    try {
      const { host: name } = new URL(strange.baseUrl);
      const refusal = { kind: "bad_certificate", host: name };
      expect(await errorOf(find(name))).toMatchObject(refusal);
      expect(await errorOf(find(strange.baseUrl))).toMatchObject(refusal);
      expect(strange.record).toEqual([]);
    } finally {
      await strange.stop();
    }
  });
});
