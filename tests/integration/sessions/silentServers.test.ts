import { logger as globalSdkLogger } from "matrix-js-sdk/lib/logger.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BackupEntriesApi } from "../../../main/roomKeys/backupEntriesApi.ts";
import { homeserverOf } from "../../../main/http/homeserverOf.ts";
import type { Services } from "../../../main/services.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { LocalServer } from "../../support/localServer.ts";
import { makePng } from "../../support/png.ts";
import { secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil, within } from "../../support/waitUntil.ts";

const servers = useServers();
/** Answered by the homeserver of these tests within a fraction of it. */
const PATIENCE = { serverLimits: { answerMs: 2_000, firstSyncMs: 2_000 } };

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
const timeout = (): object => ({ kind: "network", reason: "timeout", host: new URL(servers.proxy.baseUrl).host });

/** An account that has been used before, on a computer that has just been started. */
async function restarted(options: Parameters<StewardData["open"]>[0] = {}): Promise<{ services: Services; accountId: AccountId }> {
  const accountId = await signIn(await data.open());
  await data.close();
  servers.proxy.clearRecord();
  return { services: await data.open(options), accountId };
}

/** Signs another session of the account out, as far as the question for the password; answers how it ends. */
async function askedForPassword(services: Services, accountId: AccountId): Promise<{ challenge: Challenge; ended: Promise<unknown> }> {
  const { deviceId } = await servers.synapse.login(user.user, user.password);
  const ended = errorOf(services.devices.signOut({ accountId, deviceIds: [deviceId] }));
  const challenge = await waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), {
    what: "the question for the password",
  });
  return { challenge, ended };
}

const lastChallenge = (): unknown => data.events.findLast(({ channel }) => channel === "challenges.changed")?.payload;

describe("a server that does not answer", () => {
  it("is said to take too long, when an account starts", async () => {
    const { services, accountId } = await restarted(PATIENCE);
    servers.proxy.addRule({ path: /\/sync\?/, fault: { kind: "hang" }, times: Infinity });
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session).toEqual({ status: "failed", error: timeout(), offline: true });
  });

  it("is said to take too long, when it is asked for something", async () => {
    const services = await data.open(PATIENCE);
    const accountId = await signIn(services);
    servers.proxy.addRule({ path: /\/devices\b/, fault: { kind: "hang" }, times: Infinity });
    expect(await errorOf(services.devices.list({ accountId }))).toEqual(timeout());
  });

  it("does not take away the question that was asked", async () => {
    const services = await data.open(PATIENCE);
    const accountId = await signIn(services);
    const { challenge, ended } = await askedForPassword(services, accountId);
    servers.proxy.addRule({ path: /delete_devices/, fault: { kind: "hang" }, times: Infinity });
    services.challenges.answer({
      challengeId: challenge.challengeId,
      answer: { kind: "password", password: secretOf("password", user.password) },
    });
    expect(await ended).toEqual(timeout());
    expect(lastChallenge()).toMatchObject({ status: "failed", error: timeout() });
  });

  it("does not hold up the end of a session that starts", async () => {
    const { services, accountId } = await restarted();
    const hanging = servers.proxy.addRule({ path: /\/client\/versions/, fault: { kind: "hang" }, times: Infinity });
    const session = services.sessions.session(accountId);
    void session.start();
    await hanging.firstMet;
    await within(session.stop(), 5_000, "the session to stop");
    expect(session.snapshot).toEqual({ status: "stopped", error: null, offline: false });
    servers.proxy.clear();
    await session.start();
    expect(session.snapshot.status).toBe("running");
  });

  it("is given room keys again that it has left lying", async () => {
    const services = await data.open(PATIENCE);
    const accountId = await signIn(services);
    await services.sessions.session(accountId).use(async (client, signal) => {
      const token = client.getAccessToken()!;
      const auth_data = { public_key: "abcdefg", signatures: {} };
      const body = { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data };
      const { version } = await servers.synapse.call({ path: "/_matrix/client/v3/room_keys/version", token, body });
      const stalled = servers.proxy.addRule({ method: "PUT", path: /room_keys\/keys/, fault: { kind: "hang" } });
      const transfer = new BackupEntriesApi({ homeserver: homeserverOf(client), version, signal });
      await transfer.upload(JSON.stringify({ rooms: {} }));
      expect(stalled.met).toBe(1);
      expect(servers.proxy.requests({ method: "PUT", path: /room_keys\/keys/ }).map(({ status }) => status)).toEqual([null, 200]);
    });
  }, 30_000);

  it("has not taken the picture away that was shown", async () => {
    const services = await data.open(PATIENCE);
    const accountId = await signIn(services);
    const { avatarPath } = await services.profile.setAvatar({ accountId, image: new Uint8Array(makePng(20, 20)), mimeType: "image/png" });
    expect(avatarPath).not.toBeNull();
    await services.sessions.session(accountId).use(async (client) => {
      const { content_uri: other } = await client.uploadContent(new Blob([new Uint8Array(makePng(30, 30))]), { type: "image/png" });
      await client.setAvatarUrl(other);
    });
    const thumbnail = /media\/thumbnail/;
    servers.proxy.addRule({ path: thumbnail, fault: { kind: "rateLimit", retryAfterMs: 1_000 } });
    servers.proxy.addRule({ path: thumbnail, skip: 1, fault: { kind: "answer", status: 502 } });
    servers.proxy.addRule({ path: thumbnail, skip: 2, fault: { kind: "reset" } });
    for (let time = 0; time < 3; time += 1) expect((await services.profile.get({ accountId })).avatarPath).toBe(avatarPath);
    servers.proxy.addRule({ path: thumbnail, fault: { kind: "answer", status: 404 } });
    expect((await services.profile.get({ accountId })).avatarPath).toBeNull();
    expect((await services.profile.get({ accountId })).avatarPath).toMatch(/^\/avatars\//);
  });
});

