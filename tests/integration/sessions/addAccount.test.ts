import { cp, readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import { Folders } from "../../../main/storage/folders.ts";
import { signIn as signInContract } from "../../../shared/contract/signIn.ts";
import { fail } from "../../../shared/errors.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";

const servers = useServers();
let data: StewardData;
let services: Services;
let user: TestUser;
let users = 0;

beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  user = await servers.synapse.register({ user: `newcomer${(users += 1)}`, password: `password ${users}` });
}, 60_000);
afterEach(async () => {
  servers.proxy.clear();
  await data.destroy();
});

const signIn = () => signInTo(services, user, servers.proxy.baseUrl);

/** How many sessions the server lists, without one of its own. */
async function sessionsOnServer(): Promise<number> {
  const { accessToken: token } = await servers.synapse.login(user.user, user.password);
  const { devices } = await servers.synapse.call({ path: "/_matrix/client/v3/devices", token });
  await servers.synapse.call({ method: "POST", path: "/_matrix/client/v3/logout", token, body: {} });
  return (devices as unknown[]).length - 1;
}

describe("the name of a new session", () => {
  it.each([
    ["the person's", " Desk at home ", "Desk at home"],
    ["the system's where there is none", undefined, "Steward on Linux"],
    ["the system's where it is empty", "  ", "Steward on Linux"],
  ])("is %s, and never the computer's", async (_whose, given, expected) => {
    const { withPassword } = signInContract.requests;
    await services.passwordSignIns.signIn(
      withPassword.input.parse({
        serverName: null,
        baseUrl: servers.proxy.baseUrl,
        identifier: { kind: "user", user: user.user },
        password: user.password,
        sessionName: given,
      }),
    );
    const { accessToken: token } = await servers.synapse.login(user.user, user.password);
    const { devices } = await servers.synapse.call({ path: "/_matrix/client/v3/devices", token });
    const names = (devices as { display_name?: string }[]).map((device) => device.display_name);
    if (process.platform === "linux") expect(names).toContain(expected);
    expect(JSON.stringify(devices)).not.toContain(hostname());
  });
});

/** The data folder and the keychain as SIGKILL would leave them after each thing that is written down. */
async function snapshotsOfSignIn(): Promise<{ what: string; copy: StewardData }[]> {
  const moments: { what: string; copy: StewardData }[] = [];
  const keepAfter =
    <A extends unknown[], R>(what: string, done: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const answer = await done(...given);
      const copy = await StewardData.create();
      await cp(data.folder, copy.folder, { recursive: true });
      for (const [name, value] of data.keychain.entries) copy.keychain.entries.set(name, value);
      moments.push({ what, copy });
      return answer;
    };
  const { index, secretStore } = services;
  index.add = keepAfter("entry", index.add.bind(index));
  data.keychain.set = keepAfter("key", data.keychain.set.bind(data.keychain));
  secretStore.write = keepAfter("secrets", secretStore.write.bind(secretStore));
  await signIn();
  return moments;
}

describe("a sign-in that is killed", () => {
  it.each(["signed in again", "signed out"])(
    "leaves an account that is listed, and can be %s",
    async (next) => {
      const moments = await snapshotsOfSignIn();
      expect(moments.map(({ what }) => what)).toEqual(["entry", "key", "secrets"]);
      await data.close();
      for (const { what, copy } of moments) {
        try {
          const started = await copy.open();
          await started.sessions.restoreAll();
          const [account] = started.sessions.list();
          expect(account?.userId, what).toBe(user.userId);
          const { accountId } = account!;
          expect(account!.session.error?.kind, what).toBe(what === "secrets" ? undefined : "secret_missing");
          if (next === "signed out") await started.sessions.signOut(accountId);
          else {
            if (what !== "secrets") await started.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
            expect(started.sessions.account(accountId).session.status, what).toBe("running");
          }
          const stays = next === "signed out" ? [] : [accountId];
          expect(await new Folders(copy.folder).accountIds(), what).toEqual(stays);
          expect([...copy.keychain.entries.keys()], what).toEqual(stays);
        } finally {
          await copy.destroy();
        }
      }
    },
    90_000,
  );
});

