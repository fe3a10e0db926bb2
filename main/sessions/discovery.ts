import * as z from "zod";
import type { Homeserver, LoginFlow } from "../../shared/contract/signIn.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { type Fetch, requestJson } from "../http/requestJson.ts";

const TIMEOUT_MS = 10_000;

const WellKnown = z.object({
  "m.homeserver": z.object({ base_url: z.string().max(2048).optional() }).optional(),
  "m.identity_server": z.unknown().optional(),
});
const Versions = z.object({ versions: z.array(z.string()).min(1) });
const LoginFlows = z.object({
  flows: z.array(
    z.object({
      type: z.string().max(200),
      identity_providers: z.array(z.object({ id: z.string().max(255), name: z.string().max(255) })).max(50).optional().catch(undefined),
    }),
  ).max(50),
});
const AuthMetadata = z.object({ issuer: z.string() });

/** What a person may type: a server name, a URL, or a full Matrix ID. */
export type HomeserverInput =
  | { kind: "name"; serverName: string; localpart: string | null }
  | { kind: "url"; baseUrl: string; serverName: string };

/** Tells apart what was typed. Throws `invalid_input` when it can be none of the three. */
export function parseHomeserverInput(input: string): HomeserverInput {
  const text = input.trim();
  if (text.includes("://")) {
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      throw fail("invalid_input", { issues: ["input: not_a_url"] });
    }
    if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
      throw fail("invalid_input", { issues: ["input: not_a_url"] });
    }
    return { kind: "url", baseUrl: trimBaseUrl(url.href), serverName: url.host };
  }
  const mxid = /^@([^:\s]*):(\S+)$/.exec(text);
  const serverName = mxid ? mxid[2]! : text;
  // Host names, IPv4, bracketed IPv6, each with an optional port (spec, appendices, "Server name").
  const looksLikeOne = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[\p{L}\p{N}.-]{1,255})(?::\d{1,5})?$/u.test(serverName);
  if (!looksLikeOne || !URL.canParse(`https://${serverName}`)) {
    throw fail("invalid_input", { issues: ["input: not_a_server_name"] });
  }
  return { kind: "name", serverName: serverName.toLowerCase(), localpart: mxid ? mxid[1]! : null };
}

