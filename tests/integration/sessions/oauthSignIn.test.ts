import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import { fail } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { AuthUser } from "../../support/authService/authService.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { filesBelow } from "../../support/filesBelow.ts";
import { errorOf } from "../../support/errorOf.ts";
import { refreshToken as refreshTokenOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService();
let data: StewardData;
let services: Services;
let people = 0;

beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
});
afterEach(async () => {
  servers.proxy.clear();
  servers.auth.faults.clear();
  await data.destroy();
});

const newUser = (): Promise<AuthUser> => servers.auth.addUser({ localpart: `oauth${(people += 1)}`, password: "a password" });
const userIdOf = ({ localpart }: AuthUser): string => `@${localpart}:oauth.test`;

interface How {
  accountId?: AccountId | null;
  create?: boolean;
}

async function start({ accountId = null, create = false }: How = {}): Promise<{ signInId: ConversationId; url: string }> {
  const { baseUrl } = servers.proxy;
  const request = { serverName: null, baseUrl, localpart: null, accountId, create, acceptInsecureHttp: false };
  const { signInId } = await services.browserSignIns.startOauth(request);
  return { signInId, url: data.opened.at(-1)! };
}

/** Allows it on the pages, as somebody, and goes where that leads. Answers what the browser shows in the end. */
async function goThrough(url: string, user: AuthUser): Promise<string> {
  const { url: back } = await new FormClient().signIn(url, user);
  return (await fetch(back)).text();
}

async function signIn(user: AuthUser, how: How = {}): Promise<AccountId> {
  const { signInId, url } = await start(how);
  await goThrough(url, user);
  const end = await data.signInEnded(signInId);
  if (end.status !== "done") throw new Error(JSON.stringify(end));
  return end.accountId;
}

const redirectOf = (url: string): URL => new URL(new URL(url).searchParams.get("redirect_uri")!);
const statusOf = (accountId: AccountId): string => services.sessions.account(accountId).session.status;

async function secretsOf(accountId: AccountId) {
  const read = await services.secretStore.read(accountId);
  if (read.kind !== "found") throw new Error(read.kind);
  return read.secrets;
}

/** The devices that the homeserver lists for an account that runs here. */
const devicesOf = async (accountId: AccountId): Promise<string[]> =>
  (await services.devices.list({ accountId })).sessions.map(({ deviceId }) => deviceId);

