import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEncryptionContext } from "../../../main/encryption/encryptionContext.ts";
import { connectBackup } from "../../../main/encryption/keyBackup.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { privateKeyOf, secretOf } from "../../support/secretValues.ts";
import { replace } from "../../support/secureBackupAccounts.ts";
import { BackupOnServer } from "../../support/backupOnServer.ts";
import { OURS, Scene, THEIRS } from "../../support/interruptedWork.ts";
import { useServers } from "../../support/servers.ts";

const servers = useServers();
let scene: Scene;
/** Version 1, which is open here. */
let old: BackupOnServer;
beforeEach(async () => {
  scene = await Scene.create(servers);
  old = new BackupOnServer(scene, (await scene.storedBackupKey())!);
});
afterEach(async () => {
  servers.proxy.clear();
  await scene.end();
});

const ROOM = "!odd:example.org";
const ALL = THEIRS + OURS;
const strangerKey = Buffer.alloc(32, 7).toString("base64").replace(/=+$/, "");

/** Room keys as other clients write them, and what is none: whatever it is, it opens with the backup's key. */
const ODD: Record<string, (key: ReturnType<typeof makeRoomKey>) => object | string> = {
  "without sender_claimed_keys": ({ sender_claimed_keys: _, ...key }) => key,
  "with sender_claimed_keys of null": (key) => ({ ...key, sender_claimed_keys: null }),
  "without a forwarding chain": ({ forwarding_curve25519_key_chain: _, ...key }) => key,
  "with fields that nobody knows": (key) => ({ ...key, "org.example.origin": { of: [1.5, "é\u0000"] }, shared_history: true }),
  "of a later algorithm": (key) => ({ ...key, algorithm: "m.megolm.v2.aes-sha2" }),
  "of an algorithm that nobody knows": (key) => ({ ...key, algorithm: "org.example.9" }),
  "without a sender key": ({ sender_key: _, ...key }) => key,
  "with room and session inside": (key) => ({ ...key, room_id: "!another:example.org", session_id: "another" }),
  "with a session key that is none": (key) => ({ ...key, session_key: "none" }),
  "that is a list": () => [],
  "that is no JSON": () => "not JSON \u00ff",
};

/** Puts one of each into the old backup; answers them by their session ids, with what lies beside them. */
async function putOdd(): Promise<void> {
  const entries = Object.values(ODD).map((change, number) => {
    const key = makeRoomKey(200 + number, { firstIndex: number % 3 });
    const { room_id: _room, session_id: sessionId, ...inside } = key;
    const clear = change(inside as typeof key);
    return { sessionId, clear: typeof clear === "string" ? clear : JSON.stringify(clear) };
  });
  await old.put(ROOM, entries, { forwarded_count: 2, is_verified: true });
}

async function resetScene(options: { deleteUnopened?: boolean } = {}) {
  const { securityKey, setUp } = await replace(scene, scene.accountId, "reset", options);
  if (setUp.phase !== "checked") throw new Error(`the reset was not checked: ${JSON.stringify(setUp)}`);
  scene.securityKey = securityKey;
  return setUp;
}

const newest = async (): Promise<BackupOnServer> => new BackupOnServer(scene, (await scene.storedBackupKey())!);

