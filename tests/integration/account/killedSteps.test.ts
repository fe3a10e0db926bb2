import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { Registration } from "../../../shared/contract/registration.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { signInAtProvider } from "../../support/browser.ts";
import { filesBelow } from "../../support/filesBelow.ts";
import { KillableSteward } from "../../support/killedRequests.ts";
import { type Mailbox, startMailbox } from "../../support/mail.ts";
import { secretOf } from "../../support/secretValues.ts";
import { useSingleSignOn } from "../../support/singleSignOn.ts";
import { SmsDelegate } from "../../support/smsDelegate.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil, within } from "../../support/waitUntil.ts";

/** The codes are sent by a stand-in of ours. */
const delegate = await SmsDelegate.start();
const mailbox: Mailbox = await startMailbox();
const servers = useSingleSignOn(() => ({ mailPort: mailbox.port, enableRegistration: true, config: { ...delegate.synapseConfig } }));
afterAll(async () => {
  await mailbox.stop();
  await delegate.stop();
});

const NEW = "four unrelated words, galvanised";
/** Where the app dies: before the server sees the request, or when it has done it and nobody here knows. */
const MOMENTS = ["before", "after"] as const;
const patience = { timeoutMs: 60_000 };

let data: StewardData;
let services: Services;
let steward: KillableSteward | null = null;
let user: TestUser;
let accountId: AccountId;
let users = 0;

beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  users += 1;
  user = await servers.synapse.register({ user: `mortal${users}`, password: "the old password" });
});
afterEach(async () => {
  await steward?.kill();
  steward = null;
  servers.proxy.clear();
  await data.destroy();
});

const signIn = async (): Promise<void> => {
  accountId = await services.passwordSignIns.signIn({
    serverName: null,
    baseUrl: servers.proxy.baseUrl,
    identifier: { kind: "user", user: user.userId },
    password: secretOf("password", user.password),
    acceptInsecureHttp: false,
  });
};
/** Starts a Steward that is to be killed, in place of the one here. */
const begin = async (): Promise<KillableSteward> => {
  steward = await KillableSteward.start(data, user.password);
  return steward;
};
/** Kills it, and starts again from what that left. */
const kill = async (): Promise<void> => {
  await steward?.kill();
  steward = null;
  servers.proxy.clear();
  data.events.splice(0);
  services = await data.open({ registrationPollMs: 100, recoveryTimes: { pollMs: 100 } });
  await services.sessions.restoreAll();
};
/** Holds the request, kills the app there, and lets the server go on. */
const killAt = async (method: string, path: RegExp, nth: number, when: "before" | "after", act: () => void): Promise<void> => {
  const held = servers.proxy.hold({ method, path, nth, when });
  act();
  await within(held.reached, patience.timeoutMs, "the request");
  await kill();
  held.release();
};
const accepts = (password: string): Promise<boolean> =>
  servers.synapse.login(user.user, password).then(
    () => true,
    () => false,
  );
const devicesOf = async (name: string): Promise<string[]> => {
  const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${name}:${servers.synapse.serverName}`)}/devices`;
  const { devices } = (await servers.synapse.adminCall({ path })) as { devices: { device_id: string }[] };
  return devices.map(({ device_id: id }) => id);
};
const linkTo = async (address: string): Promise<string> => {
  const mail = await mailbox.waitFor(({ to }) => to.includes(address), patience.timeoutMs);
  return mail.links.find((link) => link.includes("submit_token")) ?? "";
};
const answerPassword = async (): Promise<void> => {
  const { challengeId } = await waitUntil(() => services.challenges.list().challenges.find(({ status }) => status === "asking"), {
    what: "a question",
  });
  services.challenges.answer({ challengeId, answer: { kind: "password", password: secretOf("password", user.password) } });
};
const runs = (id: AccountId): boolean => services.sessions.account(id).session.status === "running";
/** What was typed lies nowhere on this computer. */
const expectNotStored = async (...secrets: string[]): Promise<void> => {
  for (const [path, base64] of Object.entries(await filesBelow(data.folder))) {
    for (const secret of secrets) expect(Buffer.from(base64, "base64").includes(secret), path).toBe(false);
  }
};

