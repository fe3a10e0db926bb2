import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installCryptoStores } from "../../../main/cryptoStore/index.ts";
import { cryptoMachineOf } from "../../../main/sdk/cryptoInternals.ts";
import type { Services } from "../../../main/services.ts";
import { Folders } from "../../../main/storage/folders.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { silent } from "../../support/cryptoFolder.ts";
import { errorOf } from "../../support/errorOf.ts";
import { makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { accessToken as accessTokenOf, secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const servers = useServers();
const KEYS = makeRoomKeys(5);
const IDS = KEYS.map(({ session_id: id }) => id).sort();
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let users = 0;
/** The tokens that the server was told to sign out. */
let signedOut: (string | undefined)[];

/** An account with some room keys, behind the proxy. */
beforeEach(async () => {
  servers.proxy.clearRecord();
  data = await StewardData.create();
  signedOut = [];
  services = await data.open({ fetch: notingSignOuts });
  user = await servers.synapse.register({ user: `busy${(users += 1)}`, password: `password ${users}` });
  accountId = await signInTo(services, user, servers.proxy.baseUrl);
  await session().use(async (client) => {
    (await cryptoMachineOf(client).importExportedRoomKeys(JSON.stringify(KEYS), () => undefined)).free();
  });
  // Synapse makes a device anew whose keys arrive while it is signed out.
  await waitUntil(() => uploads().length > 0 && uploads().every(({ status }) => status !== null), { what: "its keys" });
  servers.proxy.clearRecord();
}, 60_000);
afterEach(async () => {
  vi.restoreAllMocks();
  servers.proxy.clear();
  await data.destroy();
});

const notingSignOuts: typeof fetch = (input, init) => {
  const request = new Request(input, init);
  if (request.url.endsWith("/logout")) signedOut.push(request.headers.get("authorization")?.replace("Bearer ", ""));
  return fetch(request);
};
const session = () => services.sessions.session(accountId);
const account = () => services.sessions.account(accountId);
const foldersOf = () => new Folders(data.folder).account(accountId);
const uploads = () => servers.proxy.requests({ path: /\/keys\/upload/ });
const logins = () => servers.proxy.requests({ path: /\/login$/ }).length;

const roomKeysHere = (): Promise<string[]> =>
  session().use(async (client) => (await client.getCrypto()!.exportRoomKeys()).map(({ session_id: id }) => id).sort());

/** The sessions that the server lists, without one of its own. */
async function sessionsOnServer(): Promise<string[]> {
  const { accessToken: token, deviceId } = await servers.synapse.login(user.user, user.password);
  const { devices } = await servers.synapse.call({ path: "/_matrix/client/v3/devices", token });
  await servers.synapse.call({ method: "POST", path: "/_matrix/client/v3/logout", token, body: {} });
  return (devices as { device_id: string }[]).map(({ device_id: id }) => id).filter((id) => id !== deviceId);
}

/** A point where something waits until the test lets it go. */
function gate() {
  let reach = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { reached, open, pass: () => (reach(), opened) };
}

/** Ends the app and starts it again, with crypto stores whose close waits at the gate. */
async function restartWithSlowClose(): Promise<ReturnType<typeof gate>> {
  await data.close();
  const closing = gate();
  const stores = installCryptoStores(silent);
  const mount = stores.mount.bind(stores);
  vi.spyOn(stores, "mount").mockImplementation(async (...given) => {
    const store = await mount(...given);
    return { ...store, close: () => closing.pass().then(() => store.close()) };
  });
  const restarted = Date.now();
  services = await data.open();
  await services.sessions.restoreAll();
  if (account().session.status === "running") {
    // Then nobody reads its secrets any more but who starts it.
    const looked = () => (account().health?.checkedAt ?? 0) >= restarted;
    await waitUntil(looked, { what: "the account to be looked at" });
  }
  return closing;
}

/** Notes down when a session begins to start, which reads its secrets. Once it runs, others read them too. */
function noteStarts(): string[] {
  const order: string[] = [];
  const { secretStore } = services;
  const read = secretStore.read.bind(secretStore);
  secretStore.read = (...given) => {
    order.push("start");
    return read(...given);
  };
  return order;
}

describe("a session", () => {
  it("that is stopped twice can be started when either says that it has stopped", async () => {
    const closing = await restartWithSlowClose();
    const order = noteStarts();
    const first = session().stop();
    await closing.reached;
    const second = session().stop();
    const started = Promise.race([first, second]).then(() => session().start());
    setImmediate(() => {
      order.push("may close");
      closing.open();
    });
    await Promise.all([first, second, started]);
    expect(order.slice(0, 2)).toEqual(["may close", "start"]);
    expect(session().snapshot).toEqual({ status: "running", error: null, offline: false });
  });

  it("that is started while it stops waits until its crypto store is closed", async () => {
    const closing = await restartWithSlowClose();
    const order = noteStarts();
    const stopping = session().stop();
    await closing.reached;
    const started = session().start();
    setImmediate(() => {
      order.push("may close");
      closing.open();
    });
    await Promise.all([stopping, started]);
    expect(order.slice(0, 2)).toEqual(["may close", "start"]);
    expect(session().snapshot).toEqual({ status: "running", error: null, offline: false });
  });

  it("is not started while the crypto store of its next device is made", async () => {
    await session().stop();
    const reading = gate();
    const { secretStore } = services;
    const read = secretStore.read.bind(secretStore);
    secretStore.read = async (...given) => {
      await reading.pass();
      return read(...given);
    };
    const preparing = session().prepareDevice("NEXTDEVICE");
    await reading.reached;
    const started = session().start();
    reading.open();
    await preparing;
    await started;
    expect(session().snapshot.status).toBe("stopped");
    await session().start();
    expect(session().snapshot.status).toBe("running");
  });

  it("finishes a move that was cut off before it makes ready the next: no room key is lost", async () => {
    await session().stop();
    await session().prepareDevice("SECONDDEVICE");
    await services.secretStore.update(accountId, (secrets) => ({ ...secrets, newDevice: "SECONDDEVICE" }));
    await rm(foldersOf().crypto, { recursive: true });
    await session().prepareDevice("THIRDDEVICE");
    expect(session().details.deviceId).toBe("SECONDDEVICE");
    const { accessToken, deviceId } = await servers.synapse.login(user.user, user.password, { deviceId: "THIRDDEVICE" });
    await services.secretStore.update(accountId, (secrets) => ({
      ...secrets,
      accessToken: accessTokenOf(accessToken),
      newDevice: deviceId,
    }));
    await session().start();
    expect(await roomKeysHere()).toEqual(IDS);
  });
});

describe("two things at once", () => {
  it("are two tries to connect, and neither is in the other's way", async () => {
    servers.proxy.addRule({ path: /(?:)/, fault: { kind: "reset" }, times: Infinity });
    const closing = await restartWithSlowClose();
    expect(account().session).toMatchObject({ status: "failed", offline: true });
    const order = noteStarts();
    const both = [services.sessions.retry(accountId), services.sessions.retry(accountId)];
    await closing.reached;
    servers.proxy.clear();
    setImmediate(() => {
      order.push("may close");
      closing.open();
    });
    await Promise.all(both);
    expect(order.slice(0, 2)).toEqual(["may close", "start"]);
    expect(account().session).toEqual({ status: "running", error: null, offline: false });
  });

  it("are signing in again and signing out: no session stays behind", async () => {
    const login = servers.proxy.hold({ nth: 1, when: "before", path: /\/login$/ });
    const again = errorOf(services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password)));
    await login.reached;
    await services.sessions.signOut(accountId);
    expect(services.sessions.list()).toEqual([]);
    login.release();
    expect(await again).toEqual({ kind: "no_such_account" });
    expect(await sessionsOnServer()).toEqual([]);
  });

  it("are signing out and what has its turn: the new token is the one that is signed out", async () => {
    const writing = gate();
    const { secretStore } = services;
    const update = secretStore.update.bind(secretStore);
    const tokens: string[] = [];
    secretStore.update = async (...given) => {
      await writing.pass();
      const secrets = await update(...given);
      tokens.push(secrets.accessToken.reveal());
      return secrets;
    };
    const again = services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    await writing.reached;
    const leaving = services.sessions.signOut(accountId);
    await waitUntil(() => account().session.status === "stopped", { what: "the session to be stopped" });
    writing.open();
    await again;
    expect(await leaving).toEqual({ serverTold: true });
    expect(signedOut).toEqual(tokens);
    expect(tokens).toHaveLength(1);
    expect(services.sessions.list()).toEqual([]);
    expect(await sessionsOnServer()).toEqual([]);
  });

  it("are two sign-ins again, of which the second is refused before a password is sent", async () => {
    const login = servers.proxy.hold({ nth: 1, when: "after", path: /\/login$/ });
    const first = services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    await login.reached;
    expect(await errorOf(services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password)))).toEqual({
      kind: "conversation_over",
    });
    login.release();
    await first;
    expect(account().session.status).toBe("running");
    expect(logins()).toBe(1);
    expect(await sessionsOnServer()).toEqual([account().deviceId]);
  });

  it("are signing out and all that waits for a server that hangs", async () => {
    await data.close();
    servers.proxy.addRule({ path: /^(?!.*\/logout)/, fault: { kind: "hang" }, times: Infinity });
    services = await data.open();
    const restored = services.sessions.restoreAll();
    await waitUntil(() => account().session.status === "starting", { what: "the start" });
    const tries = [services.sessions.retry(accountId), services.sessions.retry(accountId)].map((each) => each.catch(() => null));
    const began = performance.now();
    expect(await services.sessions.signOut(accountId)).toEqual({ serverTold: true });
    expect(performance.now() - began).toBeLessThan(8_000);
    await Promise.all([restored, ...tries]);
    expect(services.sessions.list()).toEqual([]);
    expect(await sessionsOnServer()).toEqual([]);
  }, 60_000);
});

describe("a server that gives another device than the one it was asked for", () => {
  it("makes the account move there with its room keys, rather than use the one's token beside the other's keys", async () => {
    const before = account().deviceId;
    const other = await servers.synapse.login(user.user, user.password);
    const body = { user_id: user.userId, access_token: other.accessToken, device_id: other.deviceId };
    servers.proxy.addRule({ method: "POST", path: /\/login$/, fault: { kind: "answer", status: 200, body } });
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    expect(account()).toMatchObject({ deviceId: other.deviceId, session: { status: "running" } });
    expect(await session().use((client) => client.whoami())).toMatchObject({ device_id: other.deviceId });
    expect(await roomKeysHere()).toEqual(IDS);
    const ownKeys = await session().use((client) => client.getCrypto()!.getOwnDeviceKeys());
    const { device_keys: keys } = await servers.synapse.call({
      method: "POST",
      path: "/_matrix/client/v3/keys/query",
      token: other.accessToken,
      body: { device_keys: { [user.userId]: [] } },
    });
    expect(keys[user.userId][other.deviceId].keys[`ed25519:${other.deviceId}`]).toBe(ownKeys.ed25519);
    expect(other.deviceId).not.toBe(before);
  });
});