describe("a reset", () => {
  it("takes along every entry that opens, as it is and whatever it is, before it deletes the old backup", async () => {
    await putOdd();
    const before = await old.read();
    expect(Object.keys(before)).toHaveLength(ALL + Object.keys(ODD).length);
    expect((await resetScene()).keptBackups).toBeNull();
    const after = await (await newest()).read();
    for (const [id, entry] of Object.entries(before)) expect(after[id], id).toEqual(entry);
    expect(await old.versions()).toEqual(["2"]);
  });

  it("keeps the old backup and says so, where an entry does not open", async () => {
    await old.put(ROOM, [{ sessionId: makeRoomKey(300).session_id, clear: "{}" }], {}, strangerKey);
    const before = await old.read();
    expect((await resetScene()).keptBackups).toEqual({ backups: 1, roomKeys: 1 });
    expect(await old.versions()).toEqual(["2", "1"]);
    expect(await (await newest()).read()).toEqual(before);
  });

  it("keeps a backup that nothing here opens, with the copies of its key, unless the person gives it up", async () => {
    await old.begin(strangerKey);
    await old.put(ROOM, [{ sessionId: makeRoomKey(300).session_id, clear: "{}" }], {}, strangerKey);
    const { backups } = await scene.service.resetPreview({ accountId: scene.accountId });
    expect(backups).toMatchObject([
      { version: "2", keyCount: 1, opensHere: false },
      { version: "1", keyCount: ALL, opensHere: true },
    ]);
    const { encrypted } = await scene.onServer.read("m.megolm_backup.v1");
    expect((await resetScene()).keptBackups).toEqual({ backups: 1, roomKeys: 1 });
    expect(await old.versions()).toEqual(["3", "2"]);
    expect((await scene.onServer.read("m.megolm_backup.v1")).encrypted).toMatchObject(encrypted);

    expect((await resetScene({ deleteUnopened: true })).keptBackups).toBeNull();
    expect(await old.versions()).toEqual(["4"]);
    expect(Object.keys((await scene.onServer.read("m.megolm_backup.v1")).encrypted)).toHaveLength(1);
    expect(await (await newest()).count()).toBe(ALL);
  });

  it("keeps a backup that came to be after the person gave up those that were there", async () => {
    const begun = await scene.service.resetPreview({ accountId: scene.accountId });
    const { confirmation } = begun;
    const request = { accountId: scene.accountId, kind: "reset", method: "key", confirmation, deleteUnopened: true } as const;
    const { securityKey } = await scene.service.beginSetUp(request);
    await old.begin(strangerKey);
    await old.put(ROOM, [{ sessionId: makeRoomKey(300).session_id, clear: "{}" }], {}, strangerKey);
    const { setUp } = await scene.service.confirmSetUp({ accountId: scene.accountId, typed: securityKey });
    expect(setUp).toMatchObject({ phase: "checked", keptBackups: { backups: 1, roomKeys: 1 } });
    expect(await old.versions()).toEqual(["3", "2"]);
  });

  it("goes by what the download brings, whatever number the server names", async () => {
    await old.begin(old.privateKey);
    const body = { ...(await scene.ask("GET", "/_matrix/client/v3/room_keys/version/1")), count: 0 };
    const lying = servers.proxy.addRule({
      method: "GET",
      path: /room_keys\/version\/1$/,
      fault: { kind: "answer", status: 200, body },
      times: Infinity,
    });
    expect((await resetScene()).keptBackups).toBeNull();
    expect(lying.met).toBeGreaterThan(0);
    expect(await (await newest()).count()).toBe(ALL);
  });

  it("does not take an old backup for carried over that the server does not bring when it is asked", async () => {
    const gone = { kind: "answer" as const, status: 404, body: { errcode: "M_NOT_FOUND", error: "No backup" } };
    servers.proxy.addRule({ method: "GET", path: /room_keys\/keys\?version=1/, fault: gone, times: Infinity });
    expect((await resetScene()).keptBackups).toEqual({ backups: 1, roomKeys: ALL });
    expect(await old.versions()).toEqual(["2", "1"]);
  });
});

