import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BackupOnServer } from "../../support/backupOnServer.ts";
import { errorOf } from "../../support/errorOf.ts";
import { OURS, Scene, THEIRS } from "../../support/interruptedWork.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { useServers } from "../../support/servers.ts";

const servers = useServers();
let scene: Scene;
let backup: BackupOnServer;
/** Version 1, which is open here, is the older one; version 2 is open here too, and empty. */
beforeEach(async () => {
  scene = await Scene.create(servers);
  backup = new BackupOnServer(scene, (await scene.storedBackupKey())!);
});
afterEach(async () => {
  servers.proxy.clear();
  await scene.end();
});

const ROOM = "!older:example.org";
const ALL = THEIRS + OURS;
const strangerKey = Buffer.alloc(32, 7).toString("base64").replace(/=+$/, "");
const UPLOAD = { method: "PUT", path: /room_keys\/keys/ };
const DELETED = { method: "DELETE", path: /room_keys\/version/ };

const remove = (version: string, deleteUnopened?: boolean) =>
  scene.service.deleteOlderBackup({ accountId: scene.accountId, version, ...(deleteUnopened !== undefined && { deleteUnopened }) });
/** Puts in a key that the stranger's key alone opens. */
const putUnopened = () => backup.put(ROOM, [{ sessionId: makeRoomKey(300).session_id, clear: "{}" }], {}, strangerKey);

describe("an older backup", () => {
  it("is deleted after what the newest lacks of it was carried over, whatever that is", async () => {
    const { sender_claimed_keys: _, ...odd } = makeRoomKey(200);
    await backup.put(ROOM, [{ sessionId: odd.session_id, clear: JSON.stringify(odd) }], { is_verified: true });
    const before = await backup.read();
    await backup.begin(backup.privateKey);
    const { backups, outcome } = await remove("1");
    expect(backups).toEqual([]);
    expect(outcome).toEqual({ deleted: true, migrated: ALL + 1, unopened: 0, missing: 0 });
    expect(await backup.versions()).toEqual(["2"]);
    const after = await backup.read();
    for (const [id, entry] of Object.entries(before)) expect(after[id], id).toEqual(entry);
  });

  it("is deleted without an upload where the newest has all of it", async () => {
    const before = await backup.read();
    await backup.begin(backup.privateKey);
    for (const [id, { clear, ...beside }] of Object.entries(before)) {
      const [roomId, sessionId] = id.split(" ") as [string, string];
      await backup.put(roomId, [{ sessionId, clear }], beside);
    }
    expect((await remove("1")).outcome).toEqual({ deleted: true, migrated: 0, unopened: 0, missing: 0 });
    expect(await backup.count()).toBe(ALL);
  });

  it("stays with what nothing here opens in it, until the person gives that up", async () => {
    await putUnopened();
    await backup.begin(backup.privateKey);
    const first = await remove("1");
    expect(first.outcome).toEqual({ deleted: false, migrated: ALL, unopened: 1, missing: 0 });
    expect(first.backups).toMatchObject([{ version: "1" }]);
    const second = await remove("1", true);
    expect(second.outcome).toEqual({ deleted: true, migrated: 0, unopened: 1, missing: 0 });
    expect(await backup.versions()).toEqual(["2"]);
    expect(await backup.count()).toBe(ALL);
  });

  it("that nothing here opens stays until the person gives it up", async () => {
    await backup.begin(strangerKey);
    await putUnopened();
    await backup.begin(backup.privateKey);
    expect((await remove("2")).outcome).toEqual({ deleted: false, migrated: 0, unopened: 1, missing: 0 });
    expect(await backup.versions()).toEqual(["3", "2", "1"]);
    expect((await remove("2", true)).outcome).toEqual({ deleted: true, migrated: 0, unopened: 1, missing: 0 });
    expect(await backup.versions()).toEqual(["3", "1"]);
  });

  it("stays where it opens and the newest does not, whatever the person gives up", async () => {
    await backup.begin(strangerKey);
    expect((await remove("1", true)).outcome).toEqual({ deleted: false, migrated: 0, unopened: 0, missing: ALL });
    expect(await backup.versions()).toEqual(["2", "1"]);
  });

  it("stays where the server takes what is carried over and does not have it, whatever the person gives up", async () => {
    await backup.begin(backup.privateKey);
    servers.proxy.addRule({ ...UPLOAD, fault: { kind: "answer", status: 200, body: { count: 9, etag: "9" } }, times: Infinity });
    expect((await remove("1", true)).outcome).toEqual({ deleted: false, migrated: 0, unopened: 0, missing: ALL });
    expect(await backup.versions()).toEqual(["2", "1"]);
  });

  it("stays where the server does not bring it when it is asked", async () => {
    await backup.begin(backup.privateKey);
    const gone = { kind: "answer" as const, status: 404, body: { errcode: "M_NOT_FOUND", error: "No backup" } };
    servers.proxy.addRule({ method: "GET", path: /room_keys\/keys\?version=1/, fault: gone, times: Infinity });
    expect((await remove("1")).outcome).toEqual({ deleted: false, migrated: 0, unopened: ALL, missing: 0 });
    expect(await backup.versions()).toEqual(["2", "1"]);
  });

  it("stays when the server refuses what is carried over, and goes at the next try", async () => {
    await backup.begin(backup.privateKey);
    servers.proxy.clearRecord();
    const body = { errcode: "M_FORBIDDEN", error: "No" };
    const refusing = servers.proxy.addRule({ ...UPLOAD, fault: { kind: "answer", status: 403, body }, times: Infinity });
    expect(await errorOf(remove("1"))).toMatchObject({ kind: "forbidden" });
    expect(servers.proxy.requests(DELETED)).toEqual([]);
    refusing.remove();
    expect((await remove("1")).outcome).toMatchObject({ deleted: true, missing: 0 });
    expect(await backup.count()).toBe(ALL);
  });
});
