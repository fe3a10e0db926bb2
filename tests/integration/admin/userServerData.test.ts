import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { matrixOk } from "../../support/matrixApi.ts";
import { makePng } from "../../support/png.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const MEDIA = { method: "DELETE", path: /\/users\/[^/]+\/media/ };

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let admin: TestUser;
let user: TestUser;
let accountId: AccountId;
let count = 0;

beforeAll(async () => {
  synapse = await startSynapse({
    config: { server_notices: { system_mxid_localpart: "notices", system_mxid_display_name: "Notices", room_name: "Notices" } },
  });
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  services = await data.open();
  admin = await synapse.register({ user: "boss", password: "the boss of it all", admin: true });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: admin.userId },
    password: secretOf("password", admin.password),
    acceptInsecureHttp: false,
  });
}, 180_000);
afterAll(async () => {
  await data?.destroy();
  await proxy?.stop();
  await synapse?.stop();
});
beforeEach(async () => {
  user = await synapse.register({ user: `kept${(count += 1)}`, password: "a password" });
  proxy.clearRecord();
});
afterEach(() => proxy.clear());

const one = () => ({ accountId, userId: user.userId });
const upload = (token: string, name: string): Promise<{ content_uri: string }> =>
  matrixOk(synapse.baseUrl, { method: "POST", path: `/_matrix/media/v3/upload?filename=${name}`, token, body: { bytes: name } });
const deleteMedia = async () => {
  const { token } = await services.userActions.preview({ ...one(), action: "delete_uploads" });
  const rest = {
    typed: user.userId,
    password: { kind: "none" },
    signOutSessions: false,
    allowIdentityReset: false,
    displayName: null,
  } as const;
  return services.userActions.perform({ accountId, token: token!, ...rest });
};

