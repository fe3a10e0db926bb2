import { createHash, randomBytes } from "node:crypto";
import * as z from "zod";
import { AppFailure, fail } from "../../../shared/errors.ts";
import type { AccessToken, RefreshToken } from "../../../shared/secret.ts";
import { secretText } from "../../../shared/secretSchemas.ts";
import { OauthError, oauthRequest } from "../../http/oauthRequest.ts";
import type { Fetch } from "../../http/redirects.ts";
import { serverText } from "../../http/serverText.ts";
import { systemName } from "../sessionName.ts";
import type { AuthMetadata } from "./authMetadata.ts";

/** The domain of the app's id: a server wants an address that tells apps apart, and shows it beside the name. */
const CLIENT_URI = "https://steward.org/";
const API_SCOPE = "urn:matrix:client:api:*";
/**
 * Without the first a session is no admin's, whoever the user is (Synapse, "Matrix Authentication Service"); the second is for
 * that service's own admin API.
 */
const ADMIN_SCOPE = "urn:synapse:admin:* urn:mas:admin";
const DEVICE_SCOPE = "urn:matrix:client:device:";
/** The name before the specification had one: some servers answer with it, or with both. */
const UNSTABLE_DEVICE_SCOPE = "urn:matrix:org.matrix.msc2967.client:device:";
/** RFC 7636 wants 32 octets at least for the verifier; the state has as many. */
const RANDOM_BYTES = 32;

/**
 * Matrix Authentication Service names a session after the app and the system in this (the first of two in the brackets),
 * and never asks for the computer's own name.
 */
export function oauthUserAgent(): string {
  return `Steward/1.0 (${systemName()}; ${systemName()})`;
}

/** What a token endpoint answers (RFC 6749, section 5.1). */
export const TokenAnswer = z.object({
  access_token: secretText("access token", z.string().min(1).max(4096)),
  token_type: z.string().regex(/^bearer$/i),
  /** Seconds. */
  expires_in: z
    .number()
    .positive()
    .max(10 * 365 * 24 * 3600)
    .nullish()
    .catch(undefined),
  refresh_token: secretText("refresh token", z.string().min(1).max(4096)).nullish(),
  scope: z.string().max(8192).nullish(),
});
export type TokenAnswer = z.infer<typeof TokenAnswer>;

interface At {
  fetch: Fetch;
  metadata: AuthMetadata;
}

/** What the person is told where an authorization server refuses something in the words of OAuth. */
export function refusedBy(url: string, thrown: unknown): unknown {
  if (!(thrown instanceof OauthError)) return thrown;
  const { code, description } = thrown;
  return new AppFailure({ kind: "oauth_refused", host: new URL(url).host, code, description }, { cause: thrown });
}

/**
 * Registers the app (RFC 7591), which is done anew for each sign-in; a server that knows it gives the same id again.
 *
 * @param redirectUri without a port: any is taken then (RFC 8252, section 7.3)
 * @throws `oauth_refused`, and as `oauthRequest` does
 */
export async function registerClient(
  { fetch, metadata }: At,
  how: { redirectUri: string } | { grantType: "urn:ietf:params:oauth:grant-type:device_code" },
): Promise<string> {
  const url = metadata.registration_endpoint;
  const byCode = "redirectUri" in how;
  const answer = await oauthRequest({
    fetch,
    url,
    userAgent: oauthUserAgent(),
    json: {
      client_name: "Steward",
      client_uri: CLIENT_URI,
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: [byCode ? "authorization_code" : how.grantType, "refresh_token"],
      response_types: byCode ? ["code"] : [],
      redirect_uris: byCode ? [how.redirectUri] : [],
    },
    schema: z.object({ client_id: z.string().min(1).max(2048) }),
  }).catch((thrown: unknown) => {
    throw refusedBy(url, thrown);
  });
  return answer.client_id;
}

/** What only the one who asked knows (RFC 7636, RFC 6749 section 10.12). */
export interface Proof {
  state: string;
  verifier: string;
}

export function newProof(): Proof {
  const random = (): string => randomBytes(RANDOM_BYTES).toString("base64url");
  return { state: random(), verifier: random() };
}

/** The scope of one session with one device, and of nothing else but, where it is wanted, the admin APIs. */
export function scopeFor(deviceId: string, admin = false): string {
  return `${API_SCOPE} ${DEVICE_SCOPE}${deviceId}${admin ? ` ${ADMIN_SCOPE}` : ""}`;
}

