import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeviceLink } from "../../../shared/contract/linkDevice.ts";
import type { ConversationId } from "../../../shared/ids.ts";
import { OauthAccount } from "../../support/authService/oauthAccount.ts";
import { approveCode, QrPhone } from "../../support/authService/qrPhone.ts";
import { useAuthService } from "../../support/authService/useAuthService.ts";
import { readQr } from "../../support/readQr.ts";
import { waitUntil } from "../../support/waitUntil.ts";

// The authorization server is the tests' own; the place where the devices leave messages is Synapse's.
const servers = useAuthService({ browser: false, config: { experimental_features: { msc4108_enabled: true } } });
const PLACE = /\/_synapse\/client\/rendezvous\//;
let one: OauthAccount;
let linkId: ConversationId;
/** How long the exchange has gone on beyond the time that went by. */
let later = 0;

beforeAll(async () => {
  servers.auth.settings.deviceIntervalSeconds = 1;
  one = await OauthAccount.signIn(servers, {
    linkTimes: { elapsed: () => performance.now() + later, wait: () => pause(20) },
  });
}, 120_000);
afterAll(() => one.data.destroy());
beforeEach(() => {
  later = 0;
  one.data.opened.length = 0;
});
afterEach(() => servers.proxy.clear());

const service = () => one.services.linkDevice;
const states = (): DeviceLink[] =>
  one.data.events.flatMap(({ channel, payload }) => (channel === "linkDevice.changed" && payload.linkId === linkId ? [payload] : []));

function reaches<S extends DeviceLink["status"]>(status: S): Promise<Extract<DeviceLink, { status: S }>> {
  return waitUntil(
    () => {
      const now = states().at(-1);
      if (now?.status === "ended" && status !== "ended") throw new Error(`it ended: ${now.reason}`);
      return now?.status === status ? (now as Extract<DeviceLink, { status: S }>) : undefined;
    },
    { what: `the link to be ${status}`, timeoutMs: 60_000 },
  );
}

/** Up to the QR code that is shown. */
async function show(): Promise<Uint8ClampedArray> {
  ({ linkId } = service().start({ accountId: one.accountId }));
  return readQr((await reaches("showing")).qr);
}

/** Up to the digits that the phone shows. */
async function scan(): Promise<QrPhone> {
  const phone = await QrPhone.scan(await show(), servers.proxy.baseUrl);
  await reaches("checking");
  return phone;
}

const ended = async (): Promise<string> => (await reaches("ended")).reason;

describe("a session that is not verified", () => {
  it("has nothing to hand over, and says so", async () => {
    expect(await service().available({ accountId: one.accountId })).toEqual({ why: "not_verified" });
    ({ linkId } = service().start({ accountId: one.accountId }));
    expect(await ended()).toBe("not_verified");
    const { securityKey } = await one.services.secureBackup.beginSetUp({ accountId: one.accountId, method: "key" });
    const { setUp } = await one.services.secureBackup.confirmSetUp({ accountId: one.accountId, typed: securityKey });
    expect(setUp).toMatchObject({ phase: "checked" });
    expect(await service().available({ accountId: one.accountId })).toEqual({ why: null });
  });
});

