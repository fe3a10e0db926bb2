import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { ActionResult, PasswordChoice, UserAction } from "../../../shared/contract/userActions.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const DEACTIVATE = { method: "POST", path: /\/admin\/v1\/deactivate\// };
const PUT_USER = { method: "PUT", path: /\/admin\/v2\/users\// };
const NONE: PasswordChoice = { kind: "none" };
const GENERATED: PasswordChoice = { kind: "generated" };

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let admin: TestUser;
let user: TestUser;
let accountId: AccountId;
let count = 0;

beforeAll(async () => {
  synapse = await startSynapse();
  synapse.makeProfileIndex();
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  services = await data.open({ serverLimits: { answerMs: 10_000 } });
  admin = await synapse.register({ user: "boss", password: "the boss of it all", admin: true });
  accountId = await signIn(admin);
}, 180_000);
afterAll(async () => {
  await data?.destroy();
  await proxy?.stop();
  await synapse?.stop();
});
beforeEach(async () => {
  user = await synapse.register({ user: `acted${(count += 1)}`, password: "a password", displayName: "Ann" });
  proxy.clearRecord();
});
afterEach(() => proxy.clear());

const signIn = ({ userId, password }: TestUser): Promise<AccountId> =>
  services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: userId },
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
const preview = (action: UserAction, userId = user.userId) => services.userActions.preview({ accountId, userId, action });
interface More {
  password?: PasswordChoice;
  signOutSessions?: boolean;
  allowIdentityReset?: boolean;
  typed?: string;
  displayName?: string | null;
}
const withToken = (token: Awaited<ReturnType<typeof preview>>["token"], more: More = {}): Promise<ActionResult> =>
  services.userActions.perform({
    accountId,
    token: token!,
    typed: "",
    password: NONE,
    signOutSessions: false,
    allowIdentityReset: false,
    displayName: null,
    ...more,
  });
async function act(action: UserAction, more: More = {}): Promise<ActionResult> {
  const { token, refusal } = await preview(action);
  expect(refusal).toBeNull();
  return withToken(token, more);
}
const signsIn = (password: string): Promise<boolean> =>
  synapse.login(user.user, password).then(
    () => true,
    () => false,
  );
const seen = (userId = user.userId) => synapse.adminCall({ path: `/_synapse/admin/v2/users/${encodeURIComponent(userId)}` });

