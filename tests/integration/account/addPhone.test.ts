import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { PendingPhone } from "../../../shared/contract/addresses.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { freePort } from "../../support/ports.ts";
import { secretOf } from "../../support/secretValues.ts";
import { SmsDelegate } from "../../support/smsDelegate.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const SEND = { method: "POST", path: /\/account\/3pid\/msisdn\/requestToken$/ };
const SUBMIT = { method: "POST", path: /\/add_threepid\/msisdn\/submit_token$/ };
const ADD = { method: "POST", path: /\/account\/3pid\/add$/ };

let delegate: SmsDelegate;
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
/** As a person in the United Kingdom types it. */
let typed: string;
let msisdn: string;
let users = 0;

beforeAll(async () => {
  delegate = await SmsDelegate.start();
  const port = await freePort();
  proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  synapse = await startSynapse({ port, publicBaseUrl: `${proxy.baseUrl}/`, config: { ...delegate.synapseConfig } });
}, 120_000);
afterAll(async () => {
  await synapse?.stop();
  await proxy?.stop();
  await delegate?.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  users += 1;
  user = await synapse.register({ user: `caller${users}`, password: "a password" });
  typed = `07700 900${String(users).padStart(3, "0")}`;
  msisdn = `447700900${String(users).padStart(3, "0")}`;
  accountId = await signIn(proxy.baseUrl, user);
  proxy.clearRecord();
});
afterEach(async () => {
  delegate.refusal = null;
  proxy.clear();
  await data.destroy();
});

const signIn = (baseUrl: string, { userId, password }: TestUser): Promise<AccountId> =>
  services.passwordSignIns.signIn({
    serverName: null,
    baseUrl,
    identifier: { kind: "user", user: userId },
    password: secretOf("password", password),
    acceptInsecureHttp: false,
  });
const add = async (number = typed, country = "GB"): Promise<ConversationId> =>
  (await services.addPhone.addPhone({ accountId, country, number })).pendingId;
const again = (pendingId: ConversationId) => services.addPhone.sendCodeAgain({ accountId, pendingId });
const pending = async (): Promise<PendingPhone[]> => (await services.addPhone.pendingPhones({ accountId })).pending;
const listed = async (): Promise<string[]> => (await services.addresses.list({ accountId })).addresses.map(({ address }) => address);
const lastCode = (to = msisdn): string => delegate.codes(to).at(-1) ?? "";
const wrongCode = (): string => (lastCode() === "100000" ? "100001" : "100000");
const asked = () =>
  waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), { what: "a question" });
const answer = async (): Promise<void> => {
  const { challengeId } = await asked();
  services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
};
const confirm = async (pendingId: ConversationId, code: string | null = lastCode()): Promise<void> => {
  const confirming = services.addPhone.confirmPhone({ accountId, pendingId, code });
  await answer();
  await confirming;
};
const refusedAs = (reason: string): object => ({ error: { kind: "phone_refused", reason } });

