import { expect, it } from "vitest";
import { prepareOauth, type OauthParts } from "../../../main/sessions/credentials/oauthAccount.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";

const accountId = "0000000000000001" as AccountId;

/** The device that an account of `@a:b` asks for, at an authorization server with these addresses. */
async function asksFor(given: { token: string; revocation: string; device: string; hasGrant: boolean }): Promise<string> {
  const at = "https://auth.example.org";
  const metadata = {
    issuer: `${at}/`,
    authorization_endpoint: `${at}/authorize`,
    registration_endpoint: `${at}/register`,
    token_endpoint: at + given.token,
    revocation_endpoint: at + given.revocation,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
  };
  const parts = {
    fetch: async () => Response.json(metadata),
    sessions: { account: () => ({ userId: "@a:b" }) },
    deviceToResume: async () => given.device,
    hasGrant: async () => given.hasGrant,
    logger: quietLogger,
  } as unknown as OauthParts;
  return (await prepareOauth(parts, new Map(), { accountId, baseUrl: "https://example.org", serverName: null, localpart: null })).deviceId;
}

const mas = { token: "/oauth2/token", revocation: "/oauth2/revoke" };
const another = { token: "/_server/oidc/token", revocation: "/_server/oidc/revoke" };

it.each([
  ["of a password, where devices are shared", { ...mas, device: "ABCDEFGHIJ", hasGrant: false }, true],
  ["of a password, where signing it out may remove its device", { ...another, device: "ABCDEFGHIJ", hasGrant: false }, false],
  ["of OAuth, wherever", { ...another, device: "ABCDEFGHIJ", hasGrant: true }, true],
  ["with a name that is too short for a scope", { ...mas, device: "ABC", hasGrant: false }, false],
  ["with a name that would be more than one in a scope", { ...mas, device: "ABCDEFGHIJ KLM", hasGrant: true }, false],
])("keeps or leaves the device of a session %s", async (_whose, given, keeps) => {
  const asked = await asksFor(given);
  expect(asked === given.device).toBe(keeps);
  expect(asked).toMatch(/^[A-Za-z0-9._~-]{10,}$/);
});
