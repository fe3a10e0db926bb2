import { sha256OfText } from "./sha256.ts";

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

const FIRST_CAPACITY = 4096;
const MOST_FORWARDED = 0x7fff_ffff;

/**
 * Which room keys there are, and how good: 20 bytes for each, so that half a million of them are no burden. Keys are
 * known by eight bytes of a SHA-256 of their id.
 */
export class KeyIndex {
  #capacity = FIRST_CAPACITY;
  #ids = new BigUint64Array(FIRST_CAPACITY);
  #firstIndexes = new Uint32Array(FIRST_CAPACITY);
  /** The number of times it was forwarded, twice, plus one when it is verified. */
  #origins = new Uint32Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): KeyQuality | null {
    const at = this.#placeOf(digestOf(id));
    if (this.#ids[at] === 0n) return null;
    const origin = this.#origins[at] as number;
    return { firstIndex: this.#firstIndexes[at] as number, forwarded: origin >>> 1, verified: (origin & 1) === 1 };
  }

  set(id: string, { firstIndex, forwarded, verified }: KeyQuality): void {
    if (this.#size * 2 >= this.#capacity) this.#grow();
    const digest = digestOf(id);
    const at = this.#placeOf(digest);
    if (this.#ids[at] === 0n) this.#size += 1;
    this.#ids[at] = digest;
    this.#firstIndexes[at] = firstIndex;
    this.#origins[at] = ((Math.min(forwarded, MOST_FORWARDED) << 1) | (verified ? 1 : 0)) >>> 0;
  }

  /** Where an id is, or the free place where it would be. */
  #placeOf(digest: bigint): number {
    let at = Number(digest & BigInt(this.#capacity - 1));
    while (this.#ids[at] !== 0n && this.#ids[at] !== digest) at = (at + 1) & (this.#capacity - 1);
    return at;
  }

  #grow(): void {
    const [ids, firstIndexes, origins] = [this.#ids, this.#firstIndexes, this.#origins];
    this.#capacity *= 2;
    this.#ids = new BigUint64Array(this.#capacity);
    this.#firstIndexes = new Uint32Array(this.#capacity);
    this.#origins = new Uint32Array(this.#capacity);
    for (let from = 0; from < ids.length; from += 1) {
      const digest = ids[from] as bigint;
      if (digest === 0n) continue;
      const at = this.#placeOf(digest);
      this.#ids[at] = digest;
      this.#firstIndexes[at] = firstIndexes[from] as number;
      this.#origins[at] = origins[from] as number;
    }
  }
}

/** Never 0, which marks a free place. */
function digestOf(id: string): bigint {
  return sha256OfText(id).readBigUInt64LE(0) || 1n;
}