describe("a token that the server no longer takes", () => {
  it("is used no more once that is known, neither while the account waits nor when it has signed in anew", async () => {
    const { services, accountId } = await restarted();
    await servers.synapse.expireTokens();
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session.status).toBe("softLoggedOut");
    const refused = (): string[] =>
      servers.proxy.record.filter(({ status }) => status === 401).map(({ path }) => path.replace(/[?].*/, ""));
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    expect(services.sessions.account(accountId).session.status).toBe("running");
    // Both are asked at once; all that the SDK would have asked besides comes after the answer.
    const first = ["/_matrix/client/versions", "/_matrix/client/v3/room_keys/version"];
    expect(refused().length).toBeGreaterThan(0);
    expect(refused().filter((path) => !first.includes(path))).toEqual([]);
    // The new one is bound to nothing of the old.
    expect((await services.devices.list({ accountId })).sessions).toHaveLength(1);
  });

  it("ends the work under way with this as the reason", async () => {
    const services = await data.open();
    const accountId = await signIn(services);
    const session = services.sessions.session(accountId);
    const token = await session.use((client) => Promise.resolve(client.getAccessToken()!));
    const never = errorOf(session.use(() => new Promise<never>(() => undefined)));
    await servers.synapse.call({ method: "POST", path: "/_matrix/client/v3/logout", token, body: {} });
    const dead = { kind: "unauthenticated", softLogout: false };
    expect(await errorOf(services.devices.list({ accountId }))).toEqual(dead);
    expect(await within(never, 1_000, "the work to end")).toEqual(dead);
    expect(session.snapshot).toEqual({ status: "softLoggedOut", error: dead, offline: false });
  });
});

describe("a server that sends requests on", () => {
  let elsewhere: LocalServer;
  beforeEach(async () => {
    elsewhere = await LocalServer.start((response) => response.end("{}"));
  });
  afterEach(() => elsewhere.stop());

  const sendOn = (path: RegExp): void => {
    const headers = { location: `${elsewhere.baseUrl}/taken` };
    servers.proxy.addRule({ path, fault: { kind: "answer", status: 307, headers }, times: Infinity });
  };
  const redirected = (): object => ({
    kind: "redirected",
    host: new URL(servers.proxy.baseUrl).host,
    to: elsewhere.baseUrl,
  });

  it("gets no password for another one", async () => {
    const services = await data.open();
    sendOn(/v3\/login/);
    expect(await errorOf(signIn(services))).toEqual(redirected());
    servers.proxy.clear();
    const accountId = await signIn(services);
    const { challenge, ended } = await askedForPassword(services, accountId);
    sendOn(/delete_devices/);
    services.challenges.answer({
      challengeId: challenge.challengeId,
      answer: { kind: "password", password: secretOf("password", user.password) },
    });
    expect(await ended).toEqual(redirected());
    expect(lastChallenge()).toMatchObject({ status: "failed", error: redirected() });
    expect(elsewhere.arrived).toEqual([]);
  });

  it("gets no access token for another one", async () => {
    const { services, accountId } = await restarted();
    sendOn(/\/sync/);
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session).toMatchObject({ status: "failed", error: redirected() });
    expect(elsewhere.arrived).toEqual([]);
  });
});

it("what the SDK says of no client in particular is heard after a session has ended", async () => {
  const services = await data.open();
  const accountId = await signIn(services);
  await services.sessions.session(accountId).stop();
  globalSdkLogger.warn("said of no client");
  expect(data.warnings.join("\n")).toContain("said of no client");
});
