/** How a promise ended, or that it did not. */
export type Settled = { kind: "resolved" } | { kind: "rejected"; reason: unknown } | { kind: "late" };

/** Waits for a promise, but no longer than `deadlineMs` milliseconds. Never rejects. */
export function withDeadline(promise: Promise<unknown>, deadlineMs: number): Promise<Settled> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ kind: "late" }), deadlineMs);
    promise.then(
      () => resolve({ kind: "resolved" }),
      (reason: unknown) => resolve({ kind: "rejected", reason }),
    ).finally(() => clearTimeout(timer));
  });
}
