import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AuthDict, Challenges } from "../../../main/uia/challenges.ts";
import type { Services } from "../../../main/services.ts";
import type { MatrixSession } from "../../../main/sessions/matrixSession.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { AppErrorKind } from "../../../shared/errors.ts";
import { homeserverOf } from "../../../main/http/homeserverOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";
import { openSecureBackup, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let session: MatrixSession;
let user: TestUser;
let challenges: Challenges;
let seen: Challenge[];
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse({ enableRegistration: true });
  proxy = await startFaultProxy(synapse.baseUrl);
}, 120_000);
afterAll(async () => {
  await proxy.stop();
  await synapse.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  user = await synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });
  session = services.sessions.session(await signInTo(services, user, proxy.baseUrl));
  seen = [];
  challenges = new Challenges({
    emit: (channel, payload) => {
      if (channel === "challenges.changed") seen.push(payload as Challenge);
    },
  });
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

/** Signs out a session made for it: Synapse wants the password for that. */
async function signOutAnother(): Promise<{ result: Promise<void>; deviceId: string; stop: AbortController }> {
  const { deviceId } = await synapse.login(user.user, user.password);
  const stop = new AbortController();
  const result = session.use((client, ended) => {
    ended.addEventListener("abort", () => stop.abort(ended.reason));
    return challenges.run(
      session,
      "sign_out_sessions",
      async (auth: AuthDict | null) => {
        const body = { devices: [deviceId], ...(auth && { auth }) };
        await homeserverOf(client).text({ method: "POST", path: "/_matrix/client/v3/delete_devices", body });
      },
      { signal: stop.signal },
    );
  });
  result.catch(() => undefined);
  return { result, deviceId, stop };
}

const asking = (): Promise<Extract<Challenge, { status: "asking" }>> =>
  waitUntil(() => challenges.list().challenges.find((one) => one.status === "asking"), { what: "the question" });
const askingAfter = (kind: AppErrorKind): Promise<Challenge> =>
  waitUntil(() => challenges.list().challenges.find((one) => one.status === "asking" && one.error?.kind === kind), {
    what: `the question after ${kind}`,
  });
const devices = (): Promise<string[]> => session.use(async (client) => (await client.getDevices()).devices.map(({ device_id: id }) => id));

