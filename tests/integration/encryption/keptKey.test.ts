import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseSecurityKey } from "../../../main/encryption/securityKey.ts";
import type { Services } from "../../../main/services.ts";
import type { SecureBackupState } from "../../../shared/contract/secureBackup.ts";
import type { SetUp } from "../../../shared/contract/setUp.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { revealedJson } from "../../../shared/secret.ts";
import { revealed, secretOf } from "../../support/secretValues.ts";
import { beginReplacing, openForNewUser, openForPerson, replace } from "../../support/secureBackupAccounts.ts";
import { errorOf } from "../../support/errorOf.ts";
import { AccountDataOnServer } from "../../support/secureBackupChecks.ts";
import { openSecureBackup, type SecureBackupRig, setUpWithKey, signInTo } from "../../support/secureBackupRig.ts";
import { sweepForSecrets } from "../../support/secretsSweep.ts";
import { StewardData } from "../../support/stewardServices.ts";
import { startSynapse, type Synapse, type TestUser } from "../../support/synapse.ts";

const PHRASE = "quarrel lantern osprey velvet 1837 Ümlaut";
const CURRENT = { status: "current", place: "keychain" };
const NONE = { status: "none", place: "keychain" };

let synapse: Synapse;
let data: StewardData;
let services: Services;
let rig: SecureBackupRig;
let user: TestUser;
let accountId: AccountId;
let securityKey: string;
/** Every Security Key that a test has seen, for the look at logs and files. */
const keys: Record<string, string> = { phrase: PHRASE };

beforeAll(async () => {
  synapse = await startSynapse();
}, 120_000);
afterAll(() => synapse.stop());
beforeEach(async () => {
  ({ data, services, user, rig } = await openForNewUser(synapse));
  accountId = await signInTo(services, user, synapse.baseUrl);
  ({ securityKey } = await setUpWithKey(rig, accountId));
  note(securityKey);
});
afterEach(async () => {
  try {
    await data.close();
    await expectNoTrace();
  } finally {
    await data.destroy();
  }
});

function note(key: string): string {
  const name = `key ${Object.keys(keys).length}`;
  keys[name] = key;
  keys[`${name} without spaces`] = key.replaceAll(" ", "");
  keys[`${name} in base64`] = revealed(parseSecurityKey(secretOf("Security Key", key)));
  return key;
}

/** No Security Key and no phrase in a file, in what was logged, or in what the window was told of its own accord. */
async function expectNoTrace(): Promise<void> {
  const told = JSON.stringify([rig.events, data.events]);
  const texts = { log: data.warnings.join("\n"), told };
  expect(await sweepForSecrets(keys, { folders: [data.folder], texts })).toEqual([]);
}

const state = (): Promise<SecureBackupState> => rig.service.state({ accountId });
const keep = (keyOrPhrase = securityKey) =>
  rig.service.keepOnThisComputer({ accountId, keyOrPhrase: secretOf("Security Key", keyOrPhrase) });
const shown = async (): Promise<string> => (await rig.service.showKeptKey({ accountId })).securityKey.reveal();

/** As when the app is quit and started again. */
async function restart(): Promise<void> {
  await data.close();
  services = await data.open();
  rig = openForPerson(services, user);
  await services.sessions.restoreAll();
}

/** Lets another computer, on which the account is verified, do something. */
async function elsewhere(work: (other: SecureBackupRig, id: AccountId) => Promise<unknown>): Promise<void> {
  const second = await StewardData.create();
  try {
    const theirs = await second.open();
    const other = openForPerson(theirs, user);
    const id = await signInTo(theirs, user, synapse.baseUrl);
    await other.service.unlock({ accountId: id, keyOrPhrase: secretOf("Security Key", securityKey) });
    await work(other, id);
  } finally {
    await second.destroy();
  }
}

