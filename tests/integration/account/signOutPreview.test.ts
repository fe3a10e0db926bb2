import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { homeserverOf } from "../../../main/http/homeserverOf.ts";
import { cryptoMachineOf } from "../../../main/sdk/cryptoInternals.ts";
import type { Services } from "../../../main/services.ts";
import type { SignOutPreview } from "../../../shared/contract/accounts.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { makeCertificate } from "../../support/certificate.ts";
import { type FaultProxy, startFaultProxy } from "../../support/faultProxy.ts";
import { makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { openForPerson } from "../../support/secureBackupAccounts.ts";
import { errorOf } from "../../support/errorOf.ts";
import { type SecureBackupRig, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { type SdkSession, startSdkSession } from "../../support/sdkSession.ts";
import { useServers } from "../../support/servers.ts";
import { StewardData } from "../../support/stewardServices.ts";
import type { Synapse, TestUser } from "../../support/synapse.ts";
import { uploadNow } from "../../support/uploadNow.ts";

const VERSIONS = "/_matrix/client/v3/room_keys/version";

const servers = useServers();
let synapse: Synapse;
let proxy: FaultProxy;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let users = 0;
/** Where the account's requests go instead of its homeserver; null: to that. */
let elsewhere: string | null = null;

beforeAll(() => {
  ({ synapse, proxy } = servers);
});
beforeEach(async () => {
  user = await synapse.register({ user: `leaving${(users += 1)}`, password: "a password" });
  data = await StewardData.create();
  services = await data.open({
    fetch: (input, init) => {
      const { href } = new URL(input instanceof Request ? input.url : input);
      return fetch(elsewhere === null ? input : href.replace(proxy.baseUrl, elsewhere), init);
    },
  });
  rig = openForPerson(services, user);
  accountId = await signInTo(services, user, proxy.baseUrl);
});
afterEach(async () => {
  elsewhere = null;
  proxy.clear();
  await data.destroy();
});

const preview = (): Promise<SignOutPreview> => services.health.signOutPreview(accountId);

/** Gives this session room keys, the `from`th and those after it. */
const receive = (from: number, count: number): Promise<void> =>
  services.sessions.session(accountId).use(async (client) => {
    const keys = JSON.stringify(makeRoomKeys(from + count).slice(from));
    (await cryptoMachineOf(client).importExportedRoomKeys(keys, () => undefined)).free();
  });

/** Does at once what the SDK does within ten seconds. */
const allBackedUp = (): Promise<void> => uploadNow(services, accountId);

/** Has a session of another client, which is verified. */
async function withOther(securityKey: string, work: (other: SdkSession) => Promise<void>): Promise<void> {
  const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
  try {
    await other.openBackupWith({ securityKey });
    await work(other);
  } finally {
    other.stop();
  }
}

describe("what signing out costs in room keys", () => {
  it("is every one while there is no backup, none once all are in one, and every one again when it is turned off", async () => {
    expect(await preview()).toMatchObject({ secureBackup: "not_set_up", roomKeysNotBackedUp: 0 });
    await receive(0, 5);
    expect(await preview()).toMatchObject({ secureBackup: "not_set_up", roomKeysNotBackedUp: 5 });
    await setUpWithKey(rig, accountId);
    await allBackedUp();
    expect(await preview()).toMatchObject({ secureBackup: "working", roomKeysNotBackedUp: 0, serverReachable: true });
    await rig.service.turnOff({ accountId });
    await receive(5, 2);
    expect(await preview()).toMatchObject({ secureBackup: "not_set_up", roomKeysNotBackedUp: 7 });
  });

  it("is those alone that the server has not taken yet", async () => {
    await receive(0, 4);
    await setUpWithKey(rig, accountId);
    await allBackedUp();
    const rule = proxy.addRule({
      method: "PUT",
      path: /room_keys\/keys/,
      fault: { kind: "answer", status: 502, body: "" },
      times: Infinity,
    });
    await receive(4, 3);
    expect(await preview()).toMatchObject({ secureBackup: "working", roomKeysNotBackedUp: 3 });
    rule.remove();
  });

  it("is every one when another client has deleted the backup, or begun another", async () => {
    await receive(0, 4);
    const { securityKey } = await setUpWithKey(rig, accountId);
    await allBackedUp();
    await withOther(securityKey, async ({ tokens: { accessToken: token } }) => {
      const { version, algorithm, auth_data: authData } = await synapse.call({ path: VERSIONS, token });
      await synapse.call({ method: "DELETE", path: `${VERSIONS}/${version}`, token });
      // This session has not met a refusal yet: it still takes the backup for the one in use.
      expect(await preview()).toMatchObject({ secureBackup: "broken", roomKeysNotBackedUp: 4 });
      await synapse.call({ method: "POST", path: VERSIONS, token, body: { algorithm, auth_data: authData } });
      expect(await preview()).toMatchObject({ roomKeysNotBackedUp: 4 });
    });
  });

  it("is not known while the server does not say which backup there is, and then nothing is called safe", async () => {
    await receive(0, 4);
    await setUpWithKey(rig, accountId);
    await allBackedUp();
    proxy.addRule({ path: /room_keys\/version/, fault: { kind: "answer", status: 502, body: "" }, times: Infinity });
    expect(await preview()).toMatchObject({ secureBackup: "unknown", roomKeysNotBackedUp: null, lastVerifiedSession: true });
  });

  it("is not known while the server does not answer at all", async () => {
    await receive(0, 4);
    await setUpWithKey(rig, accountId);
    await allBackedUp();
    proxy.addRule({ path: /(?:)/, fault: { kind: "reset" }, times: Infinity });
    expect(await preview()).toMatchObject({
      lastVerifiedSession: null,
      roomKeysNotBackedUp: null,
      serverReachable: false,
    });
  });
});

describe("a server that is away", () => {
  const healthOnDisk = () => services.sessions.account(accountId).health;
  /** Does nothing without an answer within so short a time. */
  const hurry = (): Promise<number> =>
    services.sessions
      .session(accountId)
      .use((client) => Promise.resolve((homeserverOf(client).limits.answerMs = client.http.opts.localTimeoutMs = 500)));
  const hang = { path: /(?:)/, fault: { kind: "hang" as const }, times: Infinity };
  /** All is well, and known. */
  beforeEach(async () => {
    await setUpWithKey(rig, accountId);
    await receive(0, 4);
    await allBackedUp();
    expect(await services.health.refresh(accountId)).toMatchObject({ thisSession: "verified", secureBackup: "working" });
  });

  it.each(["is not found", "has a bad certificate", "does not answer in time"])("and %s is called so", async (why) => {
    const before = healthOnDisk();
    const impostor = await startFaultProxy(synapse.baseUrl, { tls: await makeCertificate() });
    try {
      if (why === "is not found") elsewhere = "http://homeserver.invalid";
      if (why === "has a bad certificate") elsewhere = impostor.baseUrl;
      if (why === "does not answer in time") {
        await hurry();
        proxy.addRule(hang);
      }
      expect(await preview()).toMatchObject({
        thisSession: "verified",
        secureBackup: "working",
        lastVerifiedSession: null,
        roomKeysNotBackedUp: null,
        securityKeyKept: false,
        serverReachable: false,
      });
      expect(healthOnDisk()).toEqual(before);
    } finally {
      await impostor.stop();
    }
  });

  it("from a moment on makes unknown what it was not asked before, and spoils nothing that is kept", async () => {
    const before = healthOnDisk();
    proxy.addRule({ path: /\/devices$/, fault: { kind: "reset" }, times: Infinity });
    expect(await preview()).toMatchObject({
      thisSession: "verified",
      lastVerifiedSession: null,
      roomKeysNotBackedUp: 0,
      serverReachable: false,
    });
    expect(healthOnDisk()).toEqual(before);
    proxy.clear();
    expect((await services.health.refresh(accountId)).checkedAt).toBeGreaterThan(before!.checkedAt);
  });

  it("for every question is what a check of the account ends with", async () => {
    const before = healthOnDisk();
    // As a network does that wants a login first; what is only silent is asked again for a minute.
    const headers = { location: "http://login.invalid/" };
    proxy.addRule({ path: /(?:)/, fault: { kind: "answer", status: 302, headers }, times: Infinity });
    expect(await errorOf(services.health.refresh(accountId))).toMatchObject({ kind: "redirected" });
    expect(await preview()).toMatchObject({ lastVerifiedSession: null, serverReachable: false });
    expect(healthOnDisk()).toEqual(before);
  });
});

describe("the last verified session", () => {
  it("is not known when the server does not tell whether this one is verified", async () => {
    await setUpWithKey(rig, accountId);
    const body = { errcode: "M_FORBIDDEN", error: "Not now" };
    proxy.addRule({ path: /keys\/query/, fault: { kind: "answer", status: 403, body }, times: Infinity });
    expect(await preview()).toMatchObject({ thisSession: "unknown", lastVerifiedSession: null, serverReachable: true });
  });

  it("is this one until another is verified, and again when that has gone", async () => {
    expect(await preview()).toMatchObject({ thisSession: "no_identity", lastVerifiedSession: false });
    const { securityKey } = await setUpWithKey(rig, accountId);
    expect(await preview()).toMatchObject({ thisSession: "verified", lastVerifiedSession: true });
    await synapse.addSessions(user, 1);
    const unverified = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    unverified.stop();
    expect(await preview()).toMatchObject({ thisSession: "verified", lastVerifiedSession: true });
    await withOther(securityKey, async (other) => {
      expect(await preview()).toMatchObject({ thisSession: "verified", lastVerifiedSession: false });
      await other.signOut();
    });
    expect(await preview()).toMatchObject({ thisSession: "verified", lastVerifiedSession: true });
  });

  it("is never one that is not verified itself", async () => {
    const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    await other.setUpSecureBackup();
    await other.signOut();
    expect(await preview()).toMatchObject({ thisSession: "unverified", lastVerifiedSession: false });
  });
});
