import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { SelectionAction } from "../../../shared/contract/bulk.ts";
import type { NewUser } from "../../../shared/contract/newUsers.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { AuthUser } from "../../support/authService/authService.ts";
import { PROVIDER_ID } from "../../support/authService/adminApi.ts";
import { FormClient } from "../../support/authService/formClient.ts";
import { signInWithOtherClient } from "../../support/authService/otherClient.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { BulkRig } from "../../support/bulkRig.ts";
import { errorOf } from "../../support/errorOf.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { waitUntil } from "../../support/waitUntil.ts";

/** Against a stand-in for MAS' admin API: see its file. */
const servers = useAuthService({ browser: false });
const SENT = { method: "POST", path: /\/api\/admin\/v1\// };

let data: StewardData;
let services: Services;
let accountId: AccountId;
let rig: BulkRig;
let people = 0;

beforeAll(async () => {
  servers.synapse.makeProfileIndex();
  servers.auth.settings.adminApi = "on";
  const root = await servers.auth.addUser({ localpart: "root", password: "a password", mayAskForAdmin: true });
  data = await StewardData.create();
  services = await data.open({ serverAwayMs: 20 });
  const request = {
    serverName: null,
    baseUrl: servers.proxy.baseUrl,
    localpart: null,
    accountId: null,
    create: false,
    admin: true,
    acceptInsecureHttp: false,
  };
  await services.browserSignIns.startOauth(request);
  await fetch((await new FormClient().signIn(data.opened.at(-1)!, root)).url);
  const running = (): AccountId | undefined => services.sessions.list().find(({ session }) => session.status === "running")?.accountId;
  accountId = await waitUntil(running, { what: "the admin to run", timeoutMs: 60_000 });
  rig = BulkRig.of(data, services, accountId);
}, 120_000);
beforeEach(() => {
  servers.auth.faults.clear();
  servers.auth.faults.clearRecord();
  servers.auth.settings.adminApi = "on";
});
afterAll(() => data?.destroy());

const idOf = (localpart: string): string => `@${localpart}:oauth.test`;
const newUser = (): Promise<AuthUser> => servers.auth.addUser({ localpart: `person${(people += 1)}`, password: "a password" });
const wanted = (more: Partial<NewUser> = {}): NewUser => ({
  username: `made${(people += 1)}`,
  displayName: null,
  emails: [],
  externalIds: [],
  admin: false,
  userType: null,
  startsAs: "active",
  picture: null,
  password: { kind: "generated" },
  ...more,
});
const shown = (userId: string) => services.users.get({ accountId, userId });
/** Signs in on the pages with a password, as the user would. */
const canSignIn = (localpart: string, password: string) => signInWithOtherClient(servers.auth, { localpart, password }, "A client");

describe("on a server that leaves accounts to an authentication service, an admin", () => {
  it("makes a user with all that belongs to them, who can sign in", async () => {
    const user = wanted({ displayName: "Made here", emails: [`made${people}@example.org`], admin: true });
    const made = await services.newUsers.create({ accountId, user });
    expect(made).toMatchObject({ status: "created", missing: [], user: { displayName: "Made here", admin: true } });
    if (made.status !== "created") throw new Error(made.status);
    const { password } = await services.newUsers.showCredentials({ accountId, credentialsId: made.credentialsId! });
    await canSignIn(user.username, password.reveal());
    expect(await shown(idOf(user.username))).toMatchObject({ admin: true, threepids: [{ medium: "email", address: user.emails[0] }] });
    expect(await services.newUsers.create({ accountId, user })).toMatchObject({ status: "exists" });
  });

  it("is told what of a new user the service did not take, and has no password to hand out that was not set", async () => {
    servers.auth.faults.addRule({
      path: /set-password/,
      fault: { kind: "answer", status: 400, body: { errors: [{ title: "Password is too weak" }] } },
    });
    const made = await services.newUsers.create({ accountId, user: wanted({ externalIds: [{ provider: "oidc", id: "1" }] }) });
    expect(made).toMatchObject({
      status: "created",
      credentialsId: null,
      missing: [
        { part: "password", error: { kind: "password_refused", reason: "weak" } },
        { part: "external_ids", error: { kind: "not_allowed_by_server" } },
      ],
    });
  });

  it("finds the user whose making was never answered, and makes them once", async () => {
    servers.auth.faults.addRule({ method: "POST", path: /v1\/users$/, when: "after", fault: { kind: "cut" } });
    const user = wanted();
    expect(await services.newUsers.create({ accountId, user })).toMatchObject({ status: "created", missing: [] });
    expect(servers.auth.faults.requests({ method: "POST", path: /v1\/users$/ })).toHaveLength(1);
  });

  it("looks whether a new user has the rights whose giving was not answered", async () => {
    const sets = { method: "POST", path: /set-admin$/ } as const;
    servers.auth.faults.addRule({ ...sets, when: "after", fault: { kind: "cut" } });
    servers.auth.faults.addRule({ ...sets, skip: 1, fault: { kind: "answer", status: 403, body: { errors: [{ title: "No" }] } } });
    const user = wanted({ admin: true });
    expect(await services.newUsers.create({ accountId, user })).toMatchObject({ status: "created", missing: [], user: { admin: true } });
  });

  it("makes a user who begins locked, or deactivated and not erased", async () => {
    const locked = await services.newUsers.create({ accountId, user: wanted({ startsAs: "locked", userType: "bot" }) });
    expect(locked).toMatchObject({ status: "created", missing: [], user: { locked: true, userType: "bot" } });
    const user = wanted({ startsAs: "deactivated" });
    const gone = await services.newUsers.create({ accountId, user });
    expect(gone).toMatchObject({ status: "created", missing: [], credentialsId: null, user: { deactivated: true } });
    expect(await shown(idOf(user.username))).toMatchObject({ deactivated: true, erased: false });
  });

  it("makes nobody where the service does not let itself be asked", async () => {
    servers.auth.settings.adminApi = "off";
    const access = await services.administration.checkAccess({ accountId });
    expect(access).toMatchObject({ status: "admin", delegatedAuth: true });
    expect(access).not.toHaveProperty("serviceApi");
    expect(await services.newUsers.create({ accountId, user: wanted() })).toEqual({ status: "delegated" });
    servers.auth.settings.adminApi = "on";
    expect(await services.administration.checkAccess({ accountId })).toMatchObject({ serviceApi: true });
  });

  it("gives and takes an admin's rights and addresses, and no phone number nor their own rights", async () => {
    const user = await newUser();
    const userId = idOf(user.localpart);
    expect(await services.users.change({ accountId, userId, changes: { admin: true }, seen: { admin: false } })).toMatchObject({
      admin: true,
    });
    expect(user.mayAskForAdmin).toBe(true);
    expect(await shown(userId)).toMatchObject({ admin: true });
    const own = { accountId, userId: idOf("root"), changes: { admin: false }, seen: { admin: true } };
    await expect(services.users.change(own)).rejects.toMatchObject({ error: { kind: "not_allowed_by_server" } });
    const threepid = { medium: "email" as const, address: `${user.localpart}@example.org` };
    const added = await services.users.addThreepid({ accountId, userId, threepid, seen: [] });
    expect(added.user.threepids).toMatchObject([threepid]);
    const removed = await services.users.removeThreepid({ accountId, userId, threepid, seen: added.user.threepids });
    expect([removed.user.threepids, user.emails]).toEqual([[], []]);
    const phone = { medium: "msisdn" as const, address: "491711234567" };
    await expect(services.users.addThreepid({ accountId, userId, threepid: phone, seen: [] })).rejects.toMatchObject({
      error: { kind: "not_allowed_by_server" },
    });
  });

  it("signs one session of a user out, of whichever kind, and leaves the others", async () => {
    const user = await newUser();
    const userId = idOf(user.localpart);
    const [leaving, staying] = [await canSignIn(user.localpart, "a password"), await canSignIn(user.localpart, "a password")];
    const { devices } = await services.users.signOutDevices({ accountId, userId, deviceIds: [leaving.deviceId] });
    expect(devices.map(({ deviceId }) => deviceId)).toEqual([staying.deviceId]);
    expect(servers.auth.sessionsOf(user.localpart).map(({ deviceId }) => deviceId)).toEqual([staying.deviceId]);
  });
});

describe("what the service alone keeps of a user", () => {
  it("is whom a provider knows them as, which is given once and taken", async () => {
    const [user, other] = [await newUser(), await newUser()];
    const one = { accountId, userId: idOf(user.localpart) };
    const { providers } = await services.serviceUsers.links(one);
    expect(providers).toEqual([{ providerId: PROVIDER_ID, name: "Company login" }]);
    servers.auth.faults.addRule({ method: "POST", path: /upstream-oauth-links$/, when: "after", fault: { kind: "cut" } });
    const wantedLink = { providerId: PROVIDER_ID, subject: `of ${user.localpart}` };
    const { links } = await services.serviceUsers.addLink({ ...one, ...wantedLink });
    expect(links).toEqual([{ linkId: links[0]?.linkId, provider: "Company login", subject: wantedLink.subject }]);
    expect(servers.auth.faults.requests({ method: "POST", path: /upstream-oauth-links$/ })).toHaveLength(1);
    const taken = services.serviceUsers.addLink({ accountId, userId: idOf(other.localpart), ...wantedLink });
    expect(await errorOf(taken)).toEqual({ kind: "contact_of_other_user", contact: wantedLink.subject, userId: one.userId });
    const { linkId } = links[0]!;
    expect((await services.serviceUsers.removeLink({ accountId, userId: idOf(other.localpart), linkId })).links).toEqual([]);
    expect((await services.serviceUsers.links(one)).links).toHaveLength(1);
    expect((await services.serviceUsers.removeLink({ ...one, linkId })).links).toEqual([]);
  });

  it("is where they are signed in without a device, which can be ended", async () => {
    const user = await newUser();
    const one = { accountId, userId: idOf(user.localpart) };
    servers.auth.addOtherSession({ kind: "user", localpart: user.localpart, name: "A browser" });
    servers.auth.addOtherSession({ kind: "personal", localpart: user.localpart, name: "A script" });
    const { sessions } = await services.serviceUsers.sessions(one);
    expect(sessions).toMatchObject([
      { kind: "browser", name: "A browser", lastSeenIp: "192.0.2.7" },
      { kind: "personal", name: "A script" },
    ]);
    const sessionIds = [sessions[0]!.sessionId];
    expect((await services.serviceUsers.endSessions({ ...one, sessionIds })).sessions).toMatchObject([{ kind: "personal" }]);
    servers.auth.faults.addRule({ path: /personal-sessions/, fault: { kind: "answer", status: 404, body: "" } });
    expect(await services.serviceUsers.sessions(one)).toEqual({ sessions: [] });
    expect((await services.serviceUsers.endSessions({ ...one, sessionIds: [sessions[1]!.sessionId] })).sessions).toEqual([]);
  });
});

describe("the registration tokens of such a server", () => {
  const list = async () => {
    const answer = await services.registrationTokens.list({ accountId });
    return answer.status === "known" ? answer.tokens : [];
  };

  it("are made, listed and revoked at the service, once where an answer is lost", async () => {
    servers.auth.faults.addRule({ method: "POST", path: /user-registration-tokens$/, when: "after", fault: { kind: "cut" } });
    const expiresAt = Date.UTC(2100, 0);
    const { made, error } = await services.registrationTokens.create({
      accountId,
      name: null,
      length: 16,
      count: 2,
      usesAllowed: 3,
      expiresAt,
    });
    expect([made.length, error]).toEqual([2, null]);
    expect(await list()).toMatchObject(made.map((token) => ({ token, usesAllowed: 3, expiresAt, completed: 0 })));
    const change = { accountId, token: made[1]!, changes: { usesAllowed: 5 }, seen: { usesAllowed: 3, expiresAt } };
    expect(await services.registrationTokens.change(change)).toMatchObject({ usesAllowed: 5, expiresAt });
    await services.registrationTokens.remove({ accountId, token: made[0]! });
    expect((await list()).map(({ token }) => token)).toEqual([made[1]]);
    expect(servers.proxy.requests({ path: /registration_tokens/ })).toEqual([]);
  });
});

describe("many users of such a server", () => {
  async function bulk(action: SelectionAction, users: readonly AuthUser[]): Promise<string[]> {
    await services.bulk.fromUsers({ accountId, action, userIds: users.map(({ localpart }) => idOf(localpart)) });
    const draft = await rig.looked();
    if (draft === null) throw new Error("there is no draft");
    expect(draft).toMatchObject({ status: "ready", error: null });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    return rig.outcomes(jobId);
  }

  it("are locked, unlocked and deactivated by the service, without erasing them", async () => {
    const users = [await newUser(), await newUser()];
    const said = (outcome: string): string[] => users.map(({ localpart }) => `${idOf(localpart)} ${outcome}`);
    expect(await bulk("lock", users)).toEqual(said("done"));
    expect(users.map(({ locked }) => locked)).toEqual([true, true]);
    expect(await bulk("unlock", users)).toEqual(said("done"));
    servers.auth.faults.addRule({ method: "POST", path: /deactivate/, when: "after", fault: { kind: "reset" } });
    expect(await bulk("deactivate", users)).toEqual(said("done"));
    expect(users.map(({ deactivated }) => deactivated)).toEqual([true, true]);
    expect(servers.auth.faults.requests({ method: "POST", path: /deactivate/ })).toHaveLength(2);
    for (const { localpart } of users) expect(await shown(idOf(localpart))).toMatchObject({ deactivated: true, erased: false });
    expect(servers.proxy.requests({ path: /_synapse\/admin\/v1\/deactivate/ })).toEqual([]);
  });

  it("are made by the service from a file, and what it cannot do is told", async () => {
    const taken = await newUser();
    servers.auth.faults.addRule({ method: "POST", path: /v1\/users$/, when: "after", fault: { kind: "reset" } });
    const draft = await rig.chooseFile(
      "create",
      `id,displayname,password,admin,threepids,locked
csvann,Ann,,true,email:csvann@example.org,
csvben,Ben,nine quiet herons,,msisdn:491711234567,true
${taken.localpart},Taken,,,,
`,
    );
    expect(draft).toMatchObject({ status: "ready", ready: 2, skipped: 1 });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    expect(rig.outcomes(jobId)).toEqual([`${idOf("csvann")} done`, `${idOf("csvben")} incomplete fields_missing`]);
    expect(servers.auth.faults.requests({ method: "POST", path: /v1\/users$/ })).toHaveLength(2);
    expect(await shown(idOf("csvann"))).toMatchObject({ admin: true, displayName: "Ann", threepids: [{ address: "csvann@example.org" }] });
    expect(await shown(idOf("csvben"))).toMatchObject({ admin: false, locked: true });
    const password = /csvann,Ann,([^,]+),/.exec(await rig.saved(jobId, "all"))?.[1];
    await canSignIn("csvann", password!);
  });

  it("are changed there, each part where it belongs, and what nobody can change there is told", async () => {
    const [ann, ben] = [await newUser(), await newUser()];
    await services.users.addThreepid({
      accountId,
      userId: idOf(ann.localpart),
      threepid: { medium: "email", address: "before@example.org" },
      seen: [],
    });
    servers.auth.faults.addRule({ method: "POST", path: /user-emails$/, when: "after", fault: { kind: "reset" } });
    const draft = await rig.chooseFile(
      "change",
      `id,displayname,admin,emails,phones
${ann.localpart},Ann,true,after@example.org,491711234567
${ben.localpart},,,,491711234568
root,,false,,
`,
    );
    expect(draft).toMatchObject({ status: "ready", ready: 1, skipped: 2 });
    const { rows } = services.bulk.draftRows({ accountId, draftId: draft.draftId, which: "all", from: 0, limit: 10 });
    expect(rows.map(({ error, reason }) => error?.kind ?? reason)).toEqual([null, "not_allowed_by_server", "own_account"]);
    expect(rows[0]!.changes.map(({ field }) => field)).toEqual(["displayname", "admin", "emails"]);
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    expect(services.allJobs.rows({ jobId, which: "all", from: 0, limit: 10 }).rows).toMatchObject([
      { outcome: "incomplete", reason: "fields_not_changed", names: ["phones"], error: { kind: "not_allowed_by_server" } },
    ]);
    expect([ann.mayAskForAdmin, ann.emails]).toEqual([true, ["after@example.org"]]);
    expect(await shown(idOf(ann.localpart))).toMatchObject({ displayName: "Ann", admin: true });
  });

  it("are signed out everywhere by the service, which ends their sessions for good", async () => {
    const [user, nowhere] = [await newUser(), await newUser()];
    for (let time = 0; time < 2; time += 1) await canSignIn(user.localpart, "a password");
    expect(await bulk("sign_out", [user, nowhere])).toEqual([`${idOf(user.localpart)} done`]);
    expect(servers.auth.sessionsOf(user.localpart)).toEqual([]);
    expect((await services.users.devices({ accountId, userId: idOf(user.localpart) })).devices).toEqual([]);
    expect(servers.proxy.requests({ path: /delete_devices/ })).toEqual([]);
  });

  it("lose there the sessions that nobody has seen for a while, and no others", async () => {
    const user = await newUser();
    const [old, recent] = [await canSignIn(user.localpart, "a password"), await canSignIn(user.localpart, "a password")];
    await servers.synapse.setLastSeen(old.deviceId, { at: Date.now() - 100 * 24 * 3_600_000, ip: "192.0.2.1" });
    expect(await bulk("prune_sessions", [user])).toEqual([`${idOf(user.localpart)} done`]);
    expect(servers.auth.sessionsOf(user.localpart).map(({ deviceId }) => deviceId)).toEqual([recent.deviceId]);
  });

  it("are active again by the service, with their names and with passwords that are in the result", async () => {
    const [ann, ben] = [await newUser(), await newUser()];
    for (const { localpart } of [ann, ben]) await servers.auth.deactivate(localpart);
    const draft = await rig.chooseFile("reactivate", `id,displayname\n${ann.localpart},Ann\n${ben.localpart},\nroot,\n`);
    expect(draft).toMatchObject({ status: "ready", ready: 2, passwordsToMake: 2 });
    servers.auth.faults.addRule({ method: "POST", path: /reactivate/, when: "after", fault: { kind: "reset" } });
    servers.auth.faults.addRule({
      path: /set-password/,
      fault: { kind: "answer", status: 403, body: { errors: [{ title: "Password login is disabled" }] } },
    });
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    expect(rig.outcomes(jobId).sort()).toEqual(
      [ann, ben].map(({ localpart }) => expect.stringMatching(`^${idOf(localpart)} (?:done|incomplete fields_missing)$`)),
    );
    expect([ann.deactivated, ben.deactivated]).toEqual([false, false]);
    const made = [ann, ben].filter(({ password }) => password !== "a password");
    expect(made).toHaveLength(1);
    expect(await rig.saved(jobId, "all")).toContain(made[0]!.password);
    await canSignIn(made[0]!.localpart, made[0]!.password);
    expect(await shown(idOf(ann.localpart))).toMatchObject({ deactivated: false });
  });

  it("get other passwords there, which are in the result", async () => {
    const user = await newUser();
    await canSignIn(user.localpart, "a password");
    expect(await bulk("reset_passwords", [user])).toEqual([`${idOf(user.localpart)} done`]);
    expect(user.password).not.toBe("a password");
    expect(servers.auth.sessionsOf(user.localpart)).toHaveLength(1);
  });

  it("are left alone where the service does not let itself be asked, or would erase them", async () => {
    const user = await newUser();
    for (const [adminApi, action] of [
      ["off", "lock"],
      ["old", "deactivate"],
    ] as const) {
      servers.auth.settings.adminApi = adminApi;
      await services.bulk.fromUsers({ accountId, action, userIds: [idOf(user.localpart)] });
      expect(await rig.looked()).toMatchObject({ status: "failed", error: { kind: "users_managed_elsewhere" } });
    }
    expect(servers.auth.faults.requests(SENT)).toEqual([]);
  });
});
