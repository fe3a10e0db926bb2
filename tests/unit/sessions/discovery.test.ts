import { describe, expect, it } from "vitest";
import { findHomeserver, parseHomeserverInput } from "../../../main/sessions/discovery.ts";
import { isInsecureHttp } from "../../../main/sessions/wellKnown.ts";
import { errorOf } from "../../support/errorOf.ts";

type Page = { status?: number; body?: unknown; text?: string } | Error;

/** A fetch that knows these pages and answers 404 to all others. */
function fakeWeb(pages: Record<string, Page>): typeof globalThis.fetch {
  return (input) => {
    const page = pages[input as string];
    if (page instanceof Error) return Promise.reject(page);
    if (!page) return Promise.resolve(Response.json({ errcode: "M_UNRECOGNIZED", error: "" }, { status: 404 }));
    const text = page.text ?? JSON.stringify(page.body);
    return Promise.resolve(new Response(text, { status: page.status ?? 200 }));
  };
}

const refused = Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(), { code: "ECONNREFUSED" }) });
const badCertificate = Object.assign(new TypeError("fetch failed"), {
  cause: Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
});
const noSuchHost = Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error(), { code: "ENOTFOUND" }) });

function homeserverAt(baseUrl: string, flows: object[] = [{ type: "m.login.password" }]): Record<string, Page> {
  return {
    [`${baseUrl}/_matrix/client/versions`]: { body: { versions: ["v1.11"] } },
    [`${baseUrl}/_matrix/client/v3/login`]: { body: { flows } },
  };
}

