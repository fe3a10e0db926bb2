import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AccountSecrets, SecretPlace, SecretRead } from "../../../main/secrets/secretStore.ts";
import { TokenAnswer } from "../../../main/sessions/oauth/authServer.ts";
import { tokensFrom } from "../../../main/sessions/oauth/oauthTokens.ts";
import { MAX_AGE_MS, MAX_PENDING, MAX_TRIES, PendingRevocations } from "../../../main/sessions/oauth/pendingRevocations.ts";
import type { AccountEntry } from "../../../main/storage/accountIndex.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type Arrived, LocalServer } from "../../support/localServer.ts";
import { quietLogger } from "../../support/quietLogger.ts";

const session = { userId: "@ada:example.org", deviceId: "DEVICE" };
const AWAY = { status: 503, body: { errcode: "M_UNKNOWN", error: "later" } };
const DONE = { status: 200, body: {} };

let server: LocalServer;
/** What the server answers from now on. */
let answer: { status: number; body: unknown; headers?: Record<string, string> };
let kept: Map<AccountId, AccountSecrets>;
let unreadable: boolean;
let place: SecretPlace;
let listed: { userId: string; deviceId: string }[];
let events: unknown[];
let now: number;
let elapsed: number;
/** The pauses that are under way, to be ended by hand. */
let pauses: { milliseconds: number; end: () => void }[];
let opened: PendingRevocations[];

beforeEach(async () => {
  answer = AWAY;
  kept = new Map();
  unreadable = false;
  place = "keychain";
  listed = [];
  events = [];
  now = 1_000_000;
  elapsed = 0;
  pauses = [];
  opened = [];
  server = await LocalServer.start((response) => {
    response.writeHead(answer.status, { "Content-Type": "application/json", ...answer.headers }).end(JSON.stringify(answer.body));
  });
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.stopAll()));
  await server.stop();
});

const asked = (): Arrived[] => server.arrived.filter(({ path }) => path === "/revoke");
const tokens = (name = "one") =>
  tokensFrom(
    TokenAnswer.parse({ access_token: `access ${name}`, refresh_token: `refresh ${name}`, token_type: "Bearer", expires_in: 300 }),
    {
      clientId: "our client",
      metadata: {
        issuer: `${server.baseUrl}/`,
        token_endpoint: `${server.baseUrl}/token`,
        revocation_endpoint: `${server.baseUrl}/revoke`,
        authorization_endpoint: `${server.baseUrl}/authorize`,
        registration_endpoint: `${server.baseUrl}/register`,
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        code_challenge_methods_supported: ["S256"],
      },
    },
  );

function open(): PendingRevocations {
  const read = (id: AccountId): SecretRead => {
    if (unreadable) return { kind: "unreadable", reason: "keychain_locked" };
    const secrets = kept.get(id);
    return secrets === undefined ? { kind: "absent" } : { kind: "found", secrets, place };
  };
  const revocations = new PendingRevocations({
    secretStore: {
      read: (id) => Promise.resolve(read(id)),
      write: (id, secrets) => {
        if (unreadable) return Promise.reject(fail("secrets_locked"));
        kept.set(id, secrets);
        return Promise.resolve(place);
      },
      update: (id, change) => {
        const secrets = change(kept.get(id)!);
        kept.set(id, secrets);
        return Promise.resolve(secrets);
      },
      remove: (id) => Promise.resolve(void kept.delete(id)),
    },
    folders: { accountIds: () => Promise.resolve([...kept.keys()]), removeAccount: () => Promise.resolve() },
    index: { list: () => listed as AccountEntry[], get: () => null },
    fetch,
    emit: (channel, payload) => void events.push([channel, payload]),
    keepOutOfLogs: () => undefined,
    logger: quietLogger,
    times: {
      now: () => now,
      elapsed: () => elapsed,
      wait: (milliseconds, signal) =>
        new Promise<void>((end) => {
          pauses.push({ milliseconds, end });
          signal.addEventListener("abort", () => end(), { once: true });
        }),
    },
  });
  opened.push(revocations);
  return revocations;
}

/** Lets the newest pause be over, and what follows it. */
async function pauseOver(revocations: PendingRevocations): Promise<number> {
  const { milliseconds, end } = pauses.at(-1)!;
  elapsed += milliseconds;
  now += milliseconds;
  end();
  await new Promise((resolve) => setImmediate(resolve));
  await revocations.tryNow();
  return milliseconds;
}

