import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialSecrets } from "../../../main/sessions/initialSecrets.ts";
import { oauthGrantIn, sessionTokens, tokensFrom } from "../../../main/sessions/oauth/oauthTokens.ts";
import { TokenAnswer } from "../../../main/sessions/oauth/authServer.ts";
import type { AuthMetadata } from "../../../main/sessions/oauth/authMetadata.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { Secret } from "../../../shared/secret.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type Arrived, LocalServer } from "../../support/localServer.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken, refreshToken } from "../../support/secretValues.ts";

const accountId = "0000000000000001" as AccountId;
const NOT_FOUND = { status: 404, body: { errcode: "M_UNRECOGNIZED" } };

let server: LocalServer;
let secrets: AccountSecrets;
/** What the server answers to each exchange, in turn. */
let answers: { status: number; body: unknown }[];
let worthless: string[];
let ended: number;

const pair = (n: number, more: object = {}) => ({
  access_token: `access ${n}`,
  refresh_token: `refresh ${n}`,
  token_type: "Bearer",
  expires_in: 300,
  ...more,
});
const exchanges = (): Arrived[] => server.arrived.filter(({ path }) => path === "/token");

beforeEach(async () => {
  answers = [];
  worthless = [];
  ended = 0;
  server = await LocalServer.start((response: ServerResponse, { path }) => {
    const { status, body } = path === "/token" ? (answers.shift() ?? NOT_FOUND) : NOT_FOUND;
    response.writeHead(status, { "Content-Type": "application/json" }).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const metadata = {
    issuer: `${server.baseUrl}/`,
    token_endpoint: `${server.baseUrl}/token`,
    revocation_endpoint: `${server.baseUrl}/revoke`,
    authorization_endpoint: `${server.baseUrl}/authorize`,
    registration_endpoint: `${server.baseUrl}/register`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
  } satisfies AuthMetadata;
  secrets = initialSecrets(tokensFrom(TokenAnswer.parse(pair(0)), { clientId: "our client", metadata }));
});
afterEach(() => server.stop());

function keeper() {
  const secretStore = {
    read: () => Promise.resolve({ kind: "found", secrets, place: "keychain" } as const),
    update: (_id: AccountId, change: (secrets: AccountSecrets) => AccountSecrets) => Promise.resolve((secrets = change(secrets))),
  };
  const parts = {
    secretStore,
    fetch,
    keepOutOfLogs: () => undefined,
    worthless: (secret: Secret) => void worthless.push(secret.reveal()),
    logger: quietLogger,
  };
  return sessionTokens(parts, { accountId, baseUrl: server.baseUrl }, secrets, () => void (ended += 1));
}

describe("the tokens of an authorization server", () => {
  it("are exchanged with the client's id, written down, and forgotten by the log when they are two pairs old", async () => {
    const tokens = keeper();
    for (const n of [1, 2, 3]) {
      answers = [{ status: 200, body: pair(n) }];
      expect(await tokens.replacementFor(accessToken(`access ${n - 1}`))).toEqual(`access ${n}`);
      tokens.accepted(accessToken(`access ${n}`));
      expect(secrets).toMatchObject({ accessToken: `access ${n}`, refreshToken: `refresh ${n}` });
    }
    expect(Object.fromEntries(new URLSearchParams(exchanges()[0]!.body))).toEqual({
      grant_type: "refresh_token",
      client_id: "our client",
      refresh_token: "refresh 0",
    });
    expect(exchanges()[0]!.headers["user-agent"]).toMatch(/^Steward\//);
    expect(worthless).toEqual(["access 0", "refresh 0", "access 1", "refresh 1"]);
  });

  it("are those that another process has written down meanwhile, where the server knows ours no more", async () => {
    const tokens = keeper();
    secrets = { ...secrets, accessToken: accessToken("access other"), refreshToken: refreshToken("refresh other") };
    answers = [
      { status: 400, body: { error: "invalid_grant" } },
      { status: 200, body: pair(7) },
    ];
    expect(await tokens.replacementFor(accessToken("access 0"))).toEqual("access 7");
    expect(exchanges().map(({ body }) => new URLSearchParams(body).get("refresh_token"))).toEqual(["refresh 0", "refresh other"]);
    expect(secrets).toMatchObject({ accessToken: "access 7", refreshToken: "refresh 7" });
    expect(ended).toBe(0);
    // Once: it goes round in no circle.
    tokens.accepted(accessToken("access 7"));
    secrets = { ...secrets, refreshToken: refreshToken("refresh third") };
    answers = Array.from({ length: 5 }, () => ({ status: 400, body: { error: "invalid_grant" } }));
    expect(await errorOf(tokens.replacementFor(accessToken("access 7")))).toEqual({ kind: "unauthenticated", softLogout: false });
    expect(exchanges()).toHaveLength(4);
    expect(ended).toBe(1);
  });

  it("keep their refresh token where the answer has no other", async () => {
    const tokens = keeper();
    answers = [{ status: 200, body: pair(1, { refresh_token: undefined }) }];
    expect(await tokens.replacementFor(accessToken("access 0"))).toEqual("access 1");
    expect(secrets.refreshToken).toEqual("refresh 0");
    expect(oauthGrantIn(secrets)).toMatchObject({ clientId: "our client", lifetimeMs: 300_000 });
  });

  it.each<[string, number, unknown]>([
    ["invalid_client", 401, { error: "invalid_client" }],
    ["temporarily_unavailable", 400, { error: "temporarily_unavailable" }],
    ["the token of a Matrix server", 401, { errcode: "M_UNKNOWN_TOKEN", error: "invalid_grant" }],
    ["a rate limit that says the same words", 429, { error: "invalid_grant" }],
    ["a failure that says the same words", 503, { error: "invalid_grant" }],
    ["a page", 400, "<html>invalid_grant</html>"],
    ["a good answer that is none", 200, { access_token: "" }],
    ["a page as a good answer", 200, "<html></html>"],
  ])("stay after %s", async (_what, status, body) => {
    const before = secrets;
    answers = [{ status, body }];
    expect(await errorOf(keeper().replacementFor(accessToken("access 0")))).toEqual({
      kind: "sign_in_service_unreachable",
      host: new URL(server.baseUrl).host,
    });
    expect(secrets).toBe(before);
    expect(ended).toBe(0);
  });

  it("end with invalid_grant alone, and stay where they are all the same", async () => {
    const before = secrets;
    answers = [{ status: 400, body: { error: "invalid_grant", error_description: "the session is over" } }];
    expect(await errorOf(keeper().replacementFor(accessToken("access 0")))).toEqual({ kind: "unauthenticated", softLogout: false });
    expect(secrets).toBe(before);
    expect(ended).toBe(1);
  });

  it("do not overwrite those of a new sign-in", async () => {
    const tokens = keeper();
    secrets = { ...secrets, accessToken: accessToken("of a new sign-in"), refreshToken: refreshToken("of a new sign-in") };
    answers = [{ status: 200, body: pair(1) }];
    expect(await errorOf(tokens.replacementFor(accessToken("access 0")))).toEqual({ kind: "cancelled" });
    expect(secrets.refreshToken).toEqual("of a new sign-in");
  });
});
