import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { HomeserverClient } from "../../../main/http/homeserverClient.ts";
import { readProxyEnvironment } from "../../../main/http/proxy/environment.ts";
import { proxiedFetch } from "../../../main/http/proxy/proxiedFetch.ts";
import type { Fetch } from "../../../main/http/redirects.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { freePort } from "../../support/ports.ts";
import { type ProxyServer, type ProxyServerOptions, startHttpProxy, startSocksProxy } from "../../support/proxyServer.ts";

const NAME = "hs.test";
const Ok = z.object({ ok: z.literal(true) });
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  while (closing.length > 0) await closing.pop()?.();
});

async function server(): Promise<LocalServer> {
  const started = await LocalServer.start((response, { path }) => {
    if (path === "/cut") return void response.destroy();
    response.setHeader("content-type", "application/json");
    response.end('{"ok":true}');
  });
  closing.push(() => started.stop());
  return started;
}

async function proxy(start: typeof startHttpProxy, options: ProxyServerOptions = {}): Promise<ProxyServer> {
  const started = await start(options);
  closing.push(() => started.stop());
  return started;
}

const portOf = (one: LocalServer): number => Number(new URL(one.baseUrl).port);

interface Setting {
  environment?: Record<string, string>;
  system?: string | Error;
}

/** A fetch with these settings, and what the system was asked. */
function fetchWith({ environment = {}, system = "DIRECT" }: Setting): { fetch: Fetch; asked: string[]; failures: unknown[] } {
  const asked: string[] = [];
  const failures: unknown[] = [];
  const fetch = proxiedFetch({
    fetch: globalThis.fetch,
    environment: readProxyEnvironment(environment),
    systemProxy: (url) => {
      asked.push(url);
      return typeof system === "string" ? Promise.resolve(system) : Promise.reject(system);
    },
    onSystemFailure: (error) => failures.push(error),
  });
  return { fetch, asked, failures };
}

const ask = (fetch: Fetch, path = "/x", method: "GET" | "POST" = "POST", baseUrl = `http://${NAME}`) =>
  new HomeserverClient({ fetch, baseUrl }).json({ method, path, schema: Ok, ...(method === "POST" && { body: { a: "ü" } }) });

