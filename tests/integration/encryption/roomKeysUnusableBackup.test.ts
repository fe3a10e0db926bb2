import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeRoomKeys } from "../../support/roomKeyMaker.ts";
import { type RoomKeysAccount, RoomKeysRig } from "../../support/roomKeysRig.ts";
import { secretOf } from "../../support/secretValues.ts";

const HERE = 3;

let rig: RoomKeysRig;
let account: RoomKeysAccount;
/** What the server says of the backup, which is in order. */
let right: { version: string; algorithm: string; auth_data: object; count: number; etag: string };
beforeAll(async () => {
  rig = await RoomKeysRig.open();
  account = await rig.account();
  await rig.import(account.accountId, makeRoomKeys(HERE));
  right = (await rig.backupVersion(account.other)) as typeof right;
}, 120_000);
afterEach(() => rig.proxy.clear());
afterAll(() => rig.close());

function answer(status: number, body: unknown): void {
  const fault = { kind: "answer", status, body } as const;
  rig.proxy.addRule({ method: "GET", path: /room_keys\/version$/, fault, times: Infinity });
}

const publicKey = (key: unknown) => ({ ...right, auth_data: { ...right.auth_data, public_key: key } });

type Case = [what: string, answer: () => unknown, backup: string];
const LASTING: Case[] = [
  ["a public key of 45 bytes", () => publicKey(Buffer.alloc(45, 1).toString("base64")), "malformed"],
  ["a number for a public key", () => publicKey(5), "malformed"],
  ["auth_data of null", () => ({ ...right, auth_data: null }), "malformed"],
  ["another algorithm", () => ({ ...right, algorithm: "org.example.backup.v9" }), "unknown_kind"],
  ["a list", () => [right], "unreadable"],
  ["a page", () => "<html>Welcome</html>", "unreadable"],
];

describe("room keys, where the server says of the backup", () => {
  it.each(LASTING)("%s: it is said, and this session's are exported", async (_what, body, backup) => {
    answer(200, body());
    const { accountId } = account;
    expect(await rig.services.roomKeys.overview({ accountId })).toMatchObject({ backup, keysHere: HERE });
    const { rooms } = await rig.services.roomKeys.rooms({ accountId });
    expect(rooms.reduce((sum, { here }) => sum + here, 0)).toBe(HERE);
    const { job, keys } = await rig.export(accountId);
    expect(job).toMatchObject({ status: "done", counts: { exported: HERE, fromBackup: 0, fromSession: HERE } });
    expect(keys).toHaveLength(HERE);
  });

  it("what passes: it is said, and nothing is exported without what is in the backup", async () => {
    answer(500, { errcode: "M_UNKNOWN", error: "Internal server error" });
    const { accountId } = account;
    expect(await rig.services.roomKeys.overview({ accountId })).toMatchObject({ backup: "unreadable", keysHere: HERE });
    const { job } = await rig.services.roomKeys.export({
      accountId,
      passphrase: secretOf("passphrase", "quarrel lantern osprey velvet 1837"),
      roomIds: null,
    });
    expect(await rig.ended(job!)).toMatchObject({ status: "failed", error: { kind: "server" } });
    rig.proxy.clear();
    expect(await rig.services.roomKeys.overview({ accountId })).toMatchObject({ backup: "open", keysInBackup: HERE });
  });
});