describe("what a server keeps of a user", () => {
  it("is where they were, what notifies them, and what they agreed to", async () => {
    const { accessToken } = await synapse.login(user.user, user.password);
    const pusher = {
      kind: "http",
      app_id: "app.test",
      pushkey: "k",
      app_display_name: "An app",
      device_display_name: "A phone",
      lang: "en",
      data: { url: "https://push.test/_matrix/push/v1/notify" },
    };
    await matrixOk(synapse.baseUrl, { method: "POST", path: "/_matrix/client/v3/pushers/set", token: accessToken, body: pusher });
    expect((await services.userServerData.pushers(one())).pushers).toEqual([{ kind: "http", app: "An app", device: "A phone" }]);
    const { connections } = await services.userServerData.connections(one());
    expect(connections.map(({ ip }) => ip)).toContain("127.0.0.1");
    expect(await services.userServerData.consent(one())).toEqual({ version: null, at: null });
  });

  it("is the rooms that they belong to without having joined them, and the invites they sent, as far as it tells", async () => {
    const signedIn = async ({ userId, user: name, password }: TestUser) => ({
      userId,
      accessToken: (await synapse.login(name, password)).accessToken,
    });
    type SignedIn = Awaited<ReturnType<typeof signedIn>>;
    const mover = await signedIn(user);
    const host = await signedIn(await synapse.register({ user: `host${count}`, password: "a password" }));
    const room = async (owner: SignedIn, body: object): Promise<string> =>
      (await synapse.call({ path: "/_matrix/client/v3/createRoom", token: owner.accessToken, body }))["room_id"] as string;
    const act = (who: SignedIn, roomId: string, what: string, body: object = {}) =>
      synapse.call({ path: `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/${what}`, token: who.accessToken, body });
    await room(host, { name: "Garden", invite: [mover.userId] });
    const left = await room(mover, { name: "Cellar", invite: [host.userId] });
    // Of a room that nobody of the server is in any more it does not tell.
    await act(host, left, "join");
    await act(mover, left, "leave");
    const banned = await room(host, { preset: "public_chat" });
    await act(host, banned, "ban", { user_id: mover.userId });
    await room(mover, { name: "Attic" });
    expect(await services.userServerData.otherRooms(one())).toEqual({
      rooms: [
        { roomId: banned, name: null, membership: "ban" },
        { roomId: expect.any(String), name: "Garden", membership: "invite" },
        { roomId: left, name: "Cellar", membership: "leave" },
      ],
      total: 3,
    });
    expect(await services.userServerData.roomActivity(one())).toEqual({
      invitesSent: { ever: 1, lastWeek: 1 },
      roomsJoined: { ever: 2, lastWeek: 2 },
    });
    const unknown = { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" } } as const;
    proxy.addRule({ path: /\/sent_invite_count/, times: Infinity, fault: unknown });
    proxy.addRule({ path: /\/memberships$/, times: Infinity, fault: unknown });
    expect(await services.userServerData.roomActivity(one())).toEqual({ invitesSent: null, roomsJoined: { ever: 2, lastWeek: 2 } });
    expect(await errorOf(services.userServerData.otherRooms(one()))).toMatchObject({ kind: "admin_api_lacks" });
  });

  it("is named, but not shown, where it is account data", async () => {
    const { accessToken } = await synapse.login(user.user, user.password);
    const path = `/_matrix/client/v3/user/${encodeURIComponent(user.userId)}/account_data/test.secret`;
    await matrixOk(synapse.baseUrl, { method: "PUT", path, token: accessToken, body: { secret: "nobody’s business" } });
    const answer = await services.userServerData.accountData(one());
    const bytes = Buffer.byteLength(JSON.stringify({ secret: "nobody’s business" }));
    expect(answer).toEqual({ entries: [{ type: "test.secret", roomId: null, bytes }], total: 1 });
  });

  it("is a message limit that is set, lifted and taken off", async () => {
    const set = (limit: { messagesPerSecond: number; burstCount: number } | null) =>
      services.userServerData.setRateLimit({ ...one(), limit });
    expect(await services.userServerData.rateLimit(one())).toEqual({ limit: null });
    expect(await set({ messagesPerSecond: 3, burstCount: 7 })).toEqual({ limit: { messagesPerSecond: 3, burstCount: 7 } });
    expect(await set({ messagesPerSecond: 0, burstCount: 0 })).toEqual({ limit: { messagesPerSecond: 0, burstCount: 0 } });
    expect(await set(null)).toEqual({ limit: null });
    proxy.addRule({ method: "POST", path: /override_ratelimit/, fault: { kind: "answer", status: 200, body: {} } });
    await expect(set({ messagesPerSecond: 1, burstCount: 1 })).rejects.toThrow("change_not_taken");
  });

  it("is an experimental feature that is switched", async () => {
    const { features } = await services.userServerData.features(one());
    const [first] = features;
    expect(first?.enabled).toBe(false);
    const now = await services.userServerData.setFeature({ ...one(), id: first!.id, enabled: true });
    expect(now.features.filter(({ enabled }) => enabled).map(({ id }) => id)).toEqual([first!.id]);
    await expect(services.userServerData.setFeature({ ...one(), id: "msc0", enabled: true })).rejects.toThrow();
  });

  it("fails part by part", async () => {
    proxy.addRule({
      path: /pushers/,
      times: Infinity,
      fault: { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED", error: "" } },
    });
    await expect(services.userServerData.pushers(one())).rejects.toThrow("admin_api_lacks");
    expect(await services.userServerData.rateLimit(one())).toEqual({ limit: null });
    await expect(services.userServerData.media({ accountId, userId: "@ann:elsewhere.test" })).rejects.toThrow("not_own_server");
  });

  it("is a picture that is given and taken away", async () => {
    const { avatarMxc } = await services.userServerData.setAvatar({
      ...one(),
      image: new Uint8Array(makePng(64, 64)),
      mimeType: "image/png",
    });
    expect(avatarMxc).toMatch(/^mxc:/);
    expect((await services.userServerData.avatar(one())).image?.byteLength).toBeGreaterThan(0);
    expect((await services.userServerData.removeAvatar(one())).avatarMxc).toBeNull();
    expect(await services.userServerData.avatar(one())).toEqual({ image: null });
  });
});

describe("what a user has uploaded", () => {
  it("is counted, and deleted until nothing more is deleted, though answers get lost", async () => {
    const { accessToken } = await synapse.login(user.user, user.password);
    for (const name of ["one", "two", "three"]) await upload(accessToken, name);
    const bytes = ["one", "two", "three"].reduce((sum, name) => sum + JSON.stringify({ bytes: name }).length, 0);
    expect(await services.userServerData.media(one())).toEqual({ count: 3, bytes });
    proxy.addRule({ ...MEDIA, when: "after", fault: { kind: "reset" } });
    const result = await deleteMedia();
    expect(result).toMatchObject({ status: "done", media: { deleted: 3, left: 0, leftNames: [] } });
    expect(await services.userServerData.media(one())).toEqual({ count: 0, bytes: 0 });
    expect((await services.userActions.preview({ ...one(), action: "delete_uploads" })).refusal).toBe("no_media");
  });

  it("is named where the server cannot delete it", async () => {
    const { accessToken } = await synapse.login(user.user, user.password);
    await upload(accessToken, "stubborn");
    proxy.addRule({ ...MEDIA, times: Infinity, fault: { kind: "answer", status: 200, body: { deleted_media: [], total: 0 } } });
    expect(await deleteMedia()).toMatchObject({ status: "done", media: { deleted: 0, left: 1, leftNames: ["stubborn"] } });
  });

  it("is not deleted without the Matrix ID", async () => {
    const { accessToken } = await synapse.login(user.user, user.password);
    await upload(accessToken, "kept");
    const { token, typed, media } = await services.userActions.preview({ ...one(), action: "delete_uploads" });
    expect([typed, media?.count]).toEqual([true, 1]);
    const rest = { password: { kind: "none" }, signOutSessions: false, allowIdentityReset: false, displayName: null } as const;
    await expect(services.userActions.perform({ accountId, token: token!, typed: "", ...rest })).rejects.toThrow("not_confirmed");
    expect(proxy.requests(MEDIA)).toEqual([]);
  });
});

describe("somebody who is locked out", () => {
  const help = async (allowIdentityReset: boolean) => {
    const { token, refusal } = await services.userActions.preview({ ...one(), action: "help" });
    expect(refusal).toBeNull();
    const password = { kind: "own", password: secretOf("password", "nine quiet herons") } as const;
    return services.userActions.perform({
      accountId,
      token: token!,
      typed: "",
      password,
      signOutSessions: true,
      allowIdentityReset,
      displayName: null,
    });
  };
  const lock = () =>
    synapse.adminCall({ method: "PUT", path: `/_synapse/admin/v2/users/${encodeURIComponent(user.userId)}`, body: { locked: true } });

  it("has a password, no sessions and an unlocked account again, and is told that there is no identity to replace", async () => {
    await synapse.addSessions(user, 1);
    await lock();
    expect(await help(true)).toMatchObject({ status: "done", identity: "none", unlocked: true, user: { locked: false } });
    expect((await services.users.devices(one())).devices).toEqual([]);
    await synapse.login(user.user, "nine quiet herons");
  });

  it("keeps what was done where a later part fails, which is told", async () => {
    await lock();
    proxy.addRule({
      path: /_allow_cross_signing/,
      times: Infinity,
      fault: { kind: "answer", status: 400, body: { errcode: "M_UNKNOWN", error: "" } },
    });
    proxy.addRule({
      method: "PUT",
      path: /\/v2\/users\//,
      times: Infinity,
      fault: { kind: "answer", status: 400, body: { errcode: "M_UNKNOWN", error: "" } },
    });
    const result = await help(true);
    expect(result).toMatchObject({ status: "done", identity: "failed", unlocked: false, user: { locked: true } });
    expect(result.status === "done" && result.credentialsId).toBeTruthy();
  });

  it("stays locked where the password could not be set", async () => {
    await lock();
    proxy.addRule({
      path: /reset_password/,
      times: Infinity,
      fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "no" } },
    });
    await expect(help(false)).rejects.toThrow("forbidden");
    expect((await services.users.get(one())).locked).toBe(true);
  });
});

