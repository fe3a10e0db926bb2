import type { JobProblem } from "../../shared/contract/jobs.ts";
import { RoomKeyTable } from "./roomKeyTable.ts";
import { type CheckedRoomKey, checkRoomKey, idOf } from "./roomKey.ts";
import type { StoredKeys } from "./storedKeysReader.ts";

/**
 * Which room keys this session has, how good, and in which piece of its store, while those that the backup has as good
 * are taken off. The keys themselves are not held: those that remain are read once more in the end.
 */
export class HeldRoomKeys {
  /** The first message; the number of the piece, twice, plus one once the key is taken off. */
  readonly #table = new RoomKeyTable();
  readonly #pieces: StoredKeys["range"][] = [];

  add({ range }: Pick<StoredKeys, "range">, keys: readonly CheckedRoomKey[]): void {
    const piece = this.#pieces.push(range) - 1;
    for (const { key, firstIndex } of keys) this.#table.set(idOf(key), firstIndex, piece * 2);
  }

  /** How many keys the session has, taken off or not. */
  get size(): number {
    return this.#table.size;
  }

  /** False when the session has no keys, so that there is nothing to look up. */
  get any(): boolean {
    return this.#table.size > 0;
  }

  /** Whether the session's copy of a key opens more messages than one that begins with `firstIndex`. */
  opensMore(id: string, firstIndex: number): boolean {
    const own = this.#table.get(id);
    return own !== null && own[0] < firstIndex;
  }

  /** Takes a key off. */
  remove(id: string): void {
    const own = this.#table.get(id);
    if (own) this.#table.set(id, own[0], own[1] | 1);
  }

  /** Whether the session has a key that was not taken off. */
  has(id: string): boolean {
    const own = this.#table.get(id);
    return own !== null && (own[1] & 1) === 0;
  }

  /** The pieces in which keys remain. */
  remaining(): StoredKeys["range"][] {
    const numbers = new Set<number>();
    for (const [, place] of this.#table.values()) if ((place & 1) === 0) numbers.add(place >>> 1);
    return this.#pieces.filter((_, number) => numbers.has(number));
  }
}

/** Looks at what the machine exported. What is wrong with one is told: it spoils nothing else. */
export function checkOwn(keys: readonly unknown[], onProblem: (problem: JobProblem) => void): CheckedRoomKey[] {
  return keys.flatMap((value) => {
    const checked = checkRoomKey(value);
    if (typeof checked !== "string") return [checked];
    const { room_id: roomId, session_id: sessionId } = value as { room_id: string; session_id: string };
    onProblem({ subject: { roomId: roomId.slice(0, 255), sessionId: sessionId.slice(0, 255) }, reason: checked });
    return [];
  });
}
