import { fail } from "../../shared/errors.ts";
import { STAMP_SPAN } from "./journalEntries.ts";

/**
 * How many entries there are and the sum of their stamps. Kept up to date with every batch: when a part of LevelDB is
 * lost or a stale part comes back, the entries no longer fit, which no checksum of a single entry would tell.
 */
export interface Totals {
  readonly count: number;
  readonly sum: number;
}

/** The totals of an empty store. */
export const NO_TOTALS: Totals = { count: 0, sum: 0 };

/** The totals after an entry with stamp `before` became one with stamp `after`; undefined stands for no entry. */
export function changeTotals(totals: Totals, before: number | undefined, after: number | undefined): Totals {
  const count = totals.count + (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  return { count, sum: (totals.sum + (after ?? 0) - (before ?? 0) + STAMP_SPAN) % STAMP_SPAN };
}

/** The totals as bytes. */
export function encodeTotals(totals: Totals): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleBE(totals.count, 0);
  bytes.writeDoubleBE(totals.sum, 8);
  return bytes;
}

/**
 * The totals that `encodeTotals` wrote.
 * @throws `store_damaged`
 */
export function decodeTotals(bytes: Buffer): Totals {
  if (bytes.length !== 16) throw fail("store_damaged");
  return { count: bytes.readDoubleBE(0), sum: bytes.readDoubleBE(8) };
}
