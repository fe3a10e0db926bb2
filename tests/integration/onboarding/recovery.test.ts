import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { Recovery } from "../../../shared/contract/recovery.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { Password } from "../../../shared/secret.ts";
import { PersonsBrowser } from "../../support/browser.ts";
import type { FaultProxy } from "../../support/faultProxy.ts";
import type { Mail, Mailbox } from "../../support/mail.ts";
import { secretOf } from "../../support/secretValues.ts";
import { useMailServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

const SET = { method: "POST", path: /\/account\/password$/ };
const MAIL = { method: "POST", path: /\/account\/password\/email\/requestToken$/ };
const NEW = "nine quiet herons";
const POLL_MS = 200;
const typed = (password: string): Password => secretOf("password", password);

const servers = useMailServers({ password_config: { policy: { enabled: true, minimum_length: 12 } } });
let mailbox: Mailbox;
let synapse: Synapse;
let proxy: FaultProxy;
let browser: PersonsBrowser;
let data: StewardData;
let services: Services;
let user: TestUser;
let address: string;
let users = 0;

beforeAll(async () => {
  ({ mailbox, synapse, proxy } = servers);
  browser = await PersonsBrowser.start();
});
afterAll(() => browser?.stop());
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open({ recoveryTimes: { pollMs: POLL_MS } });
  user = await synapse.register({ user: `recover${(users += 1)}`, password: "an old password" });
  address = `person${users}@mail.example`;
  await synapse.setEmail(user, address);
  proxy.clearRecord();
});
afterEach(async () => {
  proxy.clear();
  await data.destroy();
});

const start = async (change: Partial<Parameters<Services["recoveries"]["start"]>[0]> = {}): Promise<ConversationId> => {
  const request = {
    serverName: null,
    baseUrl: proxy.baseUrl,
    accountId: null,
    address,
    newPassword: typed(NEW),
    signOutOthers: true,
  };
  return (await services.recoveries.start({ ...request, acceptInsecureHttp: false, ...change })).recoveryId;
};
const last = (recoveryId: ConversationId): Recovery | undefined =>
  data.events
    .flatMap(({ channel, payload }) => (channel === "recovery.changed" && payload.recoveryId === recoveryId ? [payload] : []))
    .at(-1);
const becomes = <S extends Recovery["status"]>(recoveryId: ConversationId, status: S): Promise<Extract<Recovery, { status: S }>> =>
  waitUntil(
    () => {
      const state = last(recoveryId);
      return state?.status === status ? (state as Extract<Recovery, { status: S }>) : undefined;
    },
    { what: `the recovery to be ${status}`, timeoutMs: 30_000 },
  );
/** Waits until it waits for the link in such a way. */
const waits = (recoveryId: ConversationId, so: (state: Extract<Recovery, { status: "waiting" }>) => boolean): Promise<true> =>
  waitUntil(
    () => {
      const state = last(recoveryId);
      return (state?.status === "waiting" && so(state)) || undefined;
    },
    { what: "the link to be waited for" },
  );
const mails = (to = address): Mail[] => mailbox.messages.filter((mail) => mail.to.includes(to));
const linkIn = (mail: Mail): string => mail.links.find((link) => link.includes("submit_token")) as string;
/** As the person does: the link leads to a page with a button. */
const useLink = async (link: string): Promise<void> => {
  const page = await browser.open(link);
  await page.locator("button, input[type=submit]").first().click();
  await page.waitForLoadState();
  await page.close();
};
const arrived = (count = 1): Promise<Mail> => waitUntil(() => mails()[count - 1], { what: "a mail" });
/** A recovery whose link was used while the server could not be asked whether it was. */
async function startedAndConfirmed(): Promise<ConversationId> {
  const recoveryId = await start();
  const link = linkIn(await arrived());
  const away = proxy.addRule({ ...SET, fault: { kind: "reset" }, times: Infinity });
  await away.firstMet;
  await useLink(link);
  away.remove();
  return recoveryId;
}
const signInWithOldPassword = (): Promise<AccountId> =>
  services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: proxy.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: typed(user.password),
    acceptInsecureHttp: false,
  });
const signsIn = (password: string): Promise<boolean> =>
  synapse.login(user.user, password).then(
    () => true,
    () => false,
  );
const asked = (match: { path: RegExp }): number => proxy.record.filter(({ path }) => match.path.test(path)).length;

