import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { startSdkSession } from "../../support/sdkSession.ts";
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

async function signIn(services: Services): Promise<AccountId> {
  const accountId = await services.sessions.signIn({
    serverName: null,
    baseUrl: synapse.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: user.password,
    acceptInsecureHttp: false,
  });
  await services.health.refresh(accountId);
  return accountId;
}

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
