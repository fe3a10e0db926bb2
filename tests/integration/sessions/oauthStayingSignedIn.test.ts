import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountSecrets } from "../../../main/secrets/secretStore.ts";
import { type AppError, AppFailure } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { AuthUser } from "../../support/authService/authService.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import type { Fault } from "../../support/faultProxy.ts";
import { killDuring } from "../../support/killedWork.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService({ browser: false });
const TOKEN = { method: "POST", path: /^\/oauth2\/token$/ };
const WHOAMI = { path: /\/account\/whoami$/ };
/** Until they are there, a device that is removed may come back with them. */
const KEYS = { method: "POST", path: /\/keys\/upload$/ };
/** What a homeserver says of a token whose time is up, and of one that was revoked. */
const NOT_ACTIVE: Fault = {
  kind: "answer",
  status: 401,
  body: { errcode: "M_UNKNOWN_TOKEN", error: "Token is not active", soft_logout: false },
};

let data: StewardData;
let services: Services;
let accountId: AccountId;
let user: AuthUser;
let people = 0;

beforeEach(async () => {
  data = await StewardData.create();
  services = await open();
  servers.proxy.clearRecord();
  user = await servers.auth.addUser({ localpart: `stays${(people += 1)}`, password: "a password" });
  accountId = await signIn(null);
  await waitUntil(() => servers.proxy.requests(KEYS).some(({ status }) => status === 200), { what: "the device's keys to be there", timeoutMs: 60_000 });
  servers.auth.faults.clearRecord();
});
afterEach(async () => {
  servers.proxy.clear();
  servers.auth.faults.clear();
  await data.destroy();
});

/** As patient as somebody who waits for a test. */
const open = (): Promise<Services> => data.open({ keeperTimes: { firstPauseMs: 50, longestPauseMs: 200, refusedPauseMs: 50 } });

/** Through the browser's pages, as the person does. */
async function signIn(again: AccountId | null): Promise<AccountId> {
  const { signInId } = await services.browserSignIns.startOauth({
    serverName: null,
    baseUrl: servers.proxy.baseUrl,
    localpart: null,
    create: false,
    accountId: again,
    acceptInsecureHttp: true,
  });
  const { url } = await new FormClient().signIn(data.opened.at(-1)!, user);
  await fetch(url);
  const end = await waitUntil(
    () =>
      data.events.flatMap(({ channel, payload }) =>
        channel === "signIn.browserSignInChanged" && payload.signInId === signInId && payload.status !== "waiting" && payload.status !== "finishing" ? [payload] : [],
      )[0],
    { what: "the sign-in to end", timeoutMs: 60_000 },
  );
  if (end.status !== "done") throw new Error(JSON.stringify(end));
  await waitUntil(() => status() === "running", { what: "the account to run", timeoutMs: 60_000 });
  return end.accountId;
}

const status = (): string => services.sessions.list()[0]!.session.status;
const problem = (): AppError | null => services.sessions.list()[0]!.session.error;
const ask = (): Promise<string> => services.sessions.session(accountId).use(async (client) => (await client.whoami()).user_id);
const kindOf = (thrown: unknown): string => (thrown instanceof AppFailure ? thrown.error.kind : String(thrown));
/** Has the server refuse so many requests' tokens, as if their time were up. */
const refuse = (times = 1) => servers.proxy.addRule({ ...WHOAMI, fault: NOT_ACTIVE, times });
const refreshes = (): number => servers.auth.faults.requests(TOKEN).length;
const me = (): string => `@${user.localpart}:oauth.test`;

async function secrets(): Promise<AccountSecrets> {
  const read = await services.secretStore.read(accountId);
  if (read.kind !== "found") throw new Error(`the secrets are ${read.kind}`);
  return read.secrets;
}

/** As after a night: the time of the access token is up, and nothing runs yet. */
async function restartWithExpiredToken(): Promise<void> {
  await services.sessions.session(accountId).stop();
  await services.secretStore.update(accountId, (now) => ({ ...now, oauth: JSON.stringify({ ...JSON.parse(now.oauth!), expiresAt: 1 }) }));
  await data.close();
  services = await open();
}

/** Whatever was refused: with the next tokens that are refused, the account has new ones, and those are what the server has. */
async function expectNothingLost(): Promise<void> {
  const { refreshToken } = await secrets();
  const refused = refuse(Infinity);
  await waitUntil(async () => (await ask().catch(() => undefined), (await secrets()).refreshToken !== refreshToken), {
    what: "new tokens",
    timeoutMs: 60_000,
  });
  refused.remove();
  await waitUntil(() => ask().then((userId) => userId === me(), () => false), { what: "the account to be of use", timeoutMs: 60_000 });
  expect(status()).toBe("running");
  const [session] = servers.auth.sessionsOf(user.localpart);
  expect(session!.current.refreshToken).toBe((await secrets()).refreshToken);
}

