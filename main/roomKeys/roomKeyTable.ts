import { sha256OfText } from "./sha256.ts";

const FIRST_CAPACITY = 4096;

/**
 * Two numbers for each of many room keys, in a few dozen bytes: half a million of them are no burden. Keys are known by
 * eight bytes of a SHA-256 of their id.
 */
export class RoomKeyTable {
  #capacity = FIRST_CAPACITY;
  #ids = new BigUint64Array(FIRST_CAPACITY);
  #numbers = new Uint32Array(2 * FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): [number, number] | null {
    const at = this.#placeOf(digestOf(id));
    return this.#ids[at] === 0n ? null : [this.#numbers[2 * at] as number, this.#numbers[2 * at + 1] as number];
  }

  /** @param first 32 bits without a sign, as `second` */
  set(id: string, first: number, second: number): void {
    if (this.#size * 2 >= this.#capacity) this.#grow();
    const digest = digestOf(id);
    const at = this.#placeOf(digest);
    if (this.#ids[at] === 0n) this.#size += 1;
    this.#ids[at] = digest;
    this.#numbers[2 * at] = first;
    this.#numbers[2 * at + 1] = second;
  }

  /** The numbers of all keys, in no order. */
  *values(): Generator<[number, number], void> {
    for (let at = 0; at < this.#capacity; at += 1) {
      if (this.#ids[at] !== 0n) yield [this.#numbers[2 * at] as number, this.#numbers[2 * at + 1] as number];
    }
  }

  /** Where an id is, or the free place where it would be. */
  #placeOf(digest: bigint): number {
    let at = Number(digest & BigInt(this.#capacity - 1));
    while (this.#ids[at] !== 0n && this.#ids[at] !== digest) at = (at + 1) & (this.#capacity - 1);
    return at;
  }

  #grow(): void {
    const [ids, numbers] = [this.#ids, this.#numbers];
    this.#capacity *= 2;
    this.#ids = new BigUint64Array(this.#capacity);
    this.#numbers = new Uint32Array(2 * this.#capacity);
    for (let from = 0; from < ids.length; from += 1) {
      const digest = ids[from] as bigint;
      if (digest === 0n) continue;
      const at = this.#placeOf(digest);
      this.#ids[at] = digest;
      this.#numbers.set(numbers.subarray(2 * from, 2 * from + 2), 2 * at);
    }
  }
}

/** Never 0, which marks a free place. */
function digestOf(id: string): bigint {
  return sha256OfText(id).readBigUInt64LE(0) || 1n;
}
