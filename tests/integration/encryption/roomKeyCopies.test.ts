import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstIndexOf, type RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { resultOf } from "../../support/jobResult.ts";
import { makeRoomKey, makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { RoomKeysRig } from "../../support/roomKeysRig.ts";
import type { SdkSession } from "../../support/sdkSession.ts";

let rig: RoomKeysRig;
beforeAll(async () => void (rig = await RoomKeysRig.open()), 120_000);
afterAll(() => rig.close());

const indexes = (keys: readonly object[]): Record<string, number> =>
  Object.fromEntries((keys as RoomKey[]).map((key) => [key.session_id, firstIndexOf(key)]));
const [one, two] = [makeRoomKey(1).session_id, makeRoomKey(2).session_id];

const room = makeRoomKey(1).room_id;

/** Another client says of an entry of the backup that it is verified. */
async function putVerified(other: SdkSession, sessionId: string): Promise<void> {
  const entry = (await rig.keys(other, "GET", [room, sessionId])) as object;
  await rig.keys(other, "PUT", [room, sessionId], { ...entry, is_verified: true });
}

async function indexInBackup(other: SdkSession, sessionId: string): Promise<number> {
  return ((await rig.keys(other, "GET", [room, sessionId])) as { first_message_index: number }).first_message_index;
}

describe("copies of a room key", () => {
  it("leave the best one in the backup and in the session, and are counted once", async () => {
    const { accountId, user, securityKey } = await rig.account();
    const at = (firstIndex: number): RoomKey => makeRoomKey(1, { firstIndex });
    const file = [at(10), ...makeRoomKeys(450).slice(50), at(0), at(5), makeRoomKey(2, { firstIndex: 4 }), makeRoomKey(2)];
    expect(resultOf(await rig.import(accountId, file)).counts).toEqual({ new: 402, better: 0, alreadyThere: 3, broken: 0 });
    const client = await rig.client(user);
    expect((await client.openBackupWith({ securityKey })).roomKeys).toEqual({ inBackup: 402, restored: 402 });
    expect(indexes(await client.crypto.exportRoomKeys())).toMatchObject({ [one]: 0, [two]: 0 });
    expect(indexes((await rig.export(accountId)).keys)).toMatchObject({ [one]: 0, [two]: 0 });
    expect(resultOf(await rig.import(accountId, file)).counts).toEqual({ new: 0, better: 0, alreadyThere: 405, broken: 0 });
  });

  it("take the place of one that opens less in the backup, although that is verified, where the server lets them", async () => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, [makeRoomKey(1, { firstIndex: 6 }), makeRoomKey(2, { firstIndex: 6 })]);
    await putVerified(other, one);
    const job = await rig.import(accountId, [makeRoomKey(1, { firstIndex: 2 }), makeRoomKey(2, { firstIndex: 2 })]);
    expect(resultOf(job).counts).toEqual({ new: 0, better: 2, alreadyThere: 0, broken: 0 });
    expect(await indexInBackup(other, one)).toBe(2);
    const { job: exported, keys } = await rig.export(accountId);
    expect(resultOf(exported).counts).toMatchObject({ exported: 2, fromBackup: 2, fromSession: 0 });
    expect(indexes(keys)).toEqual({ [one]: 2, [two]: 2 });
  });

  it("are counted by what the backup has in the end, when another client puts a verified one there meanwhile", async () => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, [makeRoomKey(1, { firstIndex: 6 })]);
    const late = (await rig.keys(other, "GET", [room, one])) as object;
    await rig.keys(other, "DELETE", [room, one]);
    const upload = rig.proxy.hold({ nth: 1, when: "before", method: "PUT", path: /room_keys\/keys/ });
    const importing = rig.import(accountId, [makeRoomKey(1, { firstIndex: 2 })]);
    await upload.reached;
    await rig.keys(other, "PUT", [room, one], { ...late, is_verified: true });
    upload.release();
    // Synapse lets the copy that opens more take the place of one that is verified.
    expect(resultOf(await importing).counts).toEqual({ new: 1, better: 0, alreadyThere: 0, broken: 0 });
    expect(await indexInBackup(other, one)).toBe(2);
  });

  it("that the server does not replace are told of and are in the session", async () => {
    const { accountId, other } = await rig.account();
    await rig.import(accountId, [makeRoomKey(1, { firstIndex: 6 }), makeRoomKey(2, { firstIndex: 6 })]);
    const verified = (await rig.keys(other, "GET", [room, one])) as object;
    // As the specification says it, which Synapse does not follow: the verified copy is back in its place.
    const upload = rig.proxy.hold({ nth: 1, when: "after", method: "PUT", path: /room_keys\/keys/ });
    const importing = rig.import(accountId, [makeRoomKey(1, { firstIndex: 2 }), makeRoomKey(2, { firstIndex: 2 })]);
    await upload.reached;
    await rig.keys(other, "DELETE", [room, one]);
    await rig.keys(other, "PUT", [room, one], { ...verified, is_verified: true });
    upload.release();
    expect(resultOf(await importing).counts).toEqual({ new: 0, better: 1, alreadyThere: 0, broken: 0, kept: 1 });
    const { job: exported, keys } = await rig.export(accountId);
    expect(resultOf(exported).counts).toMatchObject({ exported: 2, fromBackup: 1, fromSession: 1 });
    expect(indexes(keys)).toEqual({ [one]: 2, [two]: 2 });
  });
});

describe("Synapse, asked to put one copy in the place of another", () => {
  const entry = { first_message_index: 5, forwarded_count: 1, is_verified: true, session_data: { mac: "before" } };
  it.each([
    ["does so where it alone is verified", { is_verified: true }, { is_verified: false }, true],
    ["does so where it opens more, whatever else", { first_message_index: 4, forwarded_count: 2, is_verified: false }, {}, true],
    // The next two the spec has otherwise. They lose something, so nothing is uploaded that is better in this alone.
    ["does so where it was forwarded fewer times and opens less", { first_message_index: 6, forwarded_count: 0 }, {}, true],
    ["does so where it was forwarded fewer times and is not verified", { forwarded_count: 0, is_verified: false }, {}, true],
    ["does not where it is the same", {}, {}, false],
    ["does not where it opens less", { first_message_index: 6 }, {}, false],
    ["does not where it alone is not verified", { is_verified: false }, {}, false],
  ])("%s", async (_what, changed, there, replaced) => {
    const { other } = await rig.account();
    await rig.keys(other, "PUT", [room, one], { ...entry, ...there });
    await rig.keys(other, "PUT", [room, one], { ...entry, ...changed, session_data: { mac: "after" } });
    const { session_data } = (await rig.keys(other, "GET", [room, one])) as typeof entry;
    expect(session_data.mac).toBe(replaced ? "after" : "before");
  });
});
