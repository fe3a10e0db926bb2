import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import { Folders } from "../../../main/storage/folders.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { DeactivationResult } from "../../../shared/contract/deactivation.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { filesBelow } from "../../support/filesBelow.ts";
import { matrixCall } from "../../support/matrixApi.ts";
import { secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const DEACTIVATE = { method: "POST", path: /account\/deactivate/ };

const servers = useServers();
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let users = 0;

beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  user = await servers.synapse.register({ user: `leaver${(users += 1)}`, password: `password ${users}` });
  accountId = await signInTo(services, user, servers.proxy.baseUrl);
  servers.proxy.clearRecord();
}, 60_000);
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const sent = () => servers.proxy.requests(DEACTIVATE);
const asked = (): Promise<Challenge> =>
  waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), { what: "the question" });
const confirm = (erase = false) => services.deactivation.confirm({ accountId, typed: user.userId, erase });
const marked = () => services.index.get(accountId)?.deactivation ?? null;

/** Says yes and answers with the password. */
async function deactivate(erase = false): Promise<DeactivationResult> {
  const ending = confirm(erase);
  const { challengeId } = await asked();
  services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
  return ending;
}

/** The server lets nobody in as this user any more, and keeps the name. */
async function expectDeactivated(): Promise<void> {
  const identifier = { type: "m.id.user", user: user.user };
  const body = { type: "m.login.password", identifier, password: user.password };
  expect((await matrixCall(servers.synapse.baseUrl, { path: "/_matrix/client/v3/login", body })).status).toBe(403);
}

/** Nothing is left here but what is told of it. */
async function expectGoneHere(told: object): Promise<void> {
  await waitUntil(() => services.sessions.list().length === 0, { what: "the account to be removed", timeoutMs: 20_000 });
  expect(await services.deactivation.ended()).toMatchObject({ ended: [{ userId: user.userId, ...told }] });
  expect([...data.keychain.entries.keys()].filter((name) => name.includes(accountId))).toEqual([]);
  // What is remembered of it goes right after it has left the list.
  const namesIt = async (): Promise<string[]> =>
    Object.entries(await filesBelow(data.folder)).flatMap(([path, base64]) =>
      Buffer.from(base64, "base64").includes(accountId) ? [path] : [],
    );
  await waitUntil(async () => (await namesIt()).length === 0, { what: "the files to say nothing of the account" });
  await services.deactivation.dismissEnded({ userId: user.userId });
  expect(await services.deactivation.ended()).toEqual({ ended: [] });
  const file = new Folders(data.folder).endedAccountsFile;
  for (const path of [file, `${file}.bak`]) expect(await readFile(path, "utf8").catch(() => "")).not.toContain(user.userId);
}

/** Ends the app as a crash does, as far as the rooms can tell, and starts it again. */
async function restart(): Promise<void> {
  await data.close();
  services = await data.open();
  await services.sessions.restoreAll();
}

describe("deactivating", () => {
  it("sends nothing to the server's deactivation before the final yes", async () => {
    await services.deactivation.preview({ accountId });
    await services.deactivation.checkRooms({ accountId, again: true });
    expect(await errorOf(services.deactivation.confirm({ accountId, typed: "@somebody:else", erase: true }))).toEqual({
      kind: "not_confirmed",
    });
    expect(sent()).toEqual([]);
  });

  it("removes the account there and here, and says what has happened", async () => {
    expect(await deactivate(true)).toEqual({ status: "done" });
    expect(sent()).toHaveLength(2);
    await expectDeactivated();
    await expectGoneHere({ erased: true, foundOutLater: false });
  });

  it("is done by one request where the server wants nothing, whose word alone is not enough", async () => {
    servers.proxy.addRule({ ...DEACTIVATE, fault: { kind: "answer", status: 200, body: {} } });
    expect(await confirm()).toMatchObject({ status: "unanswered", sessionWorks: true });
    expect(sent()).toHaveLength(1);
    expect(services.sessions.account(accountId).session.status).toBe("running");
  });

  it("changes nothing when it is cancelled", async () => {
    const ending = errorOf(confirm());
    const { challengeId } = await asked();
    expect(marked()).toBeNull();
    services.challenges.cancel({ challengeId });
    expect(await ending).toEqual({ kind: "challenge_cancelled" });
    expect(services.sessions.account(accountId).session.status).toBe("running");
  });

  it("that the server refuses half-way keeps account, keys and token, and names what is gone already", async () => {
    await servers.synapse.setEmail(user, "gone@example.test");
    const body = { errcode: "M_UNKNOWN", error: "Failed to remove threepid from ID server" };
    servers.proxy.addRule({ ...DEACTIVATE, skip: 1, fault: { kind: "answer", status: 400, body } });
    const ending = confirm();
    const { challengeId } = await asked();
    const { accessToken: token } = await servers.synapse.login(user.user, user.password);
    const remove = { medium: "email", address: "gone@example.test" };
    await servers.synapse.call({ path: "/_matrix/client/v3/account/3pid/delete", token, body: remove });
    services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    expect(await ending).toMatchObject({ status: "refused", error: { kind: "server" }, removed: [remove] });
    expect(marked()).toBeNull();
    expect(services.sessions.account(accountId).session.status).toBe("running");
  });
});