async function accountData(): Promise<AccountDataOnServer> {
  return services.sessions.session(accountId).use((client) => {
    const accessToken = client.getAccessToken()!;
    return Promise.resolve(new AccountDataOnServer(synapse, { userId: user.userId, accessToken }));
  });
}

describe("the Security Key on this computer", () => {
  it("is not kept unless that is wanted", async () => {
    expect((await state()).keptKey).toEqual(NONE);
    expect(await errorOf(shown())).toEqual({ kind: "security_key_not_kept" });
    expect((await services.health.signOutPreview(accountId)).securityKeyKept).toBe(false);
  });

  it("is kept, survives a restart, is shown, copied and saved, and is forgotten", async () => {
    expect((await keep()).keptKey).toEqual(CURRENT);
    await restart();
    expect((await state()).keptKey).toEqual(CURRENT);
    expect(await shown()).toBe(securityKey);
    await rig.service.keepSecurityKey({ accountId, how: "copy", which: "kept" });
    await rig.service.keepSecurityKey({ accountId, how: "save", which: "kept" });
    expect(rig.kept.copied).toEqual([securityKey]);
    expect(rig.kept.saved[0]!.text).toBe(`${user.userId}\n${securityKey}\n`);
    expect((await services.health.signOutPreview(accountId)).securityKeyKept).toBe(true);

    await rig.service.forgetKeptKey({ accountId });
    expect((await state()).keptKey).toEqual(NONE);
    await restart();
    expect(await errorOf(shown())).toEqual({ kind: "security_key_not_kept" });
    expect((await state()).diagnosis).toBe("working");
  });

  it("is kept only when it opens the Secure Backup", async () => {
    const other = openForPerson(services, user);
    const wrong = note((await other.service.beginSetUp({ accountId, kind: "change", method: "key" })).securityKey.reveal());
    expect(await errorOf(keep(wrong))).toEqual({ kind: "wrong_security_key" });
    expect(await errorOf(keep("Es not a key"))).toEqual({ kind: "malformed_security_key" });
    expect((await state()).keptKey).toEqual(NONE);
    await keep();
    expect(await errorOf(keep(wrong))).toEqual({ kind: "wrong_security_key" });
    expect(await shown()).toBe(securityKey);
  });

  it("is what a phrase leads to; the phrase itself is not kept", async () => {
    const begun = await rig.service.beginSetUp({ accountId, kind: "change", method: "phrase", phrase: secretOf("Security Key", PHRASE) });
    note(begun.securityKey.reveal());
    await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", PHRASE) });
    await keep(PHRASE);
    expect(await shown()).toEqual(begun.securityKey);
    const read = await services.secretStore.read(accountId);
    expect(revealedJson(read)).not.toContain("quarrel");
  });

  it("waits in a locked keychain and is not lost", async () => {
    await keep();
    await data.close();
    data.keychain.problem = "locked";
    services = await data.open();
    rig = openForPerson(services, user);
    await services.sessions.restoreAll();
    expect(services.sessions.account(accountId).session.status).toBe("locked");
    expect(await errorOf(shown())).toEqual({ kind: "secrets_locked" });
    expect(await errorOf(rig.service.forgetKeptKey({ accountId }))).toEqual({ kind: "secrets_locked" });
    data.keychain.problem = null;
    await services.secrets.retryKeychain();
    await services.sessions.restoreAll();
    expect(await shown()).toBe(securityKey);
  });

  it("goes with the account when it signs out, from the files and from the keychain", async () => {
    await keep();
    expect(data.keychain.entries.size).toBe(1);
    await services.sessions.signOut(accountId);
    expect(data.keychain.entries.size).toBe(0);
    expect(await services.secretStore.read(accountId)).toEqual({ kind: "absent" });
    accountId = await signInTo(services, user, synapse.baseUrl);
    expect((await state()).keptKey).toEqual(NONE);
  });

  it("cannot be kept for an account that is here for this time only", async () => {
    const bare = await StewardData.create();
    try {
      bare.keychain.problem = "unreachable";
      const theirs = await bare.open();
      await theirs.secrets.chooseThisTimeOnly();
      const other = openForPerson(theirs, user);
      const id = await signInTo(theirs, user, synapse.baseUrl);
      const unlocked = await other.service.unlock({ accountId: id, keyOrPhrase: secretOf("Security Key", securityKey) });
      expect(unlocked.keptKey).toEqual({ status: "none", place: "memory" });
      const kept = other.service.keepOnThisComputer({ accountId: id, keyOrPhrase: secretOf("Security Key", securityKey) });
      expect(await errorOf(kept)).toEqual({ kind: "kept_this_time_only" });
      const begun = await other.service.beginSetUp({ accountId: id, kind: "change", method: "key" });
      const typed = note(begun.securityKey.reveal());
      const confirmed = other.service.confirmSetUp({ accountId: id, typed: secretOf("Security Key", typed), keepOnThisComputer: true });
      expect(await errorOf(confirmed)).toEqual({ kind: "kept_this_time_only" });
      expect((await other.service.setUp({ accountId: id })).setUp?.phase).toBe("confirm_key");
      const texts = { log: bare.warnings.join("\n") };
      expect(await sweepForSecrets(keys, { folders: [bare.folder], texts })).toEqual([]);
    } finally {
      await bare.destroy();
    }
  });

  it("opens the Secure Backup on a session whose device another session has removed", async () => {
    await keep();
    await services.sessions.session(accountId).use((client) => client.logout(false));
    await services.sessions.session(accountId).stop();
    await services.sessions.session(accountId).start();
    await services.passwordSignIns.signInAgain(accountId, secretOf("password", user.password));
    expect(await state()).toMatchObject({ keptKey: CURRENT, identity: { thisSessionVerified: false } });
    const unlocked = await rig.service.unlock({ accountId, keyOrPhrase: { kept: true } });
    expect(unlocked).toMatchObject({ diagnosis: "working", proven: true, keptKey: CURRENT });
  });

  it("mends what takes a Security Key", async () => {
    const onServer = await accountData();
    await onServer.write("m.cross_signing.user_signing", { encrypted: {} });
    expect((await state()).diagnosis).toBe("secret_not_stored");
    expect(await errorOf(rig.service.repair({ accountId, keyOrPhrase: { kept: true } }))).toEqual({
      kind: "security_key_not_kept",
    });
    await keep();
    expect(await rig.service.repair({ accountId, keyOrPhrase: { kept: true } })).toMatchObject({
      diagnosis: "working",
      keptKey: CURRENT,
    });
  });
});

