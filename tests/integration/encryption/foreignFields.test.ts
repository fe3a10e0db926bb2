import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BackupOnServer } from "../../support/backupOnServer.ts";
import { Scene } from "../../support/interruptedWork.ts";
import { VERSIONS } from "../../support/keysOnServer.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { replace } from "../../support/secureBackupAccounts.ts";
import { useServers } from "../../support/servers.ts";

interface AuthData {
  public_key: string;
  signatures: Record<string, Record<string, string>>;
}
interface Backup {
  version: string;
  algorithm: string;
  auth_data: AuthData;
}

/** What others keep in a backup's `auth_data`, of which the specification says nothing; `unsigned` is in no signature. */
const FOREIGN = {
  "org.example.made_by": { name: "another client", of: [1, "é", null] },
  private_key_salt: "salt of long ago",
  private_key_iterations: 500_000,
  unsigned: { "org.example.seen": 12 },
};
const THEIR_SIGNATURE = { "@bob:example.org": { "ed25519:THEIRS": "their signature" } };

const servers = useServers();
let scene: Scene;
let before: Backup;
beforeEach(async () => {
  scene = await Scene.create(servers);
  const { version, algorithm, auth_data: data } = (await scene.ask("GET", VERSIONS)) as Backup;
  const authData = { ...data, ...FOREIGN, signatures: { ...data.signatures, ...THEIR_SIGNATURE } };
  await scene.ask("PUT", `${VERSIONS}/${version}`, { version, algorithm, auth_data: authData });
  before = await ofVersion(version);
});
afterEach(() => scene.end());

const ofVersion = async (version: string): Promise<Backup> => (await scene.ask("GET", `${VERSIONS}/${version}`)) as Backup;

describe("fields of others in a backup's auth_data", () => {
  it("survive a change of the Security Key, and a repair that signs the backup anew", async () => {
    const { securityKey } = await replace(scene, scene.accountId, "change");
    scene.securityKey = securityKey;
    expect((await ofVersion(before.version)).auth_data).toMatchObject({ ...FOREIGN, public_key: before.auth_data.public_key });

    // The fields have made the signatures wrong, or they are taken away: either way it is signed anew.
    const { version, algorithm, auth_data: data } = await ofVersion(before.version);
    const unsigned = { ...data, signatures: THEIR_SIGNATURE };
    await scene.ask("PUT", `${VERSIONS}/${version}`, { version, algorithm, auth_data: unsigned });
    expect((await scene.state()).backup).toMatchObject({ signed: false });
    expect((await scene.repair(false)).backup).toMatchObject({ signed: true });
    const after = await ofVersion(version);
    expect(after.auth_data).toMatchObject({ ...FOREIGN, signatures: THEIR_SIGNATURE, public_key: before.auth_data.public_key });
    expect(Object.keys(after.auth_data.signatures[scene.user.userId] ?? {})).toHaveLength(1);
  });

  it("stay with the old backup at a reset: they say how its key was made, not how that of the new one was", async () => {
    const old = new BackupOnServer(scene, (await scene.storedBackupKey())!);
    const stranger = Buffer.alloc(32, 7).toString("base64").replace(/=+$/, "");
    await old.put("!odd:example.org", [{ sessionId: makeRoomKey(300).session_id, clear: "{}" }], {}, stranger);
    const { setUp } = await replace(scene, scene.accountId, "reset");
    expect(setUp).toMatchObject({ phase: "checked", keptBackups: { backups: 1, roomKeys: 1 } });
    expect((await ofVersion(before.version)).auth_data).toEqual(before.auth_data);
    const { auth_data: made } = (await scene.ask("GET", VERSIONS)) as Backup;
    expect(Object.keys(made).sort()).toEqual(["public_key", "signatures"]);
  });
});
