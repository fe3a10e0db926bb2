import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AddEmail } from "../../../main/account/addEmail.ts";
import { PendingEmails } from "../../../main/account/pendingEmails.ts";
import type { Services } from "../../../main/services.ts";
import type { PendingEmail } from "../../../shared/contract/addresses.ts";
import type { Challenge } from "../../../shared/contract/challenges.ts";
import { AppFailure } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { type Mailbox, startMailbox } from "../../support/mail.ts";
import { freePort } from "../../support/ports.ts";
import { secretOf } from "../../support/secretValues.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const SEND = { method: "POST", path: /\/account\/3pid\/email\/requestToken$/ };
const ADD = { method: "POST", path: /\/account\/3pid\/add$/ };

let mailbox: Mailbox;
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let user: TestUser;
let accountId: AccountId;
let email: string;
let users = 0;

beforeAll(async () => {
  mailbox = await startMailbox();
  const port = await freePort();
  proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
  synapse = await startSynapse({
    port,
    publicBaseUrl: `${proxy.baseUrl}/`,
    mailPort: mailbox.port,
    config: { rc_3pid_validation: { per_second: 1000, burst_count: 1000 } },
  });
}, 120_000);
afterAll(async () => {
  await synapse?.stop();
  await proxy?.stop();
  await mailbox?.stop();
});
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  user = await synapse.register({ user: `adder${(users += 1)}`, password: "a password" });
  email = `${user.user}@mail.example`;
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: secretOf("password", user.password),
    acceptInsecureHttp: false,
  });
  proxy.clearRecord();
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

const add = async (address = email): Promise<ConversationId> => (await services.addEmail.addEmail({ accountId, address })).pendingId;
const pending = async (): Promise<PendingEmail[]> => (await services.addEmail.pendingEmails({ accountId })).pending;
const listed = async (): Promise<string[]> => (await services.addresses.list({ accountId })).addresses.map(({ address }) => address);
const mails = (address = email) => mailbox.messages.filter(({ to }) => to.includes(address));
const openLink = async (address = email, which = 0): Promise<void> => {
  await mailbox.waitFor(({ to }) => to.includes(address));
  const link = mails(address)[which]!.links.find((url) => url.includes("submit_token"))!;
  expect((await fetch(link)).status).toBe(200);
};
const asked = (): Promise<Challenge> =>
  waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), { what: "a question" });
const answer = async (password = user.password): Promise<void> => {
  const { challengeId } = await asked();
  services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", password) } });
};
const confirm = async (pendingId: ConversationId): Promise<{ added: boolean }> => {
  const confirming = services.addEmail.confirmEmail({ accountId, pendingId });
  await answer();
  return confirming;
};
const untilAdded = (): Promise<unknown> =>
  waitUntil(() => data.events.find(({ channel }) => channel === "addresses.changed"), { what: "the address to be added" });

