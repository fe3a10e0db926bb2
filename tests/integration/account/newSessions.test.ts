import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { ActivityKind } from "../../../shared/contract/activity.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { startFaultProxy } from "../../support/faultProxy.ts";
import { startSdkSession } from "../../support/sdkSession.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const PATIENCE_MS = 60_000;

let synapse: Synapse;
let data: StewardData;
let users = 0;
let user: TestUser;
let noticed: string[];

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
beforeEach(async () => {
  data = await StewardData.create();
  user = await synapse.register({ user: `watched${(users += 1)}`, password: "a password" });
  noticed = [];
});
afterEach(() => data.destroy());

/** Opens the services as the app does, with the watch. */
async function open(): Promise<Services> {
  const services = await data.open();
  services.newSessions.onNoticed((_, { name }) => noticed.push(name ?? "no name"));
  services.watchSessions();
  return services;
}

async function signIn(services: Services, baseUrl = synapse.baseUrl): Promise<AccountId> {
  const accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: secretOf("password", user.password),
    acceptInsecureHttp: false,
  });
  await services.health.refresh(accountId);
  return accountId;
}

/** What happened to an account, oldest first: kind, whether it was done here, whether the person is asked. */
async function happened(services: Services, accountId: AccountId) {
  const { activities } = await services.activityLog.list({ accountId });
  return activities.map(({ kind, here, asked }) => [kind, here, asked]).reverse();
}

/** Waits for what the sync brings. */
const happens = (services: Services, accountId: AccountId, kind: ActivityKind): Promise<true> =>
  waitUntil(async () => (await happened(services, accountId)).some(([one]) => one === kind) || undefined, {
    timeoutMs: PATIENCE_MS,
    what: kind,
  });

const named = (name: string): Promise<true> =>
  waitUntil(() => noticed.includes(name) || undefined, { timeoutMs: PATIENCE_MS, what: `"${name}" to be noticed` });

describe("a session that someone signs in", () => {
  it("is noticed by the sync, with keys and without, and is the person's to answer", async () => {
    await synapse.login(user.user, user.password, { displayName: "From before" });
    const services = await open();
    const accountId = await signIn(services);
    // Without keys: all that a thief of the password needs.
    const { deviceId } = await synapse.login(user.user, user.password, { displayName: "A thief" });
    await named("A thief");
    const phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...user, deviceName: "Phone" });
    await named("Phone");
    phone.stop();
    expect([...noticed].sort()).toEqual(["A thief", "Phone"]);
    // The window hears that the list is another, and sees the health that follows.
    const heard = (): boolean => data.events.some(({ channel }) => channel === "devices.changed");
    await waitUntil(heard, { timeoutMs: PATIENCE_MS, what: "the window to hear of it" });
    const counted = (): boolean => services.sessions.account(accountId).health?.otherSessions?.total === 3;
    await waitUntil(counted, { timeoutMs: PATIENCE_MS, what: "the health to count three others" });
    const { newSessions: left } = await services.newSessions.answerNewSession({ accountId, deviceId, answer: "not_mine" });
    expect(left.map(({ session }) => session.name)).toEqual(["Phone"]);
  });

  it("while Steward does not run is noticed at the next start, and only then", async () => {
    const first = await open();
    await signIn(first);
    await data.close();
    await synapse.login(user.user, user.password, { displayName: "Meanwhile" });
    await (await open()).sessions.restoreAll();
    await named("Meanwhile");
    await data.close();
    const third = await open();
    await third.sessions.restoreAll();
    const [account] = third.sessions.list();
    await third.health.refresh(account!.accountId);
    expect(noticed).toEqual(["Meanwhile"]);
    const { newSessions: unanswered } = await third.newSessions.newSessions({ accountId: account!.accountId });
    expect(unanswered.map(({ session }) => session.name)).toEqual(["Meanwhile"]);
  });
});

