import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountAddress } from "../../../shared/contract/addresses.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { matrixCall } from "../../support/matrixApi.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { type SydentPair, startSydentPair } from "../../support/sydentPair.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const TERMS = { version: "1", baseUrl: "https://identity.example/terms" };
const ACCEPTED = [`${TERMS.baseUrl}/1/en`];

let pair: SydentPair;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let accountId: AccountId;
let user: TestUser;
let email: AccountAddress;
let phone: AccountAddress;
let users = 0;

beforeAll(async () => {
  pair = await startSydentPair(TERMS);
  proxy = await startFaultProxy(pair.synapse.baseUrl);
}, 300_000);
afterAll(async () => {
  await proxy?.stop();
  await pair?.stop();
});
beforeEach(async () => {
  users += 1;
  const { synapse } = pair;
  user = await synapse.register({ user: `found${users}`, password: "a password" });
  email = { medium: "email", address: `found${users}@mail.example` };
  phone = { medium: "msisdn", address: `44770090${1000 + users}` };
  await synapse.adminCall({
    method: "PUT",
    path: `/_synapse/admin/v2/users/${encodeURIComponent(user.userId)}`,
    body: { threepids: [email, phone] },
  });
  data = await StewardData.create();
  services = await data.open();
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

const state = () => services.identityServers.state({ accountId });
const onAccount = async () => (await services.addresses.list({ accountId })).addresses;
const ofAccount = (type: string) => `/_matrix/client/v3/user/${encodeURIComponent(user.userId)}/account_data/${type}`;

/** What the account says, as another client would read it. */
async function accountData(type: string): Promise<unknown> {
  const { accessToken: token } = await pair.synapse.login(user.user, user.password);
  return (await matrixCall(pair.synapse.baseUrl, { path: ofAccount(type), token })).body;
}

/** Has the account use the identity server, with its terms agreed to. */
async function connect(): Promise<void> {
  await services.identityServers.use({ accountId, identityServer: pair.sydent.baseUrl });
  if ((await state()).kind === "terms") await services.identityServers.agree({ accountId, urls: ACCEPTED });
  expect(await state()).toMatchObject({ kind: "connected" });
}

async function openLink(): Promise<void> {
  const { links } = await pair.mailbox.waitFor(({ to }) => to.includes(email.address));
  await (await fetch(links[0]!)).text();
}

/** Shares the email address, and waits until others find it. */
async function shareEmail(): Promise<void> {
  await services.shareAddresses.share({ accountId, ...email });
  await openLink();
  await waitUntil(async () => (await services.shareAddresses.pendingShares({ accountId })).pending.length === 0, {
    what: "the address to be shared",
  });
}

it("uses none until the person chooses one, shows its terms first, and says again that none is wanted", async () => {
  const { sydent } = pair;
  const { host } = sydent;
  expect(await state()).toEqual({ kind: "none", notWanted: false });
  const asked = await services.identityServers.use({ accountId, identityServer: sydent.baseUrl });
  expect(asked).toMatchObject({ kind: "terms", host, chosen: true, policies: [{ id: "privacy_policy" }] });
  expect(await accountData("m.identity_server")).toEqual({ base_url: sydent.baseUrl });
  await expect(services.identityServers.agree({ accountId, urls: ["https://elsewhere.example"] })).rejects.toThrow("conversation_over");
  await expect(services.identityServers.openPolicy({ accountId, url: "https://elsewhere.example" })).rejects.toThrow("conversation_over");
  await services.identityServers.openPolicy({ accountId, url: ACCEPTED[0]! });
  expect(data.opened).toEqual(ACCEPTED);
  expect(await services.identityServers.agree({ accountId, urls: ACCEPTED })).toEqual({
    kind: "connected",
    host,
    chosen: true,
    shared: [],
  });
  expect(await accountData("m.accepted_terms")).toEqual({ accepted: ACCEPTED });
  expect(await services.identityServers.stopUsing({ accountId })).toEqual({ kind: "none", notWanted: true });
  expect(await accountData("m.identity_server")).toEqual({ base_url: null });
  expect(await state()).toEqual({ kind: "none", notWanted: true });
  // What was agreed to is not asked about again.
  expect(await services.identityServers.use({ accountId, identityServer: sydent.baseUrl })).toMatchObject({ kind: "connected" });
});

it("shares an email address once its link is opened, which never leaves the account, also over a restart", async () => {
  await connect();
  await services.shareAddresses.share({ accountId, ...email });
  const { pending } = await services.shareAddresses.pendingShares({ accountId });
  expect(pending).toMatchObject([{ ...email, status: "sent", count: 1 }]);
  const { pendingId } = pending[0]!;
  expect(await services.shareAddresses.confirmShare({ accountId, pendingId, code: null })).toEqual({ shared: false });
  await services.shareAddresses.sendShareAgain({ accountId, pendingId });
  await waitUntil(() => pair.mailbox.messages.filter(({ to }) => to.includes(email.address)).length === 2, { what: "one more mail" });
  expect(await onAccount()).toEqual([email, phone]);
  await data.close();
  services = await data.open();
  await services.sessions.restoreAll();
  expect((await services.shareAddresses.pendingShares({ accountId })).pending).toMatchObject([{ pendingId, status: "sent", count: 2 }]);
  await openLink();
  await waitUntil(async () => (await services.shareAddresses.pendingShares({ accountId })).pending.length === 0, {
    what: "the address to be shared",
  });
  expect(await state()).toMatchObject({ kind: "connected", shared: [email] });
  expect(await services.shareAddresses.stopSharing({ accountId, ...email })).toMatchObject({ kind: "connected", shared: [] });
  expect(await onAccount()).toEqual([email, phone]);
});

it("shares a phone number by the code sent to it, and calls a wrong one wrong", async () => {
  await connect();
  const { pendingId } = await services.shareAddresses.share({ accountId, ...phone });
  const [code = ""] = pair.sydent.codes(phone.address);
  const wrong = code === "100000" ? "100001" : "100000";
  await expect(services.shareAddresses.confirmShare({ accountId, pendingId, code: wrong })).rejects.toMatchObject({
    error: { kind: "phone_refused", reason: "wrong_code" },
  });
  expect(await services.shareAddresses.confirmShare({ accountId, pendingId, code })).toEqual({ shared: true });
  expect(await state()).toMatchObject({ shared: [phone] });
});

it("finds out that an address is shared although the answer to that was lost", async () => {
  await connect();
  const { pendingId } = await services.shareAddresses.share({ accountId, ...phone });
  const lost = proxy.addRule({ method: "POST", path: /3pid\/bind$/, fault: { kind: "cut" }, when: "after" });
  const [code = ""] = pair.sydent.codes(phone.address);
  expect(await services.shareAddresses.confirmShare({ accountId, pendingId, code })).toEqual({ shared: true });
  expect(lost.met).toBe(1);
  expect(await state()).toMatchObject({ shared: [phone] });
});

it("tells stopping to share apart from removing, while the identity server is away, and keeps both", async () => {
  await connect();
  await shareEmail();
  await pair.sydent.goDown();
  try {
    expect(await state()).toMatchObject({ kind: "unreachable", host: pair.sydent.host });
    await expect(services.shareAddresses.stopSharing({ accountId, ...email })).rejects.toThrow("stop_sharing_failed");
    await expect(services.addresses.remove({ accountId, ...email })).rejects.toThrow("stop_sharing_failed");
    expect(await onAccount()).toEqual([email, phone]);
  } finally {
    await pair.sydent.comeBack();
  }
  expect(await state()).toMatchObject({ kind: "connected", shared: [email] });
  expect((await services.addresses.remove({ accountId, ...email })).addresses).toEqual([phone]);
}, 60_000);

it("shows terms that have changed when something is refused for them, and takes another token for one that was forgotten", async () => {
  await connect();
  await pair.sydent.goDown();
  await pair.sydent.comeBack({ ...TERMS, version: "2" });
  try {
    data.events.length = 0;
    await expect(services.shareAddresses.share({ accountId, ...email })).rejects.toMatchObject({
      error: { kind: "identity_terms_unsigned", host: pair.sydent.host },
    });
    expect(data.events).toContainEqual({ channel: "identityServer.changed", payload: { accountId } });
    expect(await state()).toMatchObject({ kind: "terms", policies: [{ texts: [{ url: `${TERMS.baseUrl}/2/en` }, {}] }] });
    await services.identityServers.agree({ accountId, urls: [`${TERMS.baseUrl}/2/de`] });
    expect(await state()).toMatchObject({ kind: "connected" });
  } finally {
    await pair.sydent.goDown();
    await pair.sydent.comeBack();
  }
  await services.secretStore.update(accountId, (secrets) => ({
    ...secrets,
    identityServer: JSON.stringify({ baseUrl: pair.sydent.baseUrl, token: "forgotten" }),
  }));
  expect(await state()).toMatchObject({ kind: "connected" });
}, 60_000);

it("sends nothing to a server that the account or its homeserver names before the person has connected to it", async () => {
  const { accessToken: token } = await pair.synapse.login(user.user, user.password);
  const name = (baseUrl: unknown) =>
    pair.synapse.call({ method: "PUT", path: ofAccount("m.identity_server"), token, body: { base_url: baseUrl } });
  await name(pair.sydent.baseUrl);
  await expect(services.shareAddresses.share({ accountId, ...email })).rejects.toThrow("conversation_over");
  expect(await state()).toEqual({ kind: "not_connected", host: pair.sydent.host, chosen: true });
  await expect(services.identityServers.use({ accountId, identityServer: pair.synapse.baseUrl })).rejects.toThrow("not_an_identity_server");
  await expect(services.identityServers.use({ accountId, identityServer: "http://identity.example" })).rejects.toThrow("insecure_http");
  expect(await accountData("m.identity_server")).toEqual({ base_url: pair.sydent.baseUrl });
  await name("http://identity.example");
  expect(await state()).toEqual({ kind: "unusable", named: "http://identity.example" });
  await name(7);
  expect(await state()).toEqual({ kind: "unusable", named: "7" });
  // What the homeserver suggests counts only where the account says nothing, and is not written into it.
  const body = { "m.homeserver": { base_url: proxy.baseUrl }, "m.identity_server": { base_url: pair.sydent.baseUrl } };
  proxy.addRule({ path: /\.well-known/, times: Infinity, fault: { kind: "answer", status: 200, body } });
  await name(null);
  expect(await state()).toEqual({ kind: "none", notWanted: true });
  proxy.addRule({
    method: "GET",
    path: /m\.identity_server$/,
    times: Infinity,
    fault: { kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND" } },
  });
  expect(await state()).toEqual({ kind: "not_connected", host: pair.sydent.host, chosen: false });
  expect(await services.identityServers.connect({ accountId })).toMatchObject({ kind: "terms", chosen: false });
  expect(await accountData("m.identity_server")).toEqual({ base_url: null });
});