describe("signing in by OAuth 2.0", () => {
  it("signs in with one device of its own choice, under a name without the computer's", async () => {
    const user = await newUser();
    const { signInId, url } = await start();
    expect(services.browserSignIns.listBrowserSignIns().signIns).toMatchObject([{ signInId, status: "waiting", url }]);
    const query = new URL(url).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({ response_mode: "query", code_challenge_method: "S256" });
    expect(query.get("state")!.length).toBeGreaterThan(40);
    expect(await goThrough(url, user)).toContain("You're signed in");
    const end = await data.signInEnded(signInId);
    if (end.status !== "done") throw new Error(JSON.stringify(end));
    const account = services.sessions.account(end.accountId);
    expect(account).toMatchObject({ userId: userIdOf(user), session: { status: "running" } });
    const [session, ...others] = servers.auth.sessionsOf(user.localpart);
    expect(others).toEqual([]);
    expect(session).toMatchObject({ deviceId: account.deviceId, name: expect.stringMatching(/^Steward on (?:Linux|macOS|Windows)$/) });
    expect((await secretsOf(end.accountId)).refreshToken).toEqual(session!.current.refreshToken);
    expect(JSON.stringify(data.events)).not.toContain("code=");
  });

  it("leads to creating an account where the person wants that", async () => {
    const { signInId, url } = await start({ create: true });
    const localpart = `created${(people += 1)}`;
    const pages = new FormClient();
    expect((await pages.open(url)).html).toContain("Create account");
    await pages.submit({ username: localpart, password: "a password", action: "continue" });
    await fetch((await pages.submit({ action: "allow" })).url);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "done" });
    expect(services.sessions.list()).toMatchObject([{ userId: `@${localpart}:oauth.test` }]);
  });

  it("is not disturbed by what others send to its port", async () => {
    const user = await newUser();
    const { signInId, url } = await start();
    const redirect = redirectOf(url);
    const { state } = Object.fromEntries(new URL(url).searchParams);
    const strangers = [
      "?code=x",
      "?code=x&state=wrong",
      `?state=${state}`,
      `?code=a&code=b&state=${state}`,
      `?error=access_denied&state=wrong`,
    ];
    for (const stranger of strangers) expect((await fetch(redirect.href + stranger)).status).toBe(404);
    expect((await fetch(new URL("/favicon.ico", redirect))).status).toBe(404);
    await goThrough(url, user);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "done" });
    await expect(fetch(`${redirect.href}?code=late&state=${state}`)).rejects.toThrow();
  });

  it("says that the person has said no, and says so in the browser too", async () => {
    const user = await newUser();
    const { signInId, url } = await start();
    const pages = new FormClient();
    await pages.open(url);
    await pages.submit({ username: user.localpart, password: user.password, action: "continue" });
    const back = (await pages.submit({ action: "cancel" })).url;
    expect(await (await fetch(back)).text()).toContain("You're not signed in");
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "oauth_denied" } });
    expect(services.sessions.list()).toEqual([]);
  });

  it("takes no answer that names another issuer", async () => {
    const { signInId, url } = await start();
    const { state } = Object.fromEntries(new URL(url).searchParams);
    await fetch(`${redirectOf(url).href}?code=x&state=${state}&iss=https%3A%2F%2Fother.example`);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "oauth_unusable" } });
  });

  it("shows the words in which a registration is refused", async () => {
    const body = { error: "invalid_client_metadata", error_description: "the policy wants a logo" };
    servers.auth.faults.addRule({ path: /registration/, fault: { kind: "answer", status: 400, body } });
    const error = await errorOf(start());
    expect(error).toMatchObject({ kind: "oauth_refused", code: "invalid_client_metadata", description: "the policy wants a logo" });
    expect(services.browserSignIns.listBrowserSignIns().signIns).toEqual([]);
  });

  it("exchanges a code once, also where the answer is lost, and starts again with the same device", async () => {
    const user = await newUser();
    const lost = servers.auth.faults.addRule({ method: "POST", path: /token$/, fault: { kind: "cut" }, when: "after" });
    const first = await start();
    await goThrough(first.url, user);
    expect(await data.signInEnded(first.signInId)).toMatchObject({ status: "failed", error: { kind: "network" } });
    expect(lost.met).toBe(1);
    servers.auth.faults.clear();
    const accountId = await signIn(user);
    expect(await devicesOf(accountId)).toEqual([services.sessions.account(accountId).deviceId]);
  });

  it("ends a session that was given for more than the device that was asked for", async () => {
    const user = await newUser();
    await data.close();
    const more = "urn:matrix:client:device:SOMEBODYELSES";
    services = await data.open({
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (!/\/oauth2\/token$/.test(input instanceof URL ? input.href : "")) return answer;
        const tokens = (await answer.json()) as { scope: string };
        return Response.json({ ...tokens, scope: `${tokens.scope} ${more}` });
      },
    });
    const { signInId, url } = await start();
    await goThrough(url, user);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "oauth_unusable" } });
    expect(servers.auth.sessionsOf(user.localpart)).toEqual([]);
    expect(services.sessions.list()).toEqual([]);
  });

  it("touches nothing when somebody else comes back, and ends that session", async () => {
    const [user, other] = [await newUser(), await newUser()];
    const accountId = await signIn(user);
    const before = await secretsOf(accountId);
    const { signInId, url } = await start({ accountId });
    expect(new URL(url).searchParams.get("login_hint")).toBe(`mxid:${userIdOf(user)}`);
    await goThrough(url, other);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "different_user", got: userIdOf(other) } });
    expect(await secretsOf(accountId)).toEqual(before);
    expect(servers.auth.sessionsOf(other.localpart)).toEqual([]);
    expect(statusOf(accountId)).toBe("running");
  });
});

describe("the end of a session by OAuth 2.0", () => {
  it("is told to the authorization server", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    expect(await services.sessions.signOut(accountId)).toEqual({ serverTold: true });
    expect(servers.auth.sessionsOf(user.localpart)).toEqual([]);
    expect(services.sessions.list()).toEqual([]);
  });

  it("removes everything here where it cannot be told, keeps sealed what that takes, and tells it after a restart", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    const { accessToken, refreshToken } = await secretsOf(accountId);
    const away = servers.auth.faults.addRule({
      path: /revoke/,
      fault: { kind: "answer", status: 503, body: { errcode: "M_UNKNOWN" } },
      times: Infinity,
    });
    expect(await services.sessions.signOut(accountId)).toEqual({ serverTold: false, triedLater: true });
    expect(services.sessions.list()).toEqual([]);
    expect((await services.secretStore.read(accountId)).kind).toBe("absent");
    for (const [path, base64] of Object.entries(await filesBelow(data.folder))) {
      const content = Buffer.from(base64, "base64").toString("latin1");
      for (const secret of [accessToken, refreshToken!]) expect(content.includes(secret.reveal()), `a token in ${path}`).toBe(false);
    }
    await data.close();
    services = await data.open();
    await services.revocations.load();
    expect(servers.auth.sessionsOf(user.localpart)).toHaveLength(1);
    await data.close();
    away.remove();
    services = await data.open();
    await services.revocations.load();
    expect(servers.auth.sessionsOf(user.localpart)).toEqual([]);
    expect(data.events).toContainEqual({ channel: "accounts.signOutTold", payload: { userId: userIdOf(user), told: true } });
    expect(await readdir(join(data.folder, "accounts"))).toEqual([]);
    expect(data.keychain.entries.size).toBe(0);
  });

  it("is not sent later for an account whose sign-out was cut short", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    servers.auth.faults.addRule({ path: /revoke/, fault: { kind: "reset" } });
    const remove = services.secretStore.remove.bind(services.secretStore);
    Object.assign(services.secretStore, { remove: () => Promise.reject(fail("file_failed", { reason: "no_space" })) });
    await expect(services.sessions.signOut(accountId)).rejects.toThrow();
    Object.assign(services.secretStore, { remove });
    await data.close();
    services = await data.open();
    await services.revocations.load();
    expect(servers.auth.sessionsOf(user.localpart)).toHaveLength(1);
    expect(await services.sessions.signOut(accountId)).toEqual({ serverTold: true });
    await data.close();
    services = await data.open();
    await services.revocations.load();
    expect(await readdir(join(data.folder, "accounts"))).toEqual([]);
  });
});

