import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JobControl } from "../../../main/jobs/jobs.ts";
import type { Services } from "../../../main/services.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { type AppError, fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type LineProcess, runScript } from "../../support/childProcess.ts";
import { filesBelow } from "../../support/filesBelow.ts";
import { matrixCall } from "../../support/matrixApi.ts";
import { makePng } from "../../support/png.ts";
import { errorOf } from "../../support/errorOf.ts";
import { plainSecrets } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const OTHER_PROCESS = fileURLToPath(new URL("../../support/cryptoStoreWriter.ts", import.meta.url));

const servers = useServers();
let data: StewardData;
let services: Services;
let leaving: TestUser;
let leavingId: AccountId;
let stayingId: AccountId;
let users = 0;

/** Two accounts; the one that shall leave is behind the proxy. */
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  leaving = await newUser(servers.synapse);
  leavingId = await signInTo(services, leaving, servers.proxy.baseUrl);
  stayingId = await signInTo(services, await newUser(servers.synapse), servers.synapse.baseUrl);
}, 60_000);
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const newUser = (synapse: Synapse): Promise<TestUser> => synapse.register({ user: `leaver${(users += 1)}`, password: `password ${users}` });
const folders = () => new Folders(data.folder).account(leavingId);
const errorOfSession = (): AppError | null => services.sessions.account(leavingId).session.error;

/** Ends the app, changes its files, and starts it again. */
async function restart(change: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  await data.close();
  await change();
  services = await data.open();
  await services.sessions.restoreAll();
}

/** How many sessions of a user the server lists, without one of its own. */
async function sessionsOn(synapse: Synapse, { user, password }: TestUser): Promise<number> {
  const { accessToken: token } = await synapse.login(user, password);
  const { devices } = await synapse.call({ path: "/_matrix/client/v3/devices", token });
  await synapse.call({ method: "POST", path: "/_matrix/client/v3/logout", token, body: {} });
  return (devices as unknown[]).length - 1;
}

/** Nothing is left of the account, its user can sign in anew, and the other account has not noticed. */
async function expectGone(): Promise<void> {
  expect(services.sessions.list().map(({ accountId }) => accountId)).toEqual([stayingId]);
  expect([...data.keychain.entries.keys()].filter((name) => name.includes(leavingId))).toEqual([]);
  expect(await readdir(join(data.folder, "accounts"))).toEqual([stayingId]);
  expect((await readdir(join(data.folder, "avatars"))).filter((name) => name !== stayingId)).toEqual([]);
  for (const [path, base64] of Object.entries(await filesBelow(data.folder))) {
    const content = Buffer.from(base64, "base64").toString("latin1");
    for (const name of [leavingId, leaving.userId]) expect(content.includes(name), `${name} in ${path}`).toBe(false);
  }
  const told = data.events.filter(({ payload }) => "accountId" in payload && payload.accountId === leavingId);
  expect(told.at(-1)?.channel).toBe("accounts.removed");
  expect(services.sessions.account(stayingId).session).toEqual({ status: "running", error: null, offline: false });
  const anew = await signInTo(services, leaving, servers.synapse.baseUrl);
  expect(services.sessions.account(anew).session.status).toBe("running");
}

/** What a restart makes of what was broken. */
async function expectBroken(status: string, error: AppError): Promise<void> {
  expect(services.sessions.account(leavingId).session).toEqual({ status, error, offline: false });
  expect(services.sessions.account(stayingId).session.status).toBe("running");
  expect(await services.health.signOutPreview(leavingId)).toMatchObject({
    whyNotRunning: error,
    roomKeysNotBackedUp: null,
    lastVerifiedSession: null,
    serverReachable: null,
  });
}

describe("a picture that arrives", () => {
  it("after its account is gone is not kept", async () => {
    await services.sessions.session(leavingId).use(async (client) => {
      const { content_uri: mxc } = await client.uploadContent(new Blob([new Uint8Array(makePng(20, 20))]), { type: "image/png" });
      await client.setAvatarUrl(mxc);
    });
    const hold = servers.proxy.hold({ path: /media\/thumbnail/, nth: 1, when: "after" });
    const looking = errorOf(services.profile.get({ accountId: leavingId }));
    await hold.reached;
    await services.sessions.signOut(leavingId);
    hold.release();
    expect(await looking).toEqual({ kind: "cancelled" });
    await waitUntil(() => servers.proxy.requests({ path: /media\/thumbnail/ }).every(({ status }) => status === 200), {
      what: "the picture to arrive",
    });
    await expectGone();
  }, 60_000);
});