function trimBaseUrl(url: string): string {
  return url.replace(/[?#].*$/, "").replace(/\/+$/, "");
}

/** True for hosts that never leave this computer, where plain http tells nobody anything. */
export function isLocalhost(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127\.|^\[::1\]$/.test(hostname);
}

/** True when talking to this URL sends passwords unencrypted over a network. */
export function isInsecureHttp(baseUrl: string): boolean {
  const url = new URL(baseUrl);
  return url.protocol === "http:" && !isLocalhost(url.hostname);
}

interface WellKnownAnswer {
  baseUrl: string | null;
  identityServerInvalid: boolean;
}

/**
 * Asks a host for its `.well-known/matrix/client` (Client-Server API, "Server Discovery"). A missing file means that it
 * leads nowhere; a file that is there and wrong is an error, so that nobody is led elsewhere.
 */
async function askWellKnown(origin: string, host: string, fetch: Fetch): Promise<WellKnownAnswer> {
  const nothing = { baseUrl: null, identityServerInvalid: false };
  let answer: z.infer<typeof WellKnown>;
  try {
    answer = await requestJson({
      fetch,
      url: `${origin}/.well-known/matrix/client`,
      schema: WellKnown,
      timeoutMs: TIMEOUT_MS,
      limitBytes: 50 * 1024,
    });
  } catch (thrown) {
    if (isMissing(thrown)) return nothing;
    if (isFailure(thrown, "bad_answer")) throw fail("well_known_invalid", { host, reason: "not_json" });
    if (isFailure(thrown, "server") || isFailure(thrown, "gateway_error") || isFailure(thrown, "forbidden")) {
      throw fail("well_known_invalid", { host, reason: "error_status" });
    }
    // A server that only answers elsewhere, or only over http on this computer, has no https to ask here.
    if (isFailure(thrown, "network")) return nothing;
    if (isFailure(thrown, "bad_certificate") && isLocalhost(new URL(origin).hostname)) return nothing;
    throw thrown;
  }
  const baseUrl = answer["m.homeserver"]?.base_url;
  if (baseUrl === undefined) throw fail("well_known_invalid", { host, reason: "no_homeserver" });
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) {
    throw fail("well_known_invalid", { host, reason: "base_url" });
  }
  const identity = answer["m.identity_server"];
  const IdentityServer = z.object({ base_url: z.url({ protocol: /^https?$/ }) });
  return {
    baseUrl: trimBaseUrl(baseUrl),
    identityServerInvalid: identity !== undefined && !IdentityServer.safeParse(identity).success,
  };
}

/** True when the server answers, but does not know what it was asked for: 404, with or without a Matrix error. */
function isMissing(thrown: unknown): boolean {
  if (isFailure(thrown, "not_found")) return true;
  return thrown instanceof AppFailure && thrown.error.kind === "server" && thrown.error.status === 404;
}

/** Throws `not_a_homeserver` unless something that speaks the client-server API answers at this URL. */
async function checkHomeserver(baseUrl: string, fetch: Fetch): Promise<void> {
  try {
    await requestJson({ fetch, url: `${baseUrl}/_matrix/client/versions`, schema: Versions, timeoutMs: TIMEOUT_MS });
  } catch (thrown) {
    const says = (kind: "bad_answer" | "not_found" | "forbidden"): boolean => isFailure(thrown, kind);
    const clientError =
      thrown instanceof AppFailure &&
      (thrown.error.kind === "server" || thrown.error.kind === "gateway_error") &&
      thrown.error.status < 500;
    if (says("bad_answer") || says("not_found") || says("forbidden") || clientError) {
      throw fail("not_a_homeserver", { host: new URL(baseUrl).host });
    }
    throw thrown;
  }
}

/** How one signs in at a homeserver; what Steward cannot do is named as well. */
async function askLoginFlows(baseUrl: string, fetch: Fetch): Promise<LoginFlow[]> {
  const flows: LoginFlow[] = [];
  const add = (flow: LoginFlow): void => {
    if (!flows.some((known) => JSON.stringify(known) === JSON.stringify(flow))) flows.push(flow);
  };
  const offersOauth = requestJson({
    fetch,
    url: `${baseUrl}/_matrix/client/v1/auth_metadata`,
    schema: AuthMetadata,
    timeoutMs: TIMEOUT_MS,
  }).then(
    () => true,
    () => false,
  );
  const login = await requestJson({
    fetch,
    url: `${baseUrl}/_matrix/client/v3/login`,
    schema: LoginFlows,
    timeoutMs: TIMEOUT_MS,
  }).catch(async (thrown: unknown) => {
    // A server that has moved to OAuth altogether need not know this request any more.
    if (isMissing(thrown) && (await offersOauth)) return { flows: [] };
    throw thrown;
  });
  if (await offersOauth) add({ kind: "oauth" });
  for (const flow of login.flows) {
    if (flow.type === "m.login.password") add({ kind: "password" });
    else if (flow.type === "m.login.sso") add({ kind: "sso", providers: flow.identity_providers ?? [] });
    // Only reached with a token that SSO hands out; not a way of its own for a person.
    else if (flow.type === "m.login.token" || flow.type === "m.login.application_service") continue;
    else if (flow.type !== "m.login.cas") add({ kind: "other", type: flow.type });
  }
  return flows;
}

/**
 * Some servers on this computer speak http alone; anywhere else https is the only guess. Where nothing speaks http
 * either, what was wrong with https is what is told.
 */
async function guessBaseUrl(serverName: string, fetch: Fetch): Promise<string> {
  const secure = `https://${serverName}`;
  try {
    await checkHomeserver(secure, fetch);
    return secure;
  } catch (thrown) {
    if (!isLocalhost(new URL(secure).hostname)) throw thrown;
    const plain = `http://${serverName}`;
    await checkHomeserver(plain, fetch).catch((plainly: unknown) => {
      throw isFailure(plainly, "network") ? thrown : plainly;
    });
    return plain;
  }
}

type Located = Pick<Homeserver, "baseUrl" | "foundBy"> & { identityServerInvalid: boolean };

/** Follows the `.well-known` of a host; null when it has none. Throws when it leads to no homeserver. */
async function followWellKnown(origin: string, host: string, fetch: Fetch): Promise<Located | null> {
  const { baseUrl, identityServerInvalid } = await askWellKnown(origin, host, fetch);
  if (baseUrl === null) return null;
  await checkHomeserver(baseUrl, fetch);
  return { baseUrl, foundBy: "well_known", identityServerInvalid };
}

/** True when what answered in place of a `.well-known` file was none: nothing can be said about what it names. */
function isNoFile(thrown: unknown): boolean {
  if (!(thrown instanceof AppFailure) || thrown.error.kind !== "well_known_invalid") return false;
  return thrown.error.reason === "not_json" || thrown.error.reason === "error_status";
}

/**
 * The server that speaks http on a port of this computer; null when there is none. It is asked for before anything else
 * there: most such servers speak no https, and some leave whoever tries it without an answer (Synapse does).
 */
async function locateOnOwnPort(serverName: string, fetch: Fetch): Promise<Located | null> {
  const { hostname, port } = new URL(`https://${serverName}`);
  if (!isLocalhost(hostname) || port === "") return null;
  const baseUrl = `http://${serverName}`;
  try {
    await checkHomeserver(baseUrl, fetch);
    return { baseUrl, foundBy: "server_name", identityServerInvalid: false };
  } catch (thrown) {
    const hangs = thrown instanceof AppFailure && thrown.error.kind === "network" && thrown.error.reason === "timeout";
    if (hangs) throw thrown;
    return null;
  }
}

async function locateByName(serverName: string, fetch: Fetch): Promise<Located> {
  return (
    (await locateOnOwnPort(serverName, fetch)) ??
    (await followWellKnown(`https://${serverName}`, serverName, fetch)) ?? {
      baseUrl: await guessBaseUrl(serverName, fetch),
      foundBy: "server_name",
      identityServerInvalid: false,
    }
  );
}

/**
 * An address is asked first, as it was typed. People also write a server's name as one: where there is no homeserver
 * and the address is nothing but that of a host, the host's `.well-known` is followed.
 */
async function locateByUrl(baseUrl: string, fetch: Fetch): Promise<Located> {
  try {
    await checkHomeserver(baseUrl, fetch);
    return { baseUrl, foundBy: "url", identityServerInvalid: false };
  } catch (thrown) {
    const { origin, host, pathname } = new URL(baseUrl);
    if (!isFailure(thrown, "not_a_homeserver") || pathname !== "/" || isInsecureHttp(baseUrl)) throw thrown;
    const located = await followWellKnown(origin, host, fetch).catch((wrong: unknown) => {
      // A web server that answers everything with the same page, or the same refusal, names no homeserver wrongly.
      if (isNoFile(wrong)) return null;
      throw wrong;
    });
    if (located === null) throw thrown;
    return located;
  }
}

/**
 * Finds the homeserver behind a name, a URL or a full Matrix ID, and how one signs in there.
 *
 * Throws `invalid_input`, `homeserver_not_found`, `not_a_homeserver`, `well_known_invalid`, `bad_certificate`,
 * `network`, `redirected` (to plain http), and what a server answers.
 */
export async function findHomeserver(input: string, fetch: Fetch): Promise<Homeserver> {
  const typed = parseHomeserverInput(input);
  const { baseUrl, foundBy, identityServerInvalid } =
    typed.kind === "url" ? await locateByUrl(typed.baseUrl, fetch) : await locateByName(typed.serverName, fetch);
  const warnings: Homeserver["warnings"] = [];
  if (identityServerInvalid) warnings.push("identity_server_invalid");
  if (isInsecureHttp(baseUrl)) warnings.push("insecure_http");
  return {
    serverName: typed.serverName,
    baseUrl,
    foundBy,
    flows: await askLoginFlows(baseUrl, fetch),
    localpart: typed.kind === "name" ? typed.localpart : null,
    warnings,
  };
}
