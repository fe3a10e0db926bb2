import { DeviceId, initAsync, OlmMachine, RoomId, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BackedUpRoomKeys } from "../../../main/sdk/cryptoInternals.ts";
import { idOf, type RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { takeBackedUp, takeExported } from "../../../main/roomKeys/importToSession.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { seed } from "../../support/seed.ts";

let machine: OlmMachine;
beforeAll(() => initAsync());
beforeEach(async () => void (machine = await newMachine()));
afterEach(() => machine.close());

const newMachine = (): Promise<OlmMachine> => OlmMachine.initialize(new UserId("@alice:example.org"), new DeviceId("DEVICE"));

/** Gives keys to the machine as `RustBackupManager.importBackedUpRoomKeys` of the SDK does. */
const session: BackedUpRoomKeys = {
  importBackedUpRoomKeys: async (keys, version, { progressCallback }) => {
    const rooms = new Map((keys as RoomKey[]).map((key) => [new RoomId(key.room_id), new Map([[key.session_id, key]])]));
    const onProgress = (_done: bigint, _total: bigint, failures: bigint): void => progressCallback({ failures: Number(failures) });
    (await machine.importBackedUpRoomKeys(rooms, onProgress, version)).free();
  },
};

/** The two ways to give keys to a session, each answering what was refused. */
const ways = {
  "from a file": async (keys: RoomKey[]): Promise<RoomKey[]> => (await takeExported(machine, keys)).refused,
  "from a backup": (keys: RoomKey[]): Promise<RoomKey[]> => takeBackedUp(session, keys, "1"),
};

/** The first message that each key in the machine opens. */
async function firstIndexes(): Promise<Record<string, number>> {
  const keys = JSON.parse(await machine.exportRoomKeys(() => true)) as RoomKey[];
  return Object.fromEntries(keys.map((key) => [idOf(key), Buffer.from(key.session_key, "base64").readUInt32BE(1)]));
}

/** A signing key that is no point on the curve: the key is none, and only the crypto WASM sees it. */
function noRoomKey(): RoomKey {
  const key = makeRoomKey(70);
  const bytes = Buffer.from(key.session_key, "base64").fill(0, 133);
  bytes[133] = 2;
  return { ...key, session_key: bytes.toString("base64"), session_id: bytes.subarray(133).toString("base64").slice(0, 43) };
}

describe.each(Object.entries(ways))("room keys given to a session %s", (_name, take) => {
  it("stay there with the copy that opens most, in any order and number", async () => {
    const copies = fc.array(fc.record({ number: fc.nat(3), firstIndex: fc.nat(20) }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(copies, copies, async (first, second) => {
        machine.close();
        machine = await newMachine();
        const best: Record<string, number> = {};
        for (const some of [first, second]) {
          const keys = some.map(({ number, firstIndex }) => makeRoomKey(number, { firstIndex }));
          for (const [at, key] of keys.entries()) {
            best[idOf(key)] = Math.min(best[idOf(key)] ?? Infinity, some[at]!.firstIndex);
          }
          expect(await take(keys)).toEqual([]);
        }
        expect(await firstIndexes()).toEqual(best);
      }),
      { seed, numRuns: 30 },
    );
  });

  it("are refused where they are none, whether alone or among others", async () => {
    const bad = noRoomKey();
    expect(await take([bad])).toEqual([bad]);
    expect(await take([makeRoomKey(1), bad, makeRoomKey(2)])).toEqual([bad]);
    expect(Object.keys(await firstIndexes())).toHaveLength(2);
  });

  it("are taken without what is beside the key, where that is what they are refused for", async () => {
    const { session_id: noPoint } = noRoomKey();
    const odd = { ...makeRoomKey(1), sender_claimed_keys: { ed25519: noPoint } };
    expect(await take([makeRoomKey(2), odd])).toEqual([]);
    expect(Object.keys(await firstIndexes())).toHaveLength(2);
  });
});

describe("room keys from a file", () => {
  it("are told to be taken once each, and only when they open more than before", async () => {
    const five = makeRoomKey(1, { firstIndex: 5 });
    const ids = [idOf(five)];
    expect((await takeExported(machine, [five, makeRoomKey(1, { firstIndex: 3 }), five])).taken).toEqual(ids);
    expect((await takeExported(machine, [five])).taken).toEqual([]);
    expect((await takeExported(machine, [five, makeRoomKey(1)])).taken).toEqual(ids);
  });
});