describe("a phone number", () => {
  it("is added after its code and the password, and removed", async () => {
    const pendingId = await add();
    expect(await pending()).toEqual([{ pendingId, number: `+${msisdn}`, codes: 1, status: "sent", wantsCode: true }]);
    await confirm(pendingId);
    expect([await pending(), await listed()]).toEqual([[], [msisdn]]);
    expect(data.events.filter(({ channel }) => channel === "addresses.changed")).toHaveLength(1);
    const left = await services.addresses.remove({ accountId, medium: "msisdn", address: msisdn });
    expect(left.addresses).toEqual([]);
  });

  it.each([
    ["+44 (0)", "US"],
    ["+44 ", "DE"],
  ])("that begins with %s is what it says, whatever the country", async (start, country) => {
    const number = typed.replace(/^0/, start.replace("(0)", ""));
    const pendingId = await add(number, country);
    expect(await pending()).toMatchObject([{ number: `+${msisdn}` }]);
    await confirm(pendingId);
    expect(await listed()).toEqual([msisdn]);
  });

  it("is not added by a wrong code, before anything else is asked, and is by the right one", async () => {
    const pendingId = await add();
    const wrong = services.addPhone.confirmPhone({ accountId, pendingId, code: wrongCode() });
    await expect(wrong).rejects.toMatchObject(refusedAs("wrong_code"));
    expect(services.challenges.list().challenges).toEqual([]);
    expect(await pending()).toMatchObject([{ status: "sent" }]);
    await confirm(pendingId);
    expect(await listed()).toEqual([msisdn]);
  });

  it.each([
    ["wrong_code", 200, { success: false }],
    ["wrong_code", 400, { errcode: "M_TOKEN_INCORRECT", error: "no" }],
    ["code_expired", 400, { errcode: "M_SESSION_EXPIRED", error: "no" }],
  ])("says that its code is a %s: %i %o", async (reason, status, body) => {
    const pendingId = await add();
    proxy.addRule({ ...SUBMIT, fault: { kind: "answer", status, body } });
    const confirming = services.addPhone.confirmPhone({ accountId, pendingId, code: lastCode() });
    await expect(confirming).rejects.toMatchObject(refusedAs(reason));
  });

  it("gets one more code each time", async () => {
    const pendingId = await add();
    await again(pendingId);
    expect(await add()).toBe(pendingId);
    expect(delegate.codes(msisdn)).toHaveLength(3);
    expect(await pending()).toMatchObject([{ codes: 3 }]);
    await confirm(pendingId);
    expect(await listed()).toEqual([msisdn]);
  });

  it("keeps its right code over a restart and a question that was cancelled", async () => {
    const pendingId = await add();
    const confirming = services.addPhone.confirmPhone({ accountId, pendingId, code: lastCode() });
    services.challenges.cancel({ challengeId: (await asked()).challengeId });
    await expect(confirming).rejects.toThrow("challenge_cancelled");
    expect(await pending()).toEqual([{ pendingId, number: `+${msisdn}`, status: "verified" }]);
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    expect(await pending()).toMatchObject([{ status: "verified" }]);
    await confirm(pendingId, null);
    expect(await listed()).toEqual([msisdn]);
  });

  it("needs another code when the server has forgotten the right one", async () => {
    const pendingId = await add();
    const confirming = services.addPhone.confirmPhone({ accountId, pendingId, code: lastCode() });
    await asked();
    delegate.expire();
    await answer();
    await expect(confirming).rejects.toMatchObject(refusedAs("code_expired"));
    await again(pendingId);
    expect(await pending()).toMatchObject([{ status: "sent" }]);
    await confirm(pendingId);
    expect(await listed()).toEqual([msisdn]);
  });

  it("may have been sent a code when the answer is lost, and the next try sends another", async () => {
    proxy.addRule({ ...SEND, when: "after", fault: { kind: "reset" } });
    const pendingId = await add();
    expect(await pending()).toMatchObject([{ status: "maybe_sent", number: typed }]);
    await expect(services.addPhone.confirmPhone({ accountId, pendingId, code: "1" })).rejects.toThrow("conversation_over");
    await again(pendingId);
    expect(delegate.codes(msisdn)).toHaveLength(2);
    await confirm(pendingId);
    expect(await listed()).toEqual([msisdn]);
  });

  it("is known to be added when the answer to the code, and to that, are lost", async () => {
    const pendingId = await add();
    proxy.addRule({ ...SUBMIT, when: "after", fault: { kind: "reset" } });
    const confirming = services.addPhone.confirmPhone({ accountId, pendingId, code: lastCode() });
    await asked();
    proxy.addRule({ ...ADD, when: "after", fault: { kind: "reset" } });
    await answer();
    await confirming;
    expect([await pending(), await listed()]).toEqual([[], [msisdn]]);
  });

  it("is not sent for when it is on the account already, in whatever form, and when another account has it", async () => {
    const give = (userId: string, address: string) =>
      synapse.adminCall({
        method: "PUT",
        path: `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`,
        body: { threepids: [{ medium: "msisdn", address }] },
      });
    await give(user.userId, msisdn);
    await expect(add()).rejects.toMatchObject(refusedAs("already_added"));
    proxy.clearRecord();
    await expect(add(`+44 ${typed.slice(1)}`)).rejects.toMatchObject(refusedAs("already_added"));
    expect(proxy.requests(SEND)).toEqual([]);
    const owner = await synapse.register({ user: `owner${users}`, password: "a password" });
    await give(owner.userId, "4915112345678");
    await expect(add("0151 12345678", "DE")).rejects.toMatchObject(refusedAs("in_use"));
    expect([await pending(), delegate.codes(msisdn)]).toEqual([[], []]);
  });

  it("that is none is refused", async () => {
    await expect(add("+999 123 456 789")).rejects.toMatchObject(refusedAs("invalid"));
    expect(await pending()).toEqual([]);
  });

  it.each([
    ["not_sent", 500, { errcode: "M_UNKNOWN", error: "no" }],
    ["invalid", 400, { errcode: "M_INVALID_ADDRESS", error: "no" }],
    ["denied", 400, { errcode: "M_DESTINATION_REJECTED", error: "no" }],
  ])("is refused by whatever sends the codes: %s", async (reason, status, body) => {
    delegate.refusal = { status, body };
    await expect(add()).rejects.toMatchObject(refusedAs(reason));
    expect(await pending()).toEqual([]);
  });

  it("is forgotten when it is dropped", async () => {
    const pendingId = await add();
    await services.addPhone.dropPhone({ accountId, pendingId });
    expect(await pending()).toEqual([]);
    await expect(again(pendingId)).rejects.toThrow("conversation_over");
  });

  it.each([
    ["over a connection that others can read", "http://elsewhere.example/submit"],
    ["nowhere", "no address"],
  ])("has its code sent %s by nobody", async (_where, submitUrl) => {
    proxy.addRule({ ...SEND, fault: { kind: "answer", status: 200, body: { sid: "1", submit_url: submitUrl } } });
    const pendingId = await add();
    const confirming = services.addPhone.confirmPhone({ accountId, pendingId, code: "123456" });
    await expect(confirming).rejects.toMatchObject({ error: { kind: "bad_answer" } });
  });

  it("of a server that takes the code elsewhere is confirmed without one", async () => {
    proxy.addRule({ ...SEND, fault: { kind: "answer", status: 200, body: { sid: "1" } } });
    const pendingId = await add();
    expect(await pending()).toEqual([{ pendingId, number: typed, codes: 1, status: "sent", wantsCode: false }]);
    proxy.addRule({ ...ADD, times: 1, fault: { kind: "answer", status: 200, body: {} } });
    await services.addPhone.confirmPhone({ accountId, pendingId, code: null });
    expect(await pending()).toEqual([]);
  });
});

describe("a server", () => {
  it("that takes no changes sends no code", async () => {
    const capabilities = { "m.3pid_changes": { enabled: false } };
    proxy.addRule({ path: /v3\/capabilities/, times: Infinity, fault: { kind: "answer", status: 200, body: { capabilities } } });
    await expect(add()).rejects.toThrow("not_allowed_by_server");
    expect(proxy.requests(SEND)).toEqual([]);
  });

  it("without anything that sends codes is told apart", async () => {
    const own = await startSynapse();
    try {
      accountId = await signIn(own.baseUrl, await own.register({ user: "someone", password: "a password" }));
      await expect(add()).rejects.toMatchObject(refusedAs("not_supported"));
      expect(await pending()).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});
