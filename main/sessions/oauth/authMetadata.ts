import * as z from "zod";
import { fail, isFailure } from "../../../shared/errors.ts";
import { isLocalhost } from "../../http/loopback.ts";
import type { Fetch } from "../../http/redirects.ts";
import { requestJson } from "../../http/requestJson.ts";
import { DISCOVERY_TIMEOUT_MS, isMissing } from "../wellKnown.ts";

const MAX_URL = 2048;
const names = z.array(z.string().max(200)).max(100);
const includes = (...wanted: string[]) => names.refine((offered) => wanted.every((name) => offered.includes(name)));
/** An address that an authorization server may name. */
export const SecureAddress = z.string().max(MAX_URL).refine(isSecure);
const address = SecureAddress;

/** https, or http on this computer; without a name or a password in it. */
function isSecure(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  return username === "" && password === "" && (protocol === "https:" || (protocol === "http:" && isLocalhost(hostname)));
}

/**
 * What an authorization server says of itself, as far as Steward needs it (Client-Server API, "OAuth 2.0 API, server
 * metadata discovery"; RFC 8414). What is optional and malformed counts as not there.
 */
export const AuthMetadata = z.object({
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  revocation_endpoint: address,
  registration_endpoint: address,
  response_types_supported: includes("code"),
  response_modes_supported: includes("query").default(["query", "fragment"]),
  grant_types_supported: includes("authorization_code", "refresh_token"),
  code_challenge_methods_supported: includes("S256"),
  device_authorization_endpoint: address.optional().catch(undefined),
  prompt_values_supported: names.optional().catch(undefined),
  account_management_uri: address.optional().catch(undefined),
  account_management_actions_supported: names.optional().catch(undefined),
  authorization_response_iss_parameter_supported: z.boolean().optional().catch(undefined),
});
export type AuthMetadata = z.infer<typeof AuthMetadata>;

/**
 * Asks a homeserver for what its authorization server says of itself, unread; null where it has none.
 *
 * @throws `network` and its kin, and what else the server answers
 */
export async function askAuthDocument(baseUrl: string, fetch: Fetch): Promise<Record<string, unknown> | null> {
  const url = `${baseUrl}/_matrix/client/v1/auth_metadata`;
  try {
    return await requestJson({ fetch, url, schema: z.looseObject({}), timeoutMs: DISCOVERY_TIMEOUT_MS });
  } catch (thrown) {
    // Neither a homeserver without it nor a web server that answers everything with its page knows of any.
    if (isMissing(thrown) || isFailure(thrown, "bad_answer")) return null;
    throw thrown;
  }
}

/**
 * Asks a homeserver whom it leaves signing in to; null where it does that itself.
 *
 * Only a homeserver on this computer may name addresses on this computer: a web page elsewhere has no business there.
 *
 * @throws `oauth_unusable` where its authorization server lacks what Steward needs, `network` and its kin, and what else
 *   the server answers
 */
export async function askAuthMetadata(baseUrl: string, fetch: Fetch): Promise<AuthMetadata | null> {
  const { host, hostname } = new URL(baseUrl);
  const answer = await askAuthDocument(baseUrl, fetch);
  if (answer === null) return null;
  const metadata = AuthMetadata.safeParse(answer).data;
  if (metadata === undefined || (!isLocalhost(hostname) && namesThisComputer(metadata))) throw fail("oauth_unusable", { host });
  return metadata;
}

/**
 * Whether it is a Matrix Authentication Service, by its addresses. There a device that two sessions have stays until both have
 * ended; elsewhere signing one of them out may remove it (Client-Server API, "POST /logout").
 */
export function sharesDevices({ token_endpoint: token, revocation_endpoint: revocation }: AuthMetadata): boolean {
  return token.endsWith("/oauth2/token") && revocation.endsWith("/oauth2/revoke");
}

function namesThisComputer(metadata: AuthMetadata): boolean {
  return Object.entries(metadata).some(
    ([name, value]) => typeof value === "string" && /_(?:endpoint|uri)$|^issuer$/.test(name) && isLocalhost(new URL(value).hostname),
  );
}
