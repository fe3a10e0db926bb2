import { beforeEach, describe, expect, it } from "vitest";
import { IdentityTokens, type IdentityTokensParts } from "../../../main/account/identityServer/identityTokens.ts";
import { type AccountAt, chooseServer } from "../../../main/account/identityServer/namedServer.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";

const accountId = "0000000000000001" as AccountId;
const account = {
  homeserver: { json: async () => ({ access_token: "an OpenID token" }) },
  userId: "@alice:example.org",
  signal: new AbortController().signal,
} as unknown as AccountAt;

let secrets: AccountSecrets;
let sent: string[];
let tokens: IdentityTokens;
/** Whether the secret store can be written to. */
let writable: boolean;

beforeEach(() => {
  secrets = {} as AccountSecrets;
  sent = [];
  writable = true;
  tokens = new IdentityTokens({
    secretStore: {
      read: async () => ({ kind: "found", secrets, place: "keychain" }),
      update: async (_id, change) => {
        if (!writable) throw fail("secrets_locked");
        return (secrets = change(secrets));
      },
    },
    fetch: async (url, init) => {
      init?.signal?.throwIfAborted();
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

  it("has the account name none whose token could not be kept", async () => {
    await tokens.connect(accountId, account, "https://one.example");
    writable = false;
    const connecting = tokens.connect(accountId, account, "https://two.example", async () => void sent.push("chosen"));
    expect(await errorOf(connecting)).toEqual({ kind: "secrets_locked" });
    expect(sent).toEqual(["one.example register", "two.example register", "two.example logout"]);
    expect(await tokens.isConnected(accountId, "https://one.example")).toBe(true);
  });

  it("signs out of the other also where the session has ended meanwhile", async () => {
    const ended = new AbortController();
    const choosing = async (): Promise<void> => {
      ended.abort();
      throw fail("cancelled");
    };
    const connecting = tokens.connect(accountId, { ...account, signal: ended.signal }, "https://two.example", choosing);
    expect(await errorOf(connecting)).toEqual({ kind: "cancelled" });
    expect(sent).toEqual(["two.example register", "two.example logout"]);
    expect(await tokens.isConnected(accountId, "https://two.example")).toBe(false);
  });
});

describe("naming an identity server in the account", () => {
  it("has succeeded where the answer was lost after the homeserver had done it, and not where it had not", async () => {
    let named: object = {};
    const lost = fail("network", { reason: "timeout", host: "example.org" });
    let arrives = true;
    const homeserver = {
      text: async ({ body }: { body: object }) => {
        if (arrives) named = body;
        throw lost;
      },
      json: async () => named,
    };
    const at = { ...account, homeserver } as unknown as AccountAt;
    await chooseServer(at, "https://two.example");
    arrives = false;
    await expect(chooseServer(at, "https://three.example")).rejects.toBe(lost);
    await expect(chooseServer(at, null)).rejects.toBe(lost);
  });
});
