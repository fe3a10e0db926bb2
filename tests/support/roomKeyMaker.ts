import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import type { RoomKey } from "../../main/roomKeys/roomKey.ts";

/** Real public signing keys: the crypto WASM looks whether they are points on the curve. */
const signingKeys = new Map<number, Buffer>();

function signingKey(number: number): Buffer {
  const known = signingKeys.get(number);
  if (known) return known;
  const made = generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  signingKeys.set(number, made);
  return made;
}

const bytesOf = (seed: string, length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, part) => createHash("sha256").update(`${part} ${seed}`).digest()),
    length,
  );

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** The ratchet as it is `steps` messages later; at most 255 (Megolm, "Advancing the ratchet"). */
function advanced(ratchet: Buffer, steps: number): Buffer {
  if (steps > 255) throw new RangeError("only the last part of the ratchet is advanced here");
  let last = ratchet.subarray(96);
  for (let step = 0; step < steps; step += 1) last = createHmac("sha256", last).update(Uint8Array.of(3)).digest();
  return Buffer.concat([ratchet.subarray(0, 96), last]);
}

export interface MakeOptions {
  /** 0 to 255. Copies of one key that differ in it alone belong together, as the crypto WASM sees too. */
  firstIndex?: number;
  room?: string;
}

/**
 * Room keys that look real to everything but a message: each its own session id in its own room, the ratchet of no
 * account. At most 1,000 signing keys are made, so that a hundred thousand keys take a second.
 */
export function makeRoomKey(number: number, { firstIndex = 0, room }: MakeOptions = {}): RoomKey {
  const signing = signingKey(number % 1000);
  const head = Buffer.alloc(5);
  head[0] = 1;
  head.writeUInt32BE(firstIndex, 1);
  return {
    algorithm: "m.megolm.v1.aes-sha2",
    forwarding_curve25519_key_chain: [],
    room_id: room ?? `!room${Math.floor(number / 1000)}:example.org`,
    sender_claimed_keys: { ed25519: unpadded(signing) },
    sender_key: unpadded(bytesOf(`sender ${number % 50}`, 32)),
    session_id: unpadded(signing),
    session_key: unpadded(Buffer.concat([head, advanced(bytesOf(`ratchet ${number}`, 128), firstIndex), signing])),
  };
}

/** The first `count` of them. */
export function makeRoomKeys(count: number, options?: MakeOptions): RoomKey[] {
  return Array.from({ length: count }, (_, number) => makeRoomKey(number, options));
}
