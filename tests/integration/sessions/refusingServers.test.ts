import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AppError } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { Fault } from "../../support/faultProxy.ts";
import { errorOf } from "../../support/errorOf.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useServers();

let data: StewardData;
let user: TestUser;
let users = 0;

beforeEach(async () => {
  data = await StewardData.create();
  users += 1;
  user = await servers.synapse.register({ user: `person${users}`, password: `password of ${users}` });
});
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const signIn = (services: Services): Promise<AccountId> => signInTo(services, user, servers.proxy.baseUrl);
const host = (): string => new URL(servers.proxy.baseUrl).host;
const lock = (locked: boolean): Promise<unknown> =>
  servers.synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(user.userId)}`, body: { locked } });

describe("an account that its server has locked", () => {
  it("says so when it starts, when it is asked for something, and when it signs in", async () => {
    const services = await data.open();
    const accountId = await signIn(services);
    const before = await services.health.refresh(accountId);
    await lock(true);
    const error = { kind: "user_locked" };
    expect(await errorOf(services.devices.list({ accountId }))).toEqual(error);
    // What was known of it stays.
    expect(await errorOf(services.health.refresh(accountId))).toEqual(error);
    expect(services.sessions.account(accountId).health).toEqual(before);
    await data.close();

    const again = await data.open();
    await again.sessions.restoreAll();
    expect(again.sessions.account(accountId).session).toEqual({ status: "failed", error, offline: true });
    const elsewhere = await StewardData.create();
    expect(await errorOf(signIn(await elsewhere.open()))).toEqual(error);
    await elsewhere.destroy();

    // It goes on by itself once the lock is gone.
    await lock(false);
    await waitUntil(() => again.sessions.account(accountId).session.status === "running", {
      what: "the session to run",
      timeoutMs: 60_000,
    });
    expect(again.sessions.account(accountId).session).toEqual({ status: "running", error: null, offline: false });
  });
});

describe("an account that its server has suspended", () => {
  it("reads, and says why it can change nothing", async () => {
    const services = await data.open();
    const accountId = await signIn(services);
    await servers.synapse.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v1/suspend/${encodeURIComponent(user.userId)}`,
      body: { suspend: true },
    });
    expect((await services.devices.list({ accountId })).sessions).toHaveLength(1);
    expect(await errorOf(services.profile.setDisplayName({ accountId, displayName: "Somebody else" }))).toEqual({ kind: "user_suspended" });
  });
});

describe("a server that answers a sync with an error", () => {
  const page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
  const html = { "content-type": "text/html" };
  const cases: [string, Fault, () => AppError][] = [
    [
      "its terms are not accepted",
      { kind: "answer", status: 403, body: { errcode: "M_CONSENT_NOT_GIVEN", error: "...", consent_uri: "https://hs.example/consent" } },
      () => ({ kind: "consent_required", host: host(), url: "https://hs.example/consent" }),
    ],
    [
      "a limit is reached",
      {
        kind: "answer",
        status: 403,
        body: {
          errcode: "M_RESOURCE_LIMIT_EXCEEDED",
          error: "...",
          limit_type: "monthly_active_user",
          admin_contact: "mailto:admin@hs.example",
        },
      },
      () => ({ kind: "resource_limit", host: host(), contact: "mailto:admin@hs.example" }),
    ],
    ["it is asked too often", { kind: "rateLimit", retryAfterMs: 7_000 }, () => ({ kind: "rate_limited", retryAfterMs: 7_000 })],
    [
      "a proxy answers in its place",
      { kind: "answer", status: 502, body: page, headers: html },
      () => ({ kind: "gateway_error", host: host(), status: 502 }),
    ],
    [
      "a proxy answers with what it calls JSON",
      { kind: "answer", status: 503, body: page },
      () => ({ kind: "gateway_error", host: host(), status: 503 }),
    ],
    [
      "the account is gone",
      { kind: "answer", status: 403, body: { errcode: "M_USER_DEACTIVATED", error: "..." } },
      () => ({ kind: "user_deactivated" }),
    ],
  ];
  it.each(cases)("says that %s", async (_what, fault, expected) => {
    const services = await data.open();
    const accountId = await signIn(services);
    await data.close();
    servers.proxy.addRule({ path: /\/sync\?/, fault, times: Infinity });
    const again = await data.open();
    await again.sessions.restoreAll();
    expect(again.sessions.account(accountId).session).toEqual({ status: "failed", error: expected(), offline: true });
  });

  it("says it of a session that has been running", async () => {
    const services = await data.open();
    const accountId = await signIn(services);
    servers.proxy.addRule({
      path: /\/sync\?/,
      fault: { kind: "answer", status: 403, body: { errcode: "M_RESOURCE_LIMIT_EXCEEDED" } },
      times: Infinity,
    });
    // Something new ends the poll that is under way.
    await services.sessions.session(accountId).use((client) => client.setAccountDataRaw("org.example.new" as never, {}));
    const error = { kind: "resource_limit", host: host(), contact: null };
    const told = await waitUntil(
      () => {
        const { session } = services.sessions.account(accountId);
        return session.error !== null && session;
      },
      { what: "the session to learn of it", timeoutMs: 30_000 },
    );
    expect(told).toEqual({ status: "running", error, offline: true });
  });
});

it.each([
  ["devices", /\/devices$/, (services: Services, id: AccountId) => services.devices.list({ accountId: id })],
  ["a profile", /\/profile\/[^/]+$/, (services: Services, id: AccountId) => services.profile.get({ accountId: id })],
  ["what may be changed", /\/capabilities$/, (services: Services, id: AccountId) => services.profile.get({ accountId: id })],
])(
  "a server whose answer about %s has another shape is not understood, in words",
  async (_what, path, ask) => {
    const services = await data.open();
    const accountId = await signIn(services);
    for (const body of ["[]", "null", `{"devices":{},"capabilities":7,"displayname":`]) {
      servers.proxy.clear();
      servers.proxy.addRule({ method: "GET", path, fault: { kind: "answer", status: 200, body }, times: Infinity });
      expect(await errorOf(ask(services, accountId))).toEqual({ kind: "bad_answer", host: host() });
    }
  },
  30_000,
);
