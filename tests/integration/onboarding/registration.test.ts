import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { RegistrationRecord } from "../../../main/onboarding/registrationRecord.ts";
import type { Registration } from "../../../shared/contract/registration.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { type Mailbox, startMailbox } from "../../support/mail.ts";
import { freePort } from "../../support/ports.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const PASSWORD = "four unrelated words, galvanised";
const REGISTER = { method: "POST", path: /\/v3\/register$/ };

let synapse: Synapse;
let proxy: FaultProxy;
let mailbox: Mailbox;
let data: StewardData;
let services: Services;
let people = 0;

beforeAll(async () => {
  const port = await freePort();
  mailbox = await startMailbox();
  proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  synapse = await startSynapse({
    port,
    mailPort: mailbox.port,
    publicBaseUrl: `${proxy.baseUrl}/`,
    enableRegistration: true,
    policyVersion: "1.0",
    config: { password_config: { policy: { enabled: true, require_digit: false, minimum_length: 20, require_uppercase: false } } },
  });
}, 120_000);
afterAll(async () => {
  await synapse?.stop();
  await proxy?.stop();
  await mailbox?.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open({ registrationPollMs: 100 });
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

const newName = (): string => `new${(people += 1)}`;
const userIdOf = (name: string): string => `@${name}:${synapse.serverName}`;
const start = async (username: string, email: string | null = null): Promise<AccountId> => {
  const request = {
    serverName: null,
    baseUrl: proxy.baseUrl,
    username,
    password: secretOf("password", PASSWORD),
    email,
    phone: null,
    acceptInsecureHttp: false,
  };
  return (await services.registration.start(request)).registrationId;
};
const stateOf = (registrationId: AccountId): Registration | undefined =>
  data.events.findLast(({ channel, payload }) => channel === "registration.changed" && payload.registrationId === registrationId)
    ?.payload as Registration | undefined;
const isAsked = (registrationId: AccountId) => {
  const state = stateOf(registrationId);
  return state?.status === "asking" ? state : null;
};
/** Waits until it is at a stage, asks for something, has stopped or is done. */
const reaches = <S extends Registration["status"]>(registrationId: AccountId, status: S, kind?: string) =>
  waitUntil(
    () => {
      const state = stateOf(registrationId);
      const isThere = state?.status === status && (kind === undefined || (state.status === "asking" && state.stage.kind === kind));
      return isThere && (state as Extract<Registration, { status: S }>);
    },
    { what: `the registration to be ${status} ${kind ?? ""}`, timeoutMs: 20_000 },
  );
const agree = async (registrationId: AccountId): Promise<void> => {
  const { stage } = await reaches(registrationId, "asking", "terms");
  const accepted = stage.kind === "terms" ? stage.policies.map(({ id }) => id) : [];
  services.registration.answer({ registrationId, answer: { kind: "terms", accepted } });
};
const mailsTo = (address: string) => mailbox.messages.filter(({ to }) => to.includes(address));
const useLink = async (address: string): Promise<void> => {
  const mail = await mailbox.waitFor(({ to }) => to.includes(address));
  const link = mail.links.find((one) => one.includes("submit_token"))!;
  expect((await fetch(link)).status).toBe(200);
};
const devicesOf = async (name: string): Promise<string[]> => {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(userIdOf(name))}/devices`;
  const { devices } = (await synapse.adminCall({ path })) as { devices: { device_id: string }[] };
  return devices.map(({ device_id: id }) => id);
};
const recordOf = async (accountId: AccountId): Promise<unknown> => {
  const read = await services.secretStore.read(accountId);
  return read.kind === "found" ? JSON.parse(read.secrets.attempt ?? "null") : null;
};
/** One account of that name, with one session that works here. */
const expectOne = async (name: string): Promise<void> => {
  const accounts = services.sessions.list();
  expect(accounts).toMatchObject([{ userId: userIdOf(name), session: { status: "running" } }]);
  expect(await devicesOf(name)).toHaveLength(1);
  expect(await recordOf(accounts[0]!.accountId)).toBeNull();
  expect((await services.registration.list()).registrations).toEqual([]);
};

describe("creating an account", () => {
  it("says beforehand what the server wants, and whether a name can be had", async () => {
    expect(await services.registration.offer({ baseUrl: proxy.baseUrl })).toEqual({ open: true, email: "optional", phone: "not_offered" });
    const name = newName();
    await synapse.register({ user: name, password: PASSWORD });
    const ask = (username: string) => services.registration.availability({ baseUrl: proxy.baseUrl, username });
    expect(await ask(name)).toMatchObject({ status: "taken" });
    proxy.addRule({ path: /available/, fault: { kind: "rateLimit", retryAfterMs: 4000 } });
    expect(await ask(newName())).toEqual({ status: "unknown", retryAfterMs: 4000 });
  });

  it("is done with user name, password and terms, in as few requests as there can be", async () => {
    const name = newName();
    proxy.clearRecord();
    const registrationId = await start(name);
    await agree(registrationId);
    const done = await reaches(registrationId, "done");
    expect(done.accountId).toBe(registrationId);
    await expectOne(name);
    const sent = proxy.requests(REGISTER);
    // Without auth, the terms, and the dummy stage that completes it.
    expect(sent).toHaveLength(3);
    expect(JSON.stringify(data.events)).not.toContain(PASSWORD);
  });

  it("proves an email address, and goes on by itself when the link is used", async () => {
    const name = newName();
    const address = `${name}@mail.example`;
    const registrationId = await start(name, address);
    await agree(registrationId);
    expect(await reaches(registrationId, "asking", "email")).toMatchObject({ stage: { address, sent: true } });
    services.registration.answer({ registrationId, answer: { kind: "email" } });
    await waitUntil(() => isAsked(registrationId)?.error?.kind === "email_not_verified", { what: "the server to say not yet" });
    // One of each that passes by while it waits.
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 401, body: {} } });
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 502, body: "<html>Bad gateway</html>" }, skip: 1 });
    proxy.addRule({ ...REGISTER, fault: { kind: "rateLimit", retryAfterMs: 200 }, skip: 2 });
    const cut = proxy.addRule({ ...REGISTER, fault: { kind: "cut" }, when: "after", skip: 3 });
    await cut.firstMet;
    await useLink(address);
    await reaches(registrationId, "done");
    await expectOne(name);
    expect(mailsTo(address)).toHaveLength(1);
    // Opened once more, by the person or by what looks through their mail: the page says no, and all is well.
    const second = await fetch(mailsTo(address)[0]!.links.find((one) => one.includes("submit_token"))!);
    expect(second.status).toBe(400);
    await expectOne(name);
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(userIdOf(name))}`;
    const { threepids } = (await synapse.adminCall({ path })) as { threepids: { address: string }[] };
    expect(threepids.map((one) => one.address)).toEqual([address]);
  });

  it("sends one more mail each time that is wanted, also after a restart, and to another address", async () => {
    const name = newName();
    const [first, second] = [`${name}@mail.example`, `${name}@other.example`];
    const registrationId = await start(name, first);
    await agree(registrationId);
    await reaches(registrationId, "asking", "email");
    services.registration.resend({ registrationId });
    await waitUntil(() => mailsTo(first).length === 2, { what: "a second mail" });
    await data.close();
    data.events.splice(0);
    services = await data.open({ registrationPollMs: 100 });
    expect((await services.registration.list()).registrations).toMatchObject([
      { registrationId, status: "input", needs: "password", email: first },
    ]);
    await services.registration.change({ registrationId, password: secretOf("password", PASSWORD) });
    await reaches(registrationId, "asking", "email");
    services.registration.resend({ registrationId });
    await waitUntil(() => mailsTo(first).length === 3, { what: "a third mail" });
    await waitUntil(() => isAsked(registrationId)?.checking === false, { what: "the question" });
    await services.registration.change({ registrationId, email: second });
    await useLink(second);
    await reaches(registrationId, "done");
    await expectOne(name);
    expect(mailsTo(first)).toHaveLength(3);
  });

  it("says that a mail could not be sent, and sends it when it can", async () => {
    const name = newName();
    const address = `${name}@mail.example`;
    proxy.addRule({ path: /requestToken/, fault: { kind: "answer", status: 500, body: { errcode: "M_UNKNOWN", error: "no mail" } } });
    const registrationId = await start(name, address);
    await agree(registrationId);
    expect(await reaches(registrationId, "asking", "email")).toMatchObject({ stage: { sent: false }, error: { kind: "mail_not_sent" } });
    services.registration.resend({ registrationId });
    await useLink(address);
    await reaches(registrationId, "done");
  });
});