describe("what an admin does to a user", () => {
  it.each([
    ["lock", "unlock", "locked"],
    ["suspend", "unsuspend", "suspended"],
    ["shadow_ban", "lift_shadow_ban", "shadow_banned"],
  ] as const)("%s and %s are read back, and not offered twice", async (there, back, field) => {
    expect(await act(there)).toMatchObject({ status: "done" });
    expect((await seen())[field]).toBe(true);
    expect(await preview(there)).toMatchObject({ refusal: "already", token: null });
    expect(await act(back)).toMatchObject({ status: "done" });
    expect((await seen())[field]).toBe(false);
    expect((await preview(back)).refusal).toBe("already");
  });

  it.each([
    [true, 0],
    [false, 2],
  ])("sets a password, and signs sessions out only where that was chosen: %s", async (signOutSessions, left) => {
    await synapse.addSessions(user, 2);
    const shown = await preview("reset_password");
    expect(shown).toMatchObject({ sessions: 2, passwords: true, typed: false });
    const result = await withToken(shown.token, { password: GENERATED, signOutSessions });
    if (result.status !== "done" || result.credentialsId === null) throw new Error(JSON.stringify(result));
    const { credentialsId } = result;
    const { password } = await services.newUsers.showCredentials({ accountId, credentialsId });
    expect((await preview("lock")).sessions).toBe(left);
    expect([await signsIn(password.reveal()), await signsIn(user.password)]).toEqual([true, false]);
    await services.newUsers.forgetCredentials({ accountId, credentialsId });
    await expect(services.newUsers.showCredentials({ accountId, credentialsId })).rejects.toThrow("conversation_over");
  });

  it("sets the same password once more where the answer was lost", async () => {
    proxy.addRule({ method: "POST", path: /reset_password/, when: "after", fault: { kind: "reset" } });
    const result = await act("reset_password", { password: { kind: "own", password: secretOf("password", "nine quiet herons") } });
    expect(result.status).toBe("done");
    expect(await signsIn("nine quiet herons")).toBe(true);
  });

  it("keeps a password that may be set where a refusal comes after the answer was lost", async () => {
    const RESET = { method: "POST", path: /reset_password/ };
    proxy.addRule({ ...RESET, when: "after", fault: { kind: "reset" } });
    const refusal = { errcode: "M_UNKNOWN", error: "not twice" };
    proxy.addRule({ ...RESET, skip: 1, fault: { kind: "answer", status: 400, body: refusal } });
    const result = await act("reset_password", { password: GENERATED });
    if (result.status !== "unknown" || result.credentialsId === null) throw new Error(JSON.stringify(result));
    expect(result.error).toMatchObject({ kind: "network", reason: "cut" });
    const { password, isSet } = await services.newUsers.showCredentials({ accountId, credentialsId: result.credentialsId });
    expect([isSet, await signsIn(password.reveal())]).toEqual([false, true]);
    expect((await services.actionLog.list())[0]).toMatchObject({ action: "reset_password", result: "unknown" });
    await services.newUsers.forgetCredentials({ accountId, credentialsId: result.credentialsId });
  });

  it("keeps a password that was on its way when the session ended", async () => {
    const hold = proxy.hold({ nth: 1, when: "after", method: "POST", path: /reset_password/ });
    const acted = act("reset_password", { password: GENERATED });
    await hold.reached;
    await services.sessions.session(accountId).stop();
    try {
      const result = await acted;
      if (result.status !== "unknown" || result.credentialsId === null) throw new Error(JSON.stringify(result));
      const { password, isSet } = await services.newUsers.showCredentials({ accountId, credentialsId: result.credentialsId });
      expect([isSet, await signsIn(password.reveal())]).toEqual([false, true]);
      expect((await services.actionLog.list())[0]).toMatchObject({ action: "reset_password", result: "unknown" });
    } finally {
      hold.release();
      await services.sessions.retry(accountId);
    }
  });

  it("refuses a password that is easy to guess before anything is sent", async () => {
    const wanted = { kind: "own", password: secretOf("password", `${user.user}1`) } as const;
    await expect(act("reset_password", { password: wanted })).rejects.toMatchObject({
      error: { kind: "password_refused", reason: "guessable" },
    });
    expect(proxy.requests({ method: "POST", path: /reset_password/ })).toEqual([]);
    expect((await services.newUsers.waitingCredentials({ accountId })).waiting.map(({ userId }) => userId)).not.toContain(user.userId);
  });

  it("says that there is no identity to be replaced", async () => {
    expect(await act("allow_new_identity")).toEqual({ status: "no_identity" });
  });

  it("deactivates without erasing, erases, and reactivates with a password and a name", async () => {
    await synapse.setEmail(user, `${user.user}@mail.example`);
    expect(await act("deactivate")).toMatchObject({
      status: "done",
      roomsLeft: 0,
      user: { deactivated: true, erased: false, threepids: [] },
    });
    expect(await preview("lock")).toMatchObject({ refusal: "deactivated" });
    expect(await preview("reset_password")).toMatchObject({ refusal: "deactivated" });
    expect((await preview("deactivate")).refusal).toBe("already");
    const { typed, token } = await preview("erase");
    expect(typed).toBe(true);
    await expect(withToken(token, { typed: "@somebody:else" })).rejects.toThrow("not_confirmed");
    expect(await withToken(token, { typed: ` ${user.userId} ` })).toMatchObject({ status: "done", user: { erased: true } });
    const back = await act("reactivate", {
      password: { kind: "own", password: secretOf("password", "nine quiet herons") },
      displayName: "Ann again",
    });
    expect(back).toMatchObject({ status: "done", nameLost: false, user: { deactivated: false, displayName: "Ann again" } });
    expect(await signsIn("nine quiet herons")).toBe(true);
    expect((await preview("reactivate")).refusal).toBe("not_deactivated");
    await act("deactivate");
    const shown = await preview("reactivate");
    expect(shown.passwords).toBe(true);
    expect(await errorOf(withToken(shown.token))).toMatchObject({ kind: "invalid_input" });
  });

  it("brings the user of a bridge back without a password: they never had one", async () => {
    await act("deactivate");
    const GET_USER = { method: "GET", path: /\/admin\/v2\/users\/(?:%40|@)acted/ };
    const ofBridge = { ...(await seen()), appservice_id: "telegram" };
    proxy.addRule({ ...GET_USER, times: Infinity, fault: { kind: "answer", status: 200, body: ofBridge } });
    const { token, passwords } = await preview("reactivate");
    expect(passwords).toBe(true);
    await withToken(token).catch(() => undefined);
    // What a server makes of it is its own: this one takes nobody for a bridge's whom it has not met as such.
    const requestBytes = JSON.stringify({ deactivated: false }).length;
    expect(proxy.requests(PUT_USER)).toMatchObject([{ forwarded: true, requestBytes }]);
  });

  it.each([
    ["the connection is reset", { kind: "reset" }],
    ["a proxy answers instead", { kind: "answer", status: 504, body: "<html>" }],
  ] as const)("is read, and not asked again, when the answer to a deactivation is lost: %s", async (_what, fault) => {
    proxy.addRule({ ...DEACTIVATE, when: "after", fault });
    expect(await act("deactivate")).toMatchObject({ status: "done", user: { deactivated: true } });
    expect(proxy.requests(DEACTIVATE)).toHaveLength(1);
  });

  it("is said to be under way where the answer was lost and it is not so yet", async () => {
    proxy.addRule({ ...DEACTIVATE, fault: { kind: "answer", status: 502, body: "<html>" } });
    expect(await act("deactivate")).toMatchObject({ status: "still_running", error: { kind: "gateway_error" } });
    expect(proxy.requests(DEACTIVATE)).toHaveLength(1);
    expect((await services.actionLog.list())[0]).toMatchObject({ target: user.userId, action: "deactivate", result: "unknown" });
  });

  it("is without effect where the server passes over it", async () => {
    const answer = await seen();
    proxy.addRule({ ...PUT_USER, fault: { kind: "answer", status: 200, body: answer } });
    expect(await act("lock")).toMatchObject({ status: "without_effect", user: { locked: false } });
  });

  it("says that a name was lost by a server that makes no new profile", async () => {
    await act("deactivate");
    await act("erase", { typed: user.userId });
    proxy.addRule({ ...PUT_USER, skip: 1, fault: { kind: "answer", status: 500, body: { errcode: "M_UNKNOWN", error: "no profile" } } });
    const back = await act("reactivate", { password: GENERATED, displayName: "Ann again" });
    expect(back).toMatchObject({ status: "done", nameLost: true, user: { deactivated: false } });
  });
});

