/** True under `npm run soak`: full numbers instead of samples. */
export const soak = process.env["STEWARD_SOAK"] === "1";

/** A soak runs for long and beside other work, and what it looks for is no slowness: it waits this many times as long. */
const PATIENCE = 10;

/** How long to wait for something to happen, in milliseconds: so long in a plain run, longer in a soak. */
export function patient(ms: number): number {
  return soak ? ms * PATIENCE : ms;
}
