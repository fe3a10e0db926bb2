import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { ActionResult, PasswordChoice, UserAction } from "../../../shared/contract/userActions.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { AuthUser } from "../../support/authService/authService.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";

/** Against a stand-in for MAS' admin API: see its file. */
const servers = useAuthService({ browser: false });
const NONE: PasswordChoice = { kind: "none" };
const OWN: PasswordChoice = { kind: "own", password: secretOf("password", "nine quiet herons") };
const ADMIN_API = { method: "POST", path: /\/api\/admin\/v1\// };

let data: StewardData;
let services: Services;
let accountId: AccountId;
let user: AuthUser;
let people = 0;

beforeAll(() => servers.synapse.makeProfileIndex());
beforeEach(async () => {
  servers.auth.faults.clearRecord();
  data = await StewardData.create();
  services = await data.open();
  servers.auth.settings.adminApi = "on";
});
afterEach(async () => {
  servers.proxy.clear();
  servers.auth.faults.clear();
  await data.destroy();
});

const newUser = (more: Partial<AuthUser> = {}): Promise<AuthUser> =>
  servers.auth.addUser({ localpart: `mas${(people += 1)}`, password: "a password", ...more });
const userId = ({ localpart }: AuthUser = user): string => `@${localpart}:oauth.test`;

async function signIn(who: AuthUser, admin: boolean): Promise<AccountId> {
  const request = {
    serverName: null,
    baseUrl: servers.proxy.baseUrl,
    localpart: null,
    accountId: null,
    create: false,
    admin,
    acceptInsecureHttp: false,
  };
  const { signInId } = await services.browserSignIns.startOauth(request);
  await fetch((await new FormClient().signIn(data.opened.at(-1)!, who)).url);
  const end = await data.signInEnded(signInId);
  if (end.status !== "done") throw new Error(JSON.stringify(end));
  return end.accountId;
}

async function asAdmin(): Promise<void> {
  accountId = await signIn(await newUser({ mayAskForAdmin: true }), true);
  user = await newUser();
}
const preview = (action: UserAction, of = userId()) => services.userActions.preview({ accountId, userId: of, action });
async function act(
  action: UserAction,
  more: { password?: PasswordChoice; signOutSessions?: boolean; typed?: string; displayName?: string } = {},
): Promise<ActionResult> {
  const { token, refusal } = await preview(action);
  expect(refusal).toBeNull();
  const rest = { typed: "", password: NONE, signOutSessions: false, allowIdentityReset: false, displayName: null };
  return services.userActions.perform({ accountId, token: token!, ...rest, ...more });
}

describe("on a server that leaves accounts to an authentication service, an admin", () => {
  it("locks, unlocks, and sets passwords by the service, which signs sessions out where that was chosen", async () => {
    await asAdmin();
    expect(await act("lock")).toMatchObject({ status: "done", user: { locked: true } });
    expect(user.locked).toBe(true);
    expect((await preview("lock")).refusal).toBe("already");
    expect(await act("unlock")).toMatchObject({ status: "done", user: { locked: false } });
    await signIn(user, false);
    expect(servers.auth.sessionsOf(user.localpart)).toHaveLength(1);
    expect(await act("reset_password", { password: OWN, typed: userId() })).toMatchObject({ status: "done", sessionsLeft: false });
    expect([user.password, servers.auth.sessionsOf(user.localpart).length]).toEqual(["nine quiet herons", 1]);
    const generated = await act("reset_password", { password: { kind: "generated" }, signOutSessions: true, typed: userId() });
    expect(generated.status).toBe("done");
    expect(servers.auth.sessionsOf(user.localpart)).toEqual([]);
    expect(servers.proxy.requests({ path: /reset_password/ })).toEqual([]);
  });

  it("deactivates without erasing, erases when that is asked for, and reactivates", async () => {
    await asAdmin();
    expect(await act("deactivate")).toMatchObject({ status: "done", user: { deactivated: true } });
    expect(await services.users.get({ accountId, userId: userId() })).toMatchObject({ deactivated: true, erased: false });
    // Deactivating has taken the name, which the homeserver keeps for the service.
    const again = await act("reactivate", { password: OWN, displayName: "Nora" });
    expect(again).toMatchObject({ status: "done", user: { deactivated: false, displayName: "Nora" }, nameLost: false });
    expect([user.deactivated, user.password]).toEqual([false, "nine quiet herons"]);
    expect(await act("erase", { typed: userId() })).toMatchObject({ status: "done" });
    expect(await services.users.get({ accountId, userId: userId() })).toMatchObject({ deactivated: true, erased: true });
  });

  it("lets somebody in again who is locked out, in one go", async () => {
    await asAdmin();
    servers.auth.lock(user.localpart);
    expect(await act("help", { password: OWN })).toMatchObject({ status: "done", unlocked: true });
    expect([user.locked, user.password]).toEqual([false, "nine quiet herons"]);
  });

  it("is told that a password is too weak for the service, and that nothing was set", async () => {
    await asAdmin();
    servers.auth.faults.addRule({
      ...ADMIN_API,
      fault: { kind: "answer", status: 400, body: { errors: [{ title: "Password is too weak" }] } },
    });
    await expect(act("reset_password", { password: OWN })).rejects.toMatchObject({ error: { kind: "password_refused", reason: "weak" } });
    expect((await services.newUsers.waitingCredentials({ accountId })).waiting).toEqual([]);
  });

  it("learns of an answer that was lost by asking the service, and sends a deactivation once", async () => {
    await asAdmin();
    servers.auth.faults.addRule({ ...ADMIN_API, when: "after", fault: { kind: "reset" } });
    expect(await act("deactivate")).toMatchObject({ status: "done", user: { deactivated: true } });
    expect(servers.auth.faults.requests({ method: "POST", path: /deactivate/ })).toHaveLength(1);
  });

  it("does nothing to themselves, nor without the service's own scope", async () => {
    await asAdmin();
    const own = services.sessions.account(accountId).userId;
    expect((await preview("lock", own)).refusal).toBe("oneself");
    const refused = { kind: "answer", status: 403, body: { errors: [{ title: "Missing admin scope" }] } } as const;
    servers.auth.faults.addRule({ path: /\/api\/admin\/v1\//, times: Infinity, fault: refused });
    expect(await preview("lock")).toMatchObject({ refusal: "service_scope", token: null });
    expect((await preview("suspend")).refusal).toBeNull();
  });

  it("is sent to the service's own page where it does not let itself be asked, or would erase", async () => {
    await asAdmin();
    servers.auth.settings.adminApi = "off";
    expect((await preview("lock")).refusal).toBe("delegated");
    servers.auth.settings.adminApi = "old";
    expect((await preview("deactivate")).refusal).toBe("service_too_old");
    expect((await preview("lock")).refusal).toBeNull();
  });
});
