import { randomInt } from "node:crypto";
import { soak } from "./soak.ts";

const FIXED_SEED = 20_261_121;

/**
 * What every random choice in a test begins from. The same in every plain run, another one in every soak, and always
 * what STEWARD_SEED says when it is set.
 */
export const seed = readSeed();

process.stdout.write(`STEWARD_SEED=${seed}${soak ? " (soak)" : ""}\n`);

/** The small number in a plain run, the full one in a soak. */
export function sample<T>(small: T, full: T): T {
  return soak ? full : small;
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function randomNumbers(from: number = seed): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function readSeed(): number {
  const given = process.env["STEWARD_SEED"];
  if (given === undefined || given === "") return soak ? randomInt(2 ** 31) : FIXED_SEED;
  const value = Number(given);
  if (!Number.isSafeInteger(value)) throw new Error(`STEWARD_SEED is not a whole number: ${given}`);
  return value;
}
