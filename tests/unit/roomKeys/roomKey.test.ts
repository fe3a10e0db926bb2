import { DeviceId, initAsync, OlmMachine, RoomId, UserId } from "@matrix-org/matrix-sdk-crypto-wasm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type CheckedRoomKey, checkRoomKey, type RoomKey } from "../../../main/roomKeys/roomKey.ts";
import { makeRoomKey } from "../../support/roomKeyMaker.ts";
import { seed } from "../../support/seed.ts";

beforeAll(() => initAsync());

const good = makeRoomKey(5, { firstIndex: 3 });
const sender = good.sender_key;
const signing = good.session_id;
const urlAlphabet = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");
/** A public key of Ed25519 that is no point on the curve. */
const NO_POINT = Buffer.from([2, ...Array<number>(31).fill(0)])
  .toString("base64")
  .slice(0, 43);

type Fields = Record<string, unknown>;
const withFields = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries({ ...good, ...fields }).filter(([, value]) => value !== undefined));

/** Shapes in which other clients write what goes beside the key itself, and worse ones. */
const beside: Record<string, unknown[]> = {
  sender_claimed_keys: [
    undefined,
    null,
    {},
    [],
    "x",
    5,
    { ed25519: null },
    { ed25519: "" },
    { ed25519: "short" },
    { ed25519: 5 },
    { ed25519: `${signing}=` },
    { ed25519: signing, rsa: "abc" },
    { ed25519: signing, rsa: 5 },
    { curve25519: sender },
    { curve25519: "short" },
  ],
  forwarding_curve25519_key_chain: [undefined, null, [], {}, "", "x", [sender], [`${sender}=`], [""], ["short"], [5], [null]],
  "m.shared_history": [undefined, true, false, null, "yes", 1],
  "org.matrix.msc3061.shared_history": [undefined, true, false, null, "yes"],
  unknown: [undefined, null, { nested: [1] }],
};
const besides = Object.entries(beside).flatMap(([name, values]) => values.map((value) => ({ [name]: value })));

/** What the crypto WASM has after it was given a key in both ways that it takes one. */
async function takenByWasm(key: Fields): Promise<RoomKey[][]> {
  const ways = [
    async (machine: OlmMachine) => machine.importExportedRoomKeys(JSON.stringify([key]), () => undefined),
    async (machine: OlmMachine) => {
      const rooms = new Map([[new RoomId(key["room_id"] as string), new Map([[key["session_id"] as string, key]])]]);
      return machine.importBackedUpRoomKeys(rooms, () => undefined, "1");
    },
  ];
  const taken: RoomKey[][] = [];
  for (const give of ways) {
    const machine = await OlmMachine.initialize(new UserId("@alice:example.org"), new DeviceId("DEVICE"));
    try {
      await give(machine).catch(() => undefined);
      taken.push(JSON.parse(await machine.exportRoomKeys(() => true)) as RoomKey[]);
    } finally {
      machine.close();
    }
  }
  return taken;
}

async function expectTaken(value: Fields): Promise<CheckedRoomKey> {
  const checked = checkRoomKey(value);
  expect(checked, JSON.stringify(value)).toBeTypeOf("object");
  const { key, firstIndex } = checked as CheckedRoomKey;
  expect(firstIndex).toBe(3);
  for (const taken of await takenByWasm(key as unknown as Fields)) {
    expect(taken, JSON.stringify(key)).toHaveLength(1);
    expect(taken[0]).toMatchObject({ room_id: good.room_id, session_id: good.session_id, session_key: good.session_key });
  }
  return checked as CheckedRoomKey;
}

