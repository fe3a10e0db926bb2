import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { PhoneNumber } from "../../../shared/contract/phoneNumber.ts";
import type { Registration } from "../../../shared/contract/registration.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { freePort } from "../../support/ports.ts";
import { secretOf } from "../../support/secretValues.ts";
import { SmsDelegate } from "../../support/smsDelegate.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const PASSWORD = "four unrelated words, galvanised";
const REGISTER = { method: "POST", path: /\/v3\/register$/ };
const SEND = { method: "POST", path: /\/register\/msisdn\/requestToken$/ };
const SUBMIT = { method: "POST", path: /\/msisdn\/submit_token$/ };

/** The codes are sent by a stand-in of ours. */
let delegate: SmsDelegate;
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let people = 0;
let name: string;
let phone: PhoneNumber;
/** The same as the world dials it. */
let to: string;

beforeAll(async () => {
  delegate = await SmsDelegate.start();
  const port = await freePort();
  proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  const config = { ...delegate.synapseConfig };
  synapse = await startSynapse({ port, publicBaseUrl: `${proxy.baseUrl}/`, enableRegistration: true, config });
}, 120_000);
afterAll(async () => {
  await synapse?.stop();
  await proxy?.stop();
  await delegate?.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open({ registrationPollMs: 100 });
  people += 1;
  name = `dialler${people}`;
  phone = { country: "GB", number: `07700 900${String(people).padStart(3, "0")}` };
  to = `447700900${String(people).padStart(3, "0")}`;
});
afterEach(async () => {
  delegate.refusal = null;
  proxy.clear();
  await data.destroy();
});

const start = async (number: PhoneNumber | null = phone): Promise<AccountId> => {
  const request = {
    serverName: null,
    baseUrl: proxy.baseUrl,
    username: name,
    password: secretOf("password", PASSWORD),
    email: null,
    acceptInsecureHttp: false,
  };
  return (await services.registration.start({ ...request, phone: number })).registrationId;
};
const stateOf = async (registrationId: AccountId): Promise<Registration | undefined> =>
  (await services.registration.list()).registrations.find((one) => one.registrationId === registrationId);
/** Waits for the phone stage to say that, with nothing under way. */
const isAsked = (registrationId: AccountId, error: object | null, sent = true) =>
  waitUntil(
    async () => {
      const state = await stateOf(registrationId);
      if (state?.status !== "asking" || state.stage.kind !== "phone" || state.checking || state.stage.sent !== sent) return null;
      return JSON.stringify(state.error) === JSON.stringify(error) && state;
    },
    { what: `the phone stage with ${JSON.stringify(error)}`, timeoutMs: 30_000 },
  );
const type = (registrationId: AccountId, code: string): void => {
  services.registration.answer({ registrationId, answer: { kind: "phone", code } });
};
const lastCode = (): string => delegate.codes(to).at(-1) ?? "";
const wrongCode = (): string => (lastCode() === "100000" ? "100001" : "100000");
const isMade = (): Promise<unknown> =>
  waitUntil(() => services.sessions.list().some(({ userId }) => userId.startsWith(`@${name}:`)), {
    what: "the account",
    timeoutMs: 30_000,
  });
/** The numbers that are on the account. */
const numbers = async (): Promise<string[]> => {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${name}:${synapse.serverName}`)}`;
  const { threepids } = (await synapse.adminCall({ path })) as { threepids: { address: string }[] };
  return threepids.map(({ address }) => address);
};
const refusedAs = (reason: string): object => ({ kind: "phone_refused", reason });

