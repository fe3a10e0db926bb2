import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { NewUser } from "../../../shared/contract/newUsers.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { makePng } from "../../support/png.ts";
import { secretOf } from "../../support/secretValues.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";

const PUT_USER = { method: "PUT", path: /\/admin\/v2\/users\// };
const PICTURE = { image: new Uint8Array(makePng(4, 4)), mimeType: "image/png" } as const;
const SHARED_SECRET = { method: "POST", path: /\/admin\/v1\/register/ };

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let accountId: AccountId;
let count = 0;
let name: string;

beforeAll(async () => {
  synapse = await startSynapse();
  proxy = await startFaultProxy(synapse.baseUrl);
  data = await StewardData.create();
  services = await data.open();
  const admin = await synapse.register({ user: "boss", password: "the boss of it all", admin: true });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: admin.userId },
    password: secretOf("password", admin.password),
    acceptInsecureHttp: false,
  });
}, 180_000);
afterAll(async () => {
  await data?.destroy();
  await proxy?.stop();
  await synapse?.stop();
});
beforeEach(() => {
  name = `made${(count += 1)}`;
  proxy.clearRecord();
});
afterEach(() => proxy.clear());

const idOf = (username: string): string => `@${username}:${synapse.serverName}`;
const create = (user: Partial<NewUser> = {}) =>
  services.newUsers.create({
    accountId,
    user: {
      username: name,
      displayName: null,
      emails: [],
      externalIds: [],
      admin: false,
      userType: null,
      startsAs: "active",
      picture: null,
      password: { kind: "generated" },
      ...user,
    },
  });
const seen = (userId = idOf(name)) => synapse.adminCall({ path: `/_synapse/admin/v2/users/${encodeURIComponent(userId)}` });