describe("a forgotten password", () => {
  it("is replaced by way of a mail, noticed by itself, and the person signs in with the new one", async () => {
    await synapse.addSessions(user, 2);
    const recoveryId = await start();
    expect((await services.recoveries.list()).recoveries).toMatchObject([{ recoveryId, status: "waiting", mails: 1, address }]);
    await useLink(linkIn(await arrived()));
    await becomes(recoveryId, "changed");
    expect([await signsIn(NEW), await signsIn(user.password)]).toEqual([true, false]);
    const { accountId } = await services.recoveries.signIn({ recoveryId });
    expect(services.sessions.account(accountId)).toMatchObject({ userId: user.userId, session: { status: "running" } });
    expect(await becomes(recoveryId, "done")).toMatchObject({ accountId });
    expect((await services.recoveries.list()).recoveries).toEqual([]);
    // Nothing of it is left beside the account.
    expect(await services.secretStore.read(recoveryId as string as typeof accountId)).toEqual({ kind: "absent" });
    expect(JSON.stringify(data.events)).not.toContain(NEW);
  });

  it("finds the account by its address in capitals, with a plus and blanks around", async () => {
    address = `person+tag${users}@mail.example`;
    await synapse.setEmail(user, address);
    const recoveryId = await start({ address: address.toUpperCase() });
    await useLink(linkIn(await arrived()));
    await becomes(recoveryId, "changed");
    await services.recoveries.signIn({ recoveryId });
    expect(services.sessions.list()).toMatchObject([{ userId: user.userId }]);
  });

  it("keeps the other sessions where that is wanted", async () => {
    const [other] = await synapse.addSessions(user, 1);
    const recoveryId = await start({ signOutOthers: false });
    await useLink(linkIn(await arrived()));
    await becomes(recoveryId, "changed");
    expect(await synapse.call({ path: "/_matrix/client/v3/account/whoami", token: other!.accessToken })).toMatchObject({
      user_id: user.userId,
    });
  });

  it("says which server knows no such address, and keeps nothing", async () => {
    await expect(start({ address: "nobody@mail.example" })).rejects.toMatchObject({
      error: { kind: "email_unknown", host: new URL(proxy.baseUrl).host },
    });
    expect((await services.recoveries.list()).recoveries).toEqual([]);
    expect(data.events.filter(({ channel }) => channel === "recovery.changed")).toEqual([]);
  });

  it("waits in the same way where the server does not say whether anybody has the address", async () => {
    proxy.addRule({ ...MAIL, fault: { kind: "answer", status: 200, body: { sid: "made-up" } } });
    const recoveryId = await start({ address: "nobody@mail.example" });
    services.recoveries.verified({ recoveryId });
    await waits(recoveryId, (state) => state.notUsedYet);
  });

  it("says that a password is refused before any mail is sent", async () => {
    await expect(start({ newPassword: typed("xk9#vQ2pL!") })).rejects.toMatchObject({
      error: { kind: "password_refused", reason: "too_short" },
    });
    await expect(start({ newPassword: typed("password1234") })).rejects.toMatchObject({ error: { reason: "guessable" } });
    expect(asked(MAIL)).toBe(0);
  });

  it("has further mails sent, and the link of the first one still counts", async () => {
    const recoveryId = await start();
    const first = linkIn(await arrived());
    await services.recoveries.resend({ recoveryId });
    await services.recoveries.resend({ recoveryId });
    await arrived(3);
    expect(last(recoveryId)).toMatchObject({ status: "waiting", mails: 3 });
    await useLink(first);
    await becomes(recoveryId, "changed");
    expect(await signsIn(NEW)).toBe(true);
  });

  it("goes on after the form was filled in again: no further mail, the new password counts", async () => {
    const recoveryId = await start();
    const link = linkIn(await arrived());
    expect(await start({ newPassword: typed("eleven loud storks") })).toBe(recoveryId);
    await useLink(link);
    await becomes(recoveryId, "changed");
    expect(mails()).toHaveLength(1);
    expect([await signsIn("eleven loud storks"), await signsIn(NEW)]).toEqual([true, false]);
  });

  it("goes on after a restart between mail and link, once the password is typed again", async () => {
    const recoveryId = await start();
    const link = linkIn(await arrived());
    await data.close();
    services = await data.open({ recoveryTimes: { pollMs: POLL_MS } });
    expect((await services.recoveries.list()).recoveries).toMatchObject([{ recoveryId, status: "password_needed", refused: null }]);
    await services.recoveries.setPassword({ recoveryId, newPassword: typed(NEW) });
    await services.recoveries.resend({ recoveryId });
    await arrived(2);
    await useLink(link);
    await becomes(recoveryId, "changed");
    expect(await signsIn(NEW)).toBe(true);
  });

  it("says that the link was not used yet, and goes on by itself afterwards", async () => {
    const recoveryId = await start();
    services.recoveries.verified({ recoveryId });
    await waits(recoveryId, (state) => state.notUsedYet && !state.checking);
    await useLink(linkIn(await arrived()));
    await becomes(recoveryId, "changed");
  });

  it("goes on through what a server answers meanwhile", async () => {
    const recoveryId = await start();
    const link = linkIn(await arrived());
    const faults = [
      proxy.addRule({ ...SET, fault: { kind: "answer", status: 401, body: {} } }),
      proxy.addRule({ ...SET, skip: 1, fault: { kind: "answer", status: 502, body: "<h1>Bad gateway</h1>" } }),
      proxy.addRule({ ...SET, skip: 2, fault: { kind: "rateLimit", retryAfterMs: 300 } }),
      proxy.addRule({ ...SET, skip: 3, fault: { kind: "cut" } }),
    ];
    await waitUntil(() => faults.every(({ met }) => met === 1), { what: "all faults" });
    await useLink(link);
    await becomes(recoveryId, "changed");
  });

  it("asks for another password when the server refuses it at the last step, and needs no further mail", async () => {
    const refusal = proxy.addRule({
      ...SET,
      skip: 1,
      fault: { kind: "answer", status: 400, body: { errcode: "M_PASSWORD_NO_DIGIT", error: `${NEW} has no digit` } },
    });
    const recoveryId = await start();
    const link = linkIn(await arrived());
    await refusal.firstMet;
    expect(await becomes(recoveryId, "password_needed")).toMatchObject({ refused: "no_digit" });
    await useLink(link);
    await services.recoveries.setPassword({ recoveryId, newPassword: typed("9 quiet herons there") });
    await becomes(recoveryId, "changed");
    expect(mails()).toHaveLength(1);
    expect(await signsIn("9 quiet herons there")).toBe(true);
    expect(JSON.stringify([data.events, data.warnings])).not.toContain("has no digit");
  });

  it("finds out that the password is set although the answer was lost", async () => {
    const recoveryId = await startedAndConfirmed();
    // The first of them sets it, the second finds it set.
    const lost = proxy.addRule({ ...SET, fault: { kind: "cut" }, when: "after", times: 2 });
    await becomes(recoveryId, "changed");
    expect(lost.met).toBe(2);
    expect(await signsIn(NEW)).toBe(true);
  });

  it.each([
    ["has forgotten the authentication", 400, { errcode: "M_UNKNOWN", error: "Unknown session ID" }],
    ["changes no passwords any more", 403, { errcode: "M_FORBIDDEN", error: "off" }],
    ["refuses the same password again", 400, { errcode: "M_WEAK_PASSWORD", error: "used before" }],
  ])("finds it out by signing in, where the server %s", async (_what, status, body) => {
    const recoveryId = await startedAndConfirmed();
    const lost = proxy.addRule({ ...SET, fault: { kind: "cut" }, when: "after" });
    proxy.addRule({ ...SET, skip: 1, fault: { kind: "answer", status, body }, times: Infinity });
    await lost.firstMet;
    await becomes(recoveryId, "done");
    expect(services.sessions.list()).toMatchObject([{ userId: user.userId }]);
  });

  it("says that it may be set where a refusal comes after the answer was lost, and nobody can be asked", async () => {
    const recoveryId = await startedAndConfirmed();
    proxy.addRule({ ...SET, fault: { kind: "cut" }, when: "after" });
    const off = { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "off" } } as const;
    proxy.addRule({ ...SET, skip: 1, fault: off, times: Infinity });
    proxy.addRule({ method: "POST", path: /v3\/login$/, fault: { kind: "reset" }, times: Infinity });
    expect(await becomes(recoveryId, "failed")).toMatchObject({ error: { kind: "password_maybe_changed" } });
    expect(await signsIn(NEW)).toBe(true);
  });

  it("finds it out after the app was killed before the answer came", async () => {
    const recoveryId = await start();
    const link = linkIn(await arrived());
    await waitUntil(() => asked(SET) >= 3, { what: "some questions" });
    const lost = proxy.addRule({ ...SET, fault: { kind: "cut" }, when: "after", times: Infinity });
    await useLink(link);
    await waitUntil(() => signsIn(NEW), { what: "the server to have set the password" });
    await data.close();
    lost.remove();
    services = await data.open({ recoveryTimes: { pollMs: POLL_MS } });
    await services.recoveries.list();
    await services.recoveries.setPassword({ recoveryId, newPassword: typed(NEW) });
    await becomes(recoveryId, "changed");
    expect(mails()).toHaveLength(1);
  });

  it("counts the mail whose answer was lost", async () => {
    proxy.addRule({ ...MAIL, fault: { kind: "cut" }, when: "after" });
    await expect(start()).rejects.toMatchObject({ error: { kind: "network" } });
    const link = linkIn(await arrived());
    const recoveryId = await start();
    await arrived(2);
    await useLink(link);
    await becomes(recoveryId, "changed");
  });

  it("says how long the server sends no further mail, and asks on meanwhile", async () => {
    const recoveryId = await start();
    const link = linkIn(await arrived());
    proxy.addRule({ ...MAIL, fault: { kind: "rateLimit", retryAfterMs: 330_000 } });
    await expect(services.recoveries.resend({ recoveryId })).rejects.toMatchObject({
      error: { kind: "rate_limited", retryAfterMs: 330_000 },
    });
    const { resendAfter } = last(recoveryId) as Extract<Recovery, { status: "waiting" }>;
    expect(resendAfter! - Date.now()).toBeGreaterThan(300_000);
    await useLink(link);
    await becomes(recoveryId, "changed");
  });

  it("says that the server could not send the mail, and sends one at the next try", async () => {
    proxy.addRule({ ...MAIL, fault: { kind: "answer", status: 500, body: { errcode: "M_UNKNOWN", error: "Failed to send" } } });
    await expect(start()).rejects.toMatchObject({ error: { kind: "mail_not_sent" } });
    await start();
    await arrived();
  });

  it("asks no more once the link is too old, until another mail was sent", async () => {
    await data.close();
    services = await data.open({ recoveryTimes: { pollMs: POLL_MS, linkLifetimeMs: 2_000 } });
    const recoveryId = await start();
    await waits(recoveryId, (state) => state.expired);
    const before = asked(SET);
    services.recoveries.verified({ recoveryId });
    await waitUntil(() => asked(SET) === before + 1, { what: "one more question" });
    await services.recoveries.resend({ recoveryId });
    expect(last(recoveryId)).toMatchObject({ expired: false });
    await useLink(linkIn(await arrived(2)));
    await becomes(recoveryId, "changed");
  });

  it("says that a server sets no passwords by mail", async () => {
    proxy.addRule({ ...MAIL, fault: { kind: "answer", status: 404, body: { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" } } });
    await expect(start()).rejects.toMatchObject({ error: { kind: "recovery_not_offered" } });
  });

  it("can be cancelled: nothing is asked any more, and nothing is kept", async () => {
    const recoveryId = await start();
    await services.recoveries.cancel({ recoveryId });
    expect(last(recoveryId)).toMatchObject({ status: "cancelled" });
    const before = asked(SET);
    await useLink(linkIn(await arrived()));
    expect(asked(SET)).toBe(before);
    expect((await services.recoveries.list()).recoveries).toEqual([]);
    expect(await signsIn(user.password)).toBe(true);
  });

  it("ends with the signed-out account that it was for", async () => {
    const accountId = await signInWithOldPassword();
    const recoveryId = await start({ accountId });
    await arrived();
    await services.sessions.signOut(accountId);
    await becomes(recoveryId, "cancelled");
    expect((await services.recoveries.list()).recoveries).toEqual([]);
  });

  it("signs an account in again that the server had signed out", async () => {
    const accountId = await signInWithOldPassword();
    await synapse.expireTokens();
    await waitUntil(() => services.sessions.account(accountId).session.status !== "running", {
      what: "the account to be signed out",
      timeoutMs: 60_000,
    });
    const recoveryId = await start({ accountId });
    await useLink(linkIn(await arrived()));
    await becomes(recoveryId, "changed");
    expect(await services.recoveries.signIn({ recoveryId })).toEqual({ accountId });
    expect(services.sessions.account(accountId).session.status).toBe("running");
  }, 180_000);
});

it("asks at most thirty times a minute, however often the person presses", async () => {
  await data.close();
  services = await data.open();
  const recoveryId = await start();
  const from = Date.now();
  const before = asked(SET);
  await waitUntil(
    () => {
      services.recoveries.verified({ recoveryId });
      return Date.now() - from > 9_000;
    },
    { what: "nine seconds", timeoutMs: 20_000 },
  );
  expect(asked(SET) - before).toBeLessThanOrEqual(5);
});