describe("a request that the server has begun", () => {
  const UPLOAD = { method: "POST", path: /\/keys\/upload/ };
  /** What the server had answered to each upload of keys when the sign-out came to it. */
  const uploadsBeforeLogout = (): (number | null)[] => {
    const logout = servers.proxy.requests({ path: /\/logout$/ })[0]!;
    return servers.proxy
      .requests(UPLOAD)
      .filter(({ number }) => number < logout.number)
      .map(({ status }) => status);
  };

  // Synapse checks the token first and lists the device again last: a sign-out between the two leaves the device behind.
  it("is answered before the sign-out is sent", async () => {
    const user = await newUser(servers.synapse);
    servers.proxy.clearRecord();
    const held = servers.proxy.hold({ ...UPLOAD, nth: 1, when: "after" });
    const accountId = await signInTo(services, user, servers.proxy.baseUrl);
    await held.reached;
    const leaves = services.sessions.signOut(accountId);
    await waitUntil(() => services.sessions.session(accountId).snapshot.status === "stopped", { what: "the session to stop" });
    // Everything that could send it has had its turn.
    await servers.synapse.call({ path: "/_matrix/client/versions" });
    expect(servers.proxy.requests({ path: /\/logout$/ })).toEqual([]);
    held.release();
    expect(await leaves).toEqual({ serverTold: true });
    expect(uploadsBeforeLogout()).toEqual([200]);
    expect(await sessionsOn(servers.synapse, user)).toBe(0);
  }, 60_000);

  it("and is never answered keeps nothing here, and is no promise that the session is gone", async () => {
    const user = await newUser(servers.synapse);
    const lost = servers.proxy.addRule({ ...UPLOAD, fault: { kind: "hang" }, times: Infinity });
    const accountId = await signInTo(services, user, servers.proxy.baseUrl);
    await lost.firstMet;
    expect(await services.sessions.signOut(accountId)).toEqual({ serverTold: false });
    expect(await sessionsOn(servers.synapse, user)).toBe(0);
  }, 60_000);
});

describe("an account that cannot run any more", () => {
  it("is signed out when its key store is damaged, here and on the server", async () => {
    await restart(() => writeFile(join(folders().crypto, "level", "CURRENT"), "nothing that LevelDB wrote"));
    await expectBroken("failed", { kind: "store_damaged" });
    expect(await sessionsOn(servers.synapse, leaving)).toBe(1);
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: true });
    expect(await sessionsOn(servers.synapse, leaving)).toBe(0);
    await expectGone();
  }, 60_000);

  it("is signed out when its key store has vanished, and one that was to take its place was left behind", async () => {
    await restart(async () => {
      await cp(folders().crypto, folders().nextCrypto, { recursive: true });
      await rm(folders().crypto, { recursive: true });
    });
    await expectBroken("failed", { kind: "store_damaged" });
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: true });
    await expectGone();
  }, 60_000);

  it("is removed here when its secrets are gone, and the server that cannot be told goes on listing it", async () => {
    await restart(async () => {
      await rm(folders().vault, { recursive: true });
      for (const name of data.keychain.entries.keys()) if (name.includes(leavingId)) data.keychain.entries.delete(name);
    });
    await expectBroken("failed", { kind: "secret_missing" });
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: false });
    expect(await sessionsOn(servers.synapse, leaving)).toBe(1);
    await expectGone();
  }, 60_000);

  it("is removed here when its secrets cannot be read", async () => {
    await restart(async () => {
      for (const name of await readdir(folders().vault)) await writeFile(join(folders().vault, name), "not a vault");
    });
    await expectBroken("locked", { kind: "secret_unreadable" });
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: false });
    expect(await sessionsOn(servers.synapse, leaving)).toBe(1);
    await expectGone();
  }, 60_000);
});

describe("a key store that another process uses", () => {
  let other: LineProcess;
  afterEach(() => other.kill());

  it("keeps the account from being signed out, of which nothing is done then", async () => {
    const keys = await services.sessions.session(leavingId).use((client) => client.getCrypto()!.getOwnDeviceKeys());
    await restart(async () => {
      other = runScript(OTHER_PROCESS, [folders().crypto]);
      await other.line("mounted");
    });
    await expectBroken("failed", { kind: "store_in_use" });
    servers.proxy.clearRecord();
    expect(await errorOf(services.sessions.signOut(leavingId))).toEqual({ kind: "store_in_use" });
    expect(servers.proxy.requests({ path: /logout/ })).toEqual([]);
    await waitUntil(() => errorOfSession()?.kind === "store_in_use", { what: "the account to say why again" });
    await other.kill();
    await services.sessions.retry(leavingId);
    expect(services.sessions.account(leavingId).session.status).toBe("running");
    expect(await services.sessions.session(leavingId).use((client) => client.getCrypto()!.getOwnDeviceKeys())).toEqual(keys);
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: true });
    await expectGone();
  }, 60_000);
});