describe("a new user", () => {
  it("is made with everything that was asked for, and signs in with the password that is handed out", async () => {
    const email = `${name}@mail.example`;
    const result = await create({
      displayName: "Ann O’Nym",
      emails: [email],
      externalIds: [{ provider: "oidc-x", id: name }],
      admin: true,
      picture: PICTURE,
    });
    if (result.status !== "created" || result.credentialsId === null) throw new Error(JSON.stringify(result));
    expect(result).toMatchObject({
      missing: [],
      user: { displayName: "Ann O’Nym", admin: true, threepids: [{ medium: "email", address: email }] },
    });
    expect(await synapse.call({ path: `/_matrix/client/v3/profile/${encodeURIComponent(idOf(name))}` })).toMatchObject({
      avatar_url: expect.stringMatching(/^mxc:/) as string,
    });
    const { credentialsId } = result;
    const { userId, password } = await services.newUsers.showCredentials({ accountId, credentialsId });
    expect(await synapse.login(userId, password.reveal())).toMatchObject({ userId: idOf(name) });
    expect(
      await sweepForSecrets({ password: password.reveal() }, { folders: [data.folder], texts: { warnings: data.warnings.join("\n") } }),
    ).toEqual([]);
    expect(await services.newUsers.keepCredentials({ accountId, credentialsId, how: "save" })).toEqual({ kept: true });
    expect(data.kept.at(-1)).toBe(`${userId}\n${password.reveal()}\n`);
    await services.newUsers.forgetCredentials({ accountId, credentialsId });
    expect(await services.newUsers.waitingCredentials({ accountId })).toEqual({ waiting: [] });
  });

  it("begins locked or deactivated, and of a type, where that is asked for", async () => {
    const locked = await create({ startsAs: "locked", userType: "bot" });
    expect(locked).toMatchObject({ status: "created", missing: [], user: { locked: true, deactivated: false, userType: "bot" } });
    const [waiting] = (await services.newUsers.waitingCredentials({ accountId })).waiting;
    expect(locked).toHaveProperty("credentialsId", waiting?.credentialsId);
    await services.newUsers.forgetCredentials({ accountId, credentialsId: waiting!.credentialsId });
    name = `${name}-gone`;
    const emails = [`${name}@mail.example`];
    proxy.addRule({ ...PUT_USER, skip: 1, when: "after", fault: { kind: "reset" } });
    const gone = await create({ startsAs: "deactivated", emails, password: { kind: "own", password: secretOf("password", "easy") } });
    expect(gone).toMatchObject({ status: "created", credentialsId: null, user: { deactivated: true, erased: false } });
    expect(await seen()).toMatchObject({ deactivated: true, threepids: [] });
  });

  it("says that they are active where the server does not lock them", async () => {
    const old = { name: idOf(name), admin: false, deactivated: false, locked: false };
    proxy.addRule({ ...PUT_USER, skip: 1, fault: { kind: "answer", status: 200, body: old } });
    expect(await create({ startsAs: "locked", password: { kind: "none" } })).toMatchObject({
      status: "created",
      missing: [{ part: "locked", error: null }],
      user: { locked: false },
    });
  });

  it("is told apart from one who is there, and nothing of them is changed", async () => {
    await synapse.register({ user: name, password: "a password", displayName: "Somebody" });
    expect(await create({ displayName: "Else" })).toMatchObject({
      status: "exists",
      userId: idOf(name),
      user: { displayName: "Somebody" },
    });
    expect(proxy.requests(PUT_USER)).toEqual([]);
    expect((await services.newUsers.waitingCredentials({ accountId })).waiting).toEqual([]);
  });

  it("is told apart from one who is deactivated", async () => {
    await synapse.register({ user: name, password: "a password" });
    await synapse.adminCall({
      method: "POST",
      path: `/_synapse/admin/v1/deactivate/${encodeURIComponent(idOf(name))}`,
      body: { erase: true },
    });
    expect(await create()).toMatchObject({ status: "exists", user: { deactivated: true } });
    expect(proxy.requests(PUT_USER)).toEqual([]);
  });

  it("does not take an email address from somebody, whatever its case", async () => {
    const owner = await synapse.register({ user: `${name}-owner`, password: "a password" });
    await synapse.setEmail(owner, `${name}@mail.example`);
    expect(await create({ emails: [`${name}@mail.example`] })).toEqual({
      status: "contacts_taken",
      taken: [{ kind: "email", contact: `${name}@mail.example`, owner: owner.userId }],
    });
    expect(proxy.requests(PUT_USER)).toEqual([]);
  });

  it("does not take an identity of single sign-on from somebody, who may be erased", async () => {
    const externalIds = [{ provider: "oidc-x", id: `of ${name}/ü` }];
    const first = await create({ externalIds });
    expect(first.status).toBe("created");
    await synapse.adminCall({
      method: "POST",
      path: `/_synapse/admin/v1/deactivate/${encodeURIComponent(idOf(name))}`,
      body: { erase: true },
    });
    expect(await create({ username: `${name}-b`, externalIds })).toMatchObject({
      status: "contacts_taken",
      taken: [{ owner: idOf(name) }],
    });
    // The server goes on naming the first as its owner when the id was taken off by way of the whole list.
    await synapse.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v2/users/${encodeURIComponent(idOf(name))}`,
      body: { external_ids: [] },
    });
    expect(await create({ username: `${name}-b`, externalIds })).toMatchObject({ status: "created", missing: [] });
  });

  it("is finished where the server made the account and refused the rest", async () => {
    // The server makes the account and refuses the contact afterwards, as it does with a used one.
    proxy.addRule({
      ...PUT_USER,
      when: "after",
      fault: { kind: "answer", status: 409, body: { errcode: "M_UNKNOWN", error: "External id is already in use." } },
    });
    const result = await create({ emails: [`${name}@mail.example`] });
    expect(result).toMatchObject({ status: "created", missing: [], user: { threepids: [{ address: `${name}@mail.example` }] } });
  });

  it("says which part the server did not take", async () => {
    await synapse.register({ user: `${name}-other`, password: "a password" });
    const without = { ...(await seen(idOf(`${name}-other`))), name: idOf(name) };
    proxy.addRule({ ...PUT_USER, fault: { kind: "answer", status: 201, body: without } });
    proxy.addRule({ ...PUT_USER, skip: 1, fault: { kind: "answer", status: 400, body: { errcode: "M_INVALID_PARAM", error: "no" } } });
    const result = await create({ emails: [`${name}@mail.example`] });
    expect(result).toMatchObject({
      status: "created",
      missing: [{ part: "emails", error: { kind: "server", errcode: "M_INVALID_PARAM" } }],
    });
  });

  it("is made without a picture that the server does not take", async () => {
    proxy.addRule({
      method: "POST",
      path: /\/upload/,
      fault: { kind: "answer", status: 413, body: { errcode: "M_TOO_LARGE", error: "no" } },
    });
    expect(await create({ picture: PICTURE })).toMatchObject({
      status: "created",
      missing: [{ part: "picture", error: { kind: "too_large" } }],
    });
  });

  it("is found where the answer was lost after the server made them", async () => {
    proxy.addRule({ ...PUT_USER, when: "after", fault: { kind: "reset" } });
    const result = await create({ admin: true });
    expect(result).toMatchObject({ status: "created", user: { admin: true } });
    expect(proxy.requests(PUT_USER)).toHaveLength(1);
  });

  it("is finished by asking again where it could not be found out", async () => {
    proxy.addRule({ ...PUT_USER, when: "after", fault: { kind: "answer", status: 502, body: "<html>" } });
    // The two questions before it, and then none.
    proxy.addRule({
      method: "GET",
      path: new RegExp(`/admin/v2/users/%40${name}%3A`),
      skip: 1,
      times: Infinity,
      fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "" } },
    });
    expect(await create()).toMatchObject({ status: "unknown", error: { kind: "gateway_error" } });
    proxy.clear();
    const result = await create({ displayName: "Ann" });
    if (result.status !== "created" || result.credentialsId === null) throw new Error(JSON.stringify(result));
    const { password } = await services.newUsers.showCredentials({ accountId, credentialsId: result.credentialsId });
    expect(await synapse.login(idOf(name), password.reveal())).toMatchObject({ userId: idOf(name) });
    expect((await seen()).displayname).toBe("Ann");
    // And is somebody who is there from now on.
    expect((await create()).status).toBe("exists");
  });

  it("is nobody where the server refuses, and no password waits to be handed out", async () => {
    const before = (await services.newUsers.waitingCredentials({ accountId })).waiting;
    proxy.addRule({ ...PUT_USER, fault: { kind: "answer", status: 400, body: { errcode: "M_INVALID_PARAM", error: "no" } } });
    await expect(create()).rejects.toThrow("server");
    expect((await services.newUsers.waitingCredentials({ accountId })).waiting).toEqual(before);
    expect((await services.actionLog.list())[0]).toMatchObject({ action: "create", target: idOf(name), result: "failed" });
  });

  it("has their password still to be handed out after a restart", async () => {
    const result = await create();
    if (result.status !== "created" || result.credentialsId === null) throw new Error(JSON.stringify(result));
    const { credentialsId } = result;
    const shown = await services.newUsers.showCredentials({ accountId, credentialsId });
    await data.close();
    services = await data.open();
    expect(await services.newUsers.showCredentials({ accountId, credentialsId })).toEqual(shown);
    await services.sessions.restoreAll();
  });
});

describe("registration tokens", () => {
  type Wanted = Omit<Parameters<Services["registrationTokens"]["create"]>[0], "accountId">;
  const make = (wanted: Partial<Wanted>) =>
    services.registrationTokens.create({ name: null, length: 16, count: 1, usesAllowed: null, expiresAt: null, ...wanted, accountId });
  const tokens = async () => {
    const list = await services.registrationTokens.list({ accountId });
    if (list.status !== "known") throw new Error(list.status);
    return list.tokens;
  };

  it("are made, listed with what is left of them, and removed", async () => {
    const expiresAt = Date.now() + 86_400_000;
    const { made, error } = await make({ count: 3, length: 24, usesAllowed: 5, expiresAt });
    expect([made.length, error]).toEqual([3, null]);
    for (const token of made) expect(token).toMatch(/^[A-Za-z2-9]{24}$/);
    const found = (await tokens()).filter(({ token }) => made.includes(token));
    expect(found).toEqual(
      made.map((token): unknown =>
        expect.objectContaining({ token, usesAllowed: 5, pending: 0, completed: 0, expiresAt, addressable: true }),
      ),
    );
    await services.registrationTokens.remove({ accountId, token: made[0]! });
    await services.registrationTokens.remove({ accountId, token: made[0]! });
    expect((await tokens()).map(({ token }) => token)).not.toContain(made[0]);
    expect(JSON.stringify(await services.actionLog.list())).not.toContain(made[1]);
  });

  it("are changed in what is changed, where nobody else was faster", async () => {
    const { made } = await make({ usesAllowed: 5, expiresAt: Date.now() + 60_000 });
    const token = made[0]!;
    const seen = async () => (await tokens()).find((one) => one.token === token)!;
    const change = (changes: object, known: { usesAllowed: number | null; expiresAt: number | null }) =>
      services.registrationTokens.change({ accountId, token, changes, seen: known });
    const first = await seen();
    const expiresAt = Date.now() + 86_400_000;
    expect(await change({ expiresAt }, first)).toMatchObject({ usesAllowed: 5, expiresAt });
    expect(await errorOf(change({ usesAllowed: 9 }, first))).toEqual({ kind: "changed_meanwhile" });
    proxy.addRule({ method: "PUT", path: /registration_tokens/, when: "after", fault: { kind: "reset" } });
    expect(await change({ usesAllowed: null, expiresAt: null }, await seen())).toMatchObject({ usesAllowed: null, expiresAt: null });
    expect(await errorOf(change({ expiresAt: 1 }, await seen()))).toMatchObject({ kind: "server", errcode: "M_INVALID_PARAM" });
    const [, last] = await services.actionLog.list();
    expect(last).toMatchObject({ action: "change_token", target: `${token.slice(0, 4)}…` });
    expect(last?.changes?.map(({ field, after }) => [field, after])).toEqual([
      ["usesAllowed", null],
      ["expiresAt", null],
    ]);
    await services.registrationTokens.remove({ accountId, token });
    expect(await errorOf(change({ usesAllowed: 1 }, { usesAllowed: null, expiresAt: null }))).toEqual({ kind: "not_found" });
  });

  it("are listed where no address can name them, and where 0 uses mean no end", async () => {
    for (const token of [".", ".."]) {
      await synapse.adminCall({ path: "/_synapse/admin/v1/registration_tokens/new", body: { token, uses_allowed: 0 } });
    }
    const odd = (await tokens()).filter(({ addressable }) => !addressable);
    expect(odd.map(({ token, usesAllowed }) => [token, usesAllowed])).toEqual(
      expect.arrayContaining([
        [".", null],
        ["..", null],
      ]),
    );
  });

  it("are made once where the answer was lost, and those that were made stay where one fails", async () => {
    const NEW = { method: "POST", path: /registration_tokens\/new/ };
    proxy.addRule({ ...NEW, when: "after", fault: { kind: "reset" } });
    proxy.addRule({ ...NEW, skip: 2, fault: { kind: "answer", status: 400, body: { errcode: "M_INVALID_PARAM", error: "no" } } });
    const { made, error } = await make({ count: 3 });
    expect([made.length, error?.kind]).toEqual([2, "server"]);
    expect((await tokens()).map(({ token }) => token)).toEqual(expect.arrayContaining(made));
  });

  it("are said to be refused where one of that name is there", async () => {
    await make({ name: `own-${name}` });
    expect(await make({ name: `own-${name}` })).toMatchObject({ made: [], error: { kind: "server" } });
  });

  it("are said not to be there on servers without them", async () => {
    proxy.addRule({ path: /registration_tokens/, fault: { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED", error: "" } } });
    expect(await services.registrationTokens.list({ accountId })).toEqual({ status: "not_available" });
  });
});

describe("the first admin", () => {
  const SECRET = "the tests' shared secret";
  const first = (more: object = {}) =>
    services.firstAdmin.create({
      baseUrl: proxy.baseUrl,
      serverName: synapse.serverName,
      acceptInsecureHttp: false,
      sharedSecret: secretOf("shared secret", synapse.registrationSharedSecret),
      username: name,
      password: secretOf("password", "nine quiet herons"),
      ...more,
    });

  it("is made with the secret, becomes an account, and the secret is kept nowhere", async () => {
    const { accountId: made } = await first();
    expect(services.sessions.account(made)).toMatchObject({ userId: idOf(name) });
    expect((await seen()).admin).toBe(true);
    const secrets = { "shared secret": synapse.registrationSharedSecret };
    expect(await sweepForSecrets(secrets, { folders: [data.folder], texts: { warnings: data.warnings.join("\n") } })).toEqual([]);
  });

  it("is found where the answer was lost", async () => {
    proxy.addRule({ ...SHARED_SECRET, when: "after", fault: { kind: "reset" } });
    const { accountId: made } = await first();
    expect(services.sessions.account(made)).toMatchObject({ userId: idOf(name) });
  });

  it("is refused in words of its own: a wrong secret, a taken name, a server without it", async () => {
    expect(await errorOf(first({ sharedSecret: secretOf("shared secret", SECRET) }))).toEqual({ kind: "shared_secret_wrong" });
    expect(await errorOf(first({ username: "boss" }))).toEqual({ kind: "user_name_taken", username: "boss" });
    expect(await errorOf(first({ password: secretOf("password", `${name}1`) }))).toEqual({ kind: "password_refused", reason: "guessable" });
    proxy.addRule({
      path: /admin\/v1\/register/,
      fault: { kind: "answer", status: 400, body: { errcode: "M_UNKNOWN", error: "Shared secret registration is not enabled" } },
    });
    expect(await errorOf(first())).toEqual({ kind: "shared_secret_off" });
    proxy.addRule({ path: /admin\/v1\/register/, fault: { kind: "answer", status: 404, body: "<html>" } });
    expect(await errorOf(first())).toMatchObject({ kind: "admin_api_not_exposed" });
  });
});
