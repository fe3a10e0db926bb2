import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppFailure } from "../../../shared/errors.ts";
import { NOT_ACTIVE, OauthAccount, TOKEN, WHOAMI } from "../../support/authService/oauthAccount.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import type { Fault } from "../../support/faultProxy.ts";
import { killDuring } from "../../support/killedWork.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService({ browser: false });

let one: OauthAccount;

beforeEach(async () => {
  // As patient as somebody who waits for a test.
  one = await OauthAccount.signIn(servers, { keeperTimes: { firstPauseMs: 50, longestPauseMs: 200, refusedPauseMs: 50 } });
});
afterEach(async () => {
  servers.proxy.clear();
  servers.auth.faults.clear();
  await one.data.destroy();
});

const kindOf = (thrown: unknown): string => (thrown instanceof AppFailure ? thrown.error.kind : String(thrown));
/** Has the server refuse so many requests' tokens, as if their time were up. */
const refuse = (times = 1) => servers.proxy.addRule({ ...WHOAMI, fault: NOT_ACTIVE, times });
const refreshes = (): number => servers.auth.faults.requests(TOKEN).length;

/** As after a night: the time of the access token is up, and nothing runs yet. */
async function restartWithExpiredToken(): Promise<void> {
  await one.closeWithExpiredToken();
  await one.open();
}

/** Whatever was refused: with the next tokens that are refused, the account has new ones, and those are what the server has. */
async function expectNothingLost(): Promise<void> {
  const { refreshToken } = await one.secrets();
  const refused = refuse(Infinity);
  await waitUntil(async () => (await one.ask().catch(() => undefined), !refreshToken!.equals((await one.secrets()).refreshToken)), {
    what: "new tokens",
    timeoutMs: 60_000,
  });
  refused.remove();
  await waitUntil(
    () =>
      one.ask().then(
        (userId) => userId === one.userId,
        () => false,
      ),
    { what: "the account to be of use", timeoutMs: 60_000 },
  );
  expect(one.status()).toBe("running");
  const [session] = servers.auth.sessionsOf(one.user.localpart);
  expect((await one.secrets()).refreshToken).toEqual(session!.current.refreshToken);
}

