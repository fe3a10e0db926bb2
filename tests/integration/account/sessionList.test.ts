import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { startSdkSession } from "../../support/sdkSession.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  user = await synapse.register({ user: `sessions${(users += 1)}`, password: "a password" });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: synapse.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: secretOf("password", user.password),
    acceptInsecureHttp: false,
  });
});
afterEach(() => data.destroy());

const asked = (): Promise<Challenge> =>
  waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), { what: "a challenge" });

describe("an account's sessions", () => {
  it("are listed with this one first, and what is known of each", async () => {
    const [named] = await synapse.addSessions(user, 1);
    const { sessions: list } = await services.devices.list({ accountId });
    expect(list).toMatchObject([
      { thisSession: true, verification: "unverified", inactive: false, deviceId: services.sessions.account(accountId).deviceId },
      { thisSession: false, verification: "no_encryption", inactive: false, deviceId: named!.deviceId, name: "Session 1" },
    ]);
    expect(list[0]?.name).toContain("Steward");
  });

  it("tells verified sessions from others by their keys, and feeds the account's health", async () => {
    const verified = await startSdkSession({ baseUrl: synapse.baseUrl, user: user.user, password: user.password });
    await verified.setUpSecureBackup();
    await synapse.addSessions(user, 2);
    const of = async () =>
      Object.fromEntries(
        (await services.devices.list({ accountId })).sessions.map(({ deviceId, verification }) => [deviceId, verification]),
      );
    expect((await of())[verified.tokens.deviceId]).toBe("verified");
    expect(Object.values(await of()).sort()).toEqual(["no_encryption", "no_encryption", "unverified", "verified"]);
    const health = await services.health.refresh(accountId);
    expect(health).toMatchObject({ thisSession: "unverified", otherSessions: { total: 3, unverified: 2, inactive: 0 } });
    verified.stop();
  });

  it("count as forgotten after 90 days", async () => {
    const [old] = await synapse.addSessions(user, 1);
    await data.close();
    await synapse.setLastSeen(old!.deviceId, { at: Date.now() - 91 * 24 * 60 * 60 * 1000, ip: "198.51.100.7" });
    services = await data.open();
    await services.sessions.restoreAll();
    const { sessions: list } = await services.devices.list({ accountId });
    expect(list.find(({ deviceId }) => deviceId === old!.deviceId)).toMatchObject({
      inactive: true,
      lastSeenIp: "198.51.100.7",
    });
    expect((await services.health.refresh(accountId)).otherSessions).toMatchObject({ total: 1, inactive: 1 });
  });

  it("that the server says nothing of stand in the order of their names", async () => {
    await synapse.addSessions(user, 11);
    const { sessions: list } = await services.devices.list({ accountId });
    const names = list.filter(({ lastSeenAt }) => lastSeenAt === null).map(({ name }) => name);
    expect(names.indexOf("Session 2")).toBeLessThan(names.indexOf("Session 10"));
    expect(names).toHaveLength(11);
  });

  it("can be renamed", async () => {
    const [other] = await synapse.addSessions(user, 1);
    const { sessions: list } = await services.devices.rename({ accountId, deviceId: other!.deviceId, name: "Phone 📱" });
    expect(list.find(({ deviceId }) => deviceId === other!.deviceId)?.name).toBe("Phone 📱");
    await expect(services.devices.rename({ accountId, deviceId: "NOSUCHDEVICE", name: "x" })).rejects.toThrow("not_found");
  });

  it("are signed out with one challenge for all, after a wrong password too", async () => {
    const others = await synapse.addSessions(user, 5);
    const [kept, ...leaving] = others.map(({ deviceId }) => deviceId);
    const signingOut = services.devices.signOut({ accountId, deviceIds: leaving });
    const challenge = await asked();
    expect(challenge).toMatchObject({ accountId, purpose: "sign_out_sessions", stage: { kind: "password" }, error: null });
    services.challenges.answer({
      challengeId: challenge.challengeId,
      answer: { kind: "password", password: secretOf("password", "wrong") },
    });
    const again = await waitUntil(
      () => services.challenges.list().challenges.find((one) => one.status === "asking" && one.error !== null),
      { what: "a refusal" },
    );
    expect(again).toMatchObject({ error: { kind: "wrong_credentials" } });
    services.challenges.answer({
      challengeId: challenge.challengeId,
      answer: { kind: "password", password: secretOf("password", user.password) },
    });
    const { sessions: left } = await signingOut;
    expect(left.map(({ deviceId }) => deviceId).sort()).toEqual([kept, services.sessions.account(accountId).deviceId].sort());
    expect(services.challenges.list().challenges).toEqual([]);
    expect(data.events.filter(({ channel }) => channel === "devices.changed")).toHaveLength(1);
  });

  it("stay when the challenge is cancelled, and this session is never among those signed out", async () => {
    const [other] = await synapse.addSessions(user, 1);
    const signingOut = services.devices.signOut({ accountId, deviceIds: [other!.deviceId] });
    signingOut.catch(() => undefined);
    services.challenges.cancel({ challengeId: (await asked()).challengeId });
    await expect(signingOut).rejects.toThrow("challenge_cancelled");
    const own = services.sessions.account(accountId).deviceId;
    await expect(services.devices.signOut({ accountId, deviceIds: [other!.deviceId, own] })).rejects.toThrow("invalid_input");
    expect((await services.devices.list({ accountId })).sessions).toHaveLength(2);
  });
});