/** Whether a device may be asked for in a scope: ten unreserved characters or more (Client-Server API, "Scope"). */
export function fitsScope(deviceId: string): boolean {
  return /^[A-Za-z0-9._~-]{10,}$/.test(deviceId);
}

/** Whether a scope was granted that has this device and no other. One that was not said is as asked for. */
export function grantsDevice(scope: string | null | undefined, deviceId: string): boolean {
  if (scope === null || scope === undefined) return true;
  const devices = scope.split(" ").flatMap((part) => {
    const prefix = [DEVICE_SCOPE, UNSTABLE_DEVICE_SCOPE].find((begins) => part.startsWith(begins));
    return prefix === undefined ? [] : [part.slice(prefix.length)];
  });
  return devices.length > 0 && devices.every((device) => device === deviceId);
}

export interface AuthorizationRequest {
  metadata: AuthMetadata;
  clientId: string;
  redirectUri: string;
  deviceId: string;
  proof: Proof;
  /** With the admin API. */
  admin: boolean;
  /** Creating an account rather than signing in, where the server offers that. */
  create: boolean;
  /** Who is expected; null for whoever comes. */
  userId: string | null;
}

/** The page on which the person says yes (Client-Server API, "Authorization code flow"). */
export function authorizationUrl(request: AuthorizationRequest): string {
  const { metadata, clientId, redirectUri, deviceId, proof, admin, create, userId } = request;
  const url = new URL(metadata.authorization_endpoint);
  const query = {
    response_type: "code",
    response_mode: "query",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopeFor(deviceId, admin),
    state: proof.state,
    code_challenge: createHash("sha256").update(proof.verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...(create && { prompt: "create" }),
    ...(userId !== null && { login_hint: `mxid:${userId}` }),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/**
 * Exchanges a code, once: a server ends the session of a code that comes a second time.
 *
 * @throws `oauth_refused`, and as `oauthRequest` does
 */
export async function exchangeCode(
  { fetch, metadata }: At,
  given: { clientId: string; code: string; redirectUri: string; verifier: string },
): Promise<TokenAnswer> {
  const { clientId, code, redirectUri, verifier } = given;
  const form = { grant_type: "authorization_code", client_id: clientId, code, redirect_uri: redirectUri, code_verifier: verifier };
  const url = metadata.token_endpoint;
  return oauthRequest({ fetch, url, form, userAgent: oauthUserAgent(), schema: TokenAnswer }).catch((thrown: unknown) => {
    throw refusedBy(url, thrown);
  });
}

/**
 * Exchanges a refresh token for a new pair (Client-Server API, "Refresh token grant").
 *
 * @throws `OauthError`, and as `oauthRequest` does
 */
export function refreshTokens({ fetch, metadata }: At, clientId: string, sent: RefreshToken): Promise<TokenAnswer> {
  const form = { grant_type: "refresh_token", client_id: clientId, refresh_token: sent.reveal() };
  return oauthRequest({ fetch, url: metadata.token_endpoint, form, userAgent: oauthUserAgent(), schema: TokenAnswer });
}

/**
 * Ends a session (RFC 7009). The refresh token is what to give: an access token that has expired is answered with a
 * success that does nothing, and so is a wrong hint.
 *
 * @throws `oauth_refused`, and as `oauthRequest` does
 */
export async function revoke(
  { fetch, metadata }: At,
  given: { clientId: string; token: AccessToken | RefreshToken; hint: "refresh_token" | "access_token"; signal?: AbortSignal },
): Promise<void> {
  const { clientId, token, hint, signal } = given;
  const url = metadata.revocation_endpoint;
  const form = { token: token.reveal(), token_type_hint: hint, client_id: clientId };
  await oauthRequest({ fetch, url, form, userAgent: oauthUserAgent(), ...(signal && { signal }), schema: z.unknown() }).catch(
    (thrown: unknown) => {
      throw refusedBy(url, thrown);
    },
  );
}

/** What a browser brought back: the code, or why there is none. */
export function codeIn(query: URLSearchParams, metadata: AuthMetadata): string {
  const { host } = new URL(metadata.issuer);
  const iss = query.get("iss");
  // Somebody else's answer to our question (RFC 9207).
  if (iss === null ? metadata.authorization_response_iss_parameter_supported === true : iss !== metadata.issuer) {
    throw fail("oauth_unusable", { host });
  }
  const error = query.get("error");
  if (error === "access_denied") throw fail("oauth_denied", { host });
  if (error !== null) {
    const description = serverText(query.get("error_description"), 500);
    throw fail("oauth_refused", { host, code: serverText(error, 100), description });
  }
  return query.get("code") ?? "";
}
