import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { SetUp } from "../../../shared/contract/setUp.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { errorOf } from "../../support/errorOf.ts";
import { secretOf } from "../../support/secretValues.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { openSecureBackup, type SecureBackupRig, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { startSdkSession } from "../../support/sdkSession.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const STRONG_PHRASE = "quarrel lantern osprey velvet 1837 Ümlaut";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
let users = 0;
beforeEach(async () => {
  data = await StewardData.create();
  services = await data.open();
  rig = openSecureBackup(services);
  user = await synapse.register({ user: `person${(users += 1)}`, password: `password of ${users}` });
  accountId = await signInTo(services, user, synapse.baseUrl);
});
afterEach(() => data.destroy());

const onServer = (): Promise<AccountDataOnServer> =>
  services.sessions.session(accountId).use(async (client) => {
    return new AccountDataOnServer(synapse, { userId: user.userId, accessToken: client.getAccessToken()! });
  });

describe("setting up Secure Backup", () => {
  it("with a Security Key is checked, and opens elsewhere with the key alone", async () => {
    expect((await rig.service.state({ accountId })).diagnosis).toBe("not_set_up");
    const { securityKey, setUp } = await setUpWithKey(rig, accountId);
    expect(setUp).toEqual({
      accountId,
      kind: "set_up",
      phase: "checked",
      method: "key",
      keptBackups: null,
      steps: ["identity", "secret_storage", "key_backup", "check"].map((step) => ({ step, status: "done" })),
    });
    const state = await rig.service.state({ accountId });
    expect(state).toMatchObject({
      diagnosis: "working",
      proven: true,
      identity: { exists: true, thisSessionVerified: true },
      key: { hasPhrase: false, checkable: true },
      backup: { active: true, trusted: true },
    });
    expect(state.secrets.map(({ stored, here }) => ({ stored, here }))).toEqual(
      Array.from({ length: 4 }, () => ({ stored: "stored", here: true })),
    );
    expect(await (await onServer()).read("m.key_backup")).toEqual({ enabled: true });
    await openElsewhere(synapse, user, { securityKey });
  });

  it("with a Security Phrase opens elsewhere with the phrase alone, and with the key alone", async () => {
    expect(await errorOf(rig.service.beginSetUp({ accountId, method: "phrase", phrase: secretOf("Security Key", "password1") }))).toEqual({
      kind: "weak_phrase",
    });
    const { securityKey } = await rig.service.beginSetUp({ accountId, method: "phrase", phrase: secretOf("Security Key", STRONG_PHRASE) });
    expect(await errorOf(rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", `${STRONG_PHRASE}.`) }))).toEqual({
      kind: "security_key_not_confirmed",
    });
    const { setUp } = await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", STRONG_PHRASE) });
    expect(setUp).toMatchObject({ phase: "checked", method: "phrase" });
    expect((await rig.service.state({ accountId })).key).toEqual({ hasPhrase: true, checkable: true });
    await openElsewhere(synapse, user, { securityPhrase: STRONG_PHRASE });
    await openElsewhere(synapse, user, { securityKey: securityKey.reveal() });
  });

  it("changes nothing on the server before the very key is typed back, however it is spaced", async () => {
    const { securityKey, setUp } = await rig.service.beginSetUp({ accountId, method: "key" });
    expect(setUp.phase).toBe("confirm_key");
    expect(await errorOf(rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey.reveal().slice(1)) }))).toEqual({
      kind: "malformed_security_key",
    });
    const { securityKey: another } = await rig.service.beginSetUp({ accountId, method: "key" });
    expect(await errorOf(rig.service.confirmSetUp({ accountId, typed: securityKey }))).toEqual({
      kind: "security_key_not_confirmed",
    });
    expect((await rig.service.state({ accountId })).diagnosis).toBe("not_set_up");
    expect((await rig.service.state({ accountId })).identity.exists).toBe(false);
    const pasted = `\u00a0${another.reveal().replaceAll(" ", "\u2009\u200b")}\r\n\t`;
    expect((await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", pasted) })).setUp.phase).toBe("checked");
  });

  it("hands the key to the clipboard and to a file only while it waits to be typed back", async () => {
    const { securityKey } = await rig.service.beginSetUp({ accountId, method: "key" });
    expect(await rig.service.keepSecurityKey({ accountId, how: "copy", which: "new" })).toEqual({ kept: true });
    expect(await rig.service.keepSecurityKey({ accountId, how: "save", which: "new" })).toEqual({ kept: true });
    expect(await rig.service.keepSecurityKey({ accountId, how: "print", which: "new" })).toEqual({ kept: true });
    expect(rig.kept.copied).toEqual([securityKey]);
    expect(rig.kept.saved[0]!.text).toContain(securityKey.reveal());
    expect(rig.kept.saved[0]!.suggestedName.of).not.toMatch(/[:@/\\]/);
    await rig.service.cancelSetUp({ accountId });
    expect(await errorOf(rig.service.keepSecurityKey({ accountId, how: "copy", which: "new" }))).toEqual({
      kind: "conversation_over",
    });
    expect(await rig.service.setUp({ accountId })).toEqual({ setUp: null });
    expect(await errorOf(rig.service.confirmSetUp({ accountId, typed: securityKey }))).toEqual({
      kind: "conversation_over",
    });
  });

  it("is refused where there is one, and where there is an identity that this session does not have", async () => {
    const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    try {
      await other.crypto.bootstrapCrossSigning({
        authUploadDeviceSigningKeys: async (send) => void (await send(null)),
      });
      const begin = () => errorOf(rig.service.beginSetUp({ accountId, method: "key" }));
      expect(await begin()).toEqual({ kind: "session_not_verified" });
      await other.setUpSecureBackup();
      expect(await begin()).toEqual({ kind: "secure_backup_exists" });
    } finally {
      other.stop();
    }
  });

  it("stops without harm when another client sets one up in between", async () => {
    const { securityKey } = await rig.service.beginSetUp({ accountId, method: "key" });
    const other = await startSdkSession({ baseUrl: synapse.baseUrl, ...user });
    const theirs = await other.setUpSecureBackup();
    other.stop();
    const { setUp } = await rig.service.confirmSetUp({ accountId, typed: securityKey });
    expect(setUp).toMatchObject({ phase: "stopped", error: { kind: "secure_backup_exists" } });
    await rig.service.cancelSetUp({ accountId });
    expect((await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", theirs) })).diagnosis).toBe("working");
  });

  it("takes over a backup that this session already writes to, instead of making a second one", async () => {
    await setUpWithKey(rig, accountId);
    const before = await rig.service.state({ accountId });
    // As another client leaves it that turns secret storage off and lets the backup be.
    await (await onServer()).write("m.secret_storage.default_key", {});
    expect((await rig.service.state({ accountId })).diagnosis).toBe("default_key_missing");
    const { securityKey, setUp } = await setUpWithKey(rig, accountId);
    expect(setUp.phase).toBe("checked");
    expect((await rig.service.state({ accountId })).backup!.version).toBe(before.backup!.version);
    await openElsewhere(synapse, user, { securityKey });
  });

  it("keeps the copies of secrets under other keys", async () => {
    const older = { iv: "a", ciphertext: "b", mac: "c" };
    await (await onServer()).write("m.cross_signing.master", { encrypted: { older } });
    const { setUp } = await setUpWithKey(rig, accountId);
    expect(setUp.phase).toBe("checked");
    expect((await (await onServer()).read("m.cross_signing.master")).encrypted).toHaveProperty("older");
  });

  it("stops after the current request when it is cancelled at any step, and goes on where it stopped", async () => {
    const { securityKey } = await rig.service.beginSetUp({ accountId, method: "key" });
    let stopAt = 0;
    const phases = (): SetUp[] =>
      rig.events.filter(({ channel }) => channel === "secureBackup.setUpChanged").map(({ payload }) => payload as SetUp);
    const steps = ["identity", "secret_storage", "key_backup", "check"];
    const cancelling = openSecureBackup(services, ({ service, events }, channel) => {
      const latest = events.at(-1)!.payload as SetUp;
      if (channel !== "secureBackup.setUpChanged" || latest.phase !== "running") return;
      if (latest.steps[stopAt]?.status === "running") void service.cancelSetUp({ accountId });
    });
    // The same key must come back in every run, so the set-up is confirmed once and continued from then on.
    const begun = await cancelling.service.beginSetUp({ accountId, method: "key" });
    let { setUp } = await cancelling.service.confirmSetUp({ accountId, typed: begun.securityKey });
    while (stopAt < steps.length) {
      expect(setUp, steps[stopAt]).toMatchObject({ phase: "stopped", error: { kind: "cancelled" } });
      expect(setUp.steps.map(({ status }) => status)).not.toContain("running");
      await (await onServer()).expectNoKeyWithoutSecrets();
      expect((await cancelling.service.state({ accountId })).diagnosis).toBe("unfinished_set_up");
      stopAt += 1;
      ({ setUp } = await cancelling.service.continueSetUp({ accountId }));
    }
    expect(setUp.phase).toBe("checked");
    expect(phases().every(({ phase }) => phase === "confirm_key")).toBe(true);
    expect(securityKey).not.toEqual(begun.securityKey);
    await openElsewhere(synapse, user, { securityKey: begun.securityKey.reveal() });
  });

  it.each([true, false])("stops before it begins when it is cancelled while it is kept; key kept here: %s", async (keep) => {
    const { securityKey } = await rig.service.beginSetUp({ accountId, method: "key" });
    const confirmed = rig.service.confirmSetUp({ accountId, typed: securityKey, keepOnThisComputer: keep });
    const again = errorOf(rig.service.confirmSetUp({ accountId, typed: securityKey, keepOnThisComputer: keep }));
    await rig.service.cancelSetUp({ accountId });
    expect((await confirmed).setUp).toMatchObject({ phase: "stopped", error: { kind: "cancelled" } });
    expect(await again).toEqual({ kind: "conversation_over" });
    expect((await rig.service.state({ accountId })).identity.exists).toBe(false);
  });

  it("is remembered after the app was closed, and can be given up while the server does not name its key", async () => {
    const stopping = openSecureBackup(services, ({ service, events }, channel) => {
      const latest = events.at(-1)!.payload as SetUp;
      const running = channel === "secureBackup.setUpChanged" && latest.phase === "running";
      if (running && latest.steps[1]?.status === "running") void service.cancelSetUp({ accountId });
    });
    await setUpWithKey(stopping, accountId);
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    rig = openSecureBackup(services);
    expect((await rig.service.setUp({ accountId })).setUp).toMatchObject({
      phase: "stopped",
      steps: [{ status: "done" }, { status: "to_do" }, { status: "to_do" }, { status: "to_do" }],
    });
    expect(await errorOf(rig.service.beginSetUp({ accountId, method: "key" }))).toEqual({ kind: "conversation_over" });
    await rig.service.cancelSetUp({ accountId });
    expect((await rig.service.state({ accountId })).diagnosis).toBe("not_set_up");
    const { securityKey, setUp } = await setUpWithKey(rig, accountId);
    expect(setUp.phase).toBe("checked");
    await openElsewhere(synapse, user, { securityKey });
  });

  it("writes nothing to the server when the set-up cannot be kept on this computer", async () => {
    const { securityKey } = await rig.service.beginSetUp({ accountId, method: "key" });
    const broken = openSecureBackup({
      ...services,
      secretStore: {
        read: (id) => services.secretStore.read(id),
        update: () => services.secretStore.update("aaaaaaaaaaaaaaaa" as AccountId, (secrets) => secrets),
      } as Partial<typeof services.secretStore> as typeof services.secretStore,
    });
    const begun = await broken.service.beginSetUp({ accountId, method: "key" });
    expect(await errorOf(broken.service.confirmSetUp({ accountId, typed: begun.securityKey }))).toEqual({
      kind: "secret_missing",
    });
    expect((await rig.service.state({ accountId })).identity.exists).toBe(false);
    expect((await rig.service.confirmSetUp({ accountId, typed: securityKey })).setUp.phase).toBe("checked");
  });
});