describe("a challenge", () => {
  it("asks for the password, again when it was wrong, and does what was wanted", async () => {
    const { result, deviceId } = await signOutAnother();
    const first = await asking();
    expect(first).toMatchObject({ purpose: "sign_out_sessions", stage: { kind: "password" }, error: null });
    challenges.answer({ challengeId: first.challengeId, answer: { kind: "password", password: secretOf("password", "not it") } });
    const second = await askingAfter("wrong_credentials");
    expect(second).toMatchObject({ challengeId: first.challengeId, status: "asking", stage: { kind: "password" } });
    expect(await devices()).toContain(deviceId);
    challenges.answer({ challengeId: first.challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    await result;
    expect(await devices()).not.toContain(deviceId);
    expect(seen.map(({ status }) => status)).toEqual(["asking", "checking", "asking", "checking", "done"]);
    expect(challenges.list().challenges).toEqual([]);
    expect(JSON.stringify(seen)).not.toContain(user.password);
  });

  it("is cancelled without anything being done", async () => {
    const { result, deviceId } = await signOutAnother();
    const { challengeId } = await asking();
    challenges.cancel({ challengeId });
    expect(await errorOf(result)).toEqual({ kind: "challenge_cancelled" });
    expect(seen.at(-1)).toMatchObject({ status: "cancelled" });
    expect(await devices()).toContain(deviceId);
    const again = Promise.resolve().then(() => challenges.cancel({ challengeId }));
    expect(await errorOf(again)).toEqual({ kind: "conversation_over" });
  });

  it("shows a rate limit and goes on with the same question", async () => {
    const { result } = await signOutAnother();
    const { challengeId } = await asking();
    proxy.addRule({ path: /delete_devices/, fault: { kind: "rateLimit", retryAfterMs: 3_000 } });
    challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    const limited = await askingAfter("rate_limited");
    expect(limited).toMatchObject({ stage: { kind: "password" }, error: { retryAfterMs: 3_000 } });
    challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    await result;
  });

  it("fails when the session ends while it waits, without anybody's answer", async () => {
    const { result } = await signOutAnother();
    await asking();
    const token = await session.use(async (client) => client.getAccessToken()!);
    // The sync is what notices.
    await synapse.call({ method: "POST", path: "/_matrix/client/v3/logout", token, body: {} });
    expect(await errorOf(result)).toMatchObject({ kind: "unauthenticated" });
    await waitUntil(() => challenges.list().challenges.length === 0, { what: "the challenge to end" });
    expect(seen.at(-1)).toMatchObject({ status: "failed", error: { kind: "unauthenticated" } });
  });

  it("ends when the work it belongs to is stopped", async () => {
    const { result, stop } = await signOutAnother();
    await asking();
    stop.abort();
    expect(await errorOf(result)).toEqual({ kind: "cancelled" });
    expect(challenges.list().challenges).toEqual([]);
    expect(seen.at(-1)!.status).toBe("cancelled");
  });

  it("takes no answer of another kind, and none after the last", async () => {
    const { result } = await signOutAnother();
    const { challengeId } = await asking();
    const answer = (kind: "password" | "sso") =>
      errorOf(
        Promise.resolve().then(() =>
          challenges.answer({
            challengeId,
            answer: kind === "password" ? { kind, password: secretOf("password", user.password) } : { kind },
          }),
        ),
      );
    expect(await answer("sso")).toMatchObject({ kind: "invalid_input" });
    challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    expect(await answer("password")).toEqual({ kind: "conversation_over" });
    await result;
    expect(await answer("password")).toEqual({ kind: "conversation_over" });
  });

  it("is not shown at all where the server wants nothing, or only the dummy stage", async () => {
    const nothing = await challenges.run(session, "upload_identity", (auth) => Promise.resolve(auth), {
      signal: new AbortController().signal,
    });
    expect(nothing).toBeNull();
    const registered = await session.use((client) =>
      challenges.run(
        session,
        "upload_identity",
        (auth) =>
          client.registerRequest({
            username: `dummy${users}`,
            password: "a password",
            inhibit_login: true,
            ...(auth === null ? {} : { auth: auth }),
          }),
        { signal: new AbortController().signal },
      ),
    );
    expect(registered.user_id).toBe(`@dummy${users}:${synapse.serverName}`);
    expect(seen).toEqual([]);
  });

  it("waits for a step in the browser, and says when it has not been done", async () => {
    const demand = { session: "abc", flows: [{ stages: ["m.login.sso"] }] };
    proxy.addRule({ path: /delete_devices/, times: 2, fault: { kind: "answer", status: 401, body: demand } });
    const { result } = await signOutAnother();
    const { challengeId, stage } = await asking();
    expect(stage).toEqual({
      kind: "sso",
      url: `${proxy.baseUrl}/_matrix/client/v3/auth/m.login.sso/fallback/web?session=abc`,
    });
    challenges.answer({ challengeId, answer: { kind: "sso" } });
    await askingAfter("stage_not_finished");
    proxy.clear();
    challenges.answer({ challengeId, answer: { kind: "sso" } });
    // Synapse knows nothing of that session.
    expect(await errorOf(result)).toMatchObject({ kind: "server", status: 400 });
    expect(seen.at(-1)).toMatchObject({ status: "failed", error: { kind: "server" } });
  });

  it("in a set-up of Secure Backup can be cancelled, and the set-up continued", async () => {
    const demand = { session: "abc", flows: [{ stages: ["m.login.password"] }] };
    const path = /device_signing\/upload/;
    const rule = proxy.addRule({ path, times: 2, fault: { kind: "answer", status: 401, body: demand } });
    const { accountId } = session.details;
    const opened = openSecureBackup(services, ({ challenges: inSetUp, events }, channel) => {
      if (channel !== "challenges.changed") return;
      const challenge = events.at(-1)!.payload as Challenge;
      if (challenge.status !== "asking") return;
      if (rule.met === 1) inSetUp.cancel({ challengeId: challenge.challengeId });
      else
        inSetUp.answer({ challengeId: challenge.challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    });
    const { setUp } = await setUpWithKey(opened, accountId);
    expect(setUp).toMatchObject({ phase: "stopped", error: { kind: "challenge_cancelled" } });
    expect(proxy.requests({ path }).at(-1)!.forwarded).toBe(false);
    expect((await opened.service.continueSetUp({ accountId })).setUp.phase).toBe("checked");
    expect(rule.met).toBe(2);
  });
});