describe("another default key", () => {
  it("set elsewhere makes the kept one older: it is not shown, opens nothing, and can be forgotten", async () => {
    await keep();
    await elsewhere(async (other, id) => note((await replace(other, id, "change")).securityKey));
    expect((await state()).keptKey).toEqual({ status: "older", place: "keychain" });
    const outdated = { kind: "kept_key_outdated" };
    expect(await errorOf(shown())).toEqual(outdated);
    expect(await errorOf(rig.service.keepSecurityKey({ accountId, how: "copy", which: "kept" }))).toEqual(outdated);
    expect(rig.kept.copied).toEqual([]);
    expect(await errorOf(rig.service.unlock({ accountId, keyOrPhrase: { kept: true } }))).toEqual(outdated);
    await rig.service.forgetKeptKey({ accountId });
    expect((await state()).keptKey).toEqual(NONE);
  });

  it("named elsewhere makes the kept one older, though it is the same: nothing is stored under that name", async () => {
    await keep();
    const onServer = await accountData();
    const { key: keyId } = await onServer.read("m.secret_storage.default_key");
    await onServer.write("m.secret_storage.key.theirs", await onServer.read(`m.secret_storage.key.${keyId}`));
    await onServer.write("m.secret_storage.default_key", { key: "theirs" });
    expect((await state()).keptKey.status).toBe("older");
    expect(await errorOf(shown())).toEqual({ kind: "kept_key_outdated" });
  });

  it("described elsewhere under the same id makes the kept one older as well", async () => {
    await keep();
    const onServer = await accountData();
    const { key: keyId } = await onServer.read("m.secret_storage.default_key");
    const description = await onServer.read(`m.secret_storage.key.${keyId}`);
    const mac = Buffer.alloc(32, 5).toString("base64");
    await onServer.write(`m.secret_storage.key.${keyId}`, { ...description, mac });
    expect((await state()).keptKey.status).toBe("older");
    expect(await errorOf(shown())).toEqual({ kind: "kept_key_outdated" });
    // Without a MAC, the secrets that it opens tell.
    const { iv: _iv, mac: _mac, ...unchecked } = description;
    await onServer.write(`m.secret_storage.key.${keyId}`, unchecked);
    expect((await state()).keptKey.status).toBe("current");
    expect(await shown()).toBe(securityKey);
  });

  it("set here takes the place of the kept one where that is wanted, over a restart in between", async () => {
    await keep();
    const begun = await rig.service.beginSetUp({ accountId, kind: "change", method: "key" });
    note(begun.securityKey.reveal());
    const { setUp } = await rig.service.confirmSetUp({
      accountId,
      typed: begun.securityKey,
      keepOnThisComputer: true,
    });
    expect(setUp.phase).toBe("checked");
    await restart();
    expect((await state()).keptKey).toEqual(CURRENT);
    expect(await shown()).toEqual(begun.securityKey);
  });

  it("set here takes the place of the kept one where nobody was asked", async () => {
    const typed = note(await beginReplacing(rig, accountId, "change"));
    await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", typed) });
    expect((await state()).keptKey).toEqual(NONE);
    await keep(typed);
    securityKey = note(await beginReplacing(rig, accountId, "change"));
    await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey) });
    expect((await state()).keptKey).toEqual(CURRENT);
    expect(await shown()).toBe(securityKey);
  });

  it("set here is not kept where that is not wanted, and the old one is forgotten", async () => {
    await keep();
    for (const kind of ["change", "reset"] as const) {
      securityKey = note(await beginReplacing(rig, accountId, kind));
      await rig.service.confirmSetUp({ accountId, typed: secretOf("Security Key", securityKey), keepOnThisComputer: false });
      expect((await state()).keptKey, kind).toEqual(NONE);
      expect(await errorOf(shown())).toEqual({ kind: "security_key_not_kept" });
      await keep();
    }
    expect(await shown()).toBe(securityKey);
  });

  it("is kept in the end by a set-up that was interrupted, and not before", async () => {
    const stopping = openSecureBackup(services, ({ service, events }, channel) => {
      const latest = events.at(-1)!.payload as SetUp;
      if (channel === "secureBackup.setUpChanged" && latest.phase === "running") void service.cancelSetUp({ accountId });
    });
    const begun = await stopping.service.beginSetUp({ accountId, kind: "change", method: "key" });
    const typed = note(begun.securityKey.reveal());
    const { setUp } = await stopping.service.confirmSetUp({ accountId, typed: secretOf("Security Key", typed), keepOnThisComputer: true });
    expect(setUp.phase).toBe("stopped");
    expect((await state()).keptKey).toEqual(NONE);
    await restart();
    expect((await rig.service.continueSetUp({ accountId })).setUp.phase).toBe("checked");
    expect(await shown()).toBe(typed);
  });

  it("is none where Secure Backup was turned off here: what was kept is forgotten", async () => {
    await keep();
    expect(await rig.service.turnOff({ accountId })).toMatchObject({ diagnosis: "turned_off", keptKey: NONE });
    expect(await services.secretStore.read(accountId)).toMatchObject({ secrets: { keptSecurityKey: null } });
  });
});