describe("an older backup, before its key is replaced", () => {
  /** The stored key opens the newest backup, version 3; this session's key version 2. */
  async function twoKeys(): Promise<BackupOnServer> {
    const own = new BackupOnServer(scene, Buffer.alloc(32, 9).toString("base64").replace(/=+$/, ""));
    await own.begin(own.privateKey);
    await scene.use((client, signal) => connectBackup(openEncryptionContext(client, { signal }), privateKeyOf(own.privateKey), "2"));
    return own;
  }
  const unlock = () => scene.service.unlock({ accountId: scene.accountId, keyOrPhrase: secretOf("Security Key", scene.securityKey) });

  it("replaces no better copy in the other, whatever the server was told of both", async () => {
    const own = await twoKeys();
    const [worse, better] = [makeRoomKey(400, { firstIndex: 5 }), makeRoomKey(400)];
    const { session_id: sessionId } = better;
    await own.put(ROOM, [{ sessionId, clear: JSON.stringify(worse) }], { first_message_index: 0, is_verified: true });
    await old.begin(old.privateKey);
    await old.put(ROOM, [{ sessionId, clear: JSON.stringify(better) }], { first_message_index: 3, is_verified: false });
    await unlock();
    expect(JSON.parse((await old.read())[`${ROOM} ${sessionId}`]!.clear)).toMatchObject({ session_key: better.session_key });
  });

  it("replaces a worse copy in the other", async () => {
    const own = await twoKeys();
    const [worse, better] = [makeRoomKey(400, { firstIndex: 5 }), makeRoomKey(400)];
    const { session_id: sessionId } = better;
    await own.put(ROOM, [{ sessionId, clear: JSON.stringify(better) }], { first_message_index: 9, is_verified: false });
    await old.begin(old.privateKey);
    await old.put(ROOM, [{ sessionId, clear: JSON.stringify(worse) }], { first_message_index: 5, is_verified: false });
    await unlock();
    expect((await old.read())[`${ROOM} ${sessionId}`]).toMatchObject({
      clear: expect.stringContaining(better.session_key),
      first_message_index: 0,
    });
  });

  it.each(["unlock", "repair"])("is carried over entry by entry: %s", async (by) => {
    const own = await twoKeys();
    const privateKey = old.privateKey;
    old = own;
    await putOdd();
    const before = await own.read();
    const target = new BackupOnServer(scene, privateKey);
    await target.begin(privateKey);
    if (by === "unlock") await unlock();
    else await scene.repair(false);
    const after = await target.read();
    for (const [id, entry] of Object.entries(before)) expect(after[id], id).toEqual(entry);
  });
});

describe("key storage that is turned off", () => {
  const keysHere = () => scene.use(async (client) => (await client.getCrypto()!.exportRoomKeys()).map((key) => key.session_id));

  it("leaves this session with every room key of the backup, and then deletes it", async () => {
    const key = makeRoomKey(500);
    await old.put(ROOM, [{ sessionId: key.session_id, clear: JSON.stringify(key) }], {});
    expect(await keysHere()).not.toContain(key.session_id);
    const off = await scene.service.turnOff({ accountId: scene.accountId });
    expect(off).toMatchObject({ diagnosis: "turned_off", backup: null });
    expect(await keysHere()).toContain(key.session_id);
    expect(await keysHere()).toHaveLength(ALL + 1);
  });

  it.each(["does not take", "does not open"])("keeps a backup with an entry that this session %s", async (what) => {
    const { session_id: sessionId } = makeRoomKey(500);
    const entry = { sessionId, clear: "not a room key" };
    await old.put(ROOM, [entry], {}, what === "does not open" ? strangerKey : old.privateKey);
    const { encrypted } = await scene.onServer.read("m.megolm_backup.v1");
    const { accountId } = scene;
    expect(await scene.service.turnOff({ accountId })).toMatchObject({ diagnosis: "turned_off", backup: { version: "1" } });
    expect(await old.versions()).toEqual(["1"]);
    expect((await scene.onServer.read("m.megolm_backup.v1")).encrypted).toEqual(encrypted);
    expect(await scene.service.turnOff({ accountId, deleteUnopened: true })).toMatchObject({ backup: null });
    expect((await scene.onServer.read("m.megolm_backup.v1")).encrypted).toEqual({});
  });
});