describe("what keeps an action from going wrong", () => {
  it("is a token that works once, for what was shown", async () => {
    const { token } = await preview("lock");
    await withToken(token);
    await expect(withToken(token)).rejects.toThrow("conversation_over");
  });

  it("is that the user is read again, and nothing done to one who has changed", async () => {
    const { token } = await preview("deactivate");
    await synapse.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v1/users/${encodeURIComponent(user.userId)}/admin`,
      body: { admin: true },
    });
    expect(await withToken(token)).toEqual({ status: "changed" });
    expect((await seen()).deactivated).toBe(false);
    expect(proxy.requests(DEACTIVATE)).toEqual([]);
  });

  it.each(["reset_password", "lock", "suspend", "shadow_ban", "deactivate", "erase"] as const)(
    "is that an admin does not do it to themselves: %s",
    async (action) => {
      expect(await preview(action, admin.userId)).toMatchObject({ refusal: "oneself", token: null });
    },
  );

  it("is that another account of this app has to be named", async () => {
    await signIn(user);
    const { typed, ownAccount, token } = await preview("lock");
    expect([typed, ownAccount]).toEqual([true, true]);
    await expect(withToken(token)).rejects.toThrow("not_confirmed");
    expect((await seen()).locked).toBe(false);
  });

  it("is that users of other servers are refused before anything is sent", async () => {
    await expect(preview("lock", "@ann:elsewhere.test")).rejects.toThrow("not_own_server");
    expect(proxy.requests({ path: /admin\/v[12]\/users/ })).toEqual([]);
  });

  it("is that what an authentication service looks after is left to it", async () => {
    proxy.addRule({
      path: /\/auth_metadata/,
      times: Infinity,
      fault: { kind: "answer", status: 200, body: { issuer: "https://auth.test/" } },
    });
    await services.administration.checkAccess({ accountId });
    try {
      expect(await preview("reset_password")).toMatchObject({ refusal: "delegated", token: null });
      expect((await preview("suspend")).refusal).toBeNull();
      const wanted = {
        username: `${user.user}-new`,
        displayName: null,
        emails: [],
        externalIds: [],
        admin: false,
        userType: null,
        startsAs: "active" as const,
        picture: null,
        password: GENERATED,
      };
      expect(await services.newUsers.create({ accountId, user: wanted })).toEqual({ status: "delegated" });
      expect(proxy.requests(PUT_USER)).toEqual([]);
    } finally {
      proxy.clear();
      await services.administration.checkAccess({ accountId });
    }
  });

  it("can be taken back from the log where there is a way back", async () => {
    for (const [action, field] of [
      ["lock", "locked"],
      ["suspend", "suspended"],
      ["shadow_ban", "shadowBanned"],
    ] as const) {
      expect(await act(action, {})).toMatchObject({ status: "done" });
      const [last] = (await services.loggedActions.list({ accountId })).actions;
      expect(last).toMatchObject({ action, canUndo: true, changes: [{ field, before: "false", after: "true" }] });
      expect(await services.loggedActions.undo({ accountId, id: last!.id! })).toEqual({ outcome: "undone" });
      expect(await services.users.get({ accountId, userId: user.userId })).toMatchObject({ [field]: false });
    }
    const [unbanned, banned] = (await services.loggedActions.list({ accountId })).actions;
    expect([unbanned, banned]).toMatchObject([
      { action: "lift_shadow_ban", canUndo: false },
      { action: "shadow_ban", canUndo: false, undone: true },
    ]);
  });

  it("is written down, without secrets", async () => {
    const result = await act("reset_password", { password: GENERATED });
    if (result.status !== "done" || result.credentialsId === null) throw new Error(JSON.stringify(result));
    const { password } = await services.newUsers.showCredentials({ accountId, credentialsId: result.credentialsId });
    const [last] = await services.actionLog.list();
    expect(last).toMatchObject({ actor: admin.userId, target: user.userId, action: "reset_password", result: "done", detail: null });
    expect(JSON.stringify(await services.actionLog.list())).not.toContain(password);
  });
});
