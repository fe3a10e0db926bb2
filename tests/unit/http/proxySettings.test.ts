import { describe, expect, it } from "vitest";
import { readProxyEnvironment } from "../../../main/http/proxy/environment.ts";
import { DIRECT, hopOfUrl, proxyName, routeOfPac } from "../../../main/http/proxy/route.ts";

const proxy = (host: string, port = 3128): object => ({ kind: "http", host, port, credentials: null });
const way = (environment: Record<string, string>, url: string) => readProxyEnvironment(environment).routeTo(new URL(url));

describe("the environment's proxy", () => {
  it.each([
    [{ HTTPS_PROXY: "http://p:3128" }, "https://hs.example/", "p"],
    [{ https_proxy: "http://p:3128" }, "https://hs.example/", "p"],
    [{ https_proxy: "http://p:3128", HTTPS_PROXY: "http://q:3128" }, "https://hs.example/", "p"],
    [{ https_proxy: "", HTTPS_PROXY: "http://q:3128" }, "https://hs.example/", null],
    [{ HTTP_PROXY: "http://p:3128" }, "https://hs.example/", null],
    [{ HTTP_PROXY: "p:3128" }, "http://hs.example/", "p"],
    [{ ALL_PROXY: "http://p:3128" }, "https://hs.example/", "p"],
    [{ all_proxy: "http://p:3128", HTTPS_PROXY: "http://q:3128" }, "https://hs.example/", "q"],
    [{ HTTPS_PROXY: "   " }, "https://hs.example/", null],
    [{}, "https://hs.example/", null],
  ] as [Record<string, string>, string, string | null][])("in %o leads to %s by %s", (environment, url, by) => {
    expect(way(environment, url)).toEqual(by === null ? null : [proxy(by)]);
  });

  it.each([
    "http://localhost:8008/", "https://127.0.0.1/", "https://[::1]:8448/", "https://a.localhost/", "http://127.3.2.1/",
  ])("is left aside for this computer's own %s", (url) => {
    expect(way({ ALL_PROXY: "http://p:3128" }, url)).toEqual(DIRECT);
    expect(way({}, url)).toEqual(DIRECT);
  }); // prettier-ignore

  it.each([
    ["*", "https://hs.example/", true],
    ["hs.example", "https://hs.example/", true],
    ["HS.example", "https://hs.EXAMPLE./", true],
    ["example", "https://hs.example/", true],
    [".hs.example", "https://hs.example/", true],
    ["*.hs.example", "https://matrix.hs.example/", true],
    ["s.example", "https://hs.example/", false],
    ["a.test, hs.example:8448", "https://hs.example:8448/", true],
    ["a.test hs.example:8448", "https://hs.example/", false],
    ["hs.example:443", "https://hs.example/", true],
    ["10.0.0.0/8", "https://10.20.30.40/", true],
    ["10.0.0.0/8", "https://11.20.30.40/", false],
    ["10.0.0.0/40", "https://10.20.30.40/", false],
    ["192.168.1.7", "http://192.168.1.7:8008/", true],
    ["192.168.1.7:8009", "http://192.168.1.7:8008/", false],
    ["fd00::/8", "https://[fd12::1]/", true],
    ["[fd12::1]:443", "https://[fd12::1]/", true],
    ["fd12::1", "https://[fd12:0::1]/", true],
    [",, ,", "https://hs.example/", false],
    [".", "https://hs.example/", false],
  ])("with NO_PROXY=%s and %s: aside %s", (excluded, url, aside) => {
    for (const name of ["no_proxy", "NO_PROXY"]) {
      expect(way({ HTTPS_PROXY: "http://p:3128", HTTP_PROXY: "http://p:3128", [name]: excluded }, url)).toEqual(
        aside ? DIRECT : [proxy("p")],
      );
    }
  });

  it("that is excluded counts against the system's as well", () => {
    expect(way({ NO_PROXY: "hs.example" }, "https://hs.example/")).toEqual(DIRECT);
  });

  it("gives away its password, to be kept out of logs", () => {
    expect(readProxyEnvironment({ HTTPS_PROXY: "http://ann:p%40ss@p:1" }).secrets).toEqual(["p@ss"]);
  });
});

describe("the address of a proxy", () => {
  it.each([
    ["http://p", { kind: "http", host: "p", port: 80 }],
    ["http://p:80", { kind: "http", host: "p", port: 80 }],
    ["p:3128", { kind: "http", host: "p", port: 3128 }],
    ["https://p", { kind: "https", host: "p", port: 443 }],
    ["https://[fd00::1]:8443/", { kind: "https", host: "fd00::1", port: 8443 }],
    ["socks5://p", { kind: "socks5", host: "p", port: 1080 }],
    ["socks5h://p:80", { kind: "socks5", host: "p", port: 80 }],
    ["http://ann:s%3Aecret%25@p:1", { credentials: { username: "ann", password: "s:ecret%" } }],
    ["http://ann:100%@p:1", { credentials: { username: "ann", password: "100%" } }],
    ["socks4://p:1", { kind: "unsupported", name: "socks4" }],
    ["http://ann:secret@p:port", { kind: "unsupported", name: "?" }],
  ])("%s is understood", (value, hop) => {
    expect(hopOfUrl(value)).toMatchObject(hop);
  });

  it("is shown without its password", () => {
    const hop = hopOfUrl("http://ann:secret@[fd00::1]:3128");
    expect(hop.kind === "direct" ? "" : proxyName(hop)).toBe("[fd00::1]:3128");
  });
});

describe("the system's answer", () => {
  it.each([
    ["DIRECT", DIRECT],
    ["", DIRECT],
    [" ; ", DIRECT],
    ["PROXY p:3128", [proxy("p")]],
    ["PROXY p:3128;DIRECT", [proxy("p"), { kind: "direct" }]],
    ["https a:1; SOCKS5 [fd00::1]:2", [
      { kind: "https", host: "a", port: 1, credentials: null },
      { kind: "socks5", host: "fd00::1", port: 2, credentials: null },
    ]],
    ["SOCKS p:1", [{ kind: "unsupported", name: "SOCKS" }]],
    ["QUIC p:1; PROXY q:3128", [{ kind: "unsupported", name: "QUIC" }, proxy("q")]],
  ])("%s is understood", (answer, route) => {
    expect(routeOfPac(answer)).toEqual(route);
  }); // prettier-ignore
});
