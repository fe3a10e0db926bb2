import { fail } from "../../shared/errors.ts";
import type { Fetch } from "./redirects.ts";

/**
 * True for addresses that never leave this computer: `localhost`, 127.0.0.0/8 and ::1 (RFC 6761, RFC 1122, RFC 4291).
 *
 * @param hostname as `URL` gives it: an address in whatever notation has become four numbers there, so that four exact
 * numbers are all there is to compare
 */
export function isLoopback(hostname: string): boolean {
  if (hostname === "[::1]") return true;
  return hostname.replace(/\.$/, "") === "localhost" || /^127(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(hostname);
}

/** `isLoopback`, or a name below `localhost`, which systems answer themselves (RFC 6761). */
export function isLocalhost(hostname: string): boolean {
  return isLoopback(hostname) || /^[^.].*\.localhost\.?$/.test(hostname);
}

/** Throws `this_computer_only` unless the address is one of this computer. */
export function checkLoopback(address: string | URL): void {
  const url = new URL(address);
  if (!isLoopback(url.hostname)) throw fail("this_computer_only", { host: url.host });
}

/** A `fetch` that reaches servers of this computer alone, by whatever redirect. Throws `this_computer_only` otherwise. */
export function loopbackFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    checkLoopback(input instanceof Request ? input.url : input);
    return fetch(input, { ...init, redirect: init?.redirect === "follow" || init?.redirect === undefined ? "error" : init.redirect });
  };
}
