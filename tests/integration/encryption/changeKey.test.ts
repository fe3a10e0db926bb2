import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Services } from "../../../main/services.ts";
import type { SetUp } from "../../../shared/contract/setUp.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { secretOf } from "../../support/secretValues.ts";
import { openForNewUser, openForPerson, replace } from "../../support/secureBackupAccounts.ts";
import { errorOf } from "../../support/errorOf.ts";
import { AccountDataOnServer, openElsewhere } from "../../support/secureBackupChecks.ts";
import { openSecureBackup, type SecureBackupRig, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const PHRASE = "quarrel lantern osprey velvet 1837 Ümlaut";
const MASTER = "m.cross_signing.master";

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let onServer: AccountDataOnServer;
let oldKey: string;

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
beforeEach(async () => {
  ({ data, services, user, rig } = await openForNewUser(synapse));
  accountId = await signInTo(services, user, synapse.baseUrl);
  oldKey = (await setUpWithKey(rig, accountId)).securityKey;
  onServer = await services.sessions.session(accountId).use(async (client) => {
    return new AccountDataOnServer(synapse, { userId: user.userId, accessToken: client.getAccessToken()! });
  });
});
afterEach(() => data.destroy());

const keyId = async (): Promise<string> => (await onServer.read("m.secret_storage.default_key")).key;

describe("a change of the Security Key", () => {
  it("keeps identity and backup, opens with the new key, and leaves nothing for the old one", async () => {
    const before = await rig.service.state({ accountId });
    const old = await keyId();
    const { securityKey, setUp } = await replace(rig, accountId, "change");
    expect(setUp).toMatchObject({ kind: "change", phase: "checked" });
    expect(setUp.steps.map(({ step }) => step)).toEqual(["secret_storage", "key_backup", "check", "clean_up"]);
    expect(await rig.service.state({ accountId })).toMatchObject({
      diagnosis: "working",
      backup: { version: before.backup!.version },
    });
    expect(await onServer.read(`m.secret_storage.key.${old}`)).toEqual({});
    expect(Object.keys((await onServer.read(MASTER)).encrypted)).toEqual([await keyId()]);
    await openElsewhere(synapse, user, { securityKey });
    expect(await errorOf(rig.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", oldKey) }))).toEqual({
      kind: "wrong_security_key",
    });
  });

  it("adds a phrase to a backup that had a key alone", async () => {
    const { securityKey } = await rig.service.beginSetUp({
      accountId,
      kind: "change",
      method: "phrase",
      phrase: secretOf("Security Key", PHRASE),
    });
    const { setUp } = await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", PHRASE) });
    expect(setUp).toMatchObject({ kind: "change", method: "phrase", phase: "checked" });
    expect((await rig.service.state({ accountId })).key).toEqual({ hasPhrase: true, checkable: true });
    await openElsewhere(synapse, user, { securityPhrase: PHRASE });
    await openElsewhere(synapse, user, { securityKey: securityKey.reveal() });
  });

  it("leaves the old key's description where a secret that Steward does not know needs it", async () => {
    const old = await keyId();
    const description = await onServer.read(`m.secret_storage.key.${old}`);
    const theirs = { encrypted: { [old]: { iv: "a", ciphertext: "b", mac: "c" } } };
    await onServer.write("org.example.secret", theirs);
    const { setUp } = await replace(rig, accountId, "change");
    expect(setUp.phase).toBe("checked");
    expect(await onServer.read(`m.secret_storage.key.${old}`)).toEqual(description);
    expect(await onServer.read("org.example.secret")).toEqual(theirs);
    expect(Object.keys((await onServer.read(MASTER)).encrypted)).toEqual([await keyId()]);
    expect((await rig.service.state({ accountId })).diagnosis).toBe("working");
  });

  it("that is stopped and given up leaves the old key working and nothing of the new one", async () => {
    const before = await onServer.read(MASTER);
    const stopping = openSecureBackup(services, ({ service, events }, channel) => {
      const latest = events.at(-1)!.payload as SetUp;
      if (channel === "secureBackup.setUpChanged" && latest.phase === "running") void service.cancelSetUp({ accountId });
    });
    const { setUp } = await replace(stopping, accountId, "change");
    expect(setUp).toMatchObject({ phase: "stopped", error: { kind: "cancelled" } });
    await openElsewhere(synapse, user, { securityKey: oldKey });
    await stopping.service.cancelSetUp({ accountId });
    expect(await onServer.read(MASTER)).toEqual(before);
    expect((await rig.service.state({ accountId })).diagnosis).toBe("working");
  });

  it("is refused to a session that does not have every secret", async () => {
    const second = await StewardData.create();
    try {
      const elsewhere = await second.open();
      const id = await signInTo(elsewhere, user, synapse.baseUrl);
      const begun = openForPerson(elsewhere, user).service.beginSetUp({ accountId: id, kind: "change", method: "key" });
      expect(await errorOf(begun)).toEqual({ kind: "session_not_verified" });
    } finally {
      await second.destroy();
    }
  });
});
