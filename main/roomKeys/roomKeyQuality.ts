import { RoomKeyTable } from "./roomKeyTable.ts";

/** How good a copy of a room key is (Client-Server API, "Key backups": which one the server keeps). */
export interface KeyQuality {
  firstIndex: number;
  forwarded: number;
  verified: boolean;
}

/** Whether one copy of a room key is better than another one, by the rule of the spec. */
export function isBetter(one: KeyQuality, other: KeyQuality): boolean {
  if (one.verified !== other.verified) return one.verified;
  if (one.firstIndex !== other.firstIndex) return one.firstIndex < other.firstIndex;
  return one.forwarded < other.forwarded;
}

const MAX_FORWARDED = 0x7fff_ffff;

/** Which room keys there are, and how good. */
export class RoomKeyQualities {
  /** The first message, and the number of times it was forwarded, twice, plus one when it is verified. */
  readonly #table = new RoomKeyTable();

  get size(): number {
    return this.#table.size;
  }

  get(id: string): KeyQuality | null {
    const numbers = this.#table.get(id);
    if (!numbers) return null;
    const [firstIndex, origin] = numbers;
    return { firstIndex, forwarded: origin >>> 1, verified: (origin & 1) === 1 };
  }

  set(id: string, { firstIndex, forwarded, verified }: KeyQuality): void {
    const origin = ((Math.min(forwarded, MAX_FORWARDED) << 1) | (verified ? 1 : 0)) >>> 0;
    this.#table.set(id, firstIndex, origin);
  }
}