describe("a server that cannot be told", () => {
  it("keeps nothing here while it is down", async () => {
    servers.proxy.addRule({ path: /(?:)/, fault: { kind: "reset" }, times: Infinity });
    expect(await services.health.signOutPreview(leavingId)).toMatchObject({ serverReachable: false, whyNotRunning: null });
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: false });
    expect(await sessionsOn(servers.synapse, leaving)).toBe(1);
    await expectGone();
  }, 60_000);

  it("keeps nothing here when it was down at the start", async () => {
    servers.proxy.addRule({ path: /(?:)/, fault: { kind: "reset" }, times: Infinity });
    await restart();
    expect(services.sessions.account(leavingId).session).toMatchObject({ status: "failed", offline: true });
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: false });
    await expectGone();
  }, 60_000);

  it("keeps nothing here when it hangs", async () => {
    servers.proxy.addRule({ path: /(?:)/, fault: { kind: "hang" }, times: Infinity });
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: false });
    await expectGone();
  }, 60_000);

  it.each([true, false])(
    "is one that takes the token no more and lists the session still, or not: %s",
    async (softLogout) => {
      const body = { errcode: "M_UNKNOWN_TOKEN", error: "No", soft_logout: softLogout };
      servers.proxy.addRule({ path: /logout/, fault: { kind: "answer", status: 401, body } });
      expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: !softLogout });
      await expectGone();
    },
    60_000,
  );
});

describe("the jobs of an account", () => {
  it("end with it and are forgotten, and no others", async () => {
    const done = (): Promise<Record<string, number>> => Promise.resolve({ keys: 1 });
    const endless = ({ signal }: JobControl) =>
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
    services.jobs.start("export_room_keys", leavingId, done);
    const running = services.jobs.start("verify_backup", leavingId, endless);
    const kept = services.jobs.start("export_room_keys", stayingId, done);
    await services.sessions.signOut(leavingId);
    expect(services.jobs.list().map(({ jobId }) => jobId)).toEqual([kept.jobId]);
    expect(data.events).toContainEqual({ channel: "jobs.dismissed", payload: { jobId: running.jobId } });
    expect(await readFile(new Folders(data.folder).jobsFile, "utf8")).not.toContain(leavingId);
    await expectGone();
  }, 60_000);
});

describe("a sign-out that fails half-way", () => {
  const refusal = fail("file_failed", { reason: "denied" });
  const refuse = (): Promise<never> => Promise.reject(refusal);

  it.each<[string, () => void, { left: AppError["kind"]; serverTold: boolean }]>([
    ["the secrets", () => Object.assign(services.secretStore, { remove: refuse }), { left: "store_damaged", serverTold: true }],
    ["the picture", () => Object.assign(services.avatars, { remove: refuse }), { left: "secret_missing", serverTold: false }],
    ["the entry", () => Object.assign(services.index, { remove: refuse }), { left: "secret_missing", serverTold: false }],
  ])(
    "at %s leaves an account that says so, and is done to its end by the next",
    async (_, spoil, { left, serverTold }) => {
      spoil();
      expect(await errorOf(services.sessions.signOut(leavingId))).toEqual(refusal.error);
      await waitUntil(() => errorOfSession()?.kind === left, { what: "the account to say what is left" });
      await restart();
      expect(errorOfSession()?.kind).toBe(left);
      expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold });
      expect(await sessionsOn(servers.synapse, leaving)).toBe(0);
      await expectGone();
    },
    60_000,
  );

  it("is done once when it is asked for twice", async () => {
    const { accessToken: token } = await tokenOf(leavingId);
    const both = [services.sessions.signOut(leavingId), services.sessions.signOut(leavingId)];
    expect(await Promise.all(both)).toEqual([{ serverTold: true }, { serverTold: true }]);
    expect(data.events.filter(({ channel }) => channel === "accounts.removed")).toHaveLength(1);
    expect((await matrixCall(servers.synapse.baseUrl, { path: "/_matrix/client/v3/account/whoami", token })).status).toBe(401);
    await expectGone();
  }, 60_000);
});

async function tokenOf(accountId: AccountId): Promise<{ accessToken: string }> {
  const read = await services.secretStore.read(accountId);
  if (read.kind !== "found") throw new Error("no secrets");
  return plainSecrets(read.secrets);
}