/** Makes the account's access token one whose time is up, as far as Steward knows. Closes what is open. */
async function closeWithExpiredToken(accountId: AccountId): Promise<void> {
  await services.secretStore.update(accountId, (secrets) => {
    const grant = JSON.parse(secrets.oauth!) as object;
    return { ...secrets, oauth: JSON.stringify({ ...grant, expiresAt: Date.now() - 1 }) };
  });
  await data.close();
  // A server that still works on an upload of keys lists a device again that has been removed meanwhile.
  await services.sessions.session(accountId).settled(10_000);
}

describe("staying signed in", () => {
  it("comes back after a start with a token that has expired, and has the new ones written down", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    const before = await secretsOf(accountId);
    await closeWithExpiredToken(accountId);
    services = await data.open();
    await services.sessions.restoreAll();
    expect(statusOf(accountId)).toBe("running");
    const after = await secretsOf(accountId);
    expect(after.refreshToken).not.toEqual(before.refreshToken);
    expect(after.refreshToken).toEqual(servers.auth.sessionsOf(user.localpart)[0]!.current.refreshToken);
  });

  it("loses nothing while the authorization server is out of order, and comes back by itself", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    await closeWithExpiredToken(accountId);
    const outage = { errcode: "M_UNKNOWN_TOKEN", error: "Service unavailable" };
    servers.auth.faults.addRule({ path: /token$/, fault: { kind: "answer", status: 401, body: outage }, times: Infinity });
    services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session).toMatchObject({ offline: true, error: { kind: "sign_in_service_unreachable" } });
    servers.auth.faults.clear();
    await waitUntil(() => statusOf(accountId) === "running" && !services.sessions.account(accountId).session.offline, {
      what: "the account to come back",
      timeoutMs: 90_000,
    });
    expect(servers.auth.sessionsOf(user.localpart)).toHaveLength(1);
  }, 180_000);

  it("keeps its device where only its tokens were lost: the person is asked once more, for that", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    const { deviceId } = services.sessions.account(accountId);
    await services.secretStore.update(accountId, (secrets) => ({ ...secrets, refreshToken: refreshTokenOf("mar_lost") }));
    await closeWithExpiredToken(accountId);
    services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session.error).toEqual({ kind: "unauthenticated", softLogout: false });
    const { signInId, url } = await start({ accountId });
    expect(new URL(url).searchParams.get("scope")).not.toContain(deviceId);
    const before = data.opened.length;
    await goThrough(url, user);
    const asked = await waitUntil(() => data.opened[before], { what: "the page to open again", timeoutMs: 60_000 });
    expect(new URL(asked).searchParams.get("scope")).toContain(deviceId);
    expect(services.browserSignIns.listBrowserSignIns().signIns).toMatchObject([{ signInId, status: "waiting", url: asked }]);
    await goThrough(asked, user);
    expect(await data.signInEnded(signInId)).toMatchObject({ status: "done", accountId });
    expect(statusOf(accountId)).toBe("running");
    expect(await devicesOf(accountId)).toEqual([deviceId]);
  });

  it("says so when the session was ended, keeps everything, and signs in again with a new device", async () => {
    const user = await newUser();
    const accountId = await signIn(user);
    const { storageKey } = await secretsOf(accountId);
    const { deviceId } = services.sessions.account(accountId);
    await closeWithExpiredToken(accountId);
    await servers.auth.endSession(servers.auth.sessionsOf(user.localpart)[0]!);
    services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session.error).toEqual({ kind: "unauthenticated", softLogout: false });
    expect((await secretsOf(accountId)).storageKey).toEqual(storageKey);
    await signIn(user, { accountId });
    expect(statusOf(accountId)).toBe("running");
    expect(services.sessions.account(accountId).deviceId).not.toBe(deviceId);
    expect(await devicesOf(accountId)).toContain(services.sessions.account(accountId).deviceId);
  });
});
