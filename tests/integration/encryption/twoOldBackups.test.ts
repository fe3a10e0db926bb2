import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { homeserverOf } from "../../../main/http/homeserverOf.ts";
import { openEncryptionContext } from "../../../main/encryption/encryptionContext.ts";
import { connectBackup, createBackup } from "../../../main/encryption/keyBackup.ts";
import { backupPublicKey } from "../../../main/roomKeys/keyPairs.ts";
import { BackupEncryptor } from "../../../main/roomKeys/backupCipher.ts";
import { sealEntry } from "../../../main/roomKeys/backupEntries.ts";
import { type CheckedRoomKey, checkRoomKey } from "../../../main/roomKeys/roomKey.ts";
import { Scene, THEIRS, OURS } from "../../support/interruptedWork.ts";
import { VERSIONS } from "../../support/keysOnServer.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { privateKeyOf, secretOf } from "../../support/secretValues.ts";
import { replace } from "../../support/secureBackupAccounts.ts";
import { errorOf } from "../../support/errorOf.ts";
import { useServers } from "../../support/servers.ts";

const servers = useServers();
let scene: Scene;
/** The stored key opens version 1, which has keys of another client and of this session. */
beforeEach(async () => {
  scene = await Scene.create(servers);
});
afterEach(() => scene.end());

const ALL = THEIRS + OURS;
/** Room keys that only a backup has which this session's own key opens. */
const MORE = 3;
const ownKey = Buffer.alloc(32, 9).toString("base64").replace(/=+$/, "");
const foreignKey = Buffer.alloc(32, 7).toString("base64").replace(/=+$/, "");

const authData = (privateKey: string) => ({ public_key: backupPublicKey(privateKeyOf(privateKey)), signatures: {} });
const newBackup = (privateKey: string): Promise<{ version: string }> =>
  scene.ask("POST", VERSIONS, { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: authData(privateKey) });

/** Another backup, which this session's own key opens and the stored one does not. */
async function backupOfOurs(): Promise<void> {
  await scene.use(async (client, signal) => {
    const access = openEncryptionContext(client, { signal });
    await connectBackup(access, privateKeyOf(ownKey), await createBackup(access, privateKeyOf(ownKey)));
  });
  await putMore(ownKey);
}

/** Puts room keys into the newest backup that are nowhere else. */
async function putMore(privateKey: string): Promise<void> {
  const encryptor = new BackupEncryptor(backupPublicKey(privateKeyOf(privateKey))!);
  const sessions: Record<string, Record<string, unknown>> = {};
  for (let number = 100; number < 100 + MORE; number += 1) {
    const key = makeRoomKey(number);
    const entry: unknown = JSON.parse(sealEntry(encryptor, checkRoomKey(key) as CheckedRoomKey));
    sessions[key.session_id] = entry as Record<string, unknown>;
  }
  const { version } = await scene.ask("GET", VERSIONS);
  const body = { rooms: { [makeRoomKey(100).room_id]: { sessions } } };
  await scene.ask("PUT", `/_matrix/client/v3/room_keys/keys?version=${version}`, body);
}

