import { beforeEach, expect, it } from "vitest";
import type { Fetch } from "../../../main/http/redirects.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { initialSecrets, replacedIn, withTokens } from "../../../main/sessions/initialSecrets.ts";
import { ReplacedSessions, type ReplacedSessionsParts } from "../../../main/sessions/replacedSessions.ts";
import type { AuthMetadata } from "../../../main/sessions/oauth/authMetadata.ts";
import type { OauthGrant } from "../../../main/sessions/oauth/oauthTokens.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";
import { accessToken, refreshToken } from "../../support/secretValues.ts";

const accountId = "0000000000000001" as AccountId;
let secrets: AccountSecrets;
let sent: string[];
let forgotten: string[];

/** Of an account that was signed in with a password, and then by OAuth. */
beforeEach(() => {
  secrets = withTokens(initialSecrets({ accessToken: accessToken("of the password") }), {
    accessToken: accessToken("new"),
    refreshToken: refreshToken("refresh"),
    oauth: "{}",
  });
  [sent, forgotten] = [[], []];
});

function replaced(fetch: Fetch): ReplacedSessions {
  const parts: ReplacedSessionsParts = {
    secretStore: {
      read: async () => ({ kind: "found", secrets, place: "keychain" }),
      update: async (_accountId, change) => (secrets = change(secrets)),
    },
    fetch: (url, init) => {
      sent.push(new Headers(init?.headers).get("authorization") ?? "");
      return fetch(url, init);
    },
    keepOutOfLogs: () => undefined,
    worthless: (secret) => void forgotten.push(secret.reveal()),
    logger: quietLogger,
  };
  return new ReplacedSessions(parts);
}

const answers =
  (status: number, body: unknown): Fetch =>
  async () =>
    Response.json(body, { status });

it.each([
  ["is ended", 200, {}, true],
  ["is over", 401, { errcode: "M_UNKNOWN_TOKEN" }, true],
  ["cannot be ended there at all", 404, { errcode: "M_UNRECOGNIZED" }, true],
  ["cannot be ended now", 503, { errcode: "M_UNKNOWN" }, false],
  ["cannot be ended so soon", 429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1000 }, false],
])("forgets a session that was replaced only when that %s", async (_how, status, body, forgets) => {
  await replaced(answers(status, body)).end(accountId, "https://server.example");
  expect(sent).toEqual(["Bearer of the password"]);
  expect(replacedIn(secrets)).toHaveLength(forgets ? 0 : 1);
  expect(forgotten).toEqual(forgets ? ["of the password"] : []);
  expect(secrets).toMatchObject({ accessToken: "new", refreshToken: "refresh" });
});

it.each([
  ["ends one of OAuth where devices are shared", { token: "/oauth2/token", revocation: "/oauth2/revoke" }, 1],
  [
    "leaves one of OAuth alone where the present session's device may go with it",
    { token: "/_server/oidc/token", revocation: "/_server/oidc/revoke" },
    0,
  ],
])("%s", async (_what, { token, revocation }, asked) => {
  const at = "https://auth.example.org";
  const metadata = {
    issuer: `${at}/`,
    authorization_endpoint: `${at}/authorize`,
    registration_endpoint: `${at}/register`,
    token_endpoint: at + token,
    revocation_endpoint: at + revocation,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
  } satisfies AuthMetadata;
  const oauth = JSON.stringify({ clientId: "steward", metadata, expiresAt: null, lifetimeMs: null } satisfies OauthGrant);
  const before = initialSecrets({ accessToken: accessToken("old"), refreshToken: refreshToken("old refresh"), oauth });
  secrets = withTokens(before, { accessToken: accessToken("new"), refreshToken: refreshToken("refresh"), oauth });
  await replaced(answers(200, {})).end(accountId, "https://server.example");
  expect(sent).toHaveLength(asked);
  expect(replacedIn(secrets)).toHaveLength(1 - asked);
});

it("asks once where it is asked twice, and leaves it for the next time when the app ends", async () => {
  const sessions = replaced(
    (_url, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
  );
  const both = [sessions.end(accountId, "https://server.example"), sessions.end(accountId, "https://server.example")];
  await sessions.stopAll();
  await Promise.all(both);
  expect(sent.length).toBeLessThan(2);
  expect(replacedIn(secrets)).toHaveLength(1);
});

it("keeps none of a sign-in that its homeserver ends by itself, and not more than a few", () => {
  expect(replacedIn(withTokens(initialSecrets({ accessToken: accessToken("a") }), { accessToken: accessToken("b") }))).toEqual([]);
  for (let n = 0; n < 9; n += 1) secrets = withTokens(secrets, { accessToken: accessToken(`new ${n}`), refreshToken: null, oauth: "{}" });
  expect(replacedIn(secrets).map(({ accessToken }) => accessToken)).toEqual(["new 3", "new 4", "new 5", "new 6", "new 7"]);
});
