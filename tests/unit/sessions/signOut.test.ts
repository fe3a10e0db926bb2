import { beforeEach, describe, expect, it } from "vitest";
import type { Fetch } from "../../../main/http/redirects.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { initialSecrets, type SignedInTokens, tokensOf, withTokens } from "../../../main/sessions/initialSecrets.ts";
import { TokenAnswer } from "../../../main/sessions/oauth/authServer.ts";
import { tokensFrom } from "../../../main/sessions/oauth/oauthTokens.ts";
import { signOut, type SignOutParts } from "../../../main/sessions/signOut.ts";
import type { SessionDetails } from "../../../main/sessions/sessionDetails.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { quietLogger } from "../../support/quietLogger.ts";

const accountId = "0000000000000001" as AccountId;
const at = "https://auth.example";
const metadata = {
  issuer: `${at}/`,
  token_endpoint: `${at}/token`,
  revocation_endpoint: `${at}/revoke`,
  authorization_endpoint: `${at}/authorize`,
  registration_endpoint: `${at}/register`,
  response_types_supported: ["code"],
  response_modes_supported: ["query"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  code_challenge_methods_supported: ["S256"],
};

const secretsOf = (n: number): AccountSecrets =>
  initialSecrets(
    tokensFrom(TokenAnswer.parse({ access_token: `access ${n}`, refresh_token: `refresh ${n}`, token_type: "Bearer", expires_in: 300 }), {
      clientId: "our client",
      metadata,
    }),
  );

let secrets: AccountSecrets;
let revoked: (string | null)[];
let kept: SignedInTokens[];
/** What the server answers when it is told. RFC 7009 has a success for a token that it does not know. */
let status: number;
/** The token of which it cannot be told. */
let refused: string | null;

beforeEach(() => {
  secrets = secretsOf(1);
  revoked = [];
  kept = [];
  status = 200;
  refused = null;
});

/** Signs out while tokens are being refreshed. */
function leave(tokensSettled: () => { lastKnown: boolean }) {
  const fetch: Fetch = async (_url, init) => {
    const token = new URLSearchParams(init?.body as string).get("token");
    revoked.push(token);
    return new Response("", { status: token === refused ? 503 : status });
  };
  const done = async (): Promise<void> => undefined;
  const parts = {
    secretStore: { read: async () => ({ kind: "found", secrets, place: "keychain" }), remove: done },
    index: { remove: done },
    onRemoved: done,
    keepForLater: async (_session: unknown, tokens: SignedInTokens) => kept.push(tokens) > 0,
    fetch,
    logger: quietLogger,
  } as unknown as SignOutParts;
  const details = { accountId, baseUrl: "https://server.example" } as SessionDetails;
  return signOut(parts, {
    details,
    stop: done,
    destroy: done,
    settled: async () => ({ allAnswered: true }),
    tokensSettled: async () => tokensSettled(),
  });
}

const refreshed = (): { lastKnown: boolean } => {
  secrets = secretsOf(2);
  return { lastKnown: true };
};

describe("a sign-out while tokens are being refreshed", () => {
  it("is told with the tokens that came of it", async () => {
    expect(await leave(refreshed)).toEqual({ serverTold: true });
    expect(revoked).toEqual(["refresh 2"]);
  });

  it("keeps those for later where it cannot be told", async () => {
    status = 503;
    expect(await leave(refreshed)).toEqual({ serverTold: false, triedLater: true });
    expect(kept).toMatchObject([{ accessToken: "access 2", refreshToken: "refresh 2" }]);
  });

  it("is no promise that the session is gone where nobody knows what came of it", async () => {
    expect(await leave(() => ({ lastKnown: false }))).toEqual({ serverTold: false });
    expect(revoked).toEqual(["refresh 1"]);
    expect(kept).toEqual([]);
  });
});

describe("a session that the account's present one has taken the place of", () => {
  beforeEach(() => {
    secrets = withTokens(secretsOf(1), tokensOf(secretsOf(2)));
  });

  it("is ended at the sign-out, too", async () => {
    expect(await leave(() => ({ lastKnown: true }))).toEqual({ serverTold: true });
    expect(revoked).toEqual(["refresh 2", "refresh 1"]);
    expect(kept).toEqual([]);
  });

  it("is kept for later where the server cannot be told of that one alone", async () => {
    refused = "refresh 1";
    expect(await leave(() => ({ lastKnown: true }))).toEqual({ serverTold: true });
    expect(kept).toMatchObject([{ refreshToken: "refresh 1" }]);
  });
});