describe("the end of a session that its server could not be told of", () => {
  it("is sent later by the refresh token with the client's id, and forgotten then", async () => {
    const revocations = open();
    expect(await revocations.keep(session, tokens())).toBe(true);
    expect(asked()).toEqual([]);
    answer = DONE;
    expect(await pauseOver(revocations)).toBe(60_000);
    expect(asked().map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      { token: "refresh one", token_type_hint: "refresh_token", client_id: "our client" },
    ]);
    expect(kept.size).toBe(0);
    expect(events).toEqual([["accounts.signOutTold", { userId: session.userId, told: true }]]);
  });

  it("outlives the app", async () => {
    await open().keep(session, tokens());
    answer = DONE;
    await open().load();
    expect(asked()).toHaveLength(1);
    expect(kept.size).toBe(0);
  });

  it("waits longer each time, up to six hours, and is given up after so many tries, which is said", async () => {
    const revocations = open();
    await revocations.keep(session, tokens());
    const waited: number[] = [];
    while (kept.size > 0) waited.push(await pauseOver(revocations));
    expect(asked()).toHaveLength(MAX_TRIES);
    expect(waited.slice(0, 4)).toEqual([60_000, 60_000, 120_000, 240_000]);
    expect(Math.max(...waited)).toBe(6 * 3_600_000);
    expect(events).toEqual([["accounts.signOutTold", { userId: session.userId, told: false }]]);
  });

  it("counts its tries over restarts", async () => {
    await open().keep(session, tokens());
    for (let start = 0; start < MAX_TRIES + 5; start++) await open().load();
    expect(asked()).toHaveLength(MAX_TRIES);
    expect(kept.size).toBe(0);
  });

  it("is tried once more when its time is up, and then given up", async () => {
    await open().keep(session, tokens());
    now += MAX_AGE_MS;
    await open().load();
    expect(asked()).toHaveLength(1);
    expect(kept.size).toBe(0);
    expect(events).toEqual([["accounts.signOutTold", { userId: session.userId, told: false }]]);
  });

  it("is not given up because the clock was set back", async () => {
    await open().keep(session, tokens());
    now = 0;
    await open().load();
    expect(kept.size).toBe(1);
  });

  it.each([
    ["a client that is not known", { status: 401, body: { error: "invalid_client" } }],
    ["a page of a proxy", { status: 502, body: "<html>" }],
  ])("is kept at %s", async (_what, given) => {
    answer = given;
    await open().keep(session, tokens());
    await open().load();
    expect(asked()).toHaveLength(1);
    expect(kept.size).toBe(1);
  });

  it("leaves a server alone for as long as it asks, however many accounts come back meanwhile", async () => {
    answer = { status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 600_000 } };
    await open().keep(session, tokens());
    const revocations = open();
    await revocations.load();
    for (let account = 0; account < 5; account++) await revocations.tryNow();
    elapsed += 599_000;
    await revocations.tryNow();
    expect(asked()).toHaveLength(1);
    answer = DONE;
    elapsed += 1_000;
    await revocations.tryNow();
    expect(asked()).toHaveLength(2);
    expect(kept.size).toBe(0);
  });

  it("is never sent while an account with its device is listed: its sign-out was cut short", async () => {
    listed = [session];
    answer = DONE;
    await open().keep(session, tokens());
    const revocations = open();
    await revocations.load();
    await pauseOver(revocations);
    expect(asked()).toEqual([]);
    // Signed out after all.
    listed = [{ ...session, deviceId: "ANOTHER" }];
    await pauseOver(revocations);
    expect(asked()).toHaveLength(1);
  });

  it("is forgotten in the end without a word where its account has stayed", async () => {
    listed = [session];
    await open().keep(session, tokens());
    now += MAX_AGE_MS;
    await open().load();
    expect(kept.size).toBe(0);
    expect(events).toEqual([]);
    expect(asked()).toEqual([]);
  });

  it("waits while the secrets cannot be read, and is found when they can", async () => {
    await open().keep(session, tokens());
    unreadable = true;
    answer = DONE;
    const revocations = open();
    await revocations.load();
    expect(asked()).toEqual([]);
    unreadable = false;
    await revocations.load();
    expect(asked()).toHaveLength(1);
  });

  it("is no promise where it cannot be kept", async () => {
    const revocations = open();
    expect(await revocations.keep(session, { ...tokens(), oauth: undefined })).toBe(false);
    unreadable = true;
    expect(await revocations.keep(session, tokens())).toBe(false);
    unreadable = false;
    place = "memory";
    expect(await revocations.keep(session, tokens())).toBe(false);
    expect(kept.size).toBe(0);
    place = "keychain";
    for (let n = 0; n < MAX_PENDING; n++) expect(await revocations.keep(session, tokens(String(n)))).toBe(true);
    expect(await revocations.keep(session, tokens())).toBe(false);
    expect(kept.size).toBe(MAX_PENDING);
  });
});