describe("a room key", () => {
  it("is left as it is when nothing is odd about it", () => {
    expect(checkRoomKey(good)).toEqual({ key: good, firstIndex: 3 });
    for (const more of [{ forwarding_curve25519_key_chain: [sender] }, { more: 1 }, { "m.shared_history": true }]) {
      const value = { ...good, ...more };
      expect((checkRoomKey(value) as CheckedRoomKey).key).toBe(value);
    }
  });

  it("is taken with what is beside it in any shape, and the crypto WASM takes it then", async () => {
    for (const fields of besides) await expectTaken(withFields(fields));
  });

  it("is taken with any mixture of such shapes", async () => {
    const mixture = fc.record(Object.fromEntries(Object.entries(beside).map(([name, values]) => [name, fc.constantFrom(...values)])));
    await fc.assert(
      fc.asyncProperty(mixture, async (fields) => void (await expectTaken(withFields(fields)))),
      { seed, numRuns: 60 },
    );
  });

  it("gets what the crypto WASM fills in, and keeps what it does not know", async () => {
    const filled = { sender_claimed_keys: {}, forwarding_curve25519_key_chain: [] };
    for (const odd of [undefined, null]) {
      const fields = { sender_claimed_keys: odd, forwarding_curve25519_key_chain: odd, unknown: { nested: [1] } };
      const { key } = await expectTaken(withFields(fields));
      expect(key).toEqual({ ...good, ...filled, unknown: { nested: [1] } });
    }
    const half = { ed25519: signing, rsa: 5, other: "abc" };
    const { key } = checkRoomKey({ ...good, sender_claimed_keys: half }) as CheckedRoomKey;
    expect(key.sender_claimed_keys).toEqual({ ed25519: signing, other: "abc" });
    const chain = checkRoomKey({ ...good, forwarding_curve25519_key_chain: [sender, 5] }) as CheckedRoomKey;
    expect(chain.key.forwarding_curve25519_key_chain).toEqual([sender]);
  });

  it("is taken in every writing of its base64", async () => {
    // Ids and keys with characters that differ between the alphabets.
    const numbers = Array.from({ length: 40 }, (_, number) => makeRoomKey(number, { firstIndex: 3 }));
    const plain = numbers.find((key) => /[+/]/.test(key.session_id) && /[+/]/.test(key.sender_key))!;
    const writings: Fields[] = [
      { session_key: `${plain.session_key}=` },
      { session_key: `${plain.session_key}==` },
      { session_key: urlAlphabet(plain.session_key) },
      { session_key: `${plain.session_key.slice(0, 76)}\n${plain.session_key.slice(76)}\r\n` },
      // The crypto WASM passes over what follows.
      { session_key: `${plain.session_key}AAAA` },
      { session_id: `${plain.session_id}=` },
      { session_id: urlAlphabet(plain.session_id) },
      { sender_key: `${plain.sender_key}=` },
      { sender_key: urlAlphabet(plain.sender_key) },
    ];
    for (const writing of writings) {
      const checked = checkRoomKey({ ...plain, ...writing }) as CheckedRoomKey;
      expect(checked, JSON.stringify(writing)).toMatchObject({ firstIndex: 3, key: { session_key: plain.session_key } });
      expect(checked.key.session_id).toBe(plain.session_id);
      for (const taken of await takenByWasm(checked.key as unknown as Fields)) {
        expect(
          taken.map(({ session_key: key }) => key),
          JSON.stringify(writing),
        ).toEqual([plain.session_key]);
      }
    }
  });

  it("is refused when the key itself, or what it belongs to, is not what it should be", async () => {
    const { session_key: key } = good;
    const wrong: [field: keyof RoomKey, fault: string, values: unknown[]][] = [
      ["room_id", "not_a_room_key", [undefined, null, 5, "", "!", "room", `!${"x".repeat(300)}`, "!a\u0000b:c"]],
      ["session_id", "not_a_room_key", [undefined, null, 5]],
      ["session_id", "bad_session_key", ["", makeRoomKey(6).session_id, `${signing.slice(0, 42)}`, `${signing}A`]],
      ["session_key", "not_a_room_key", [undefined, null, 5]],
      ["session_key", "bad_session_key", ["", key.slice(4), key.slice(0, -4), `B${key.slice(1)}`, `*${key.slice(1)}`]],
      ["sender_key", "not_a_room_key", [undefined, null, 5, "", "short", NO_POINT.slice(1)]],
      ["algorithm", "not_a_room_key", [undefined, null, 5]],
      ["algorithm", "unknown_algorithm", ["", "m.other"]],
      ["algorithm", "unsupported_algorithm", ["m.megolm.v2.aes-sha2"]],
    ];
    for (const [field, fault, values] of wrong) {
      for (const value of values) expect(checkRoomKey({ ...good, [field]: value }), `${field} ${String(value)}`).toBe(fault);
    }
    for (const value of [null, undefined, 5, "x", [], [good]]) expect(checkRoomKey(value)).toBe("not_a_room_key");
    // Where something is missing or of another algorithm, the crypto WASM takes nothing either.
    for (const field of ["sender_key", "algorithm", "session_key"] as const) {
      expect(await takenByWasm(withFields({ [field]: undefined }))).toEqual([[], []]);
    }
    expect(await takenByWasm({ ...good, algorithm: "m.megolm.v2.aes-sha2" })).toEqual([[], []]);
  });
});
