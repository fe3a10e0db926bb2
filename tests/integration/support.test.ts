import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../support/certificate.ts";
import { startFaultProxy, type FaultProxy } from "../support/faultProxy.ts";
import { startMailbox, type Mailbox } from "../support/mail.ts";
import { matrixCall } from "../support/matrixApi.ts";
import { startSdkSession, type SdkSession } from "../support/sdkSession.ts";
import { startSynapse, startSynapseWithRooms, type Synapse, type TestUser } from "../support/synapse.ts";
import { waitUntil, within } from "../support/waitUntil.ts";
import { startWellKnownHost } from "../support/wellKnown.ts";

let mailbox: Mailbox;
let synapse: Synapse;
let alice: TestUser;

beforeAll(async () => {
  mailbox = await startMailbox();
  synapse = await startSynapse({ mailPort: mailbox.port });
  alice = await synapse.register({ user: "alice", password: "alice's password", displayName: "Alice" });
});

afterAll(async () => {
  await synapse?.stop();
  await mailbox?.stop();
});

describe("the local Synapse", () => {
  test("registers, signs in, and refuses a wrong password", async () => {
    const tokens = await synapse.login("alice", alice.password, { deviceId: "ONE", displayName: "First" });
    expect(tokens).toMatchObject({ userId: `@alice:${synapse.serverName}`, deviceId: "ONE" });
    await expect(synapse.login("alice", "wrong")).rejects.toThrow("M_FORBIDDEN");
  });

  test("gives a user as many sessions as asked for, and none at registration", async () => {
    const bob = await synapse.register({ user: "bob", password: "bob's password" });
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(bob.userId)}/devices`;
    expect((await synapse.adminCall({ path })).total).toBe(0);
    await synapse.addSessions(bob, 3);
    expect((await synapse.adminCall({ path })).total).toBe(3);
  });

  test("keeps its data through a crash", async () => {
    const { accessToken } = await synapse.login("alice", alice.password);
    await synapse.goDown();
    await expect(fetch(synapse.baseUrl)).rejects.toThrow();
    await synapse.comeBack();
    expect(await synapse.call({ path: "/_matrix/client/v3/account/whoami", token: accessToken })).toMatchObject({
      user_id: alice.userId,
    });
  });

  test("limits logins when asked to", async () => {
    const strict = await startSynapse({ loginLimit: { burst: 1, perSecond: 0.01 } });
    try {
      const { password } = await strict.register({ user: "carol", password: "carol's password" });
      await waitUntil(
        () =>
          strict.login("carol", password).then(
            () => false,
            (error) => /M_LIMIT_EXC/.test(error),
          ),
        {
          what: "the limit",
        },
      );
    } finally {
      await strict.stop();
    }
  });

  test("has an account in many rooms", async () => {
    const { synapse: crowdedServer, crowded } = await startSynapseWithRooms(5);
    try {
      const { accessToken } = await crowdedServer.login(crowded.user, crowded.password);
      const answer = await crowdedServer.call({ path: "/_matrix/client/v3/joined_rooms", token: accessToken });
      expect(answer.joined_rooms).toHaveLength(5);
    } finally {
      await crowdedServer.stop();
    }
  });
});

describe("the mailbox", () => {
  test("catches a mail that Synapse sends", async () => {
    await synapse.setEmail(alice, "alice@example.org");
    await synapse.call({
      path: "/_matrix/client/v3/account/password/email/requestToken",
      body: { client_secret: "secret", email: "alice@example.org", send_attempt: 1 },
    });
    const mail = await mailbox.waitFor(({ to }) => to.includes("alice@example.org"));
    expect(mail.subject).toContain("Password reset");
    expect(mail.links[0]).toContain(`${synapse.baseUrl}/_synapse/client/password_reset/email/submit_token`);
    expect((await fetch(mail.links[0] ?? "")).status).toBe(200);
  });

  test("says so when no mail comes", async () => {
    await expect(mailbox.waitFor(() => false, 10)).rejects.toThrow("in vain for a mail");
  });
});

describe("the fault proxy", () => {
  const path = "/_matrix/client/versions";
  let proxy: FaultProxy;

  beforeAll(async () => {
    proxy = await startFaultProxy(synapse.baseUrl);
  });
  beforeEach(() => {
    proxy.clear();
    proxy.clearRecord();
  });
  afterAll(() => proxy?.stop());

  const ask = () => matrixCall(proxy.baseUrl, { path });

  test("changes nothing by itself, and counts", async () => {
    expect(await ask()).toEqual(await matrixCall(synapse.baseUrl, { path }));
    const direct = await (await fetch(synapse.baseUrl + path, { headers: { "accept-encoding": "identity" } })).text();
    await fetch(proxy.baseUrl + path, { headers: { "accept-encoding": "identity" } });
    expect(proxy.record[1]).toEqual({
      number: 2,
      method: "GET",
      path,
      requestBytes: 0,
      responseBytes: direct.length,
      status: 200,
      fault: null,
      forwarded: true,
    });
    expect(proxy.bytes({ path: /versions/ }).requests).toBe(2);
    expect(proxy.bytes({ path: /sync/ })).toEqual({ requests: 0, sent: 0, received: 0 });
  });

  test("answers 429 to the second and third request only", async () => {
    const rule = proxy.addRule({ path: /versions/, skip: 1, times: 2, fault: { kind: "rateLimit", retryAfterMs: 1500 } });
    const statuses = [];
    for (let index = 0; index < 4; index++) statuses.push((await ask()).status);
    expect(statuses).toEqual([200, 429, 429, 200]);
    expect(rule.met).toBe(2);
    expect(proxy.record.map(({ forwarded }) => forwarded)).toEqual([true, false, false, true]);
    proxy.addRule({ path: /versions/, fault: { kind: "rateLimit", retryAfterMs: 1500 } });
    expect((await ask()).body).toMatchObject({ errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 1500 });
  });

  test("answers what it is told, cuts, mangles, resets", async () => {
    proxy.addRule({ path: /versions/, fault: { kind: "answer", status: 502, body: "<html>" } });
    expect((await fetch(proxy.baseUrl + path)).status).toBe(502);
    for (const when of ["before", "after"] as const) {
      for (const [kind, error] of [
        ["cut", /terminated/],
        ["malformed", /JSON/],
        ["reset", /fetch failed/],
      ] as const) {
        proxy.addRule({ path: /versions/, when, fault: { kind } });
        await expect(ask(), `${kind} ${when}`).rejects.toThrow(error);
        expect(proxy.record.at(-1)).toMatchObject({ fault: kind, forwarded: when === "after" });
      }
    }
    expect((await ask()).status).toBe(200);
  });

  test("hangs until the client has had enough, and delays", async () => {
    proxy.addRule({ path: /versions/, fault: { kind: "hang" } });
    await expect(fetch(proxy.baseUrl + path, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/);
    proxy.addRule({ path: /versions/, fault: { kind: "delay", ms: 300 } });
    const started = performance.now();
    expect((await ask()).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  test("lets the server do it and the client not know", async () => {
    const { accessToken } = await synapse.login("alice", alice.password);
    const name = { path: `/_matrix/client/v3/profile/${encodeURIComponent(alice.userId)}/displayname` };
    const rename = (displayname: string) =>
      matrixCall(proxy.baseUrl, { ...name, method: "PUT", token: accessToken, body: { displayname } });
    proxy.addRule({ method: "PUT", path: /displayname/, when: "after", fault: { kind: "reset" } });
    await expect(rename("After")).rejects.toThrow();
    expect(await synapse.call(name)).toEqual({ displayname: "After" });
    proxy.addRule({ method: "PUT", path: /displayname/, when: "before", fault: { kind: "reset" } });
    await expect(rename("Before")).rejects.toThrow();
    expect(await synapse.call(name)).toEqual({ displayname: "After" });
  });

  test("holds the request a test chooses", async () => {
    const hold = proxy.hold({ nth: 2, when: "after", path: /versions/ });
    expect((await ask()).status).toBe(200);
    let answered = false;
    const second = ask().then(({ status }) => {
      answered = true;
      return status;
    });
    const held = await within(hold.reached, 5000, "the hold");
    expect(held).toMatchObject({ number: 2, fault: "hold", forwarded: true });
    expect(await ask().then(({ status }) => status)).toBe(200);
    expect(answered).toBe(false);
    hold.release();
    expect(await second).toBe(200);
  });

  test("speaks https with a certificate that nobody trusts", async () => {
    const tls = await makeCertificate();
    const secure = await startFaultProxy(synapse.baseUrl, { tls });
    try {
      await expect(fetch(secure.baseUrl + path)).rejects.toMatchObject({
        cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
      });
      const status = await new Promise((resolve, reject) => {
        httpsRequest(secure.baseUrl + path, { ca: tls.cert }, (answer) => resolve(answer.statusCode))
          .on("error", reject)
          .end();
      });
      expect(status).toBe(200);
    } finally {
      await secure.stop();
    }
  });
});

test("a host answers .well-known as told", async () => {
  const host = await startWellKnownHost();
  const url = `${host.baseUrl}/.well-known/matrix/client`;
  try {
    expect((await fetch(url)).status).toBe(404);
    host.outcome = { kind: "homeserver", baseUrl: synapse.baseUrl };
    expect(await (await fetch(url)).json()).toEqual({ "m.homeserver": { base_url: synapse.baseUrl } });
    host.outcome = { kind: "raw", body: "{" };
    expect(await (await fetch(url)).text()).toBe("{");
    host.outcome = { kind: "hang" };
    await expect(fetch(url, { signal: AbortSignal.timeout(200) })).rejects.toThrow(/timeout/);
  } finally {
    await host.stop();
  }
});

describe("a second client", () => {
  const securityPhrase = "nine quiet herons by the old mill";
  const sessions: SdkSession[] = [];
  let dora: TestUser;
  let securityKey: string;
  const start = async () => {
    const session = await startSdkSession({ baseUrl: synapse.baseUrl, ...dora });
    sessions.push(session);
    return session;
  };

  beforeAll(async () => {
    dora = await synapse.register({ user: "dora", password: "dora's password" });
    const first = await start();
    securityKey = await first.setUpSecureBackup({ securityPhrase });
    await first.sendRoomKeys(3);
  });
  afterAll(() => sessions.forEach((session) => session.stop()));

  const opened = {
    sessionVerified: true,
    identityKeysHere: true,
    activeBackupVersion: "1",
    roomKeys: { inBackup: 3, restored: 3 },
  };

  test("opens a Secure Backup with nothing but the Security Key", async () => {
    const session = await start();
    expect(await session.isVerified()).toBe(false);
    expect(await session.openBackupWith({ securityKey })).toEqual(opened);
    expect(await sessions[0]?.isVerified(session.tokens.deviceId)).toBe(true);
  });

  test("opens it with nothing but the Security Phrase", async () => {
    expect(await (await start()).openBackupWith({ securityPhrase })).toEqual(opened);
  });

  test("does not open it with another phrase", async () => {
    const session = await start();
    await expect(session.openBackupWith({ securityPhrase: "something else entirely" })).rejects.toThrow();
    expect(await session.isVerified()).toBe(false);
  });
});
