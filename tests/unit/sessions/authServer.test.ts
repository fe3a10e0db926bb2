import { describe, expect, it } from "vitest";
import { authorizationUrl, codeIn, grantsDevice, newProof, oauthUserAgent, scopeFor } from "../../../main/sessions/oauth/authServer.ts";
import type { AuthMetadata } from "../../../main/sessions/oauth/authMetadata.ts";
import { errorOf } from "../../support/errorOf.ts";

const metadata = {
  issuer: "https://auth.example.org/",
  authorization_endpoint: "https://auth.example.org/authorize?realm=a%20b",
} as AuthMetadata;

describe("what is asked of an authorization server", () => {
  it("keeps the query of its page, and proves with S256 who asked", () => {
    const proof = { state: "s", verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" };
    const request = {
      metadata,
      clientId: "c",
      redirectUri: "http://127.0.0.1:1/callback",
      deviceId: "ABCDEFGHIJ",
      proof,
      admin: true,
      create: true,
      userId: "@a:b",
    };
    expect(Object.fromEntries(new URL(authorizationUrl(request)).searchParams)).toEqual({
      realm: "a b",
      response_type: "code",
      response_mode: "query",
      client_id: "c",
      redirect_uri: "http://127.0.0.1:1/callback",
      scope: "urn:matrix:client:api:* urn:matrix:client:device:ABCDEFGHIJ urn:synapse:admin:* urn:mas:admin",
      state: "s",
      // RFC 7636, appendix B
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
      prompt: "create",
      login_hint: "mxid:@a:b",
    });
  });

  it("is proven anew each time, by what nobody guesses", () => {
    const [one, other] = [newProof(), newProof()];
    for (const secret of [one.state, one.verifier]) expect(secret).toMatch(/^[\w-]{43}$/);
    expect(new Set([one.state, one.verifier, other.state, other.verifier]).size).toBe(4);
  });

  it("names the system and not the computer", () => {
    expect(oauthUserAgent()).toMatch(/^Steward\/[\d.]+ \((\S+); \1\)$/);
  });
});

describe("the scope that was granted", () => {
  it.each([
    ["as asked for", scopeFor("ABC"), true],
    ["in another order, with more of other kinds", `openid urn:matrix:client:device:ABC urn:matrix:client:api:*`, true],
    ["with the admin API", scopeFor("ABC", true), true],
    ["by its older name", "urn:matrix:org.matrix.msc2967.client:api:* urn:matrix:org.matrix.msc2967.client:device:ABC", true],
    ["not said", undefined, true],
    ["for another device", scopeFor("ABD"), false],
    ["for two devices", `${scopeFor("ABC")} urn:matrix:client:device:ABD`, false],
    ["for a device that begins alike", scopeFor("ABCD"), false],
    ["for none", "urn:matrix:client:api:*", false],
    ["empty", "", false],
  ])("%s", (_what, scope, right) => {
    expect(grantsDevice(scope, "ABC")).toBe(right);
  });
});

describe("what the browser brings back", () => {
  const code = (query: string, more: Partial<AuthMetadata> = {}) =>
    errorOf(Promise.resolve().then(() => codeIn(new URLSearchParams(query), { ...metadata, ...more })));

  it("is a code, of the issuer that was asked", () => {
    expect(codeIn(new URLSearchParams("code=x"), metadata)).toBe("x");
    expect(codeIn(new URLSearchParams({ code: "x", iss: metadata.issuer }), metadata)).toBe("x");
  });

  it("is nothing where the issuer is another, or not said by a server that says it always", async () => {
    expect(await code("code=x&iss=https://other.example/")).toMatchObject({ kind: "oauth_unusable" });
    expect(await code("code=x", { authorization_response_iss_parameter_supported: true })).toMatchObject({ kind: "oauth_unusable" });
  });

  it("is the person's no, or the server's, in its own words", async () => {
    expect(await code("error=access_denied")).toEqual({ kind: "oauth_denied", host: "auth.example.org" });
    expect(await code("error=server_error&error_description=Too+%E2%80%AEmany%0Asessions")).toEqual({
      kind: "oauth_refused",
      host: "auth.example.org",
      code: "server_error",
      description: "Too many sessions",
    });
  });
});