describe.each([
  ["an HTTP proxy", "http", "PROXY", startHttpProxy],
  ["a SOCKS proxy", "socks5", "SOCKS5", startSocksProxy],
] as const)("%s", (_name, scheme, word, start) => {
  it("of the environment carries requests, bodies, and answers", async () => {
    const homeserver = await server();
    const through = await proxy(start, { hosts: { [NAME]: portOf(homeserver) } });
    const { fetch, asked } = fetchWith({ environment: { ALL_PROXY: `${scheme}://127.0.0.1:${through.port}` } });
    await ask(fetch);
    await ask(fetch, "/y");
    expect(homeserver.arrived.map(({ path, body, headers }) => [path, body, headers.host])).toEqual([
      ["/x", '{"a":"ü"}', NAME],
      ["/y", '{"a":"ü"}', NAME],
    ]);
    expect(new Set(through.asked)).toEqual(new Set([`${NAME}:80`]));
    expect(asked).toEqual([]);
  });

  it("of the system does, and is not told what is asked", async () => {
    const homeserver = await server();
    const through = await proxy(start, { hosts: { [NAME]: portOf(homeserver) } });
    const { fetch, asked } = fetchWith({ system: `${word} 127.0.0.1:${through.port}; DIRECT` });
    await ask(fetch, "/x?token=secret", "GET");
    expect(through.asked).toEqual([`${NAME}:80`]);
    expect(asked).toEqual([`http://${NAME}/`]);
  });

  it("gets its password, and says so when it was none or a wrong one", async () => {
    const homeserver = await server();
    const through = await proxy(start, { hosts: { [NAME]: portOf(homeserver) }, login: "ann:p@:ss" });
    const at = (login: string) => fetchWith({ environment: { HTTP_PROXY: `${scheme}://${login}127.0.0.1:${through.port}` } }).fetch;
    await ask(at("ann:p%40%3Ass@"));
    const wanted = { kind: "network", reason: "proxy_password", host: NAME, proxy: `127.0.0.1:${through.port}` };
    expect(await errorOf(ask(at("")))).toEqual(wanted);
    expect(await errorOf(ask(at("ann:wrong@")))).toEqual(wanted);
    expect(homeserver.arrived).toHaveLength(1);
  });

  it("that cannot be reached is named", async () => {
    const nobody = await freePort();
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: `${scheme}://ann:secret@127.0.0.1:${nobody}` } });
    const said = await errorOf(ask(fetch));
    expect(said).toEqual({ kind: "network", reason: "proxy_unreachable", host: NAME, proxy: `127.0.0.1:${nobody}` });
  });

  it("that finds no way to the server says so", async () => {
    const through = await proxy(start, { hosts: { [NAME]: await freePort() } });
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: `${scheme}://127.0.0.1:${through.port}` } });
    expect(await errorOf(ask(fetch))).toMatchObject({ kind: "network", reason: "proxy_failed", host: NAME });
  });

  it("that is gone is passed by where the system names another way", async () => {
    const homeserver = await server();
    const through = await proxy(start, { hosts: { [NAME]: portOf(homeserver) } });
    const { fetch } = fetchWith({ system: `SOCKS 127.0.0.1:1; ${word} 127.0.0.1:${await freePort()}; ${word} 127.0.0.1:${through.port}` });
    await ask(fetch);
    expect(homeserver.arrived).toHaveLength(1);
  });

  it("does not see what goes to this computer", async () => {
    const homeserver = await server();
    const through = await proxy(start);
    const { fetch, asked } = fetchWith({
      environment: { ALL_PROXY: `${scheme}://127.0.0.1:${through.port}` },
      system: `${word} 127.0.0.1:${through.port}`,
    });
    await ask(fetch, "/x", "POST", homeserver.baseUrl);
    expect([through.asked, asked]).toEqual([[], []]);
  });

  it("leaves a cut answer what it is", async () => {
    const homeserver = await server();
    const through = await proxy(start, { hosts: { [NAME]: portOf(homeserver) } });
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: `${scheme}://127.0.0.1:${through.port}` } });
    expect(await errorOf(ask(fetch, "/cut"))).toMatchObject({ kind: "network", reason: "cut", host: NAME });
    expect(homeserver.arrived).toHaveLength(1);
  });
});

describe("a proxy", () => {
  it.each([
    [403, "proxy_denied"],
    [405, "proxy_denied"],
    [502, "proxy_failed"],
    [504, "proxy_failed"],
  ])("that answers %i is %s", async (refuses, reason) => {
    const through = await proxy(startHttpProxy, { refuses });
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: `http://127.0.0.1:${through.port}` } });
    expect(await errorOf(ask(fetch))).toMatchObject({ kind: "network", reason });
  });

  it("by a rule of a SOCKS proxy lets nobody through", async () => {
    const through = await proxy(startSocksProxy, { refuses: 2 });
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: `socks5://127.0.0.1:${through.port}` } });
    expect(await errorOf(ask(fetch))).toMatchObject({ kind: "network", reason: "proxy_denied" });
  });

  it("of a kind that is not spoken is not gone around", async () => {
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: "socks4://127.0.0.1:1" } });
    expect(await errorOf(ask(fetch))).toEqual({ kind: "network", reason: "proxy_unsupported", host: NAME, proxy: "socks4" });
  });

  it("that is asked for what may be repeated is asked again only where time may help", async () => {
    const through = await proxy(startHttpProxy, { login: "ann:secret" });
    const { fetch } = fetchWith({ environment: { HTTP_PROXY: `http://127.0.0.1:${through.port}` } });
    const client = new HomeserverClient({ fetch, baseUrl: `http://${NAME}`, retry: { firstWaitMs: 1 } });
    expect(await errorOf(client.json({ path: "/x", schema: Ok, repeatable: true }))).toMatchObject({ reason: "proxy_password" });
    expect(through.asked).toHaveLength(1);
  });

  it("stays out where the system cannot say, and that is noted", async () => {
    const { fetch, failures } = fetchWith({ system: new Error("no answer") });
    expect(await errorOf(ask(fetch, "/x", "GET", "http://hs.invalid"))).toMatchObject({ kind: "homeserver_not_found" });
    expect(failures).toHaveLength(1);
  });
});