describe("a refusal", () => {
  it("of the name, the password or everybody is thrown at once, and nothing is kept", async () => {
    const name = newName();
    await synapse.register({ user: name, password: PASSWORD });
    await expect(start(name)).rejects.toMatchObject({ error: { kind: "user_name_taken" } });
    const request = { serverName: null, baseUrl: proxy.baseUrl, username: newName(), email: null, phone: null, acceptInsecureHttp: false };
    await expect(services.registration.start({ ...request, password: secretOf("password", "galvanised-otter7") })).rejects.toMatchObject({
      error: { kind: "password_refused", reason: "too_short" },
    });
    await expect(services.registration.start({ ...request, password: secretOf("password", "password1") })).rejects.toMatchObject({
      error: { kind: "password_refused", reason: "guessable" },
    });
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "closed" } } });
    await expect(start(newName())).rejects.toMatchObject({ error: { kind: "registration_closed" } });
    expect((await services.registration.list()).registrations).toEqual([]);
    expect(services.sessions.list()).toEqual([]);
  });

  it("of a name that was taken meanwhile asks for another one, in the same session", async () => {
    const [name, other] = [newName(), newName()];
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    await synapse.register({ user: name, password: "somebody else's password" });
    await agree(registrationId);
    expect(await reaches(registrationId, "input")).toMatchObject({ needs: "username", error: { kind: "user_name_taken" } });
    await services.registration.change({ registrationId, username: other });
    await reaches(registrationId, "done");
    await expectOne(other);
    expect(await devicesOf(name)).toEqual([]);
  });

  it("because of a limit is told, and the same attempt is completed later without another mail", async () => {
    const name = newName();
    const address = `${name}@mail.example`;
    const registrationId = await start(name, address);
    await agree(registrationId);
    await reaches(registrationId, "asking", "email");
    const body = { errcode: "M_RESOURCE_LIMIT_EXCEEDED", error: "full", admin_contact: "mailto:admin@mail.example" };
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 403, body } });
    expect(await reaches(registrationId, "stopped")).toMatchObject({
      error: { kind: "resource_limit", contact: "mailto:admin@mail.example" },
    });
    await useLink(address);
    services.registration.retry({ registrationId });
    await reaches(registrationId, "done");
    expect(mailsTo(address)).toHaveLength(1);
    await expectOne(name);
  });

  it("of the address in the last step asks for another one, and proves that", async () => {
    const name = newName();
    const [first, second] = [`${name}@mail.example`, `${name}@other.example`];
    const registrationId = await start(name, first);
    await agree(registrationId);
    await reaches(registrationId, "asking", "email");
    // Somebody else has added it to their account meanwhile.
    const body = { errcode: "M_THREEPID_IN_USE", error: "in use" };
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 400, body } });
    expect(await reaches(registrationId, "input")).toMatchObject({ needs: "email", error: { kind: "email_in_use" } });
    await services.registration.change({ registrationId, email: second });
    await agree(registrationId);
    await useLink(second);
    await reaches(registrationId, "done");
    await expectOne(name);
  });

  it("of a session that the server has forgotten starts over, with what was typed", async () => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 400, body: { errcode: "M_UNKNOWN", error: "Unknown session ID" } } });
    await agree(registrationId);
    expect(await reaches(registrationId, "stopped")).toMatchObject({ username: name, error: { kind: "registration_expired" } });
    services.registration.retry({ registrationId });
    await agree(registrationId);
    await reaches(registrationId, "done");
    await expectOne(name);
  });
});

