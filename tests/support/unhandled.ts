/** Does some work, and answers the promises that were rejected meanwhile with nobody to hear of it. */
export async function unhandledDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    await work();
    // A connection that was closed is only told so at the end of a turn, and its promises in the next.
    for (let turn = 1; turn <= 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return unhandled;
  } finally {
    process.off("unhandledRejection", note);
  }
}
