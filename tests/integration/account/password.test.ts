import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const SET = { method: "POST", path: /\/account\/password$/ };
const NEW = "nine quiet herons";

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse({
    config: {
      password_config: {
        policy: {
          enabled: true,
          minimum_length: 12,
          require_digit: false,
          require_symbol: false,
          require_lowercase: true,
          require_uppercase: false,
        },
      },
    },
  });
  proxy = await startFaultProxy(synapse.baseUrl);
}, 120_000);
afterAll(async () => {
  await proxy?.stop();
  await synapse?.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  user = await synapse.register({ user: `password${(users += 1)}`, password: "a password" });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: secretOf("password", user.password),
    acceptInsecureHttp: false,
  });
  proxy.clearRecord();
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

const change = (newPassword = NEW, signOutOthers = false) =>
  services.password.change({ accountId, newPassword: secretOf("password", newPassword), signOutOthers });
const asked = (): Promise<Challenge> =>
  waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), { what: "a question" });
const answer = async (password = user.password): Promise<void> => {
  const { challengeId } = await asked();
  services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", password) } });
};
const signsIn = async (password: string): Promise<boolean> =>
  synapse.login(user.user, password).then(
    () => true,
    () => false,
  );

describe("the password of an account", () => {
  it("is changed after one question, and the other sessions stay", async () => {
    await synapse.addSessions(user, 2);
    expect(await services.password.state({ accountId })).toEqual({ change: "possible", hasPassword: true });
    const changing = change();
    expect(await asked()).toMatchObject({ purpose: "change_password", stage: { kind: "password" } });
    await answer();
    expect(await changing).toEqual({ others: { signedOut: 0, left: 2 } });
    expect([await signsIn(NEW), await signsIn(user.password)]).toEqual([true, false]);
  });

  it("signs the others out where that is wanted, and this session stays", async () => {
    await synapse.addSessions(user, 3);
    const changing = change(NEW, true);
    await answer();
    expect(await changing).toEqual({ others: { signedOut: 3, left: 0 } });
    expect((await services.devices.list({ accountId })).sessions).toMatchObject([{ thisSession: true }]);
    expect(data.events.filter(({ channel }) => channel === "devices.changed")).toHaveLength(1);
  });

  it("tells that the others are signed out although they were to stay, as some servers do", async () => {
    await synapse.addSessions(user, 2);
    const { sessions } = await services.devices.list({ accountId });
    const devices = sessions.filter(({ thisSession }) => !thisSession).map(({ deviceId }) => deviceId);
    const changing = change(NEW, false);
    await asked();
    await synapse.adminCall({ path: `/_synapse/admin/v2/users/${encodeURIComponent(user.userId)}/delete_devices`, body: { devices } });
    await answer();
    expect(await changing).toEqual({ others: { signedOut: 2, left: 0 } });
  });

  it("is asked for again when it was wrong, and nothing changes before", async () => {
    const changing = change();
    await answer("not it");
    await waitUntil(
      () => services.challenges.list().challenges.find((one) => one.status === "asking" && one.error?.kind === "wrong_credentials"),
      { what: "a refusal" },
    );
    expect(await signsIn(NEW)).toBe(false);
    await answer();
    await changing;
    expect(await signsIn(NEW)).toBe(true);
  });

  it("is sent exactly as it was typed", async () => {
    const typed = "  nine quiet herons\t";
    const changing = change(typed);
    await answer();
    await changing;
    expect([await signsIn(typed), await signsIn(typed.trim())]).toEqual([true, false]);
  });

  it.each([
    ["too_short", "x9$kQ!vW2"],
    ["no_lowercase", "NINE QUIET HERONS 17"],
    ["too_long", `nine quiet herons ${"x9$kQ!vW".repeat(80)}`],
  ])("is refused by the server's rules before the question: %s", async (reason, newPassword) => {
    await expect(change(newPassword)).rejects.toMatchObject({ error: { kind: "password_refused", reason } });
    expect(services.challenges.list().challenges).toEqual([]);
    expect(data.warnings.join()).not.toContain(newPassword.slice(0, 7));
  });

  it("is refused where it is easy to guess, and nothing is sent", async () => {
    await expect(change(`${user.user}1`)).rejects.toMatchObject({ error: { kind: "password_refused", reason: "guessable" } });
    expect(proxy.requests(SET)).toEqual([]);
  });

  it.each(["M_PASSWORD_NO_DIGIT", "M_PASSWORD_NO_SYMBOL", "M_PASSWORD_NO_UPPERCASE", "M_WEAK_PASSWORD", "M_SOMETHING_ELSE"])(
    "is refused without the server's text: %s",
    async (errcode) => {
      proxy.addRule({ ...SET, fault: { kind: "answer", status: 400, body: { errcode, error: `not ${NEW}` } } });
      const thrown = (await change().catch((error: unknown) => error)) as Error & { error: object };
      expect(JSON.stringify(thrown.error)).not.toContain(NEW);
      expect(thrown.cause).toBeUndefined();
    },
  );

  it.each([
    ["the connection is reset", { kind: "reset" }],
    ["nothing comes", { kind: "hang" }],
    ["a proxy answers instead", { kind: "answer", status: 502, body: "<html>" }],
  ] as const)("is known to be set when the answer is lost: %s", async (_what, fault) => {
    await data.close();
    services = await data.open({ serverLimits: { answerMs: 3_000 } });
    await services.sessions.restoreAll();
    const changing = change();
    await asked();
    proxy.addRule({ ...SET, when: "after", fault });
    await answer();
    expect(await changing).toEqual({ others: { signedOut: 0, left: 0 } });
    expect(proxy.requests(SET)).toHaveLength(3);
    expect(await signsIn(NEW)).toBe(true);
  });

  it("is sent once more when the request never arrived", async () => {
    const changing = change();
    await asked();
    proxy.addRule({ ...SET, fault: { kind: "reset" } });
    await answer();
    await changing;
    expect(await signsIn(NEW)).toBe(true);
  });

  it("is said to be unknown where a refusal comes after the answer was lost", async () => {
    const changing = change();
    await asked();
    proxy.addRule({ ...SET, when: "after", fault: { kind: "reset" } });
    const refusal = { errcode: "M_FORBIDDEN", error: "Password changes are off for a while" };
    proxy.addRule({ ...SET, skip: 1, times: Infinity, fault: { kind: "answer", status: 403, body: refusal } });
    await answer();
    await expect(changing).rejects.toMatchObject({ error: { kind: "password_maybe_changed" } });
    expect(await signsIn(NEW)).toBe(true);
  });

  it("is said to be unknown where nothing can be found out", async () => {
    const changing = change();
    await asked();
    proxy.addRule({ ...SET, when: "after", times: Infinity, fault: { kind: "reset" } });
    await answer();
    await expect(changing).rejects.toMatchObject({ error: { kind: "password_maybe_changed" } });
    expect(proxy.requests(SET)).toHaveLength(5);
  }, 30_000);

  it("cannot be changed where the server says so, and elsewhere where it leaves that to a service", async () => {
    const capabilities = { "m.change_password": { enabled: false } };
    proxy.addRule({ path: /v3\/capabilities/, times: 2, fault: { kind: "answer", status: 200, body: { capabilities } } });
    expect(await services.password.state({ accountId })).toMatchObject({ change: "not_allowed" });
    const metadata = { issuer: "https://auth.example/", account_management_uri: "https://auth.example/account" };
    proxy.addRule({ path: /auth_metadata/, fault: { kind: "answer", status: 200, body: metadata } });
    expect(await services.password.state({ accountId })).toMatchObject({ change: "elsewhere" });
    expect(await services.accountManagement.state({ accountId })).toEqual({ delegated: true, pageHost: "auth.example", canMove: false });
  });

  it("stays when the question is cancelled", async () => {
    const changing = change();
    changing.catch(() => undefined);
    services.challenges.cancel({ challengeId: (await asked()).challengeId });
    await expect(changing).rejects.toThrow("challenge_cancelled");
    expect(await signsIn(user.password)).toBe(true);
  });
});
