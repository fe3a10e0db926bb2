import { beforeEach, describe, expect, it } from "vitest";
import { IdentityTokens, type IdentityTokensParts } from "../../../main/account/identityServer/identityTokens.ts";
import type { AccountAt } from "../../../main/account/identityServer/namedServer.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";

const accountId = "0000000000000001" as AccountId;
const account = {
  homeserver: { json: async () => ({ access_token: "an OpenID token" }) },
  userId: "@alice:example.org",
  signal: new AbortController().signal,
} as unknown as AccountAt;

let secrets: AccountSecrets;
let sent: string[];
let tokens: IdentityTokens;

beforeEach(() => {
  secrets = {} as AccountSecrets;
  sent = [];
  tokens = new IdentityTokens({
    secretStore: {
      read: async () => ({ kind: "found", secrets, place: "keychain" }),
      update: async (_id, change) => (secrets = change(secrets)),
    },
    fetch: async (url) => {
      const { host, pathname } = new URL(url as string | URL);
      sent.push(`${host} ${pathname.split("/").at(-1) ?? ""}`);
      return Response.json({ token: `a token of ${host}` });
    },
    keepOutOfLogs: () => undefined,
  } satisfies IdentityTokensParts);
});

describe("connecting an account to another identity server", () => {
  it("signs out of the one before when the account names the other", async () => {
    await tokens.connect(accountId, account, "https://one.example");
    await tokens.connect(accountId, account, "https://two.example", async () => void sent.push("chosen"));
    expect(sent).toEqual(["one.example register", "two.example register", "chosen", "one.example logout"]);
    expect(await tokens.isConnected(accountId, "https://two.example")).toBe(true);
  });

  it("leaves the one before as it was where that cannot be written", async () => {
    await tokens.connect(accountId, account, "https://one.example");
    const failure = fail("gateway_error", { host: "example.org", status: 502 });
    await expect(tokens.connect(accountId, account, "https://two.example", () => Promise.reject(failure))).rejects.toBe(failure);
    expect(sent).toEqual(["one.example register", "two.example register", "two.example logout"]);
    expect(await tokens.isConnected(accountId, "https://one.example")).toBe(true);
  });
});