describe("a phone number of a new account", () => {
  it("is said to be wanted or not beforehand, and is needed by no flow", async () => {
    expect(await services.registration.offer({ baseUrl: proxy.baseUrl })).toMatchObject({ email: "not_offered", phone: "optional" });
    await start(null);
    await isMade();
    expect(await numbers()).toEqual([]);
  });

  it("is proven by its code, after a wrong one and another message", async () => {
    const registrationId = await start();
    const { stage } = await isAsked(registrationId, null);
    expect(stage).toEqual({ kind: "phone", number: `+${to}`, sent: true, wantsCode: true, optional: true });
    expect(() => services.registration.answer({ registrationId, answer: { kind: "phone", code: null } })).toThrow("invalid_input");
    type(registrationId, wrongCode());
    await isAsked(registrationId, refusedAs("wrong_code"));
    services.registration.resend({ registrationId });
    await isAsked(registrationId, null);
    expect(delegate.codes(to)).toHaveLength(2);
    type(registrationId, lastCode());
    await isMade();
    expect(await numbers()).toEqual([to]);
  });

  it("can be another one, or none, while the code is waited for", async () => {
    const registrationId = await start();
    await isAsked(registrationId, null);
    await services.registration.change({ registrationId, phone: { country: "US", number: "+44 20 7946 0123" } });
    await waitUntil(() => delegate.codes("442079460123").length === 1, { what: "a code to the other number" });
    expect(await isAsked(registrationId, null)).toMatchObject({ stage: { number: "+442079460123" } });
    await services.registration.change({ registrationId, phone: null });
    await isMade();
    expect(await numbers()).toEqual([]);
  });

  it("that belongs to somebody is refused before a code is sent, and another one is taken", async () => {
    const owner = await synapse.register({ user: `${name}-owner`, password: PASSWORD });
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(owner.userId)}`;
    await synapse.adminCall({ method: "PUT", path, body: { threepids: [{ medium: "msisdn", address: to }] } });
    const registrationId = await start();
    await isAsked(registrationId, refusedAs("in_use"), false);
    expect(delegate.codes(to)).toEqual([]);
    const other = `447700901${String(people).padStart(3, "0")}`;
    await services.registration.change({ registrationId, phone: { country: "GB", number: `+${other}` } });
    await isAsked(registrationId, null);
    type(registrationId, delegate.codes(other)[0] ?? "");
    await isMade();
    expect(await numbers()).toEqual([other]);
  });

  it.each([
    ["not_sent", 500, { errcode: "M_UNKNOWN", error: "no" }],
    ["denied", 400, { errcode: "M_DESTINATION_REJECTED", error: "no" }],
  ])("gets its code when the server can send it after all: %s", async (reason, status, body) => {
    delegate.refusal = { status, body };
    const registrationId = await start();
    await isAsked(registrationId, refusedAs(reason), false);
    delegate.refusal = null;
    services.registration.resend({ registrationId });
    await isAsked(registrationId, null);
    type(registrationId, lastCode());
    await isMade();
  });

  it("gets one code when the answer to that is lost, and is proven when the answer to the code is", async () => {
    proxy.addRule({ ...SEND, when: "after", fault: { kind: "reset" } });
    const registrationId = await start();
    await isAsked(registrationId, null);
    expect(delegate.codes(to)).toHaveLength(1);
    proxy.addRule({ ...SUBMIT, when: "after", fault: { kind: "reset" } });
    type(registrationId, lastCode());
    await isMade();
    expect(await numbers()).toEqual([to]);
  });
});

describe("after the app has ended with the right code typed", () => {
  /** The code is taken, and the request for the account gets no answer. */
  const interrupt = async (): Promise<AccountId> => {
    const registrationId = await start();
    await isAsked(registrationId, null);
    const lost = proxy.addRule({ ...REGISTER, fault: { kind: "hang" } });
    type(registrationId, lastCode());
    await lost.firstMet;
    await data.close();
    proxy.clear();
    services = await data.open({ registrationPollMs: 100 });
    expect(await stateOf(registrationId)).toMatchObject({ status: "input", needs: "password", phone });
    return registrationId;
  };

  it("the account is created without another code", async () => {
    const registrationId = await interrupt();
    await services.registration.change({ registrationId, password: secretOf("password", PASSWORD) });
    await isMade();
    expect([delegate.codes(to).length, await numbers()]).toEqual([1, [to]]);
  });

  it("another code is wanted where the server no longer knows of the right one", async () => {
    const registrationId = await interrupt();
    delegate.expire();
    await services.registration.change({ registrationId, password: secretOf("password", PASSWORD) });
    await isAsked(registrationId, refusedAs("code_expired"));
    services.registration.resend({ registrationId });
    await isAsked(registrationId, null);
    type(registrationId, lastCode());
    await isMade();
    expect(await numbers()).toEqual([to]);
  });
});
