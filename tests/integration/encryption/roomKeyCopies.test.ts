import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstIndexOf, type RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { RoomKeysRig } from "../../support/roomKeysRig.ts";

let rig: RoomKeysRig;
beforeAll(async () => void (rig = await RoomKeysRig.open()), 120_000);
afterAll(() => rig.close());

const indexes = (keys: readonly object[]): Record<string, number> =>
  Object.fromEntries((keys as RoomKey[]).map((key) => [key.session_id, firstIndexOf(key)]));
const [one, two] = [makeRoomKey(1).session_id, makeRoomKey(2).session_id];

describe("copies of a room key", () => {
  it("leave the best one in the backup and in the session, and are counted once", async () => {
    const { accountId, user, securityKey } = await rig.account();
    const at = (firstIndex: number): RoomKey => makeRoomKey(1, { firstIndex });
    const file = [at(10), ...makeRoomKeys(450).slice(50), at(0), at(5), makeRoomKey(2, { firstIndex: 4 }), makeRoomKey(2)];
    expect((await rig.import(accountId, file)).counts).toEqual({ new: 402, better: 0, alreadyThere: 3, broken: 0 });
    const client = await rig.client(user);
    expect((await client.openBackupWith({ securityKey })).roomKeys).toEqual({ inBackup: 402, restored: 402 });
    expect(indexes(await client.crypto.exportRoomKeys())).toMatchObject({ [one]: 0, [two]: 0 });
    expect(indexes((await rig.export(accountId)).keys)).toMatchObject({ [one]: 0, [two]: 0 });
    expect((await rig.import(accountId, file)).counts).toEqual({ new: 0, better: 0, alreadyThere: 405, broken: 0 });
  });

  it("that the server does not replace, because its own is verified, are told of and are in the session", async () => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, [makeRoomKey(1, { firstIndex: 6 }), makeRoomKey(2, { firstIndex: 6 })]);
    const room = makeRoomKey(1).room_id;
    const entry = (await rig.keys(other, "GET", [room, one])) as object;
    await rig.keys(other, "PUT", [room, one], { ...entry, is_verified: true });
    const job = await rig.import(accountId, [makeRoomKey(1, { firstIndex: 2 }), makeRoomKey(2, { firstIndex: 2 })]);
    expect(job.counts).toEqual({ new: 0, better: 1, alreadyThere: 0, broken: 0, kept: 1 });
    const { job: exported, keys } = await rig.export(accountId);
    expect(exported.counts).toMatchObject({ exported: 2, fromBackup: 1, fromSession: 1 });
    expect(indexes(keys)).toEqual({ [one]: 2, [two]: 2 });
  });
});
