/** How long to wait when a server limits the rate and does not say for how long. Milliseconds. */
const DEFAULT_MS = 5_000;
/** Nobody is told to wait longer than a day, whatever a server says. Milliseconds. */
const MAX_MS = 24 * 60 * 60 * 1000;

/**
 * How long a server wants to be left alone, in milliseconds.
 *
 * `Retry-After` in seconds counts first, then `retry_after_ms` of the body, which is deprecated but says more than a date
 * does; then `Retry-After` as a date, measured from the server's own clock where it tells its time (RFC 9110, 10.2.3;
 * Client-Server API, "Rate limiting"). What is empty or no number counts as not said.
 */
export function retryAfterMs(headers: Headers | null, inBody: unknown, now: number = Date.now()): number {
  const header = headers?.get("retry-after")?.trim() ?? "";
  const asked = seconds(header) ?? milliseconds(inBody) ?? untilDate(header, headers?.get("date") ?? null, now);
  return Math.min(Math.ceil(asked ?? DEFAULT_MS), MAX_MS);
}

function seconds(header: string): number | null {
  return /^\d{1,15}(?:\.\d+)?$/.test(header) ? Number(header) * 1000 : null;
}

function milliseconds(inBody: unknown): number | null {
  const value = typeof inBody === "string" && /^\d{1,15}$/.test(inBody.trim()) ? Number(inBody) : inBody;
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function untilDate(header: string, serverTime: string | null, now: number): number | null {
  // `Date.parse` takes nearly anything for a date: every form of an HTTP date begins with the day of the week.
  if (!/^[A-Z][a-z]{2,8},? /.test(header)) return null;
  const until = Date.parse(header);
  if (Number.isNaN(until)) return null;
  const from = serverTime === null ? Number.NaN : Date.parse(serverTime);
  return Math.max(0, until - (Number.isNaN(from) ? now : from));
}
