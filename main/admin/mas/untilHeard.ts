import { setTimeout as pause } from "node:timers/promises";

/** How long to wait before each look, in milliseconds: a service tells the homeserver by a queue. */
const LOOK_AFTER_MS = [0, 200, 500, 1_000, 2_000, 4_000, 8_000];

/**
 * Reads from the homeserver until it has heard of what a service has done, or for a quarter of a minute; answers the last that was read.
 *
 * @param wait lets so many milliseconds go by; what it throws ends it
 */
export async function untilHeard<T>(
  read: () => Promise<T>,
  isSo: (read: T) => boolean,
  wait: (milliseconds: number) => Promise<unknown> = pause,
): Promise<T> {
  let last = await read();
  for (const milliseconds of LOOK_AFTER_MS) {
    if (isSo(last)) break;
    await wait(milliseconds);
    last = await read();
  }
  return last;
}
