import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { revealedJson } from "../../../shared/secret.ts";
import type { AuthUser } from "../../support/authService/authService.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { matrixOk } from "../../support/matrixApi.ts";
import { makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { accessToken as accessTokenOf, secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useAuthService({ browser: false });
let data: StewardData;
let services: Services;
let people = 0;

beforeAll(() => void (servers.proxy.elsewhere = servers.auth.compatibility));
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
});
afterEach(async () => {
  servers.proxy.clear();
  servers.auth.faults.clear();
  await data.destroy();
});

const newUser = (): Promise<AuthUser> => servers.auth.addUser({ localpart: `mover${(people += 1)}`, password: "a password" });
const sessionsOf = ({ localpart }: AuthUser) => servers.auth.sessionsOf(localpart).map(({ kind, deviceId }) => ({ kind, deviceId }));
const statusOf = (accountId: AccountId): string => services.sessions.account(accountId).session.status;
const deviceOf = (accountId: AccountId): string => services.sessions.account(accountId).deviceId;
const canMove = async (accountId: AccountId): Promise<boolean> => (await services.accountManagement.state({ accountId })).canMove;

async function secretsOf(accountId: AccountId) {
  const read = await services.secretStore.read(accountId);
  if (read.kind !== "found") throw new Error(read.kind);
  return read.secrets;
}

async function withPassword({ localpart, password }: AuthUser): Promise<AccountId> {
  const { baseUrl } = servers.proxy;
  const identifier = { kind: "user" as const, user: localpart };
  const accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl,
    identifier,
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
  expect(statusOf(accountId)).toBe("running");
  return accountId;
}

async function begin(accountId: AccountId): Promise<{ signInId: ConversationId; url: string; device: string | null }> {
  const { baseUrl } = servers.proxy;
  const request = { serverName: null, baseUrl, localpart: null, accountId, create: false, acceptInsecureHttp: true };
  const { signInId } = await services.browserSignIns.startOauth(request);
  const url = data.opened.at(-1)!;
  return { signInId, url, device: /device:(\S+)/.exec(new URL(url).searchParams.get("scope")!)?.[1] ?? null };
}

async function allow(url: string, user: AuthUser): Promise<void> {
  await fetch((await new FormClient().signIn(url, user)).url);
}

/** The device's key, as others see it on the server. */
async function keyOnServer(accountId: AccountId): Promise<string | undefined> {
  const { userId, deviceId } = services.sessions.account(accountId);
  const { accessToken } = await secretsOf(accountId);
  const body = { device_keys: { [userId]: [deviceId] } };
  const answer = await matrixOk(servers.proxy.baseUrl, {
    method: "POST",
    path: "/_matrix/client/v3/keys/query",
    token: accessToken.reveal(),
    body,
  });
  return (answer as { device_keys: Record<string, Record<string, { keys: Record<string, string> }>> }).device_keys[userId]?.[deviceId]
    ?.keys[`ed25519:${deviceId}`];
}

const roomKeysOf = (accountId: AccountId): Promise<string[]> =>
  services.sessions
    .session(accountId)
    .use(async (client) => (await client.getCrypto()!.exportRoomKeys()).map((key) => key.session_id).sort());

it("goes over to OAuth with its device and its keys, and the session of the password is ended", async () => {
  const user = await newUser();
  const accountId = await withPassword(user);
  const deviceId = deviceOf(accountId);
  const key = await waitUntil(() => keyOnServer(accountId), { what: "the device's keys to be there", timeoutMs: 60_000 });
  const { accessToken } = await secretsOf(accountId);
  expect(await canMove(accountId)).toBe(true);
  const { signInId, url, device } = await begin(accountId);
  expect(device).toBe(deviceId);
  await allow(url, user);
  expect(await data.signInEnded(signInId)).toMatchObject({ status: "done", accountId });
  expect(statusOf(accountId)).toBe("running");
  await waitUntil(() => sessionsOf(user).length === 1, { what: "the session before to end", timeoutMs: 60_000 });
  expect(sessionsOf(user)).toEqual([{ kind: "oauth2", deviceId }]);
  expect(await keyOnServer(accountId)).toBe(key);
  await waitUntil(async () => (await secretsOf(accountId)).replaced === undefined, {
    what: "the tokens before to be forgotten",
    timeoutMs: 60_000,
  });
  expect(revealedJson(await secretsOf(accountId))).not.toContain(accessToken.reveal());
  expect(await canMove(accountId)).toBe(false);
});

