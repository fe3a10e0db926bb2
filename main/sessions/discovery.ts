import * as z from "zod";
import type { Homeserver, LoginFlow } from "../../shared/contract/signIn.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { type Fetch, requestJson } from "./http.ts";

const TIMEOUT_MS = 10_000;

const WellKnown = z.object({
  "m.homeserver": z.object({ base_url: z.string().max(2048) }).optional(),
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
  if (!/^(?:\[[0-9a-fA-F:.]{2,45}\]|[\p{L}\p{N}.-]{1,255})(?::\d{1,5})?$/u.test(serverName)) {
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
 * Asks a server name for its `.well-known/matrix/client` (Client-Server API, "Server Discovery"). A missing file means
 * that the server name itself is asked; a file that is there and wrong is an error, so that nobody is led elsewhere.
 */
async function askWellKnown(serverName: string, fetch: Fetch): Promise<WellKnownAnswer> {
  const nothing = { baseUrl: null, identityServerInvalid: false };
  let answer: z.infer<typeof WellKnown>;
  try {
    answer = await requestJson({
      fetch,
      url: `https://${serverName}/.well-known/matrix/client`,
      schema: WellKnown,
      timeoutMs: TIMEOUT_MS,
      limitBytes: 50 * 1024,
    });
  } catch (thrown) {
    if (isFailure(thrown, "not_found") || isStatus(thrown, 404)) return nothing;
    if (isFailure(thrown, "bad_answer")) throw fail("well_known_invalid", { host: serverName, reason: "not_json" });
    if (isFailure(thrown, "server")) throw fail("well_known_invalid", { host: serverName, reason: "error_status" });
    // A server that only answers elsewhere, or only over http on this computer, has no https to ask here.
    if (isFailure(thrown, "network") || isLocalhost(new URL(`https://${serverName}`).hostname)) return nothing;
    throw thrown;
  }
  const homeserver = answer["m.homeserver"];
  if (!homeserver) throw fail("well_known_invalid", { host: serverName, reason: "no_homeserver" });
  if (!URL.canParse(homeserver.base_url) || !/^https?:$/.test(new URL(homeserver.base_url).protocol)) {
    throw fail("well_known_invalid", { host: serverName, reason: "base_url" });
  }
  const identity = answer["m.identity_server"];
  const IdentityServer = z.object({ base_url: z.url({ protocol: /^https?$/ }) });
  return {
    baseUrl: trimBaseUrl(homeserver.base_url),
    identityServerInvalid: identity !== undefined && !IdentityServer.safeParse(identity).success,
  };
}

function isStatus(thrown: unknown, status: number): boolean {
  return thrown instanceof AppFailure && thrown.error.kind === "server" && thrown.error.status === status;
}

/** Throws `not_a_homeserver` unless something that speaks the client-server API answers at this URL. */
async function checkHomeserver(baseUrl: string, fetch: Fetch): Promise<void> {
  try {
    await requestJson({ fetch, url: `${baseUrl}/_matrix/client/versions`, schema: Versions, timeoutMs: TIMEOUT_MS });
  } catch (thrown) {
    const says = (kind: "bad_answer" | "not_found" | "forbidden"): boolean => isFailure(thrown, kind);
    const clientError = thrown instanceof AppFailure && thrown.error.kind === "server" && thrown.error.status < 500;
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
  const [login, oauth] = await Promise.all([
    requestJson({ fetch, url: `${baseUrl}/_matrix/client/v3/login`, schema: LoginFlows, timeoutMs: TIMEOUT_MS }),
    requestJson({
      fetch,
      url: `${baseUrl}/_matrix/client/v1/auth_metadata`,
      schema: AuthMetadata,
      timeoutMs: TIMEOUT_MS,
    }).catch(() => null),
  ]);
  if (oauth) add({ kind: "oauth" });
  for (const flow of login.flows) {
    if (flow.type === "m.login.password") add({ kind: "password" });
    else if (flow.type === "m.login.sso") add({ kind: "sso", providers: flow.identity_providers ?? [] });
    // Only reached with a token that SSO hands out; not a way of its own for a person.
    else if (flow.type === "m.login.token" || flow.type === "m.login.application_service") continue;
    else if (flow.type !== "m.login.cas") add({ kind: "other", type: flow.type });
  }
  return flows;
}

/** Some servers on this computer speak http alone; anywhere else https is the only guess. */
async function guessBaseUrl(serverName: string, fetch: Fetch): Promise<string> {
  const secure = `https://${serverName}`;
  try {
    await checkHomeserver(secure, fetch);
    return secure;
  } catch (thrown) {
    if (!isLocalhost(new URL(secure).hostname)) throw thrown;
    const plain = `http://${serverName}`;
    await checkHomeserver(plain, fetch);
    return plain;
  }
}

/**
 * Finds the homeserver behind a name, a URL or a full Matrix ID, and how one signs in there.
 *
 * Throws `invalid_input`, `homeserver_not_found`, `not_a_homeserver`, `well_known_invalid`, `bad_certificate`,
 * `network`, and what a server answers.
 */
export async function findHomeserver(input: string, fetch: Fetch): Promise<Homeserver> {
  const typed = parseHomeserverInput(input);
  const warnings: Homeserver["warnings"] = [];
  let baseUrl: string;
  let foundBy: Homeserver["foundBy"];
  if (typed.kind === "url") {
    baseUrl = typed.baseUrl;
    foundBy = "url";
    await checkHomeserver(baseUrl, fetch);
  } else {
    const wellKnown = await askWellKnown(typed.serverName, fetch);
    if (wellKnown.identityServerInvalid) warnings.push("identity_server_invalid");
    if (wellKnown.baseUrl) {
      baseUrl = wellKnown.baseUrl;
      foundBy = "well_known";
      await checkHomeserver(baseUrl, fetch);
    } else {
      baseUrl = await guessBaseUrl(typed.serverName, fetch);
      foundBy = "server_name";
    }
  }
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
