import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { RoomKeysRig } from "../../support/roomKeysRig.ts";
import { secretOf } from "../../support/secretValues.ts";
import { AccountDataOnServer } from "../../support/secureBackupChecks.ts";
import { waitUntil } from "../../support/waitUntil.ts";

let rig: RoomKeysRig;
beforeAll(async () => void (rig = await RoomKeysRig.open()), 120_000);
afterAll(() => rig.close());
// What is uploaded again by itself goes on behind a test, and would be counted in the next.
afterEach(async () => {
  for (const { accountId } of rig.services.sessions.list()) await rig.services.sessions.signOut(accountId);
});

describe("a room key that another client has deleted inside the backup", () => {
  const [room, session] = [makeRoomKey(1).room_id, makeRoomKey(1).session_id];

  it.each([
    ["one of several", [room, session], 0],
    ["all", [], 0],
    // The backup then has more entries than this session has room keys.
    ["one of several, with others that this session lacks", [room, session], 4],
  ])("is uploaded again by a repair: %s", async (_what, deleted, others) => {
    const { accountId, other, user, securityKey } = await rig.account();
    await rig.import(accountId, makeRoomKeys(3));
    if (others > 0) await other.sendRoomKeys(others);
    await rig.keys(other, "DELETE", deleted);
    await new AccountDataOnServer(rig.synapse, other.tokens).write("m.cross_signing.master", {});
    const repaired = await rig.services.secureBackup.repair({
      accountId,
      keyOrPhrase: secretOf("Security Key", securityKey),
      newBackup: false,
    });
    expect(repaired).toMatchObject({ diagnosis: "working", proven: true });
    const client = await rig.client(user);
    const inBackup = 3 + others;
    expect((await client.openBackupWith({ securityKey })).roomKeys).toEqual({ inBackup, restored: inBackup });
    // And once more, when nothing is missing.
    const uploads = rig.proxy.requests({ method: "PUT", path: /room_keys\/keys/ }).length;
    await rig.services.secureBackup.repair({ accountId, keyOrPhrase: secretOf("Security Key", securityKey), newBackup: false });
    expect(rig.proxy.requests({ method: "PUT", path: /room_keys\/keys/ })).toHaveLength(uploads);
  });

  it.each([
    ["one of several", [room, session], 0],
    ["all of a room", [room], 0],
    ["all", [], 0],
    // The backup then has more entries than this session has room keys.
    ["one of several, with others that this session lacks", [room, session], 4],
  ])("is noticed at the next look and uploaded again, without a repair: %s", async (_what, deleted, others) => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, makeRoomKeys(3));
    if (others > 0) await other.sendRoomKeys(others);
    const state = () => rig.services.secureBackup.state({ accountId });
    expect((await state()).backup).toMatchObject({ keyCount: 3 + others });
    await rig.keys(other, "DELETE", deleted);
    const inBackup = async () => (await rig.backupVersion(other)).count;
    expect(await inBackup()).toBeLessThan(3 + others);
    // Nothing fails: what is new is uploaded, and nobody is told of the others.
    expect(await rig.import(accountId, [makeRoomKey(7)])).toMatchObject({ status: "done" });
    await state();
    await waitUntil(async () => (await inBackup()) === 4 + others, { what: "all to be in the backup again", timeoutMs: 60_000 });
    expect(await state()).toMatchObject({ diagnosis: "working", backup: { keyCount: 4 + others } });
  });

  it.each([
    ["of which more are left than this session has", 0],
    ["while as many have come from there", 1],
    ["while more have come from there", 3],
  ])("while the app was closed is uploaded again after the start, without being asked: one %s", async (_what, added) => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, makeRoomKeys(3));
    await other.sendRoomKeys(4);
    await rig.services.secureBackup.state({ accountId });
    await waitUntil(async () => (await rig.services.secureBackup.state({ accountId })).backup?.keyCount === 7, { what: "all to be seen" });
    await rig.restart(async () => {
      await rig.keys(other, "DELETE", [room, session]);
      if (added > 0) await other.sendRoomKeys(added);
    });
    const isBack = async (): Promise<boolean> => {
      const { rooms } = (await rig.keys(other, "GET")) as { rooms: Record<string, { sessions: Record<string, object> }> };
      return rooms[room]?.sessions[session] !== undefined;
    };
    await waitUntil(isBack, { what: "the entry to be in the backup again", timeoutMs: 60_000 });
    expect((await rig.backupVersion(other)).count).toBe(7 + added);
    // Nothing is downloaded where nothing has changed since.
    await waitUntil(async () => (await rig.services.secureBackup.state({ accountId })).backup?.keyCount === 7 + added, {
      what: "all to be seen",
    });
    await rig.services.secureBackup.repair({ accountId, keyOrPhrase: null }).catch(() => undefined);
    rig.proxy.clearRecord();
    await rig.restart();
    await rig.services.health.refresh(accountId);
    await rig.services.secureBackup.state({ accountId });
    expect(rig.proxy.requests({ method: "GET", path: /room_keys\/keys/ })).toEqual([]);
  });

  it("is no longer counted as backed up before signing out", async () => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, makeRoomKeys(3));
    expect(await rig.services.health.signOutPreview(accountId)).toMatchObject({ roomKeysNotBackedUp: 0 });
    await rig.keys(other, "DELETE", [room]);
    expect(await rig.services.health.signOutPreview(accountId)).toMatchObject({ roomKeysNotBackedUp: 3 });
  });
});

describe("a room key of which the server keeps a copy that opens less", () => {
  it("is sent once by repairs, not at every one", async () => {
    const { accountId, other, securityKey } = await rig.account();
    await rig.import(accountId, [makeRoomKey(1), makeRoomKey(2)]);
    // As the specification has it: one that is verified stays, whatever else opens more.
    const { rooms } = (await rig.keys(other, "GET")) as { rooms: Record<string, { sessions: Record<string, object> }> };
    const { room_id: room, session_id: session } = makeRoomKey(1);
    await rig.keys(other, "DELETE", [room, session]);
    const kept = { ...rooms[room]!.sessions[session]!, first_message_index: 5, is_verified: true };
    await rig.keys(other, "PUT", [], { rooms: { [room]: { sessions: { [session]: kept } } } });
    const uploads = () => rig.proxy.requests({ method: "PUT", path: /room_keys\/keys/ }).length;
    const refusing = rig.proxy.addRule({
      method: "PUT",
      path: /room_keys\/keys/,
      fault: { kind: "answer", status: 200, body: { etag: "1", count: 2 } },
      times: Infinity,
    });
    try {
      const before = uploads();
      const repair = () =>
        rig.services.secureBackup.repair({ accountId, keyOrPhrase: secretOf("Security Key", securityKey), newBackup: false });
      await new AccountDataOnServer(rig.synapse, other.tokens).write("m.cross_signing.master", {});
      expect(await repair()).toMatchObject({ diagnosis: "working" });
      expect(uploads() - before).toBe(1);
      expect(await repair()).toMatchObject({ diagnosis: "working" });
      expect(uploads() - before).toBe(1);
    } finally {
      refusing.remove();
    }
  });
});
