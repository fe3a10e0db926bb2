import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { RoomKeysRig } from "../../support/roomKeysRig.ts";
import { AccountDataOnServer } from "../../support/secureBackupChecks.ts";

let rig: RoomKeysRig;
beforeAll(async () => void (rig = await RoomKeysRig.open()), 120_000);
afterAll(() => rig.close());

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
    const repaired = await rig.services.secureBackup.repair({ accountId, keyOrPhrase: securityKey, newBackup: false });
    expect(repaired).toMatchObject({ diagnosis: "working", proven: true });
    const client = await rig.client(user);
    const inBackup = 3 + others;
    expect((await client.openBackupWith({ securityKey })).roomKeys).toEqual({ inBackup, restored: inBackup });
    // And once more, when nothing is missing.
    const uploads = rig.proxy.requests({ method: "PUT", path: /room_keys\/keys/ }).length;
    await rig.services.secureBackup.repair({ accountId, keyOrPhrase: securityKey, newBackup: false });
    expect(rig.proxy.requests({ method: "PUT", path: /room_keys\/keys/ })).toHaveLength(uploads);
  });
});