describe("an account of an authorization server", () => {
  it("refreshes once for all who wait, and writes the new tokens down", async () => {
    const before = await one.secrets();
    servers.proxy.clearRecord();
    refuse(20);
    // Until all are refused: the first would have new tokens before the last has asked.
    const refresh = servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "before" });
    const asking = Promise.all(Array.from({ length: 20 }, () => one.ask()));
    await waitUntil(() => servers.proxy.requests(WHOAMI).length === 20, { what: "all to have asked", timeoutMs: 60_000 });
    refresh.release();
    expect(await asking).toEqual(Array.from({ length: 20 }, () => one.userId));
    expect(refreshes()).toBe(1);
    const after = await one.secrets();
    expect(after.refreshToken).not.toEqual(before.refreshToken);
    const [session] = servers.auth.sessionsOf(one.user.localpart);
    expect(session!.current).toMatchObject({ accessToken: after.accessToken, refreshToken: after.refreshToken, used: true });
  });

  it("starts with a token whose time is up by one request more", async () => {
    await restartWithExpiredToken();
    servers.auth.faults.clearRecord();
    await one.services.sessions.restoreAll();
    await waitUntil(() => one.status() === "running", { what: "the account to run", timeoutMs: 60_000 });
    expect(refreshes()).toBe(1);
  });

  it("comes back by itself when the sign-in service was away at the start", async () => {
    await restartWithExpiredToken();
    const away = servers.auth.faults.addRule({ path: /^/, fault: { kind: "reset" }, times: Infinity });
    void one.services.sessions.restoreAll();
    const { error } = await waitUntil(() => one.services.sessions.list()[0]!.session.error && one.services.sessions.list()[0]!.session, {
      what: "the account to say what is wrong",
      timeoutMs: 60_000,
    });
    expect(error).toMatchObject({ kind: "sign_in_service_unreachable" });
    away.remove();
    await waitUntil(() => one.status() === "running", { what: "the account to come back", timeoutMs: 120_000 });
    expect(await one.ask()).toBe(one.userId);
  }, 200_000);

  it.each<[string, Fault, ("before" | "after")?]>([
    ["an answer that is lost after the server acted", { kind: "cut" }, "after"],
    ["a connection that is cut", { kind: "reset" }],
    ["a page of a proxy", { kind: "answer", status: 502, body: "<html>Bad gateway</html>", headers: { "content-type": "text/html" } }],
    [
      "a page of a proxy that calls it a success",
      { kind: "answer", status: 200, body: "<html>Sign in to the hotel</html>", headers: { "content-type": "text/html" } },
    ],
    ["a rate limit in the words of Matrix", { kind: "rateLimit", retryAfterMs: 100 }],
    [
      "a refusal in the words of Matrix",
      { kind: "answer", status: 401, body: { errcode: "M_UNKNOWN_TOKEN", error: "no", soft_logout: false } },
    ],
    ["a server out of service", { kind: "answer", status: 503, body: { errcode: "M_UNKNOWN", error: "later" } }],
    ["a client that is not known any more", { kind: "answer", status: 401, body: { error: "invalid_client" } }],
    ["a server that says later", { kind: "answer", status: 400, body: { error: "temporarily_unavailable" } }],
  ])("keeps everything at %s, and comes back", async (_what, fault, when = "before") => {
    const before = await one.secrets();
    servers.auth.faults.addRule({ ...TOKEN, fault, when });
    refuse();
    expect(await one.ask().then(String, kindOf)).toBe("sign_in_service_unreachable");
    expect(["running", "starting"]).toContain(one.status());
    expect((await one.secrets()).refreshToken).toEqual(before.refreshToken);
    await expectNothingLost();
  });

  it("is signed out by invalid_grant alone, keeps its secrets and store, and signs in again", async () => {
    const before = await one.secrets();
    const { deviceId } = one.services.sessions.session(one.accountId).details;
    await servers.auth.endSession(servers.auth.sessionsOf(one.user.localpart)[0]!);
    await one.ask().catch(() => undefined);
    await waitUntil(() => one.problem()?.kind === "unauthenticated", { what: "the account to be signed out", timeoutMs: 60_000 });
    expect(one.problem()).toEqual({ kind: "unauthenticated", softLogout: false });
    expect(await one.secrets()).toEqual(before);
    await one.signInAgain();
    // The server has removed the device with its keys: under its old name nobody could see the new ones.
    expect(one.services.sessions.session(one.accountId).details.deviceId).not.toBe(deviceId);
    expect(await one.ask()).toBe(one.userId);
    await expectNothingLost();
  }, 120_000);

  it("does not ask for ever while its user is locked", async () => {
    servers.auth.lock(one.user.localpart);
    refuse();
    expect(await one.ask().then(String, kindOf)).toBe("account_refused_for_now");
    for (let times = 0; times < 5; times++) expect(await one.ask().then(String, kindOf)).toBe("account_refused_for_now");
    expect(refreshes()).toBe(1);
    expect(one.problem()?.kind).not.toBe("unauthenticated");
    servers.auth.lock(one.user.localpart, false);
    await one.data.close();
    await one.open();
    await one.services.sessions.restoreAll();
    await waitUntil(() => one.status() === "running", { what: "the account to run", timeoutMs: 60_000 });
    expect(await one.ask()).toBe(one.userId);
  }, 120_000);

  it.each([
    ["before the server has refreshed", () => servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "before" })],
    ["before the new tokens are written down", () => servers.auth.faults.hold({ ...TOKEN, nth: 1, when: "after" })],
    ["before their first use", () => servers.proxy.hold({ ...WHOAMI, nth: 2, when: "before" })],
    ["after it", () => servers.proxy.hold({ ...WHOAMI, nth: 2, when: "after" })],
  ])(
    "survives a SIGKILL %s",
    async (_what, hold) => {
      const { reached } = await killDuring(
        { data: one.data, accountId: one.accountId, user: { ...one.user, user: one.user.localpart, userId: one.userId } },
        { kind: "ask" },
        () => {
          refuse();
          return hold();
        },
      );
      expect(reached).toBe(true);
      await one.open();
      await one.services.sessions.restoreAll();
      await expectNothingLost();
    },
    120_000,
  );
});