it("has changed nothing where it is cancelled, or somebody else comes back", async () => {
  const [user, other] = [await newUser(), await newUser()];
  const accountId = await withPassword(user);
  const before = await secretsOf(accountId);
  const cancelled = await begin(accountId);
  await services.browserSignIns.cancelBrowserSignIn({ signInId: cancelled.signInId });
  expect(await data.signInEnded(cancelled.signInId)).toMatchObject({ status: "cancelled" });
  const { signInId, url } = await begin(accountId);
  await allow(url, other);
  expect(await data.signInEnded(signInId)).toMatchObject({ status: "failed", error: { kind: "different_user" } });
  expect(sessionsOf(other)).toEqual([]);
  expect(sessionsOf(user)).toEqual([{ kind: "compat", deviceId: deviceOf(accountId) }]);
  expect(await secretsOf(accountId)).toEqual(before);
  expect(statusOf(accountId)).toBe("running");
  expect(await canMove(accountId)).toBe(true);
});

it("gets a new device, with the room keys of the one before, where that has a name that no scope takes", async () => {
  const user = await newUser();
  const { baseUrl } = servers.proxy;
  const body = {
    type: "m.login.password",
    identifier: { type: "m.id.user", user: user.localpart },
    password: user.password,
    device_id: "TOO+SHORT",
  };
  const login = (await matrixOk(baseUrl, { method: "POST", path: "/_matrix/client/v3/login", body })) as {
    access_token: string;
    user_id: string;
  };
  const accountId = await services.sessions.adopt(
    { userId: login.user_id, deviceId: "TOO+SHORT", accessToken: accessTokenOf(login.access_token), baseUrl },
    null,
  );
  await services.sessions.session(accountId).use((client) => client.getCrypto()!.importRoomKeys(makeRoomKeys(3) as never));
  const keys = await roomKeysOf(accountId);
  expect(keys).toHaveLength(3);
  const { signInId, url, device } = await begin(accountId);
  await allow(url, user);
  expect(await data.signInEnded(signInId)).toMatchObject({ status: "done", accountId });
  expect(statusOf(accountId)).toBe("running");
  expect(deviceOf(accountId)).toBe(device);
  expect(await roomKeysOf(accountId)).toEqual(keys);
  await waitUntil(() => sessionsOf(user).length === 1, { what: "the session before to end", timeoutMs: 60_000 });
  expect(sessionsOf(user)).toEqual([{ kind: "oauth2", deviceId: device }]);
});

it("ends the session before later, where its server is away, also after a restart", async () => {
  const user = await newUser();
  const accountId = await withPassword(user);
  const away = servers.proxy.addRule({ path: /\/logout$/, fault: { kind: "answer", status: 502, body: "<html>" }, times: Infinity });
  const { signInId, url } = await begin(accountId);
  await allow(url, user);
  expect(await data.signInEnded(signInId)).toMatchObject({ status: "done" });
  await away.firstMet;
  await data.close();
  expect(sessionsOf(user).map(({ kind }) => kind)).toEqual(["compat", "oauth2"]);
  away.remove();
  services = await data.open();
  await services.sessions.restoreAll();
  await waitUntil(() => sessionsOf(user).length === 1, { what: "the session before to end", timeoutMs: 60_000 });
  expect(statusOf(accountId)).toBe("running");
});
