import { inTime, LATE } from "../storage/inTime.ts";

/** How a promise ended, or that it did not. */
export type Settled = { kind: "resolved" } | { kind: "rejected"; reason: unknown } | { kind: "late" };

/** Waits for a promise, but no longer than `deadlineMs` milliseconds. Never rejects. */
export async function withDeadline(promise: Promise<unknown>, deadlineMs: number): Promise<Settled> {
  try {
    return { kind: (await inTime(promise, deadlineMs)) === LATE ? "late" : "resolved" };
  } catch (reason) {
    return { kind: "rejected", reason };
  }
}
