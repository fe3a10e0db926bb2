import { RoomKeyTable } from "./roomKeyTable.ts";

/**
 * What becomes of a key of the file: it was in no backup (or not in the session, where there is no backup) or opened
 * less there; the backup's copy opens more than any in the file.
 */
const FATES = ["new", "better", "behind"] as const;
export type Fate = (typeof FATES)[number];
/** The second number of a key that was seen in the backup again. */
const SETTLED = FATES.length;

/** Counts the entries of a key file that were imported, each key once however many copies of it there are. */
export class ImportFates {
  readonly #table = new RoomKeyTable();
  readonly #counts = { new: 0, better: 0, kept: 0, alreadyThere: 0, broken: 0 };

  /** How many entries had which fate. `kept` is there only when there are some. */
  get counts(): { new: number; better: number; alreadyThere: number; broken: number; kept?: number } {
    const { kept, ...others } = this.#counts;
    return { ...others, ...(kept > 0 && { kept }) };
  }

  /** Counts entries that need no further look. */
  add(what: "alreadyThere" | "broken", count: number): void {
    this.#counts[what] += count;
  }

  /** Counts one copy of a key, which opens messages from `firstIndex` on. Further copies count as there already. */
  note(id: string, firstIndex: number, fate: Fate): void {
    const before = this.#fateOf(id);
    const counted = before !== null && before.fate !== "behind";
    this.#counts[counted || fate === "behind" ? "alreadyThere" : fate] += 1;
    const best = Math.min(firstIndex, before?.firstIndex ?? firstIndex);
    this.#table.set(id, best, FATES.indexOf(counted ? before.fate : fate));
  }

  /** Takes back what was counted for a key that the session refused. */
  refuse(id: string): void {
    this.#counts.broken += 1;
    const before = this.#fateOf(id);
    if (!before || before.fate === "behind") return;
    this.#counts[before.fate] -= 1;
    this.#table.set(id, before.firstIndex, SETTLED);
  }

  /** Notes that a better copy than the file's has gone into the backup after all. */
  improve(id: string, firstIndex: number): void {
    const before = this.#fateOf(id);
    if (before) this.#table.set(id, firstIndex, FATES.indexOf(before.fate));
  }

  /** Whether what is in the backup in the end must be looked at. */
  get needsLook(): boolean {
    return this.#table.size > 0;
  }

  /**
   * Compares a key with its copy in the backup in the end. One that the server has not replaced counts as kept.
   *
   * @param firstIndex of the copy in the backup
   * @returns whether that copy opens more than what the session was given
   */
  settle(id: string, firstIndex: number): boolean {
    const before = this.#fateOf(id);
    if (!before) return false;
    const { fate } = before;
    if ((fate === "new" || fate === "better") && firstIndex > before.firstIndex) {
      this.#counts[fate] -= 1;
      this.#counts.kept += 1;
    }
    this.#table.set(id, before.firstIndex, SETTLED);
    return firstIndex < before.firstIndex;
  }

  /** Keys that should be in the backup and were not seen there. */
  get unsettled(): number {
    let count = 0;
    for (const [, fate] of this.#table.values()) if (fate === FATES.indexOf("new") || fate === FATES.indexOf("better")) count += 1;
    return count;
  }

  #fateOf(id: string): { firstIndex: number; fate: Fate } | null {
    const [firstIndex, number] = this.#table.get(id) ?? [0, SETTLED];
    const fate = FATES[number];
    return fate ? { firstIndex, fate } : null;
  }
}
