import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";

const EMAIL = { medium: "email", address: "someone@mail.example" } as const;
const PHONE = { medium: "msisdn", address: "447700900123" } as const;
const DELETE = { method: "POST", path: /\/account\/3pid\/delete$/ };

let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let accountId: AccountId;
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
  const user = await synapse.register({ user: `addresses${(users += 1)}`, password: "a password" });
  await synapse.call({
    method: "PUT",
    path: `/_synapse/admin/v2/users/${encodeURIComponent(user.userId)}`,
    token: await synapse.adminToken(),
    body: { threepids: [EMAIL, PHONE] },
  });
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: secretOf("password", user.password),
    acceptInsecureHttp: false,
  });
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

const listed = async () => (await services.addresses.list({ accountId })).addresses;

it("lists what is on the account, and what is left after one is removed", async () => {
  expect(await services.addresses.list({ accountId })).toEqual({ addresses: [EMAIL, PHONE], canChange: true });
  expect(await services.addresses.remove({ accountId, ...EMAIL })).toMatchObject({ addresses: [PHONE] });
  expect(await services.health.refresh(accountId)).toMatchObject({ recoveryEmail: { kind: "none" } });
  expect(await services.addresses.remove({ accountId, ...EMAIL })).toMatchObject({ addresses: [PHONE] });
});

it("keeps an address that the server does not take off, and says why", async () => {
  const body = { errcode: "M_UNKNOWN", error: "Failed to remove threepid" };
  proxy.addRule({ ...DELETE, fault: { kind: "answer", status: 500, body } });
  await expect(services.addresses.remove({ accountId, ...EMAIL })).rejects.toMatchObject({
    error: { kind: "server", message: "Failed to remove threepid" },
  });
  proxy.addRule({ ...DELETE, fault: { kind: "answer", status: 400, body: { errcode: "M_FORBIDDEN", error: "3PID changes disabled" } } });
  await expect(services.addresses.remove({ accountId, ...EMAIL })).rejects.toThrow("not_allowed_by_server");
  expect(await listed()).toEqual([EMAIL, PHONE]);
});

it("says that nothing can be changed where the server says so, and leaves out what it does not know", async () => {
  const capabilities = { "m.3pid_changes": { enabled: false } };
  proxy.addRule({ path: /v3\/capabilities/, times: Infinity, fault: { kind: "answer", status: 200, body: { capabilities } } });
  const threepids = [EMAIL, { medium: "pigeon", address: "loft 3" }, { medium: "email" }, null];
  proxy.addRule({ method: "GET", path: /account\/3pid/, times: Infinity, fault: { kind: "answer", status: 200, body: { threepids } } });
  expect(await services.addresses.list({ accountId })).toEqual({ addresses: [EMAIL], canChange: false });
});