describe("an answer that is lost", () => {
  it.each(["cut", "reset", "malformed"] as const)("after the server has done it (%s) is found out", async (kind) => {
    servers.proxy.addRule({ ...DEACTIVATE, skip: 1, when: "after", fault: { kind } });
    expect(await deactivate()).toEqual({ status: "done" });
    await expectDeactivated();
    await expectGoneHere({ erased: false });
  });

  it("before the server has done it leaves the account, and says so", async () => {
    servers.proxy.addRule({ ...DEACTIVATE, skip: 1, fault: { kind: "reset" } });
    expect(await deactivate()).toMatchObject({ status: "unanswered", sessionWorks: true });
    expect(marked()).not.toBeNull();
    expect((await services.deactivation.preview({ accountId })).unansweredSince).not.toBeNull();
    expect(await deactivate()).toEqual({ status: "done" });
    await expectGoneHere({});
  });

  it("because the app was ended is found out at the next start", async () => {
    const held = servers.proxy.hold({ ...DEACTIVATE, nth: 2, when: "after" });
    void deactivate(true).catch(() => undefined);
    await held.reached;
    expect(marked()).toMatchObject({ erase: true });
    await restart();
    await expectDeactivated();
    await expectGoneHere({ erased: true, foundOutLater: true });
  });
});

describe("a session that was signed out elsewhere", () => {
  it("is not taken for a deactivation, whether or not one was about to be confirmed", async () => {
    const ending = errorOf(confirm());
    await asked();
    const { accessToken: token } = await servers.synapse.login(user.user, user.password);
    await servers.synapse.call({ method: "POST", path: "/_matrix/client/v3/logout/all", token, body: {} });
    await ending;
    expect(services.sessions.list()).toHaveLength(1);
    expect(await services.deactivation.ended()).toEqual({ ended: [] });
    await restart();
    expect(services.sessions.account(accountId).session.status).toBe("softLoggedOut");
  });
});

describe("rooms that nobody could manage afterwards", () => {
  it("are found among those with others in them", async () => {
    const other = await servers.synapse.register({ user: `stays${users}`, password: "a password" });
    const mine = (await servers.synapse.login(user.user, user.password)).accessToken;
    const theirs = (await servers.synapse.login(other.user, "a password")).accessToken;
    const create = async (name: string, extra: object = {}): Promise<string> => {
      const body = { name, preset: "public_chat", ...extra };
      return (await servers.synapse.call({ path: "/_matrix/client/v3/createRoom", token: mine, body })).room_id as string;
    };
    const join = (roomId: string) =>
      servers.synapse.call({ method: "POST", path: `/_matrix/client/v3/join/${encodeURIComponent(roomId)}`, token: theirs, body: {} });
    const headless = [await create("Headless"), await create("Headless too", { room_version: "12" })];
    const shared = await create("Shared", {
      power_level_content_override: { users: { [user.userId]: 100, [other.userId]: 100 } },
      room_version: "10",
    });
    await create("Alone");
    for (const roomId of [...headless, shared]) await join(roomId);
    await services.deactivation.checkRooms({ accountId, again: true });
    const check = await waitUntil(
      async () => {
        const state = await services.deactivation.checkRooms({ accountId, again: false });
        return state.status !== "checking" && state;
      },
      { what: "the rooms to be looked at", timeoutMs: 30_000 },
    );
    expect(check).toMatchObject({ status: "done", checked: 4, total: 4, unknown: 0 });
    expect(check.rooms.map(({ name, others }) => `${name} ${others}`).sort()).toEqual(["Headless 1", "Headless too 1"]);
  });

  it("can be left unlooked at while the server is slow", async () => {
    servers.proxy.addRule({ path: /joined_rooms/, fault: { kind: "hang" } });
    await services.deactivation.checkRooms({ accountId, again: true });
    services.deactivation.stopRooms({ accountId });
    await waitUntil(async () => (await services.deactivation.checkRooms({ accountId, again: false })).status === "stopped", {
      what: "the look to end",
    });
  });
});