describe("a sign-in that fails", () => {
  const refusal = fail("file_failed", { reason: "no_space" });

  it.each(["locked", "secrets", "mark"])(
    "at the %s leaves nothing, here or on the server",
    async (where) => {
      const { index, secretStore } = services;
      if (where === "locked") data.keychain.problem = "locked";
      if (where === "secrets") secretStore.write = () => Promise.reject(refusal);
      if (where === "mark") {
        data.keychain.problem = "unreachable";
        await services.secrets.retryKeychain();
        await services.secrets.chooseThisTimeOnly();
        index.update = () => Promise.reject(refusal);
      }
      expect(await errorOf(signIn())).toEqual(where === "locked" ? { kind: "secrets_locked" } : refusal.error);
      expect(services.sessions.list()).toEqual([]);
      expect(data.events.at(-1)?.channel).toBe("accounts.removed");
      expect(await readdir(join(data.folder, "accounts"))).toEqual([]);
      expect(data.keychain.entries.size).toBe(0);
      expect(await sessionsOnServer()).toBe(0);
    },
    60_000,
  );

  it("leaves an account that says so where its entry cannot be removed", async () => {
    services.secretStore.write = () => Promise.reject(refusal);
    services.index.remove = () => Promise.reject(fail("file_failed", { reason: "denied" }));
    expect(await errorOf(signIn())).toEqual(refusal.error);
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.list().map(({ session }) => session.error)).toEqual([{ kind: "secret_missing" }]);
  }, 60_000);
});

describe("what protects secrets changes while an account is added", () => {
  /** Right before, or right after, the secrets are written. */
  function changeAround(when: "before" | "after", change: () => Promise<unknown>): void {
    const { secretStore } = services;
    const write = secretStore.write.bind(secretStore);
    secretStore.write = async (...given) => {
      if (when === "before") await change();
      const place = await write(...given);
      if (when === "after") await change();
      return place;
    };
  }

  beforeEach(async () => {
    data.keychain.problem = "unreachable";
    await services.secrets.retryKeychain();
    await services.secrets.chooseThisTimeOnly();
  });

  it.each<["before" | "after", "sealed" | "in memory"]>([
    ["before", "sealed"],
    ["after", "in memory"],
  ])(
    "%s its secrets are written: they are %s, and that counts",
    async (when, place) => {
      changeAround(when, async () => {
        data.keychain.problem = null;
        await services.secrets.retryKeychain();
      });
      const accountId = await signIn();
      await data.close();
      services = await data.open();
      await services.sessions.restoreAll();
      const states = services.sessions.list().map(({ session }) => session.status);
      expect(states).toEqual(place === "sealed" ? ["running"] : []);
      expect(await readdir(join(data.folder, "accounts"))).toEqual(place === "sealed" ? [accountId] : []);
    },
    60_000,
  );

  it("to memory, and none of them is forgotten that is sealed", async () => {
    const before = await signIn();
    data.keychain.problem = null;
    await services.secrets.retryKeychain();
    user = await servers.synapse.register({ user: `newcomer${(users += 1)}`, password: `password ${users}` });
    changeAround("after", async () => {
      data.keychain.problem = "unreachable";
      await services.secrets.retryKeychain();
      await services.secrets.chooseThisTimeOnly();
    });
    const sealed = await signIn();
    expect(services.sessions.list().map(({ accountId }) => accountId)).toEqual([before, sealed]);
    data.keychain.problem = null;
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    expect(services.sessions.list().map(({ accountId, session }) => [accountId, session.status])).toEqual([[sealed, "running"]]);
  }, 60_000);
});

describe("an account for this time only", () => {
  beforeEach(async () => {
    data.keychain.problem = "unreachable";
    await services.secrets.retryKeychain();
    await services.secrets.chooseThisTimeOnly();
    await signIn();
    expect(services.sessions.list()).toHaveLength(1);
  });

  it("is signed out on its server when the app ends", async () => {
    expect(await sessionsOnServer()).toBe(1);
    await data.close();
    expect(await sessionsOnServer()).toBe(0);
  });

  it("is signed out after what its server has begun", async () => {
    const UPLOAD = { method: "POST", path: /\/keys\/upload/ };
    const accountId = services.sessions.list()[0]!.accountId;
    // So that it uploads its keys again.
    await services.sessions.signOut(accountId);
    servers.proxy.clearRecord();
    const slow = servers.proxy.addRule({ ...UPLOAD, when: "after", fault: { kind: "delay", ms: 400 }, times: Infinity });
    await signIn();
    await slow.firstMet;
    await data.close();
    const logout = servers.proxy.requests({ path: /\/logout$/ })[0]!;
    const uploads = servers.proxy.requests(UPLOAD).filter(({ number }) => number < logout.number);
    expect(uploads.map(({ status }) => status)).toEqual([200]);
    expect(await sessionsOnServer()).toBe(0);
  });

  it("does not keep the app from ending when its server hangs", async () => {
    servers.proxy.addRule({ path: /logout/, fault: { kind: "hang" }, times: Infinity });
    const began = performance.now();
    await data.close();
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(servers.proxy.requests({ path: /logout/ })).not.toEqual([]);
    expect(await sessionsOnServer()).toBe(1);
  });
});

it("is not signed out on its server when the app ends, if its secrets are sealed", async () => {
  await signIn();
  await data.close();
  expect(await sessionsOnServer()).toBe(1);
});