describe("when the last answer is lost", () => {
  it("finds the account that was created, with one session", async () => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    // The terms, then the dummy stage: the second one creates the account.
    const lost = proxy.addRule({ ...REGISTER, fault: { kind: "cut" }, when: "after", skip: 1 });
    await agree(registrationId);
    await reaches(registrationId, "done");
    expect(lost.met).toBe(1);
    await expectOne(name);
  });

  it.each(["malformed", "reset"] as const)("finds it too when the answer is %s", async (kind) => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    proxy.addRule({ ...REGISTER, fault: { kind }, when: "after", skip: 1 });
    await agree(registrationId);
    await reaches(registrationId, "done");
    await expectOne(name);
  });

  it.each([
    ["the name is taken, where the server has forgotten the session", 400, "M_USER_IN_USE"],
    ["the address is", 400, "M_THREEPID_IN_USE"],
    ["the server takes no new accounts", 403, "M_FORBIDDEN"],
  ])("never tells its owner that %s", async (_what, status, errcode) => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    proxy.addRule({ ...REGISTER, fault: { kind: "cut" }, when: "after", skip: 1 });
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status, body: { errcode, error: "taken" } }, skip: 2 });
    await agree(registrationId);
    await reaches(registrationId, "done");
    await expectOne(name);
  });

  it("takes over what was finished elsewhere, without asking for anything again", async () => {
    const name = newName();
    const address = `${name}@mail.example`;
    const registrationId = await start(name, address);
    await agree(registrationId);
    await reaches(registrationId, "asking", "email");
    const { uiaSession, deviceId, mail, clientSecret } = (await recordOf(registrationId)) as RegistrationRecord;
    const waiting = proxy.hold({ ...REGISTER, nth: 1, when: "before" });
    await waiting.reached;
    await useLink(address);
    const threepid = { sid: mail!.sid, client_secret: clientSecret };
    const auth = { type: "m.login.email.identity", session: uiaSession, threepid_creds: threepid };
    await synapse.call({ path: "/_matrix/client/v3/register", body: { username: name, password: PASSWORD, device_id: deviceId, auth } });
    waiting.release();
    await reaches(registrationId, "done");
    await expectOne(name);
  });

  it("does it again when the request never arrived", async () => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    proxy.addRule({ ...REGISTER, fault: { kind: "reset" } });
    await agree(registrationId);
    await reaches(registrationId, "done");
    await expectOne(name);
  });

  it("finds it at the next start, when the app ended meanwhile", async () => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    const lost = proxy.addRule({ ...REGISTER, fault: { kind: "hang" }, when: "after", skip: 1 });
    await agree(registrationId);
    await lost.firstMet;
    await data.close();
    proxy.clear();
    data.events.splice(0);
    services = await data.open({ registrationPollMs: 100 });
    expect((await services.registration.list()).registrations).toMatchObject([
      { registrationId, status: "input", needs: "password", username: name },
    ]);
    await services.registration.change({ registrationId, password: secretOf("password", PASSWORD) });
    expect(await reaches(registrationId, "done")).toMatchObject({ accountId: registrationId });
    await expectOne(name);
  });

  it("asks for the password once more when another one was typed after the restart", async () => {
    const name = newName();
    const registrationId = await start(name);
    await reaches(registrationId, "asking", "terms");
    const lost = proxy.addRule({ ...REGISTER, fault: { kind: "hang" }, when: "after", skip: 1 });
    await agree(registrationId);
    await lost.firstMet;
    await data.close();
    proxy.clear();
    data.events.splice(0);
    services = await data.open({ registrationPollMs: 100 });
    await services.registration.list();
    const body = { errcode: "M_USER_IN_USE", error: "taken" };
    proxy.addRule({ ...REGISTER, fault: { kind: "answer", status: 400, body }, times: Infinity });
    await services.registration.change({ registrationId, password: secretOf("password", `${PASSWORD}, mistyped`) });
    await waitUntil(() => JSON.stringify(stateOf(registrationId)).includes('error":{'), { what: "a refusal" });
    expect(stateOf(registrationId)).toMatchObject({ status: "input", needs: "password", error: { kind: "wrong_credentials" } });
    await services.registration.change({ registrationId, password: secretOf("password", PASSWORD) });
    await reaches(registrationId, "done");
    await expectOne(name);
  });

  it("is forgotten when the person drops it", async () => {
    const registrationId = await start(newName());
    await reaches(registrationId, "asking", "terms");
    await services.registration.drop({ registrationId });
    expect(stateOf(registrationId)).toMatchObject({ status: "dropped" });
    expect(await recordOf(registrationId)).toBeNull();
    await data.close();
    services = await data.open();
    expect((await services.registration.list()).registrations).toEqual([]);
  });
});