describe("a new device", () => {
  it("is signed in and verified by a QR code, two digits and the person's yes on the server's page", async () => {
    const phone = await scan();
    service().checkCode({ linkId, code: phone.digits });
    await phone.askForSession();
    const { url } = await reaches("approving");
    expect(new URL(url).origin).toBe(new URL(servers.auth.issuer).origin);
    expect(one.data.opened).toEqual([url]);
    const signingIn = phone.signIn({ ...one.user, userId: one.userId });
    await approveCode(url, phone.userCode, one.user);
    const session = await signingIn;
    try {
      await reaches("done");
      expect(await session.isVerified()).toBe(true);
      const { masterKey, selfSigningKey, userSigningKey } = (await session.crypto.getCrossSigningStatus()).privateKeysCachedLocally;
      expect([masterKey, selfSigningKey, userSigningKey]).toEqual([true, true, true]);
      const listed = await one.services.devices.list({ accountId: one.accountId });
      expect(listed.sessions.map(({ deviceId }) => deviceId)).toContain(phone.deviceId);
      expect(service().list()).toEqual({ links: [] });
      expect(one.data.events).toContainEqual({ channel: "devices.changed", payload: { accountId: one.accountId } });
    } finally {
      session.stop();
    }
  }, 120_000);

  it("gets nothing where the digits are wrong", async () => {
    const phone = await scan();
    const wrong = String((Number(phone.digits) + 1) % 100).padStart(2, "0");
    service().checkCode({ linkId, code: wrong });
    expect(await ended()).toBe("wrong_code");
    expect(await phone.hears()).toEqual({ type: "m.login.failure", reason: "user_cancelled" });
    expect(one.data.opened).toEqual([]);
  }, 60_000);

  it.each([
    ["while the code is shown", () => show()],
    ["while the digits are waited for", () => scan()],
  ])(
    "is not linked where the person cancels %s, and nothing is asked of the server any more",
    async (_when, upTo) => {
      await upTo();
      service().cancel({ linkId });
      expect(await ended()).toBe("cancelled");
      expect(() => service().checkCode({ linkId, code: "00" })).toThrow();
    },
    60_000,
  );

  it("is handed no keys where the person cancels when it is signed in already", async () => {
    const phone = await scan();
    service().checkCode({ linkId, code: phone.digits });
    await phone.askForSession();
    const { url } = await reaches("approving");
    // The look for the new device that comes before the keys.
    const looking = servers.proxy.hold({ path: new RegExp(`/devices/${phone.deviceId}$`), nth: 1, when: "after" });
    const approved = phone.approved();
    await approveCode(url, phone.userCode, one.user);
    await approved;
    const keys = phone.flow.shareSecrets().then(
      () => "keys",
      (thrown: { code?: unknown }) => thrown.code,
    );
    await looking.reached;
    service().cancel({ linkId });
    looking.release();
    expect(await ended()).toBe("cancelled");
    expect(await keys).toBe("user_cancelled");
  }, 60_000);

  it("says that the other device has cancelled", async () => {
    const phone = await scan();
    await phone.cancel();
    service().checkCode({ linkId, code: phone.digits });
    expect(await ended()).toBe("ended_there");
  }, 60_000);

  it("says that the time is up where the server has forgotten the exchange by then, and that it was ended where it has not", async () => {
    await show();
    const forgotten = servers.proxy.addRule({
      path: PLACE,
      fault: { kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND" } },
      times: Infinity,
    });
    void forgotten.firstMet.then(() => (later = 3_600_000));
    expect(await ended()).toBe("expired");
    servers.proxy.clear();
    later = 0;
    await show();
    servers.proxy.addRule({ path: PLACE, fault: { kind: "answer", status: 404, body: { errcode: "M_NOT_FOUND" } }, times: Infinity });
    expect(await ended()).toBe("ended_there");
  }, 60_000);

  it("ends with its reason where a message of ours was not taken, because another lies there", async () => {
    const code = await show();
    servers.proxy.addRule({
      method: "PUT",
      path: PLACE,
      skip: 1,
      fault: { kind: "answer", status: 412, body: { errcode: "M_CONCURRENT_WRITE" } },
    });
    void QrPhone.scan(code, servers.proxy.baseUrl).catch(() => undefined);
    expect(await ended()).toBe("message_lost");
  }, 60_000);

  it("is linked all the same where the answer to a message was lost after the server had taken it", async () => {
    const code = await show();
    servers.proxy.addRule({ method: "PUT", path: PLACE, skip: 1, fault: { kind: "cut" }, when: "after" });
    const phone = await QrPhone.scan(code, servers.proxy.baseUrl);
    await reaches("checking");
    expect(phone.digits).toMatch(/^\d\d$/);
    service().cancel({ linkId });
    expect(await ended()).toBe("cancelled");
  }, 60_000);

  it("is asked for no approval on a page that is not the server's", async () => {
    const phone = await scan();
    service().checkCode({ linkId, code: phone.digits });
    await phone.say({
      type: "m.login.protocol",
      protocol: "device_authorization_grant",
      device_id: "STRANGE",
      device_authorization_grant: { verification_uri: "https://phishing.example/link" },
    });
    expect(await ended()).toBe("strange_page");
    expect(one.data.opened).toEqual([]);
  }, 60_000);

  it("ends with the session", async () => {
    await show();
    await one.services.sessions.session(one.accountId).stop();
    expect(await ended()).toBe("session_ended");
    await one.services.sessions.retry(one.accountId);
  }, 60_000);
});
