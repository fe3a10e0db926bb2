/** That something took too long. */
export const LATE = Symbol("late");

/**
 * Waits for a promise, but no longer than so many milliseconds; for ever with `Infinity`.
 *
 * @returns what it answers, or `LATE`. What it comes to after that is lost, a rejection as well
 * @throws what it rejects with in time
 */
export async function inTime<T>(promise: Promise<T>, milliseconds: number): Promise<T | typeof LATE> {
  if (milliseconds === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