/** As Matrix Authentication Service answers it, in short. */
const authMetadata = {
  issuer: "https://auth.example.org/",
  authorization_endpoint: "https://auth.example.org/authorize",
  token_endpoint: "https://auth.example.org/oauth2/token",
  revocation_endpoint: "https://auth.example.org/oauth2/revoke",
  registration_endpoint: "https://auth.example.org/oauth2/registration",
  response_types_supported: ["code"],
  response_modes_supported: ["form_post", "query", "fragment"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  code_challenge_methods_supported: ["plain", "S256"],
};

describe("what a person may type", () => {
  it.each([
    ["example.org", { kind: "name", serverName: "example.org", localpart: null }],
    ["  Example.ORG ", { kind: "name", serverName: "example.org", localpart: null }],
    ["@alice:example.org", { kind: "name", serverName: "example.org", localpart: "alice" }],
    ["@alice:example.org:8448", { kind: "name", serverName: "example.org:8448", localpart: "alice" }],
    ["[::1]:8008", { kind: "name", serverName: "[::1]:8008", localpart: null }],
    ["https://matrix.example.org/", { kind: "url", baseUrl: "https://matrix.example.org", serverName: "matrix.example.org" }],
    ["http://localhost:8008/path/?a#b", { kind: "url", baseUrl: "http://localhost:8008/path", serverName: "localhost:8008" }],
  ])("%s", (input, expected) => {
    expect(parseHomeserverInput(input)).toEqual(expected);
  });

  it.each(["", "a b", "ftp://example.org", "https://user:pw@example.org", "@alice", "javascript://x", "a.org:99999", "1.2.3.256"])(
    "refuses %j",
    (input) => {
      expect(() => parseHomeserverInput(input)).toThrow("invalid_input");
    },
  );

  it("warns of http anywhere but on this computer", () => {
    expect(isInsecureHttp("http://example.org")).toBe(true);
    expect(isInsecureHttp("https://example.org")).toBe(false);
    expect(["http://localhost:8008", "http://127.0.0.1", "http://[::1]:1", "http://a.localhost"].filter(isInsecureHttp)).toEqual([]);
    expect(isInsecureHttp("http://localhost.example.org")).toBe(true);
  });
});

describe("finding a homeserver", () => {
  const wellKnown = "https://example.org/.well-known/matrix/client";

  it("follows .well-known", async () => {
    const web = fakeWeb({
      [wellKnown]: { body: { "m.homeserver": { base_url: "https://hs.example.org/" } } },
      ...homeserverAt("https://hs.example.org"),
    });
    expect(await findHomeserver("@alice:example.org", web)).toEqual({
      serverName: "example.org",
      baseUrl: "https://hs.example.org",
      foundBy: "well_known",
      flows: [{ kind: "password" }],
      localpart: "alice",
      warnings: [],
    });
  });

  it("asks the name itself when there is no .well-known", async () => {
    const found = await findHomeserver("example.org", fakeWeb(homeserverAt("https://example.org")));
    expect(found).toMatchObject({ baseUrl: "https://example.org", foundBy: "server_name" });
  });

  it("warns of a bad identity server and goes on", async () => {
    const web = fakeWeb({
      [wellKnown]: {
        body: { "m.homeserver": { base_url: "https://example.org" }, "m.identity_server": { base_url: 7 } },
      },
      ...homeserverAt("https://example.org"),
    });
    expect((await findHomeserver("example.org", web)).warnings).toEqual(["identity_server_invalid"]);
  });

  it.each([
    ["not JSON", { text: "<html>" }, "not_json"],
    ["no homeserver", { body: {} }, "no_homeserver"],
    ["a homeserver without an address", { body: { "m.homeserver": {} } }, "no_homeserver"],
    ["a base URL that is none", { body: { "m.homeserver": { base_url: "hs.example.org" } } }, "base_url"],
    ["a base URL of another scheme", { body: { "m.homeserver": { base_url: "file:///etc" } } }, "base_url"],
    ["a server error", { status: 500, body: {} }, "error_status"],
    ["a refusal", { status: 403, body: { errcode: "M_FORBIDDEN", error: "" } }, "error_status"],
    ["of another shape", { body: { "m.homeserver": [] } }, "not_json"],
  ])(".well-known with %s is an error", async (_name, page: Page, reason) => {
    const web = fakeWeb({ [wellKnown]: page, ...homeserverAt("https://example.org") });
    expect(await errorOf(findHomeserver("example.org", web))).toEqual({
      kind: "well_known_invalid",
      host: "example.org",
      reason,
    });
  });

  it("tells a web page from a homeserver", async () => {
    const web = fakeWeb({ "https://example.org/_matrix/client/versions": { text: "<html>hello</html>" } });
    expect(await errorOf(findHomeserver("example.org", web))).toEqual({ kind: "not_a_homeserver", host: "example.org" });
    expect(await errorOf(findHomeserver("example.org", fakeWeb({})))).toEqual({
      kind: "not_a_homeserver",
      host: "example.org",
    });
  });

  describe("by an address at which there is none", () => {
    const delegated = { body: { "m.homeserver": { base_url: "https://hs.example.org" } } };
    const none = { kind: "not_a_homeserver", host: "example.org" };

    it.each(["https://example.org", "https://example.org/"])("follows the .well-known of %s", async (input) => {
      const web = fakeWeb({ [wellKnown]: delegated, ...homeserverAt("https://hs.example.org") });
      expect(await findHomeserver(input, web)).toEqual({
        serverName: "example.org",
        baseUrl: "https://hs.example.org",
        foundBy: "well_known",
        flows: [{ kind: "password" }],
        localpart: null,
        warnings: [],
      });
    });

    it("asks what was typed first, and .well-known not at all when that is a homeserver", async () => {
      const typed = "https://example.org";
      const both = { ...homeserverAt(typed), ...homeserverAt("https://hs.example.org") };
      const web = fakeWeb({ [wellKnown]: delegated, ...both });
      expect(await findHomeserver(typed, web)).toMatchObject({ baseUrl: typed, foundBy: "url" });
      const down = fakeWeb({ [`${typed}/_matrix/client/versions`]: refused, [wellKnown]: delegated });
      expect(await errorOf(findHomeserver(typed, down))).toMatchObject({ kind: "network", reason: "refused" });
    });

    it("says what is wrong with a .well-known that is there", async () => {
      const says = (page: Page) => errorOf(findHomeserver("https://example.org", fakeWeb({ [wellKnown]: page })));
      const wrong = { kind: "well_known_invalid", host: "example.org" };
      expect(await says({ body: {} })).toEqual({ ...wrong, reason: "no_homeserver" });
      expect(await says({ body: { "m.homeserver": { base_url: "hs" } } })).toEqual({ ...wrong, reason: "base_url" });
      expect(await says(delegated)).toEqual({ kind: "not_a_homeserver", host: "hs.example.org" });
      expect(await says(badCertificate)).toMatchObject({ kind: "bad_certificate" });
    });

    it("says that there is none when .well-known is none either", async () => {
      const says = (pages: Record<string, Page>) => errorOf(findHomeserver("https://example.org", fakeWeb(pages)));
      expect(await says({})).toEqual(none);
      // A web server that answers everything with the same page, or the same refusal, names no homeserver at all.
      const versions = "https://example.org/_matrix/client/versions";
      const page = { text: "<html>It works!</html>" };
      expect(await says({ [versions]: page, [wellKnown]: page })).toEqual(none);
      const refusal = { status: 403, text: "<html>Go away</html>" };
      expect(await says({ [versions]: refusal, [wellKnown]: refusal })).toEqual(none);
      expect(await says({ [wellKnown]: refused })).toEqual(none);
    });

    it("asks neither below a path nor over plain http elsewhere, but over http on this computer", async () => {
      const web = fakeWeb({
        [wellKnown]: delegated,
        "http://example.org/.well-known/matrix/client": delegated,
        "http://localhost:8008/.well-known/matrix/client": delegated,
        ...homeserverAt("https://hs.example.org"),
      });
      expect(await errorOf(findHomeserver("https://example.org/matrix", web))).toEqual(none);
      expect(await errorOf(findHomeserver("http://example.org", web))).toEqual(none);
      expect(await findHomeserver("http://localhost:8008", web)).toMatchObject({
        serverName: "localhost:8008",
        baseUrl: "https://hs.example.org",
        foundBy: "well_known",
      });
    });
  });

  it("names a bad certificate, a refused connection and a host that does not exist", async () => {
    expect(await errorOf(findHomeserver("example.org", fakeWeb({ [wellKnown]: badCertificate })))).toEqual({
      kind: "bad_certificate",
      host: "example.org",
      reason: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
    const url = "https://example.org";
    expect(await errorOf(findHomeserver(url, fakeWeb({ [`${url}/_matrix/client/versions`]: refused })))).toEqual({
      kind: "network",
      reason: "refused",
      host: "example.org",
    });
    expect(await errorOf(findHomeserver("example.org", fakeWeb({ [wellKnown]: noSuchHost })))).toEqual({
      kind: "homeserver_not_found",
      host: "example.org",
    });
  });

  it("names every way of signing in, also those that are not supported yet", async () => {
    const web = fakeWeb({
      ...homeserverAt("https://example.org", [
        { type: "m.login.sso", identity_providers: [{ id: "oidc-x", name: "X" }] },
        { type: "m.login.token" },
        { type: "m.login.password" },
        { type: "m.login.application_service" },
        { type: "com.example.badge" },
      ]),
      "https://example.org/_matrix/client/v1/auth_metadata": { body: authMetadata },
    });
    expect((await findHomeserver("https://example.org", web)).flows).toEqual([
      { kind: "oauth", create: false, code: false },
      { kind: "sso", providers: [{ id: "oidc-x", name: "X" }] },
      { kind: "password" },
      { kind: "other", type: "com.example.badge" },
    ]);
  });

  it("asks over http on this computer, too, and tells what was wrong with the https there", async () => {
    const noHttps = Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error(), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }),
    });
    const secure = (page: Page) => ({
      "https://localhost:8008/.well-known/matrix/client": page,
      "https://localhost:8008/_matrix/client/versions": page,
    });
    const plain = "http://localhost:8008";
    const found = await findHomeserver("localhost:8008", fakeWeb({ ...secure(noHttps), ...homeserverAt(plain) }));
    expect(found).toMatchObject({ baseUrl: plain, foundBy: "server_name", warnings: [] });
    const onPort80 = fakeWeb({
      "https://localhost/.well-known/matrix/client": refused,
      "https://localhost/_matrix/client/versions": refused,
      ...homeserverAt("http://localhost"),
    });
    expect(await findHomeserver("localhost", onPort80)).toMatchObject({ baseUrl: "http://localhost" });
    const noPlain = { [`${plain}/_matrix/client/versions`]: refused };
    const says = (pages: Record<string, Page>) => errorOf(findHomeserver("localhost:8008", fakeWeb(pages)));
    expect(await says({ ...secure(badCertificate), ...noPlain })).toMatchObject({ kind: "bad_certificate" });
    expect(await says(noPlain)).toEqual({ kind: "not_a_homeserver", host: "localhost:8008" });
    expect(await says({ ...secure(refused), ...noPlain })).toMatchObject({ kind: "network", reason: "refused" });
  });

  it("names OAuth where the server knows no other way any more", async () => {
    const web = fakeWeb({
      "https://example.org/_matrix/client/versions": { body: { versions: ["v1.15"] } },
      "https://example.org/_matrix/client/v1/auth_metadata": { body: authMetadata },
    });
    expect((await findHomeserver("https://example.org", web)).flows).toEqual([{ kind: "oauth", create: false, code: false }]);
  });

  it.each([
    ["a page that lets people create accounts", { prompt_values_supported: ["create"] }, [{ kind: "oauth", create: true, code: false }]],
    [
      "a page that takes a code",
      { device_authorization_endpoint: "https://auth.example.org/device" },
      [{ kind: "oauth", create: false, code: true }],
    ],
    [
      "what is optional and malformed",
      { prompt_values_supported: "create", account_management_uri: 7 },
      [{ kind: "oauth", create: false, code: false }],
    ],
    ["no response modes, which means both", { response_modes_supported: undefined }, [{ kind: "oauth", create: false, code: false }]],
  ])("takes from the metadata of an authorization server %s", async (_what, more, flows) => {
    const web = fakeWeb({
      "https://example.org/_matrix/client/versions": { body: { versions: ["v1.15"] } },
      "https://example.org/_matrix/client/v1/auth_metadata": { body: { ...authMetadata, ...more } },
      "https://example.org/_matrix/client/v3/login": { status: 403, body: { errcode: "M_FORBIDDEN", error: "" } },
    });
    expect((await findHomeserver("https://example.org", web)).flows).toEqual(flows);
  });

  it.each([
    ["no PKCE", { code_challenge_methods_supported: ["plain"] }],
    ["no refreshing", { grant_types_supported: ["authorization_code"] }],
    ["plain http", { token_endpoint: "http://auth.example.org/token" }],
    ["this computer", { authorization_endpoint: "http://127.0.0.1:8080/admin" }],
    ["a password in an address", { token_endpoint: "https://a:b@auth.example.org/token" }],
  ])("does not offer OAuth where its metadata names %s", async (_what, more) => {
    const metadata = { "https://example.org/_matrix/client/v1/auth_metadata": { body: { ...authMetadata, ...more } } };
    const both = fakeWeb({ ...homeserverAt("https://example.org"), ...metadata });
    expect((await findHomeserver("https://example.org", both)).flows).toEqual([{ kind: "password" }]);
    const alone = fakeWeb({ "https://example.org/_matrix/client/versions": { body: { versions: ["v1.15"] } }, ...metadata });
    expect(await errorOf(findHomeserver("https://example.org", alone))).toEqual({ kind: "oauth_unusable", host: "example.org" });
  });

  it("says what is wrong where an OAuth server cannot say how to sign in just now", async () => {
    const web = fakeWeb({
      "https://example.org/_matrix/client/versions": { body: { versions: ["v1.15"] } },
      "https://example.org/_matrix/client/v1/auth_metadata": {
        status: 500,
        body: { errcode: "M_UNKNOWN", error: "Internal server error" },
      },
    });
    expect(await errorOf(findHomeserver("https://example.org", web))).toMatchObject({ kind: "server", status: 500 });
  });

  it("knows no way of signing in where only an application service has one", async () => {
    const web = fakeWeb(homeserverAt("https://example.org", [{ type: "m.login.application_service" }]));
    expect((await findHomeserver("https://example.org", web)).flows).toEqual([]);
  });

  it("reads no endless answer", async () => {
    const endless: typeof globalThis.fetch = () =>
      Promise.resolve(new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)) })));
    expect(await errorOf(findHomeserver("https://example.org", endless))).toEqual({
      kind: "not_a_homeserver",
      host: "example.org",
    });
  });
});