describe("a server notice", () => {
  const send = (userId = user.userId) => services.serverNotices.send({ accountId, userId, text: "The server is off on Sunday." });

  it("arrives, and is written down without its text", async () => {
    expect(await services.serverNotices.available({ accountId, again: false })).toEqual({ available: true });
    expect(await send()).toEqual({ status: "sent" });
    const { accessToken } = await synapse.login(user.user, user.password);
    const sync = await matrixOk(synapse.baseUrl, { path: "/_matrix/client/v3/sync", token: accessToken });
    expect(Object.keys(sync.rooms.invite)).toHaveLength(1);
    const [last] = await services.actionLog.list();
    expect(last).toMatchObject({ action: "send_notice", target: user.userId, result: "done", detail: null });
    await expect(send(user.userId.replace("kept", "nobody"))).rejects.toThrow("not_found");
  });

  it("is unknown, and sent once, where the answer was lost", async () => {
    proxy.addRule({ path: /send_server_notice/, when: "after", fault: { kind: "reset" } });
    expect(await send()).toMatchObject({ status: "unknown" });
    expect(proxy.requests({ path: /send_server_notice/ })).toHaveLength(1);
    expect((await services.actionLog.list())[0]).toMatchObject({ action: "send_notice", result: "unknown" });
  });
});