describe("two backups, each opened by another key", () => {
  it("are both carried over into the new one, where neither key opens the newest", async () => {
    await backupOfOurs();
    await newBackup(foreignKey);
    const { backup } = await scene.repair(true);
    expect(backup).toMatchObject({ version: "4" });
    // What the stored key opens stays open to it; all that was open to the other one is in the new backup.
    expect(await scene.opened()).toEqual(expect.arrayContaining([`backup 1 of ${ALL}`, `backup 4 of ${OURS + MORE}`]));
    expect((await scene.openElsewhere()).roomKeys).toEqual({ inBackup: OURS + MORE, restored: OURS + MORE });
  });

  it("become one where this session's key opens the newest and the stored key an older one", async () => {
    await backupOfOurs();
    const { backup } = await scene.repair(false);
    expect(backup).toMatchObject({ version: "2", keyCount: ALL + MORE });
    expect((await scene.openElsewhere()).roomKeys).toEqual({ inBackup: ALL + MORE, restored: ALL + MORE });
  });

  it("become one where the stored key opens the newest and this session's key an older one", async () => {
    const stored = (await scene.storedBackupKey())!;
    await backupOfOurs();
    await newBackup(stored);
    const { accountId, securityKey: keyOrPhrase } = scene;
    await scene.service.unlock({ accountId, keyOrPhrase: secretOf("Security Key", keyOrPhrase) });
    await scene.repair(false);
    const roomKeys = OURS + MORE;
    expect((await scene.state()).backup).toMatchObject({ version: "3", keyCount: roomKeys });
    expect((await scene.openElsewhere()).roomKeys).toEqual({ inBackup: roomKeys, restored: roomKeys });
  });
});

describe("an older backup that is carried over", () => {
  /** Of the older one: the newest is asked for as well, to see what it has. */
  const KEYS = { method: "GET", path: /room_keys\/keys\?version=2$/ };
  const unlock = () => scene.service.unlock({ accountId: scene.accountId, keyOrPhrase: secretOf("Security Key", scene.securityKey) });
  /** The stored key opens the newest backup, and this session's key an older one. */
  beforeEach(async () => {
    const stored = (await scene.storedBackupKey())!;
    await backupOfOurs();
    await newBackup(stored);
  });
  afterEach(() => servers.proxy.clear());

  it("may take longer to gather than any other answer, and be asked for again", async () => {
    const answerMs = 1_500;
    await scene.use((client) => Promise.resolve((homeserverOf(client).limits.answerMs = answerMs)));
    const broken = servers.proxy.addRule({ ...KEYS, fault: { kind: "reset" } });
    const late = { kind: "delay" as const, ms: answerMs * 2 };
    const slow = servers.proxy.addRule({ ...KEYS, fault: late, skip: 1, times: Infinity });
    await unlock();
    expect(broken.met).toBe(1);
    expect(slow.met).toBeGreaterThan(0);
    await scene.use((client) => Promise.resolve((homeserverOf(client).limits.answerMs = 30_000)));
    await scene.repair(false);
    expect((await scene.openElsewhere()).roomKeys).toEqual({ inBackup: OURS + MORE, restored: OURS + MORE });
  });

  it("is nothing when it has gone meanwhile", async () => {
    const gone = { kind: "answer" as const, status: 404, body: { errcode: "M_NOT_FOUND", error: "No backup" } };
    const asked = servers.proxy.addRule({ ...KEYS, fault: gone });
    expect(await unlock()).toMatchObject({ proven: true, backup: { version: "3", active: true } });
    expect(asked.met).toBe(1);
  });

  it("stops the work when the answer is none, and the server is named", async () => {
    servers.proxy.addRule({ ...KEYS, fault: { kind: "malformed" } });
    expect(await errorOf(unlock())).toEqual({ kind: "bad_answer", host: new URL(servers.proxy.baseUrl).host });
    await unlock();
    expect((await scene.repair(false)).backup).toMatchObject({ version: "3", keyCount: OURS + MORE });
  });
});

describe("a reset by a session that has not noticed a newer backup with the same key", () => {
  it.each(["is still there", "was deleted"])("carries over what can be opened, where the older one %s", async (older) => {
    const stored = (await scene.storedBackupKey())!;
    await newBackup(stored);
    await putMore(stored);
    if (older === "was deleted") await scene.ask("DELETE", `${VERSIONS}/1`);
    const { securityKey, setUp } = await replace(scene, scene.accountId, "reset");
    expect(setUp).toMatchObject({ phase: "checked" });
    scene.securityKey = securityKey;
    const roomKeys = MORE + (older === "was deleted" ? OURS : ALL);
    expect((await scene.openElsewhere()).roomKeys).toEqual({ inBackup: roomKeys, restored: roomKeys });
  });
});
