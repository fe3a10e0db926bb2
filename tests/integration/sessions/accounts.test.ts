import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import { AppFailure } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { startFaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let synapse: Synapse;
let data: StewardData;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
beforeEach(async () => {
  data = await StewardData.create();
});
afterEach(() => data.destroy());

let users = 0;
const newUser = (): Promise<TestUser> => synapse.register({ user: `user${(users += 1)}`, password: `password ${users}` });

function signIn(services: Services, { userId, password }: TestUser, baseUrl = synapse.baseUrl): Promise<AccountId> {
  return services.passwordSignIns.signIn({
    serverName: null,
    baseUrl,
    identifier: { kind: "user", user: userId },
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const thrown: unknown = await promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );
  if (thrown instanceof AppFailure) return thrown.error;
  throw thrown;
}

const sessionsOf = async (services: Services, accountId: AccountId): Promise<string[]> =>
  services.sessions.session(accountId).use(async (client) => (await client.getDevices()).devices.map((d) => d.device_id));

describe("accounts", () => {
  it("are all there after a restart, with the same device keys", async () => {
    const before = await data.open();
    const people = [await newUser(), await newUser(), await newUser()];
    const ids = await Promise.all(people.map((user) => signIn(before, user)));
    const keysOf = (services: Services) =>
      Promise.all(ids.map((id) => services.sessions.session(id).use((client) => client.getCrypto()!.getOwnDeviceKeys())));
    const keys = await keysOf(before);
    expect(before.sessions.list().map(({ session }) => session.status)).toEqual(["running", "running", "running"]);
    await data.close();

    const after = await data.open();
    expect(after.sessions.list().map(({ userId, session }) => [userId, session.status])).toEqual(
      before.sessions.list().map(({ userId }) => [userId, "stopped"]),
    );
    await after.sessions.restoreAll();
    expect(after.sessions.list().map(({ session }) => session)).toEqual(
      ids.map(() => ({ status: "running", error: null, offline: false })),
    );
    expect(await keysOf(after)).toEqual(keys);
    for (const id of ids) expect(await sessionsOf(after, id)).toHaveLength(1);
  });

  it("asks the server about its accounts only when none of them is starting there any more", async () => {
    const before = await data.open();
    for (const user of [await newUser(), await newUser()]) await signIn(before, user);
    await data.close();

    const questions: string[] = [];
    /** How often each session has asked for a sync, in the order in which they began to. */
    const syncs = new Map<string | null, number>();
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const after = await data.open({
      fetch: async (input, init) => {
        const request = new Request(input, init);
        if (/\/(?:profile|account\/3pid|devices)\b/.test(request.url)) questions.push(request.url);
        if (request.url.includes("/sync?")) {
          const token = request.headers.get("authorization");
          syncs.set(token, (syncs.get(token) ?? 0) + 1);
          if ([...syncs.keys()].indexOf(token) > 0) await held;
        }
        return fetch(input, init);
      },
    });
    const restored = after.sessions.restoreAll();
    const states = (): string[] => after.sessions.list().map(({ session }) => session.status);
    // The next sync of the one that runs: what it would ask besides would have been asked.
    const isThere = (): boolean => syncs.size === 2 && [...syncs.values()][0]! >= 2 && states().includes("running");
    await waitUntil(isThere, { what: "the first session to run, and the other to sync" });
    expect(states().sort()).toEqual(["running", "starting"]);
    expect(questions).toEqual([]);
    letGo();
    await restored;
    await waitUntil(() => questions.length > 0, { what: "the questions after that" });
  });

  it("stay stopped when they are stopped while they start, whoever waits for them", async () => {
    const before = await data.open();
    await signIn(before, await newUser());
    await data.close();

    let syncs = 0;
    const after = await data.open({
      fetch: (input, init) => {
        const request = new Request(input, init);
        if (!request.url.includes("/sync?") || (syncs += 1) > 1) return fetch(input, init);
        // No answer comes, until the session is stopped.
        return new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(new Error("stopped"))));
      },
    });
    const restored = after.sessions.restoreAll();
    const { accountId, homeserver } = after.sessions.list()[0]!;
    await waitUntil(() => syncs > 0, { what: "the session to sync" });
    let stopped = false;
    const stopping = after.sessions
      .session(accountId)
      .stop()
      .then(() => (stopped = true));
    while (!stopped) {
      await Promise.race([after.sessions.started(homeserver.baseUrl), stopping]);
      await new Promise(setImmediate);
    }
    await restored;
    await after.sessions.session(accountId).whenStarted();
    expect(after.sessions.account(accountId).session.status).toBe("stopped");
    expect(syncs).toBe(1);
  });

  it("refuses the same account twice and leaves no second session behind", async () => {
    const services = await data.open();
    const user = await newUser();
    await synapse.setEmail(user, "same@mail.test");
    const accountId = await signIn(services, user);
    const already = { kind: "already_signed_in", accountId, userId: user.userId };
    expect(await errorOf(signIn(services, user))).toEqual(already);
    // By email the name is only known once the server has answered.
    const byEmail = services.passwordSignIns.signIn({
      serverName: null,
      baseUrl: synapse.baseUrl,
      identifier: { kind: "email", address: "same@mail.test" },
      password: secretOf("password", user.password),
      acceptInsecureHttp: false,
    });
    expect(await errorOf(byEmail)).toEqual(already);
    expect(services.sessions.list()).toHaveLength(1);
    expect(await sessionsOf(services, accountId)).toHaveLength(1);
  });

  it("signs in once when asked twice at the same moment", async () => {
    const services = await data.open();
    const user = await newUser();
    const outcomes = await Promise.allSettled([signIn(services, user), signIn(services, user)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(services.sessions.list()).toHaveLength(1);
    expect(await sessionsOf(services, services.sessions.list()[0]!.accountId)).toHaveLength(1);
  });

  it("tells a wrong password from an unknown user", async () => {
    const services = await data.open();
    const user = await newUser();
    expect(await errorOf(signIn(services, { ...user, password: "wrong" }))).toEqual({ kind: "wrong_credentials" });
    const nobody = `@nobody:${synapse.serverName}`;
    expect(await errorOf(signIn(services, { ...user, userId: nobody }))).toEqual({ kind: "unknown_user", userId: nobody });
    await synapse.adminCall({
      method: "POST",
      path: `/_synapse/admin/v1/deactivate/${encodeURIComponent(user.userId)}`,
      body: { erase: false },
    });
    // Synapse forgets a deactivated user's password and says no more than that it is wrong.
    expect(await errorOf(signIn(services, user))).toEqual({ kind: "wrong_credentials" });
    expect(services.sessions.list()).toEqual([]);
  });

  it("says that a user is deactivated or locked where the server says so", async () => {
    const services = await data.open();
    const [deactivated, locked] = [await newUser(), await newUser()];
    await synapse.deactivateWithPasswordKept(deactivated);
    await synapse.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v2/users/${encodeURIComponent(locked.userId)}`,
      body: { locked: true },
    });
    expect(await errorOf(signIn(services, deactivated))).toEqual({ kind: "user_deactivated" });
    expect(await errorOf(signIn(services, locked))).toEqual({ kind: "user_locked" });
    expect(await errorOf(signIn(services, { ...locked, password: "wrong" }))).toEqual({ kind: "wrong_credentials" });
  });

  it("says for how long a rate limit holds", async () => {
    const strict = await startSynapse({ loginLimit: { burst: 1, perSecond: 0.01 } });
    try {
      const services = await data.open();
      const user = await strict.register({ user: "a", password: "b" });
      await errorOf(signIn(services, { ...user, password: "wrong" }, strict.baseUrl));
      const error = await errorOf(signIn(services, { ...user, password: "wrong" }, strict.baseUrl));
      expect(error).toMatchObject({ kind: "rate_limited" });
      expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(1000);
    } finally {
      await strict.stop();
    }
  });

  it("sends no password over plain http to another computer unless that was accepted", async () => {
    const services = await data.open();
    const request = services.passwordSignIns.signIn({
      serverName: null,
      baseUrl: "http://homeserver.invalid",
      identifier: { kind: "user", user: "@a:homeserver.invalid" },
      password: secretOf("password", "b"),
      acceptInsecureHttp: false,
    });
    expect(await errorOf(request)).toEqual({ kind: "insecure_http", baseUrl: "http://homeserver.invalid" });
  });

  it("is gone from server, disk and keychain after signing out", async () => {
    const services = await data.open();
    const [leaving, staying] = [await newUser(), await newUser()];
    const leavingId = await signIn(services, leaving);
    const stayingId = await signIn(services, staying);
    expect(await services.sessions.signOut(leavingId)).toEqual({ serverTold: true });
    expect(services.sessions.list().map(({ accountId }) => accountId)).toEqual([stayingId]);
    expect([...data.keychain.entries.keys()].filter((name) => name.includes(leavingId))).toEqual([]);
    expect(await readdir(`${data.folder}/accounts`)).toEqual([stayingId]);
    const again = await synapse.login(leaving.user, leaving.password);
    const { devices } = await synapse.call({ path: "/_matrix/client/v3/devices", token: again.accessToken });
    expect(devices).toHaveLength(1);
  });
});

describe("one account's trouble is no other's", () => {
  it("starts the others beside a server that is down, and catches up when it comes back", async () => {
    const proxy = await startFaultProxy(synapse.baseUrl);
    const [behind, fine] = [await newUser(), await newUser()];
    const before = await data.open();
    const behindId = await signIn(before, behind, proxy.baseUrl);
    const fineId = await signIn(before, fine);
    await data.close();

    proxy.addRule({ path: /./, fault: { kind: "reset" }, times: Infinity });
    const services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(fineId).session).toEqual({ status: "running", error: null, offline: false });
    expect(services.sessions.account(behindId).session).toMatchObject({
      status: "failed",
      error: { kind: "network" },
      offline: true,
    });
    proxy.clear();
    await waitUntil(() => services.sessions.account(behindId).session.status === "running", {
      what: "the account to come back by itself",
      timeoutMs: 60_000,
    });
    await data.close();
    await proxy.stop();
  }, 90_000);

  it("asks a soft-logged-out account to sign in again, and keeps its device and keys", async () => {
    const shortLived = await startSynapse();
    try {
      const services = await data.open();
      const user = await shortLived.register({ user: "soft", password: "old password" });
      const fine = await signIn(services, await newUser());
      const accountId = await signIn(services, user, shortLived.baseUrl);
      const keys = await services.sessions.session(accountId).use((client) => client.getCrypto()!.getOwnDeviceKeys());
      const { deviceId } = services.sessions.account(accountId);
      await data.close();

      await shortLived.expireTokens();
      const restarted = await data.open();
      await restarted.sessions.restoreAll();
      expect(restarted.sessions.account(accountId).session).toEqual({
        status: "softLoggedOut",
        error: { kind: "unauthenticated", softLogout: true },
        offline: false,
      });
      expect(restarted.sessions.account(fine).session.status).toBe("running");
      expect(await errorOf(restarted.sessions.session(accountId).use((client) => client.whoami()))).toEqual({
        kind: "unauthenticated",
        softLogout: true,
      });
      expect(await errorOf(restarted.passwordSignIns.signInAgain(accountId, secretOf("password", "wrong")))).toEqual({
        kind: "wrong_credentials",
      });
      await restarted.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
      expect(restarted.sessions.account(accountId)).toMatchObject({ deviceId, session: { status: "running" } });
      expect(await restarted.sessions.session(accountId).use((client) => client.getCrypto()!.getOwnDeviceKeys())).toEqual(keys);
      await data.close();
    } finally {
      await shortLived.stop();
    }
  }, 60_000);

  it("goes on with a new device when another session removed this one", async () => {
    const services = await data.open();
    const user = await newUser();
    const accountId = await signIn(services, user);
    const { deviceId } = services.sessions.account(accountId);
    const other = await synapse.login(user.user, user.password);
    await synapse.removeDevice(user, deviceId);
    await waitUntil(() => services.sessions.account(accountId).session.status === "softLoggedOut", {
      what: "the account to notice",
      timeoutMs: 40_000,
    });
    expect(services.sessions.account(accountId).session.error).toEqual({ kind: "unauthenticated", softLogout: false });
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    const account = services.sessions.account(accountId);
    expect(account.session.status).toBe("running");
    expect(account.deviceId).not.toBe(deviceId);
    expect((await sessionsOf(services, accountId)).sort()).toEqual([account.deviceId, other.deviceId].sort());
    await data.close();
    const restarted = await data.open();
    await restarted.sessions.restoreAll();
    expect(restarted.sessions.account(accountId).session.status).toBe("running");
  }, 60_000);

  it("does not take a vanished crypto store for a first start", async () => {
    const before = await data.open();
    const accountId = await signIn(before, await newUser());
    await data.close();
    await rm(`${data.folder}/accounts/${accountId}/crypto`, { recursive: true });
    const services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session).toMatchObject({ status: "failed", error: { kind: "store_damaged" } });
  });

  it("does not take a vanished crypto store for a first start in the run that signed in either", async () => {
    const services = await data.open();
    const accountId = await signIn(services, await newUser());
    await services.sessions.session(accountId).stop();
    await rm(`${data.folder}/accounts/${accountId}/crypto`, { recursive: true });
    await services.sessions.retry(accountId);
    expect(services.sessions.account(accountId).session).toMatchObject({ status: "failed", error: { kind: "store_damaged" } });
  });

  it("marks the one whose secret cannot be read, keeps it, and has it back when it can", async () => {
    const before = await data.open();
    const ids = [await signIn(before, await newUser()), await signIn(before, await newUser())] as const;
    await data.close();
    const vaultFolder = `${data.folder}/accounts/${ids[0]}/vault`;
    const vault = `${vaultFolder}/${(await readdir(vaultFolder))[0]}`;
    const good = await readFile(vault);
    await writeFile(vault, good.subarray(0, good.length - 5));

    const services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(ids[0]).session).toEqual({
      status: "locked",
      error: { kind: "secret_unreadable" },
      offline: false,
    });
    expect(services.sessions.account(ids[1]).session.status).toBe("running");
    await writeFile(vault, good);
    await services.sessions.retry(ids[0]);
    expect(services.sessions.account(ids[0]).session.status).toBe("running");
  });

  it("forgets an account that was kept for this time only, and leaves nothing of it", async () => {
    data.keychain.problem = "unreachable";
    const before = await data.open();
    const user = await newUser();
    expect(await errorOf(signIn(before, user))).toEqual({ kind: "secrets_unprotected" });
    await before.secrets.chooseThisTimeOnly();
    const accountId = await signIn(before, user);
    expect(before.sessions.account(accountId).session.status).toBe("running");
    await data.close();
    const services = await data.open();
    expect(services.sessions.list()).toEqual([]);
    expect(await readdir(`${data.folder}/accounts`)).toEqual([]);
  });

  it("waits for a locked keychain and starts when it opens", async () => {
    const before = await data.open();
    const accountId = await signIn(before, await newUser());
    await data.close();
    data.keychain.problem = "locked";
    const services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session).toMatchObject({ status: "locked", error: { kind: "secrets_locked" } });
    data.keychain.problem = null;
    await services.secrets.retryKeychain();
    await waitUntil(() => services.sessions.account(accountId).session.status === "running", { what: "the session to run" });
  });
});