describe("an account of an authorization server", () => {
  it("refreshes once for all who wait, and writes the new tokens down", async () => {
    const before = await secrets();
    servers.proxy.clearRecord();
    refuse(20);
    // Until all are refused: the first would have new tokens before the last has asked.
    const refresh = servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "before" });
    const asking = Promise.all(Array.from({ length: 20 }, ask));
    await waitUntil(() => servers.proxy.requests(WHOAMI).length === 20, { what: "all to have asked", timeoutMs: 60_000 });
    refresh.release();
    expect(await asking).toEqual(Array.from({ length: 20 }, me));
    expect(refreshes()).toBe(1);
    const after = await secrets();
    expect(after.refreshToken).not.toBe(before.refreshToken);
    const [session] = servers.auth.sessionsOf(user.localpart);
    expect(session!.current).toMatchObject({ accessToken: after.accessToken, refreshToken: after.refreshToken, used: true });
  });

  it("starts with a token whose time is up by one request more", async () => {
    await restartWithExpiredToken();
    servers.auth.faults.clearRecord();
    await services.sessions.restoreAll();
    await waitUntil(() => status() === "running", { what: "the account to run", timeoutMs: 60_000 });
    expect(refreshes()).toBe(1);
  });

  it("comes back by itself when the sign-in service was away at the start", async () => {
    await restartWithExpiredToken();
    const away = servers.auth.faults.addRule({ path: /^/, fault: { kind: "reset" }, times: Infinity });
    void services.sessions.restoreAll();
    const { error } = await waitUntil(() => services.sessions.list()[0]!.session.error && services.sessions.list()[0]!.session, {
      what: "the account to say what is wrong",
      timeoutMs: 60_000,
    });
    expect(error).toMatchObject({ kind: "sign_in_service_unreachable" });
    away.remove();
    await waitUntil(() => status() === "running", { what: "the account to come back", timeoutMs: 120_000 });
    expect(await ask()).toBe(me());
  }, 200_000);

  it.each<[string, Fault, ("before" | "after")?]>([
    ["an answer that is lost after the server acted", { kind: "cut" }, "after"],
    ["a connection that is cut", { kind: "reset" }],
    ["a page of a proxy", { kind: "answer", status: 502, body: "<html>Bad gateway</html>", headers: { "content-type": "text/html" } }],
    ["a page of a proxy that calls it a success", { kind: "answer", status: 200, body: "<html>Sign in to the hotel</html>", headers: { "content-type": "text/html" } }],
    ["a rate limit in the words of Matrix", { kind: "rateLimit", retryAfterMs: 100 }],
    ["a refusal in the words of Matrix", { kind: "answer", status: 401, body: { errcode: "M_UNKNOWN_TOKEN", error: "no", soft_logout: false } }],
    ["a server out of service", { kind: "answer", status: 503, body: { errcode: "M_UNKNOWN", error: "later" } }],
    ["a client that is not known any more", { kind: "answer", status: 401, body: { error: "invalid_client" } }],
    ["a server that says later", { kind: "answer", status: 400, body: { error: "temporarily_unavailable" } }],
  ])("keeps everything at %s, and comes back", async (_what, fault, when = "before") => {
    const before = await secrets();
    servers.auth.faults.addRule({ ...TOKEN, fault, when });
    refuse();
    expect(await ask().then(String, kindOf)).toBe("sign_in_service_unreachable");
    expect(["running", "starting"]).toContain(status());
    expect((await secrets()).refreshToken).toBe(before.refreshToken);
    await expectNothingLost();
  });

  it("is signed out by invalid_grant alone, keeps its secrets and store, and signs in again", async () => {
    const before = await secrets();
    const { deviceId } = services.sessions.session(accountId).details;
    await servers.auth.endSession(servers.auth.sessionsOf(user.localpart)[0]!);
    await ask().catch(() => undefined);
    await waitUntil(() => problem()?.kind === "unauthenticated", { what: "the account to be signed out", timeoutMs: 60_000 });
    expect(problem()).toEqual({ kind: "unauthenticated", softLogout: false });
    expect(await secrets()).toEqual(before);
    expect(await signIn(accountId)).toBe(accountId);
    // The server has removed the device with its keys: under its old name nobody could see the new ones.
    expect(services.sessions.session(accountId).details.deviceId).not.toBe(deviceId);
    expect(await ask()).toBe(me());
    await expectNothingLost();
  }, 120_000);

  it("does not ask for ever while its user is locked", async () => {
    servers.auth.lock(user.localpart);
    refuse();
    expect(await ask().then(String, kindOf)).toBe("account_refused_for_now");
    for (let times = 0; times < 5; times++) expect(await ask().then(String, kindOf)).toBe("account_refused_for_now");
    expect(refreshes()).toBe(1);
    expect(problem()?.kind).not.toBe("unauthenticated");
    servers.auth.lock(user.localpart, false);
    await data.close();
    services = await open();
    await services.sessions.restoreAll();
    await waitUntil(() => status() === "running", { what: "the account to run", timeoutMs: 60_000 });
    expect(await ask()).toBe(me());
  }, 120_000);

  it.each([
    ["before the server has refreshed", () => servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "before" })],
    ["before the new tokens are written down", () => servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "after" })],
    ["before their first use", () => servers.proxy.hold({ ...WHOAMI, nth: 2, when: "before" })],
    ["after it", () => servers.proxy.hold({ ...WHOAMI, nth: 2, when: "after" })],
  ])("survives a SIGKILL %s", async (_what, hold) => {
    const { reached } = await killDuring({ data, accountId, user: { ...user, user: user.localpart, userId: me() } }, { kind: "ask" }, () => {
      refuse();
      return hold();
    });
    expect(reached).toBe(true);
    services = await open();
    await services.sessions.restoreAll();
    await expectNothingLost();
  }, 120_000);
});