describe("a session that goes", () => {
  it("is asked about where it wasn't signed out here", async () => {
    const [here, elsewhere] = await synapse.addSessions(user, 2);
    const services = await open();
    const accountId = await signIn(services);
    const told: string[] = [];
    services.activityLog.onNoticed((_, { kind, subject }) => told.push(`${kind} ${subject ?? ""}`));
    const signingOut = services.devices.signOut({ accountId, deviceIds: [here!.deviceId] });
    const asking = () => services.challenges.list().challenges.find(({ status }) => status === "asking");
    const { challengeId } = await waitUntil(asking, { what: "a challenge" });
    services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
    await signingOut;
    await happens(services, accountId, "session_gone");
    expect(await happened(services, accountId)).toEqual([["session_gone", true, false]]);
    await synapse.call({ path: "/_matrix/client/v3/logout", token: elsewhere!.accessToken, body: {} });
    await waitUntil(() => told.length > 0, { timeoutMs: PATIENCE_MS, what: "the person to be asked" });
    expect(told).toEqual(["session_gone Session 2"]);
    expect(await happened(services, accountId)).toEqual([
      ["session_gone", true, false],
      ["session_gone", false, true],
    ]);
  });

  it("is told of when it is this one, once, and is over when the account is signed in again", async () => {
    const services = await open();
    const accountId = await signIn(services);
    await synapse.removeDevice(user, services.sessions.account(accountId).deviceId);
    await happens(services, accountId, "session_ended");
    expect((await happened(services, accountId)).filter(([kind]) => kind === "session_ended")).toEqual([["session_ended", false, true]]);
    await data.close();
    const again = await open();
    await again.sessions.restoreAll();
    expect(again.sessions.account(accountId).session.error).toMatchObject({ kind: "unauthenticated" });
    expect((await happened(again, accountId)).filter(([kind]) => kind === "session_ended")).toHaveLength(1);
  });
});

describe("what the sync tells", () => {
  it("is noticed without a look: another client sets up Secure Backup, and switches it off", async () => {
    const services = await open();
    const accountId = await signIn(services);
    const phone = await startSdkSession({ baseUrl: synapse.baseUrl, ...user, deviceName: "Phone" });
    await phone.setUpSecureBackup();
    phone.stop();
    await happens(services, accountId, "backup_created");
    const { accessToken: token } = phone.tokens;
    const { version } = (await synapse.call({ path: "/_matrix/client/v3/room_keys/version", token })) as { version: string };
    await synapse.call({ method: "DELETE", path: `/_matrix/client/v3/room_keys/version/${version}`, token });
    const path = `/_matrix/client/v3/user/${encodeURIComponent(user.userId)}/account_data/m.org.matrix.custom.backup_disabled`;
    await synapse.call({ method: "PUT", path, token, body: { disabled: true } });
    await happens(services, accountId, "backup_deleted");
    expect((await happened(services, accountId)).filter(([kind]) => kind === "backup_deleted")).toEqual([["backup_deleted", false, true]]);
  });

  it("costs accounts at rest no request but their sync", async () => {
    const proxy = await startFaultProxy(synapse.baseUrl);
    try {
      const services = await open();
      const accounts: { accountId: AccountId; userId: string; token: string }[] = [];
      for (let n = 0; n < 4; n += 1) {
        user = await synapse.register({ user: `resting${(users += 1)}`, password: "a password" });
        const { accessToken: token } = await synapse.login(user.user, user.password);
        accounts.push({ accountId: await signIn(services, proxy.baseUrl), userId: user.userId, token });
      }
      // What follows the start has been asked once each account's health was looked at once more, which waits for what is under way.
      for (const { accountId } of accounts) await services.health.refresh(accountId);
      const syncs = { path: /\/sync\?/ };
      const synced = (): number => proxy.requests(syncs).filter(({ status }) => status === 200).length;
      const quiet = async (): Promise<boolean> => {
        const [from, before] = [proxy.record.length, synced()];
        // News of no concern ends the sync that is waiting, of every account, twice.
        for (const round of [1, 2]) {
          for (const { userId, token } of accounts) {
            const path = `/_matrix/client/v3/user/${encodeURIComponent(userId)}/account_data/org.example.news`;
            await synapse.call({ method: "PUT", path, token, body: { round, at: Date.now() } });
          }
          const enough = (): boolean => synced() >= before + round * accounts.length;
          await waitUntil(enough, { timeoutMs: PATIENCE_MS, what: "every account to have synced" });
        }
        return proxy.record.slice(from).every(({ path }) => syncs.path.test(path));
      };
      await waitUntil(quiet, { timeoutMs: PATIENCE_MS, what: "nothing but syncs" });
    } finally {
      await data.close();
      await proxy.stop();
    }
  });
});
