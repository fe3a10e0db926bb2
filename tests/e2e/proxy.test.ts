import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeSignedCertificate } from "../support/certificate.ts";
import { type StewardApp, startApp } from "../support/electronApp.ts";
import { type FaultProxy, startFaultProxy } from "../support/faultProxy.ts";
import { freePort, listenLocally } from "../support/ports.ts";
import { type ProxyServer, startHttpProxy } from "../support/proxyServer.ts";
import { type SecretServiceForTests, startSecretService } from "../support/secretService.ts";
import { sweepForSecrets } from "../support/secretsSweep.ts";
import { startSynapse, type Synapse } from "../support/synapse.ts";
import { trustCertificate } from "../support/trustCertificate.ts";
import { Person } from "./support/person.ts";

/** What no name service knows: only a proxy leads there. */
const HOST = "hs.test";
const PROXY_PASSWORD = "the proxy's password";

/** Whatever this process has in its environment: an empty variable says nothing. */
const NO_PROXIES = Object.fromEntries(
  ["https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [
    [name, ""],
    [name.toUpperCase(), ""],
  ]),
) as Record<string, string>;

let synapse: Synapse;
/** Gives the homeserver its TLS. */
let front: FaultProxy;
let ca: string;
let proxy: ProxyServer;

beforeAll(async () => {
  const { ca: authority, ...tls } = await makeSignedCertificate();
  ca = authority;
  synapse = await startSynapse({ serverName: HOST });
  front = await startFaultProxy(synapse.baseUrl, { tls });
  proxy = await startHttpProxy({ hosts: { [HOST]: Number(new URL(front.baseUrl).port) }, login: `ann:${PROXY_PASSWORD}` });
}, 120_000);
afterAll(async () => {
  await proxy?.stop();
  await front?.stop();
  await synapse?.stop();
});

describe("a proxy that the environment names", () => {
  let keyring: SecretServiceForTests;
  let app: StewardApp;
  let person: Person;

  const startWith = async (proxyUrl: string): Promise<void> => {
    app = await startApp({ env: { ...keyring.env, ...NO_PROXIES, https_proxy: proxyUrl } });
    person = new Person(app);
    await trustCertificate(app, ca);
  };
  beforeAll(async () => {
    keyring = await startSecretService();
  });
  afterAll(() => keyring?.stop());

  test("carries everything of an account, and its password stays out of sight", async () => {
    await startWith(`http://ann:${encodeURIComponent(PROXY_PASSWORD)}@127.0.0.1:${proxy.port}`);
    try {
      const alice = await synapse.register({ user: "alice", password: "alice's password" });
      front.clearRecord();
      await person.signIn(HOST, alice);
      await person.allAre("running");
      // The SDK's requests go the same way as all others.
      expect(front.record.map(({ path }) => path)).toEqual(expect.arrayContaining([expect.stringContaining("/sync")]));
      expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:443`]));
      const leaks = await sweepForSecrets({ password: PROXY_PASSWORD }, { folders: [app.userData], texts: { output: app.output } });
      expect(leaks).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("and wants a password, or is not there, is what the person reads", async () => {
    await startWith(`http://127.0.0.1:${proxy.port}`);
    try {
      await person.findHomeserver(HOST);
      await person.sees(`The proxy 127.0.0.1:${proxy.port} asks for a user name and a password.`);
      await person.sees(`Set the variable HTTPS_PROXY to http://name:password@127.0.0.1:${proxy.port} and start Steward again.`);
      await person.looks("proxy-password");
    } finally {
      await app.close();
    }
    const nobody = await freePort();
    await startWith(`http://127.0.0.1:${nobody}`);
    try {
      await person.findHomeserver(HOST);
      await person.sees(`The proxy 127.0.0.1:${nobody} doesn’t answer, so ${HOST} can’t be reached.`);
    } finally {
      await app.close();
    }
  });
});

describe("a proxy auto-config file of the system", () => {
  let open: ProxyServer;
  let pac: Server;
  let asked = 0;

  beforeAll(async () => {
    open = await startHttpProxy({ hosts: { [HOST]: Number(new URL(front.baseUrl).port) } });
    pac = createServer((_request, response) => {
      asked += 1;
      response.setHeader("content-type", "application/x-ns-proxy-autoconfig");
      // It looks up a name, as many do.
      response.end(`function FindProxyForURL(url, host) {
        return isInNet(dnsResolve("localhost"), "127.0.0.0", "255.0.0.0") ? "PROXY 127.0.0.1:${open.port}" : "DIRECT";
      }`);
    });
  });
  afterAll(async () => {
    await open?.stop();
    pac.closeAllConnections();
    await new Promise<void>((resolve) => pac.close(() => resolve()));
  });

  test("is fetched by its name, and followed", async () => {
    const port = await listenLocally(pac);
    // Without a desktop, this is where Chromium looks for the system's setting.
    const app = await startApp({
      env: { ...NO_PROXIES, auto_proxy: `http://localhost:${port}/proxy.pac`, XDG_CURRENT_DESKTOP: "", DESKTOP_SESSION: "" },
    });
    try {
      await trustCertificate(app, ca);
      const reply = await app.request("signIn.findHomeserver", { input: HOST });
      expect(reply).toMatchObject({ ok: true, value: { baseUrl: `https://${HOST}` } });
      expect(asked).toBeGreaterThan(0);
      expect(new Set(open.asked)).toEqual(new Set([`${HOST}:443`]));
    } finally {
      await app.close();
    }
  });
});
