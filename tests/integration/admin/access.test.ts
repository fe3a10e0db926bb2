import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { LocalServer } from "../../support/localServer.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const OF_ADMINS = /\/_synapse\/admin\//;
const HTML = { kind: "answer", status: 404, body: "<html><h1>404 Not Found</h1></html>" } as const;

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let users = 0;

beforeAll(async () => {
  synapse = await startSynapse();
  proxy = await startFaultProxy(synapse.baseUrl);
}, 120_000);
afterAll(async () => {
  await proxy?.stop();
  await synapse?.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

async function signIn({ admin }: { admin: boolean }): Promise<AccountId> {
  const { user, password } = await synapse.register({ user: `access${(users += 1)}`, password: "a password", admin });
  return services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user },
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
}

const learnt = (accountId: AccountId): Promise<unknown> =>
  waitUntil(
    () => {
      const access = services.administration.access({ accountId });
      return access.status === "unknown" ? null : access;
    },
    { what: "it is known whether the account is an admin", timeoutMs: 60_000 },
  );
const check = (accountId: AccountId) => services.administration.checkAccess({ accountId });

it("still counts as an admin where the server is away at the next start", async () => {
  const accountId = await signIn({ admin: true });
  await learnt(accountId);
  await data.close();
  proxy.addRule({ path: /(?:)/, times: Infinity, fault: { kind: "answer", status: 502, body: "<html>" } });
  services = await data.open();
  expect(services.administration.access({ accountId })).toEqual({ status: "unknown", adminBaseUrl: null, wasAdmin: true });
});

it("finds out by itself who is an admin and who is not, and asks once", async () => {
  expect(await learnt(await signIn({ admin: true }))).toEqual({
    status: "admin",
    adminBaseUrl: null,
    wasAdmin: true,
    version: expect.stringMatching(/^\d+\.\d+/),
    delegatedAuth: false,
  });
  const plain = await signIn({ admin: false });
  expect(await learnt(plain)).toEqual({ status: "not_admin", adminBaseUrl: null, wasAdmin: false });
  await services.administration.learn(plain);
  const asked = proxy.record.filter(({ path }) => path.includes(`access${users}`) && OF_ADMINS.test(path));
  expect(asked).toHaveLength(1);
});

it("tells apart why it cannot be asked, and notices who is an admin no more", async () => {
  const accountId = await signIn({ admin: true });
  await learnt(accountId);
  proxy.addRule({ path: OF_ADMINS, fault: HTML });
  expect(await check(accountId)).toMatchObject({ status: "not_exposed" });
  proxy.addRule({ path: OF_ADMINS, fault: { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED", error: "" } } });
  expect(await check(accountId)).toMatchObject({ status: "not_supported" });
  proxy.addRule({ path: OF_ADMINS, fault: { kind: "answer", status: 501, body: {} } });
  expect(await check(accountId)).toMatchObject({ status: "unreachable", error: { kind: "gateway_error" } });
  const { userId } = services.sessions.account(accountId);
  const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/admin`;
  await synapse.adminCall({ method: "PUT", path, body: { admin: false } });
  expect(await check(accountId)).toMatchObject({ status: "not_admin" });
  expect(services.sessions.account(accountId).session.status).toBe("running");
});

it("asks at the address that the person gave, keeps it with the account, and forgets it with it", async () => {
  const accountId = await signIn({ admin: true });
  await learnt(accountId);
  proxy.addRule({ path: OF_ADMINS, times: Infinity, fault: HTML });
  const setAddress = (address: string | null) => services.administration.setAddress({ accountId, address, acceptInsecureHttp: false });
  expect(await setAddress(synapse.baseUrl)).toMatchObject({ status: "admin", adminBaseUrl: synapse.baseUrl });
  await data.close();
  services = await data.open();
  expect(services.administration.access({ accountId })).toEqual({ status: "unknown", adminBaseUrl: synapse.baseUrl, wasAdmin: true });
  await services.sessions.restoreAll();
  expect(await learnt(accountId)).toMatchObject({ status: "admin" });
  expect(await setAddress(null)).toMatchObject({ status: "not_exposed", adminBaseUrl: null });
});

it("gives the token to nothing that has not said that it is an admin API", async () => {
  const accountId = await signIn({ admin: true });
  await learnt(accountId);
  const answers = [
    { status: 200, body: "{}", kind: "admin_api_not_exposed" },
    { status: 404, body: "<html>", kind: "admin_api_not_exposed" },
    { status: 403, body: JSON.stringify({ errcode: "M_FORBIDDEN", error: "" }), kind: "forbidden" },
    { status: 302, body: "", kind: "redirected" },
  ];
  let answer = answers[0]!;
  const location = `${synapse.baseUrl}/_synapse/admin/v2/users/x`;
  const stranger = await LocalServer.start((response) => void response.writeHead(answer.status, { location }).end(answer.body));
  try {
    for (answer of answers) {
      const set = services.administration.setAddress({ accountId, address: stranger.baseUrl, acceptInsecureHttp: false });
      expect(await errorOf(set)).toMatchObject({ kind: answer.kind });
    }
    expect(services.administration.access({ accountId })).toMatchObject({ status: "admin", adminBaseUrl: null });
    expect(stranger.arrived.map(({ headers }) => headers.authorization)).toEqual(answers.map(() => undefined));
  } finally {
    await stranger.stop();
  }
});

it("says that the address given is that of another server, and goes on with the session", async () => {
  const accountId = await signIn({ admin: true });
  const other = await LocalServer.start((response) => {
    const body = { errcode: response.req.headers.authorization ? "M_UNKNOWN_TOKEN" : "M_MISSING_TOKEN", error: "" };
    response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  try {
    const set = await services.administration.setAddress({ accountId, address: other.baseUrl, acceptInsecureHttp: false });
    const host = new URL(other.baseUrl).host;
    expect(set).toMatchObject({ status: "unreachable", error: { kind: "admin_address_elsewhere", host } });
    expect(services.sessions.account(accountId).session.status).toBe("running");
  } finally {
    await other.stop();
  }
});

it("warns before a token would go over plain http, and refuses other computers in a trial", async () => {
  const accountId = await signIn({ admin: true });
  const address = "http://admin.example.org:8008";
  const set = () => errorOf(services.administration.setAddress({ accountId, address, acceptInsecureHttp: false }));
  expect(await set()).toEqual({ kind: "insecure_http", baseUrl: address });
  await data.close();
  services = await data.open({ onlyThisComputer: true });
  expect(await set()).toEqual({ kind: "this_computer_only", host: "admin.example.org:8008" });
});
