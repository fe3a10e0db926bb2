import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { secretOf } from "../../support/secretValues.ts";
import {
  beginReplacing,
  openForCanceller,
  openForNewUser,
  openForPerson,
  replace,
  setUpElsewhere,
} from "../../support/secureBackupAccounts.ts";
import { errorOf } from "../../support/errorOf.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import type { SecureBackupRig } from "../../support/secureBackupRig.ts";
import { signInTo } from "../../support/secureBackupRig.ts";
import type { SdkSession } from "../../support/sdkSession.ts";
import { type StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let other: SdkSession;
let onServer: AccountDataOnServer;
let oldKey: string;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());

/** An account with a Secure Backup and room keys in it, set up by another client that is still signed in. */
beforeEach(async () => {
  ({ data, services, user, rig } = await openForNewUser(synapse));
  ({ other, securityKey: oldKey } = await setUpElsewhere(synapse, user, 3));
  onServer = new AccountDataOnServer(synapse, other.tokens);
  accountId = await signInTo(services, user, synapse.baseUrl);
});
afterEach(async () => {
  other.stop();
  await data.destroy();
});

const state = () => rig.service.state({ accountId });
const ownMaster = async (): Promise<unknown> => {
  const { userId } = user;
  const answer = await synapse.call({
    path: "/_matrix/client/v3/keys/query",
    token: other.tokens.accessToken,
    body: { device_keys: { [userId]: [] } },
  });
  return Object.values(answer.master_keys[userId].keys)[0];
};
const backupVersion = async (version: string): Promise<unknown> =>
  synapse.call({ path: `/_matrix/client/v3/room_keys/version/${version}`, token: other.tokens.accessToken }).catch(() => null);

describe("a reset", () => {
  it("says beforehand what it costs, and begins only when it is confirmed", async () => {
    expect(await rig.service.resetPreview({ accountId })).toEqual({
      confirmation: user.userId.slice(1).split(":")[0],
      verifiedSessionsLost: 1,
      roomKeys: { inBackup: 3, opensHere: false, here: 0 },
      backups: [{ version: "1", algorithm: expect.stringContaining("megolm_backup"), known: true, keyCount: 3, opensHere: false }],
      identityExists: true,
      dehydratedDevice: false,
    });
    for (const confirmation of [undefined, "", "person", "yes"]) {
      const refused = rig.service.beginSetUp({ accountId, kind: "reset", method: "key", confirmation });
      expect(await errorOf(refused)).toEqual({ kind: "not_confirmed" });
    }
    await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) });
    expect((await rig.service.resetPreview({ accountId })).roomKeys).toMatchObject({ inBackup: 3, opensHere: true });
  });

  it("by a session that has nothing brings a new identity, key and backup, and takes the old ones away", async () => {
    const before = await ownMaster();
    const { securityKey, setUp } = await replace(rig, accountId, "reset", { deleteUnopened: true });
    expect(setUp).toMatchObject({ kind: "reset", phase: "checked", keptBackups: null });
    expect(setUp.steps.map(({ step, status }) => `${step} ${status}`)).toEqual([
      "identity done",
      "secret_storage done",
      "key_backup done",
      "room_keys done",
      "check done",
      "clean_up done",
    ]);
    expect(await ownMaster()).not.toBe(before);
    expect(await state()).toMatchObject({ diagnosis: "working", proven: true, backup: { version: "2" } });
    expect(await backupVersion("1")).toBeNull();
    const keyId = (await onServer.read("m.secret_storage.default_key")).key;
    expect(Object.keys((await onServer.read("m.cross_signing.master")).encrypted)).toEqual([keyId]);
    await openElsewhere(synapse, user, { securityKey });
    expect(await errorOf(rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) }))).toEqual({
      kind: "wrong_security_key",
    });
    expect(await rig.service.setUp({ accountId })).toMatchObject({ setUp: { phase: "checked" } });
  });

  it("by a session that opens the old backup carries its room keys over", async () => {
    await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) });
    const { securityKey, setUp } = await replace(rig, accountId, "reset");
    expect(setUp).toMatchObject({ phase: "checked" });
    expect((await state()).backup).toMatchObject({ version: "2", keyCount: 3 });
    expect((await openElsewhere(synapse, user, { securityKey })).roomKeys).toEqual({ inBackup: 3, restored: 3 });
  });

  it("that is cancelled at the password loses nothing", async () => {
    await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) });
    const before = await ownMaster();
    const canceller = openForCanceller(services);
    const { setUp } = await replace(canceller, accountId, "reset");
    expect(setUp).toMatchObject({ kind: "reset", phase: "stopped", error: { kind: "challenge_cancelled" } });
    expect(await ownMaster()).toBe(before);
    // Also while it can still be continued, the old key opens, here and with a client that was never here before.
    expect(await openElsewhere(synapse, user, { securityKey: oldKey })).toMatchObject({
      roomKeys: { inBackup: 3, restored: 3 },
    });
    expect(await other.isVerified(services.sessions.session(accountId).details.deviceId)).toBe(true);
    expect(await canceller.service.state({ accountId })).toMatchObject({
      diagnosis: "unfinished_set_up",
      proven: true,
      identity: { thisSessionVerified: true },
    });
    await canceller.service.cancelSetUp({ accountId });
    expect(await canceller.service.setUp({ accountId })).toEqual({ setUp: null });
    expect(await state()).toMatchObject({ diagnosis: "working", proven: true, backup: { version: "1", keyCount: 3 } });
    expect((await rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) })).diagnosis).toBe("working");
  });

  it("that was cancelled at the password can be continued after the app was closed", async () => {
    const { securityKey } = await replace(openForCanceller(services), accountId, "reset");
    await data.close();
    services = await data.open();
    await services.sessions.restoreAll();
    rig = openForPerson(services, user);
    expect((await rig.service.setUp({ accountId })).setUp).toMatchObject({ kind: "reset", phase: "stopped" });
    expect((await rig.service.continueSetUp({ accountId })).setUp).toMatchObject({ phase: "checked" });
    await openElsewhere(synapse, user, { securityKey });
  });

  it("does not replace an identity that nobody agreed to lose", async () => {
    const securityKey = await beginReplacing(rig, accountId, "reset");
    await other.crypto.bootstrapCrossSigning({
      setupNewCrossSigning: true,
      authUploadDeviceSigningKeys: async (send) => {
        const identifier = { type: "m.id.user", user: user.userId };
        const session = await send(null).then(
          () => undefined,
          (error: { data: { session: string } }) => error.data.session,
        );
        await send({ type: "m.login.password", identifier, password: user.password, session });
      },
    });
    const replaced = await ownMaster();
    const { setUp } = await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey) });
    expect(setUp).toMatchObject({ phase: "stopped", error: { kind: "identity_replaced" } });
    expect(await ownMaster()).toBe(replaced);
    await rig.service.cancelSetUp({ accountId });
    expect(await rig.service.setUp({ accountId })).toEqual({ setUp: null });
  });
});
