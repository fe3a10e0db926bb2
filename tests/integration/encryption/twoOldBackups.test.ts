import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEncryption } from "../../../main/encryption/encryptionAccess.ts";
import { connectBackup, createBackup } from "../../../main/encryption/keyBackup.ts";
import { backupPublicKey } from "../../../main/encryption/publicKeys.ts";
import { BackupEncryptor } from "../../../main/encryption/roomKeys/backupCipher.ts";
import { sealEntry } from "../../../main/encryption/roomKeys/backupEntries.ts";
import { type CheckedRoomKey, checkRoomKey } from "../../../main/encryption/roomKeys/roomKey.ts";
import { Scene, THEIRS, OURS, VERSIONS } from "../../support/interruptedWork.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
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

const authData = (privateKey: string) => ({ public_key: backupPublicKey(privateKey), signatures: {} });
const newBackup = (privateKey: string): Promise<{ version: string }> =>
  scene.ask("POST", VERSIONS, { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: authData(privateKey) });

/** Another backup, which this session's own key opens and the stored one does not. */
async function backupOfOurs(): Promise<void> {
  await scene.use(async (client, signal) => {
    const access = openEncryption(client, { signal });
    await connectBackup(access, ownKey, await createBackup(access, ownKey));
  });
  const encryptor = new BackupEncryptor(backupPublicKey(ownKey)!);
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
    await scene.service.unlock({ accountId, keyOrPhrase });
    await scene.repair(false);
    const roomKeys = OURS + MORE;
    expect((await scene.state()).backup).toMatchObject({ version: "3", keyCount: roomKeys });
    expect((await scene.openElsewhere()).roomKeys).toEqual({ inBackup: roomKeys, restored: roomKeys });
  });
});
