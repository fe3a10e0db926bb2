import * as z from "zod";
import type { Homeserver, LoginFlow } from "../../shared/contract/signIn.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { type HomeserverInput, readHomeserver } from "../../shared/fields.ts";
import { isLocalhost } from "../http/loopback.ts";
import type { Fetch } from "../http/redirects.ts";
import { requestJson } from "../http/requestJson.ts";
import { askAuthMetadata, type AuthMetadata } from "./oauth/authMetadata.ts";
import { askWellKnown, checkIdentityServer, DISCOVERY_TIMEOUT_MS, isInsecureHttp, isMissing, isNoFile } from "./wellKnown.ts";

const Versions = z.object({ versions: z.array(z.string()).min(1) });
const LoginFlows = z.object({
  flows: z
    .array(
      z.object({
        type: z.string().max(200),
        identity_providers: z
          .array(z.object({ id: z.string().max(255), name: z.string().max(255) }))
          .max(50)
          .optional()
          .catch(undefined),
      }),
    )
    .max(50),
});

/** Tells apart what was typed. Throws `invalid_input`, which names the field and its problem, when it is nothing of that. */
export function parseHomeserverInput(input: string): HomeserverInput {
  const { value, problem } = readHomeserver(input);
  if (problem !== undefined) throw fail("invalid_input", { issues: [`input: ${problem}`] });
  return value;
}

/** Throws `not_a_homeserver` unless something that speaks the client-server API answers at this URL. */
export async function checkHomeserver(baseUrl: string, fetch: Fetch): Promise<void> {
  try {
    await requestJson({ fetch, url: `${baseUrl}/_matrix/client/versions`, schema: Versions, timeoutMs: DISCOVERY_TIMEOUT_MS });
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
export async function askLoginFlows(baseUrl: string, fetch: Fetch): Promise<LoginFlow[]> {
  const flows: LoginFlow[] = [];
  const add = (flow: LoginFlow): void => {
    if (!flows.some((known) => JSON.stringify(known) === JSON.stringify(flow))) flows.push(flow);
  };
  const oauth: Promise<{ metadata: AuthMetadata | null; failed?: unknown }> = askAuthMetadata(baseUrl, fetch).then(
    (metadata) => ({ metadata }),
    (failed: unknown) => ({ metadata: null, failed }),
  );
  const login = await requestJson({
    fetch,
    url: `${baseUrl}/_matrix/client/v3/login`,
    schema: LoginFlows,
    timeoutMs: DISCOVERY_TIMEOUT_MS,
  }).catch(async (thrown: unknown) => {
    // A server that has moved to OAuth altogether need not know this request any more, and may refuse it as it likes.
    const { metadata, failed } = await oauth;
    if (metadata !== null) return { flows: [] };
    throw isMissing(thrown) && failed !== undefined ? failed : thrown;
  });
  const { metadata } = await oauth;
  if (metadata) {
    const create = metadata.prompt_values_supported?.includes("create") ?? false;
    add({ kind: "oauth", create, code: metadata.device_authorization_endpoint !== undefined });
  }
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

type Located = Pick<Homeserver, "baseUrl" | "foundBy"> & { identityServer: unknown };

/** Follows the `.well-known` of a host; null when it has none. Throws when it leads to no homeserver. */
async function followWellKnown(origin: string, host: string, fetch: Fetch): Promise<Located | null> {
  const { baseUrl, identityServer } = await askWellKnown(origin, host, fetch);
  if (baseUrl === null) return null;
  await checkHomeserver(baseUrl, fetch);
  return { baseUrl, foundBy: "well_known", identityServer };
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
    return { baseUrl, foundBy: "server_name", identityServer: undefined };
  } catch (thrown) {
    const hangs = isFailure(thrown, "network") && thrown.error.reason === "timeout";
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
      identityServer: undefined,
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
    return { baseUrl, foundBy: "url", identityServer: undefined };
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
  const { baseUrl, foundBy, identityServer } =
    typed.kind === "url" ? await locateByUrl(typed.baseUrl, fetch) : await locateByName(typed.serverName, fetch);
  const [flows, badIdentityServer] = await Promise.all([askLoginFlows(baseUrl, fetch), checkIdentityServer(identityServer, fetch)]);
  const warnings: Homeserver["warnings"] = [];
  if (badIdentityServer) warnings.push("identity_server_invalid");
  if (isInsecureHttp(baseUrl)) warnings.push("insecure_http");
  return {
    serverName: typed.serverName,
    baseUrl,
    foundBy,
    flows,
    localpart: typed.kind === "name" ? typed.localpart : null,
    warnings,
    ...(badIdentityServer?.host === undefined ? {} : { identityServer: badIdentityServer.host }),
  };
}
