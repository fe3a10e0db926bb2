import { expect } from "vitest";
import { useFileLayer } from "../../main/storage/fileLayer.ts";
import { PowerCutDisk, type Unsynced } from "./powerCutDisk.ts";
import { randomNumbers, sample, seed } from "./seed.ts";

/** A piece of work on a disk, step by step. */
export interface Work<S> {
  /** What there is before the first step. */
  before: S;
  /** Each step, what there is once it has resolved, and what else may be there where it is cut off. */
  steps: readonly (readonly [step: () => Promise<unknown>, after: S, between?: readonly S[]])[];
  /** What a new start of the app finds. */
  read: () => Promise<S>;
}

/**
 * Cuts the power at every `sync` of some work, each time with every fate of what was not synced, and starts again: all
 * that had been said to be done must be there, and the step that was cut off has happened or has not.
 *
 * @param begin makes the work anew on an empty disk; what it does itself is on the disk before the first step
 * @param disk what makes the disk
 * @param mixed how often the power is cut at each sync with a fate of its own for each thing
 * @returns how many cuts there were
 */
export async function cutEverywhere<S>(
  begin: (disk: PowerCutDisk) => Work<S> | Promise<Work<S>>,
  { disk = () => new PowerCutDisk(), mixed = sample(4, 60) }: { disk?: () => PowerCutDisk; mixed?: number } = {},
): Promise<number> {
  const fates: Unsynced[] = ["lost", "kept", "garbled", ...Array.from({ length: mixed }, () => "mixed" as const)];
  let cuts = 0;
  for (const [round, fate] of fates.entries()) {
    for (let n = 1, ended = false; !ended; n += 1) {
      const random = randomNumbers(seed + round * 1_000 + n);
      ended = await cutOnce(begin, disk(), { n, fate, random });
      cuts += 1;
    }
  }
  return cuts;
}

/** @returns whether the work had ended before the cut */
async function cutOnce<S>(
  begin: (disk: PowerCutDisk) => Work<S> | Promise<Work<S>>,
  disk: PowerCutDisk,
  { n, fate, random }: { n: number; fate: Unsynced; random: () => number },
): Promise<boolean> {
  const putBack = useFileLayer(disk);
  try {
    const { before, steps, read } = await begin(disk);
    disk.syncAll();
    disk.cutAt(n);
    let known = before;
    const possible: S[] = [];
    for (const [step, after, between = []] of steps) {
      try {
        await step();
        if (disk.dead) throw new Error("a step resolved although the power is gone");
        known = after;
      } catch (thrown) {
        if (!disk.dead) throw thrown;
        possible.push(after, ...between);
        break;
      }
    }
    const ended = !disk.dead;
    // What the dead app still had to do meets a disk without power too, not the one that is started again.
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    disk.restart(fate, random);
    const found = await read();
    expect([known, ...possible], `found after a cut at sync ${n}, unsynced: ${fate}`).toContainEqual(found);
    expect(await read(), "found at the start after that").toEqual(found);
    return ended;
  } finally {
    putBack();
  }
}
