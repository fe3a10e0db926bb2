import { fail } from "../../shared/errors.ts";

/** The `fetch` that main talks to servers with. In the app, one that goes by this computer's proxy (`proxy/`). */
export type Fetch = typeof globalThis.fetch;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;
const MAX_ORIGIN = 300;

/**
 * What a GET does that is sent to another origin: with an access token nothing, or going there without it; or nothing in any
 * case, where it matters who answers.
 */
export type Elsewhere = "refuse" | "without_token" | "stay";

/**
 * `fetch`, but a server cannot send what is secret on to somebody else, nor to plain http. Only a GET follows a
 * redirect, because everything else may carry a password; one with an access token stays on its origin; and none goes
 * from https to http.
 *
 * Throws `redirected` instead of following, `bad_answer` for a redirect to nowhere or one too many, and what `fetch`
 * throws.
 */
export async function fetchSameOrigin(
  fetch: Fetch,
  url: string | URL,
  init: RequestInit,
  elsewhere: Elsewhere = "refuse",
): Promise<Response> {
  const mayFollow = (init.method ?? "GET") === "GET";
  let headers: Headers | null = null;
  let at = new URL(url);
  let response = await fetch(url, { ...init, redirect: "manual" });
  for (let followed = 0; ; followed += 1) {
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return response;
    await response.body?.cancel();
    const target = URL.canParse(location, at.href) ? new URL(location, at.href) : null;
    if (target === null || !/^https?:$/.test(target.protocol) || followed === MAX_REDIRECTS) {
      throw fail("bad_answer", { host: at.host });
    }
    headers ??= new Headers(init.headers);
    const sameOrigin = target.origin === at.origin;
    const isDowngrade = at.protocol === "https:" && target.protocol === "http:";
    const keepsToken = sameOrigin || !headers.has("authorization");
    const strays = !sameOrigin && elsewhere === "stay";
    if (!mayFollow || isDowngrade || strays || (!keepsToken && elsewhere === "refuse")) {
      throw fail("redirected", { host: at.host, to: target.origin.slice(0, MAX_ORIGIN) });
    }
    if (!sameOrigin) headers.delete("authorization");
    at = target;
    response = await fetch(at, { ...init, headers, redirect: "manual" });
  }
}