describe("an email address", () => {
  it("is added after the link and the password", async () => {
    const pendingId = await add();
    expect(await pending()).toEqual([{ pendingId, address: email, emails: 1, status: "sent" }]);
    await openLink();
    expect(await confirm(pendingId)).toEqual({ added: true });
    expect([await pending(), await listed()]).toEqual([[], [email]]);
    await waitUntil(() => services.sessions.list()[0]?.health?.recoveryEmail.kind === "set", { what: "the health to know it" });
  });

  it("is added by itself when the link is opened after the password, which is asked for once", async () => {
    const pendingId = await add();
    expect(await confirm(pendingId)).toEqual({ added: false });
    expect(await pending()).toMatchObject([{ status: "confirmed" }]);
    await openLink();
    await untilAdded();
    expect([await pending(), await listed()]).toEqual([[], [email]]);
    expect(data.events.filter(({ channel, payload }) => channel === "challenges.changed" && payload.status === "asking")).toHaveLength(1);
  });

  it("goes on by itself after a restart, and so does one that was not confirmed", async () => {
    const other = `other.${email}`;
    const pendingId = await add();
    const otherId = await add(other);
    await confirm(pendingId);
    await data.close();
    data.events.length = 0;
    services = await data.open();
    await services.sessions.restoreAll();
    expect(await pending()).toMatchObject([{ status: "confirmed" }, { status: "sent" }]);
    await openLink();
    await untilAdded();
    await services.addEmail.sendEmailAgain({ accountId, pendingId: otherId });
    await waitUntil(() => mails(other).length === 2, { what: "one more email" });
    await openLink(other);
    expect(await confirm(otherId)).toEqual({ added: true });
    expect(await listed()).toEqual([email, other].sort());
  });

  it("is sent one more email each time, and any of their links will do", async () => {
    const pendingId = await add();
    await services.addEmail.sendEmailAgain({ accountId, pendingId });
    expect(await add(email.toUpperCase())).toBe(pendingId);
    await waitUntil(() => mails().length === 3, { what: "three emails" });
    expect(await pending()).toMatchObject([{ emails: 3 }]);
    await openLink();
    expect(await confirm(pendingId)).toEqual({ added: true });
  });

  it("is not added by the link of another request, of this account or of a stranger for the same address", async () => {
    const [pendingId, other] = [await add(), `other.${email}`];
    const otherId = await add(other);
    const stranger = await synapse.register({ user: `stranger.${user.user}`, password: "a password" });
    const { accessToken } = await synapse.login(stranger.user, stranger.password);
    const asked = await fetch(`${synapse.baseUrl}/_matrix/client/v3/account/3pid/email/requestToken`, {
      method: "POST",
      headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      body: JSON.stringify({ client_secret: "a.secret.of.the.stranger", email, send_attempt: 1 }),
    });
    expect(asked.status).toBe(200);
    await waitUntil(() => mails().length === 2, { what: "the stranger's email" });
    await openLink(email, 1);
    await openLink(other);
    expect(await confirm(pendingId)).toEqual({ added: false });
    expect(await pending()).toMatchObject([
      { pendingId, status: "confirmed" },
      { pendingId: otherId, status: "sent" },
    ]);
    expect(await listed()).toEqual([]);
    expect(await confirm(otherId)).toEqual({ added: true });
    expect(await listed()).toEqual([other]);
    await openLink(email, 0);
    await waitUntil(async () => (await pending()).length === 0, { what: "the address to be added" });
    expect((await listed()).sort()).toEqual([email, other].sort());
  });

  it("is added although another email was asked for after the link had been opened", async () => {
    const pendingId = await add();
    await openLink();
    await services.addEmail.sendEmailAgain({ accountId, pendingId });
    expect(await confirm(pendingId)).toEqual({ added: true });
  });

  it("is forgotten when it is dropped, also while its link is waited for", async () => {
    const pendingId = await add();
    await confirm(pendingId);
    await services.addEmail.dropEmail({ accountId, pendingId });
    proxy.clearRecord();
    expect(await pending()).toEqual([]);
    await expect(services.addEmail.sendEmailAgain({ accountId, pendingId })).rejects.toThrow("conversation_over");
    await openLink();
    expect(await listed()).toEqual([]);
  });

  it("is not sent for when it is on the account already, and when another account has it", async () => {
    await synapse.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v2/users/${encodeURIComponent(user.userId)}`,
      body: { threepids: [{ medium: "email", address: email }] },
    });
    await expect(add(` ${email.toUpperCase()} `)).rejects.toMatchObject({ error: { kind: "address_refused", reason: "already_added" } });
    expect(proxy.requests(SEND)).toEqual([]);
    const taken = `taken.${email}`;
    const owner = await synapse.register({ user: `owner${users}`, password: "a password" });
    await synapse.adminCall({
      method: "PUT",
      path: `/_synapse/admin/v2/users/${encodeURIComponent(owner.userId)}`,
      body: { threepids: [{ medium: "email", address: taken }] },
    });
    await expect(add(taken)).rejects.toMatchObject({ error: { kind: "address_refused", reason: "in_use" } });
    expect(await pending()).toEqual([]);
  });

  it.each([
    ["denied", 403, "M_THREEPID_DENIED"],
    ["invalid", 400, "M_INVALID_PARAM"],
    ["not_supported", 400, "M_THREEPID_MEDIUM_NOT_SUPPORTED"],
    ["not_sent", 500, "M_UNKNOWN"],
  ])("is refused by the server: %s", async (reason, status, errcode) => {
    proxy.addRule({ ...SEND, fault: { kind: "answer", status, body: { errcode, error: "no" } } });
    await expect(add()).rejects.toMatchObject({ error: { kind: "address_refused", reason } });
    expect(await pending()).toEqual([]);
  });

  it("may have been sent for when the answer is lost, and the next try sends another email", async () => {
    proxy.addRule({ ...SEND, when: "after", fault: { kind: "reset" } });
    const pendingId = await add();
    expect(await pending()).toMatchObject([{ status: "maybe_sent" }]);
    await expect(services.addEmail.confirmEmail({ accountId, pendingId })).rejects.toThrow("conversation_over");
    await services.addEmail.sendEmailAgain({ accountId, pendingId });
    await waitUntil(() => mails().length === 2, { what: "two emails" });
    await openLink();
    expect(await confirm(pendingId)).toEqual({ added: true });
  });

  it("is known to be added when the answer to that is lost", async () => {
    const pendingId = await add();
    await openLink();
    const confirming = services.addEmail.confirmEmail({ accountId, pendingId });
    await asked();
    proxy.addRule({ ...ADD, when: "after", fault: { kind: "reset" } });
    await answer();
    expect(await confirming).toEqual({ added: true });
    expect(await listed()).toEqual([email]);
  });

  it.each([
    [500, "M_UNKNOWN", "server"],
    [400, "M_UNKNOWN", "server"],
    [403, "M_FORBIDDEN", "not_allowed_by_server"],
  ])("stays as it is when adding it fails: %i %s", async (status, errcode, kind) => {
    const pendingId = await add();
    await openLink();
    const confirming = services.addEmail.confirmEmail({ accountId, pendingId });
    await asked();
    proxy.addRule({ ...ADD, fault: { kind: "answer", status, body: { errcode, error: "no" } } });
    await answer();
    await expect(confirming).rejects.toMatchObject({ error: { kind } });
    expect(await pending()).toMatchObject([{ status: "sent" }]);
    expect(await confirm(pendingId)).toEqual({ added: true });
  });

  it("is known to be added although this computer could not write that down", async () => {
    const pendingId = await add();
    await openLink();
    const { secretStore } = services;
    const { update } = secretStore;
    secretStore.update = () => Promise.reject(new AppFailure({ kind: "file_failed", reason: "no_space" }));
    await confirm(pendingId).catch(() => undefined);
    await untilAdded();
    expect(await listed()).toEqual([email]);
    secretStore.update = update;
    expect([await listed(), await pending()]).toEqual([[email], []]);
  });

  it("stays waited for while the server is in trouble", async () => {
    const pendingId = await add();
    await confirm(pendingId);
    const trouble = proxy.addRule({ ...ADD, times: 1, fault: { kind: "answer", status: 502, body: "<html>" } });
    await waitUntil(() => trouble.met === 1, { what: "a try in vain" });
    await openLink();
    await untilAdded();
  });

  it("has to be confirmed again when the server has forgotten that it was", async () => {
    const pendingId = await add();
    await confirm(pendingId);
    proxy.addRule({ ...ADD, fault: { kind: "answer", status: 400, body: { errcode: "M_UNKNOWN", error: "Unknown session ID" } } });
    await waitUntil(async () => (await pending())[0]?.status === "sent", { what: "the question to come back" });
    await openLink();
    expect(await confirm(pendingId)).toEqual({ added: true });
  });

  it("says why the server did not add it in the end", async () => {
    const pendingId = await add();
    await confirm(pendingId);
    proxy.addRule({ ...ADD, fault: { kind: "answer", status: 400, body: { errcode: "M_THREEPID_IN_USE", error: "taken" } } });
    await waitUntil(async () => (await pending())[0]?.status === "refused", { what: "the refusal" });
    expect(await pending()).toMatchObject([{ error: { kind: "address_refused", reason: "in_use" } }]);
  });

  it("is not sent for when nothing can be changed", async () => {
    const capabilities = { "m.3pid_changes": { enabled: false } };
    proxy.addRule({ path: /v3\/capabilities/, times: Infinity, fault: { kind: "answer", status: 200, body: { capabilities } } });
    await expect(add()).rejects.toThrow("not_allowed_by_server");
    expect(proxy.requests(SEND)).toEqual([]);
  });

  it("is said to be expired when the link is too old, and is no longer waited for until another email is sent", async () => {
    const pendingId = await add();
    await confirm(pendingId);
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    const told: PendingEmail[][] = [];
    const parts = { sessions: services.sessions, challenges: services.challenges, onChanged: () => undefined };
    const emit = (_channel: string, payload: unknown): void => void told.push((payload as { pending: PendingEmail[] }).pending);
    const pendingEmails = new PendingEmails({ secretStore: services.secretStore, emit, linkLifetimeMs: 0 });
    const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    await waitUntil(() => services.sessions.list()[0]?.session.status === "running", { what: "the session" });
    proxy.addRule({ ...ADD, times: Infinity, fault: { kind: "hang" } });
    const late = new AddEmail({ ...parts, pending: pendingEmails, keepOutOfLogs: () => undefined, emit, logger, pollMs: 1 });
    proxy.clearRecord();
    await late.resume(accountId);
    await waitUntil(() => told.at(-1)?.[0]?.status === "expired", { what: "it to be too old" });
    proxy.clear();
    await services.addEmail.sendEmailAgain({ accountId, pendingId });
    await openLink(email, 1);
    await untilAdded();
  });
});

describe("a server", () => {
  it.each([
    ["has no email", "address_refused", {}],
    ["cannot send email", "address_refused", { mail: true }],
    ["takes no changes", "not_allowed_by_server", { config: { enable_3pid_changes: false } }],
  ])("that %s is told apart", async (what, kind, { mail = false, config = {} }: { mail?: boolean; config?: object }) => {
    const own = await startSynapse({ ...(mail && { mailPort: await freePort() }), config: { ...config } });
    try {
      const someone = await own.register({ user: "someone", password: "a password" });
      accountId = await services.passwordSignIns.signIn({
        serverName: null,
        baseUrl: own.baseUrl,
        identifier: { kind: "user", user: someone.userId },
        password: secretOf("password", someone.password),
        acceptInsecureHttp: false,
      });
      const reason = what === "has no email" ? "not_supported" : "not_sent";
      const error = kind === "address_refused" ? { kind, reason } : { kind };
      await expect(add()).rejects.toMatchObject({ error });
      expect(await pending()).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});
