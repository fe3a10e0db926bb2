import * as z from "zod";
import { type AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { isLocalhost } from "../http/loopback.ts";
import { trimBaseUrl } from "../../shared/fields.ts";
import type { Fetch } from "../http/redirects.ts";
import { requestJson } from "../http/requestJson.ts";

/** Until a server counts as one that does not answer, in milliseconds. */
export const DISCOVERY_TIMEOUT_MS = 10_000;
/** Nobody waits long for an identity server: it is not needed to sign in. */
const IDENTITY_TIMEOUT_MS = 4_000;

const WellKnown = z.object({
  "m.homeserver": z.object({ base_url: z.string().max(2048).optional() }).optional(),
  "m.identity_server": z.unknown().optional(),
});

/** What a `.well-known` file names. */
export interface WellKnownAnswer {
  /** Null: there is no file. */
  baseUrl: string | null;
  /** As it stands in the file, unchecked; undefined when none is named. */
  identityServer: unknown;
}

/** True when talking to this URL sends passwords unencrypted over a network. */
export function isInsecureHttp(baseUrl: string): boolean {
  const url = new URL(baseUrl);
  return url.protocol === "http:" && !isLocalhost(url.hostname);
}

/** A server's address as a server names it, in the form in which it is kept; null when it is none. */
export function baseUrlOf(named: unknown): string | null {
  if (typeof named !== "string" || named.length > 2048 || !URL.canParse(named)) return null;
  const url = new URL(named);
  const isWeb = /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return isWeb ? trimBaseUrl(url.href) : null;
}

/** True when the server answers, but does not know what it was asked for: 404, with or without a Matrix error. */
export function isMissing(thrown: unknown): boolean {
  if (isFailure(thrown, "not_found")) return true;
  return isFailure(thrown, "server") && thrown.error.status === 404;
}

/**
 * Asks a host for its `.well-known/matrix/client` (Client-Server API, "Server Discovery"). A missing file means that it
 * leads nowhere; a file that is there and wrong is an error, so that nobody is led elsewhere.
 *
 * @throws `well_known_invalid`, `redirected`, `bad_certificate`, `homeserver_not_found`, `rate_limited`
 */
export async function askWellKnown(origin: string, host: string, fetch: Fetch): Promise<WellKnownAnswer> {
  const nothing = { baseUrl: null, identityServer: undefined };
  const invalid = (reason: string): AppFailure => fail("well_known_invalid", { host, reason });
  let last: Response | null = null;
  const ask = (headers: Readonly<Record<string, string>>) => {
    last = null;
    return requestJson({
      fetch: async (url, init) => {
        const all = new Headers(init?.headers);
        for (const [name, value] of Object.entries(headers)) all.set(name, value);
        last = await fetch(url, { ...init, headers: all });
        return last;
      },
      url: `${origin}/.well-known/matrix/client`,
      schema: WellKnown,
      timeoutMs: DISCOVERY_TIMEOUT_MS,
      limitBytes: 50 * 1024,
    });
  };
  const answered = (): Response | null => last;
  let answer: z.infer<typeof WellKnown>;
  try {
    // A file that was compressed wrongly is there all the same: without compression it may be whole.
    answer = await ask({}).catch((thrown: unknown) => {
      if (!isFailure(thrown, "network") || answered()?.ok !== true) throw thrown;
      return ask({ "Accept-Encoding": "identity" });
    });
  } catch (thrown) {
    if (isMissing(thrown)) return nothing;
    const status = answered()?.status ?? 0;
    if (isFailure(thrown, "bad_answer")) throw invalid(status >= 300 && status < 400 ? "redirects" : "not_json");
    const isError = (["server", "gateway_error", "forbidden"] as const).some((kind) => isFailure(thrown, kind));
    if (isError) throw invalid("error_status");
    if (isFailure(thrown, "network")) {
      if (answered()?.ok === true) throw invalid("not_json");
      // A server that only answers elsewhere, or only over http on this computer, has no https to ask here.
      return nothing;
    }
    if (isFailure(thrown, "bad_certificate") && isLocalhost(new URL(origin).hostname)) return nothing;
    throw thrown;
  }
  const named = answer["m.homeserver"]?.base_url;
  if (named === undefined) throw invalid("no_homeserver");
  const baseUrl = baseUrlOf(named);
  if (baseUrl === null) throw invalid("base_url");
  return { baseUrl, identityServer: answer["m.identity_server"] };
}

/** True when what answered in place of a `.well-known` file was none: nothing can be said about what it names. */
export function isNoFile(thrown: unknown): boolean {
  if (!isFailure(thrown, "well_known_invalid")) return false;
  return ["not_json", "error_status", "redirects"].includes(thrown.error.reason);
}

/** What is said of an identity server that is named and does not work. */
export interface BadIdentityServer {
  /** Its host; undefined when what is named is no address. */
  host?: string;
}

/**
 * Looks whether the identity server that a `.well-known` names is one (Identity Service API, "GET /_matrix/identity/v2").
 * Whatever it does is no reason not to sign in (specification: FAIL_PROMPT), so this never throws.
 *
 * @returns null when it works or none is named
 */
export async function checkIdentityServer(named: unknown, fetch: Fetch): Promise<BadIdentityServer | null> {
  if (named === undefined || named === null) return null;
  const baseUrl = typeof named === "object" && "base_url" in named ? baseUrlOf(named.base_url) : null;
  if (baseUrl === null) return {};
  return requestJson({
    fetch,
    url: `${baseUrl}/_matrix/identity/v2`,
    schema: z.object({}),
    timeoutMs: IDENTITY_TIMEOUT_MS,
    limitBytes: 50 * 1024,
  }).then(
    () => null,
    () => ({ host: new URL(baseUrl).host }),
  );
}