describe("the app is killed while", () => {
  describe("an account is created", () => {
    const REGISTER = /\/v3\/register$/;
    let name: string;
    const register = async (): Promise<void> => {
      name = `newborn${users}`;
      const child = await begin();
      const request = { serverName: null, baseUrl: servers.proxy.baseUrl, username: name, password: NEW, email: null, phone: null };
      child.tell("registration", "start", { ...request, acceptInsecureHttp: false });
    };
    const state = async (): Promise<Registration | undefined> => (await services.registration.list()).registrations[0];

    it.each(MOMENTS)("%s the server has created it: the password typed again gives the account and one session", async (when) => {
      // Without `auth`, and then the stage that completes it.
      const held = servers.proxy.hold({ method: "POST", path: REGISTER, nth: 2, when });
      await register();
      await within(held.reached, patience.timeoutMs, "the request");
      await kill();
      held.release();
      expect(await state()).toMatchObject({ status: "input", needs: "password", username: name });
      const { registrationId } = (await state())!;
      await services.registration.change({ registrationId, password: secretOf("password", NEW) });
      await waitUntil(() => services.sessions.list().length === 1 && runs(registrationId), { what: "the account", ...patience });
      expect(await devicesOf(name)).toHaveLength(1);
      await expectNotStored(NEW);
    });

    it("and the session of it is known: it's there without any question", async () => {
      // The first request of the new session.
      const held = servers.proxy.hold({ method: "POST", path: /\/keys\/upload/, nth: 1, when: "before" });
      await register();
      await within(held.reached, patience.timeoutMs, "the request");
      await kill();
      held.release();
      await waitUntil(() => services.sessions.list()[0]?.session.status === "running", { what: "the account", ...patience });
      expect([await devicesOf(name), await state()]).toMatchObject([{ length: 1 }, undefined]);
    });
  });

  it.each(MOMENTS)("the password is changed, %s the server has done it: the session works, and it is one of the two", async (when) => {
    await signIn();
    const child = await begin();
    await killAt("POST", /\/account\/password$/, 2, when, () => {
      child.tell("password", "change", { accountId, newPassword: NEW, signOutOthers: false });
    });
    const changed = when === "after";
    expect([await accepts(NEW), await accepts(user.password)]).toEqual([changed, !changed]);
    expect(runs(accountId)).toBe(true);
    await expectNotStored(NEW, user.password);
  });

  it.each(MOMENTS)("a forgotten password is replaced, %s the server has done it: typed again, it signs in", async (when) => {
    const [address, path] = [`mortal${users}@mail.example`, /\/account\/password$/];
    await servers.synapse.setEmail(user, address);
    const child = await begin();
    const request = { serverName: null, baseUrl: servers.proxy.baseUrl, accountId: null, address, newPassword: NEW, signOutOthers: true };
    await child.ask("recoveries", "start", { ...request, acceptInsecureHttp: false });
    const link = new URL(await linkTo(address));
    // It asks time and again. One of the questions waits here until the link was used, and then goes astray.
    servers.proxy.addRule({ method: "POST", path, fault: { kind: "reset" } });
    const asking = servers.proxy.hold({ method: "POST", path, nth: 1, when: "before" });
    await within(asking.reached, patience.timeoutMs, "a question");
    expect((await fetch(`${link.origin}${link.pathname}`, { method: "POST", body: link.searchParams })).status).toBe(200);
    await killAt("POST", path, 1, when, () => asking.release());
    expect(await accepts(NEW)).toBe(when === "after");
    const { recoveries } = await services.recoveries.list();
    expect(recoveries).toMatchObject([{ address }]);
    const { recoveryId } = recoveries[0]!;
    await services.recoveries.setPassword({ recoveryId, newPassword: secretOf("password", NEW) });
    await waitUntil(async () => (await services.recoveries.list()).recoveries[0]?.status === "changed", {
      what: "the new password",
      ...patience,
    });
    const signedIn = await services.recoveries.signIn({ recoveryId });
    expect(runs(signedIn.accountId)).toBe(true);
    await expectNotStored(NEW);
  });

  it.each(MOMENTS)("an email address is added, %s the server has done it: it's on the account, or can be added", async (when) => {
    const address = `added${users}@mail.example`;
    await signIn();
    const child = await begin();
    const { pendingId } = await child.ask("addEmail", "addEmail", { accountId, address });
    expect((await fetch(await linkTo(address))).status).toBe(200);
    await killAt("POST", /\/account\/3pid\/add$/, 2, when, () => {
      child.tell("addEmail", "confirmEmail", { accountId, pendingId });
    });
    const { addresses } = await services.addresses.list({ accountId });
    const { pending } = await services.addEmail.pendingEmails({ accountId });
    if (when === "after") {
      expect([addresses, pending]).toEqual([[{ medium: "email", address }], []]);
    } else {
      expect([addresses, pending]).toMatchObject([[], [{ pendingId, address }]]);
      const adding = services.addEmail.confirmEmail({ accountId, pendingId: pending[0]!.pendingId });
      await answerPassword();
      expect(await adding).toEqual({ added: true });
    }
    expect(mailbox.messages.filter(({ to }) => to.includes(address))).toHaveLength(1);
  });

  it.each(MOMENTS)("a phone number is added, %s the server has done it: it's on the account, or can be added", async (when) => {
    const msisdn = `447700902${String(users).padStart(3, "0")}`;
    await signIn();
    const child = await begin();
    const { pendingId } = await child.ask("addPhone", "addPhone", { accountId, country: "GB", number: `+${msisdn}` });
    const [code] = delegate.codes(msisdn);
    await killAt("POST", /\/account\/3pid\/add$/, 2, when, () => {
      child.tell("addPhone", "confirmPhone", { accountId, pendingId, code });
    });
    const { addresses } = await services.addresses.list({ accountId });
    const { pending } = await services.addPhone.pendingPhones({ accountId });
    if (when === "after") {
      expect([addresses, pending]).toEqual([[{ medium: "msisdn", address: msisdn }], []]);
    } else {
      // The code is not asked for again.
      expect([addresses, pending]).toMatchObject([[], [{ pendingId, status: "verified" }]]);
      const adding = services.addPhone.confirmPhone({ accountId, pendingId: pending[0]!.pendingId, code: null });
      await answerPassword();
      await adding;
      expect((await services.addresses.list({ accountId })).addresses).toHaveLength(1);
    }
    expect(delegate.codes(msisdn)).toHaveLength(1);
  });

  it.each(MOMENTS)(
    "the account is deactivated, %s the server has done it: it's gone with its secrets, or all of it is there",
    async (when) => {
      await signIn();
      const child = await begin();
      await killAt("POST", /\/account\/deactivate$/, 2, when, () => {
        child.tell("deactivation", "confirm", { accountId, typed: user.userId, erase: true });
      });
      if (when === "after") {
        await waitUntil(() => services.sessions.list().length === 0, { what: "the account to be removed", ...patience });
        expect(await services.deactivation.ended()).toMatchObject({ ended: [{ userId: user.userId, erased: true, foundOutLater: true }] });
        expect([...data.keychain.entries.keys()].filter((one) => one.includes(accountId))).toEqual([]);
      } else {
        expect([runs(accountId), await accepts(user.password)]).toEqual([true, true]);
        expect((await services.deactivation.preview({ accountId })).unansweredSince).not.toBeNull();
      }
    },
  );

  it.each(MOMENTS)(
    "the browser's answer is exchanged for a session, %s the server has done it: signing in is started again",
    async (when) => {
      const name = `guest${users}`;
      await servers.browser.forgetCookies();
      const child = await begin();
      const request = { serverName: null, baseUrl: servers.proxy.baseUrl, providerId: "oidc-example", accountId: null };
      await child.ask("browserSignIns", "startSso", { ...request, acceptInsecureHttp: false });
      const held = servers.proxy.hold({ method: "POST", path: /\/v3\/login$/, nth: 1, when });
      const page = await servers.browser.open(await child.opened());
      await signInAtProvider(page, name);
      await within(held.reached, patience.timeoutMs, "the request");
      await kill();
      held.release();
      expect([services.sessions.list(), services.browserSignIns.listBrowserSignIns().signIns]).toEqual([[], []]);
      await servers.browser.forgetCookies();
      await services.browserSignIns.startSso({ ...request, acceptInsecureHttp: false });
      await signInAtProvider(await servers.browser.open(data.opened.at(-1) ?? ""), name);
      await waitUntil(() => services.sessions.list()[0]?.session.status === "running", { what: "the account", ...patience });
      const account = services.sessions.list()[0]!;
      // At most one that nobody holds is left over, and the list of sessions shows it.
      const { sessions } = await services.devices.list({ accountId: account.accountId });
      expect(sessions).toHaveLength(when === "after" ? 2 : 1);
      expect(sessions.filter(({ thisSession }) => thisSession)).toHaveLength(1);
    },
  );
});
