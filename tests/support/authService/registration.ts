/** Why a client may not register. */
export interface RegistrationRefusal {
  error: "invalid_client_metadata" | "invalid_redirect_uri";
  description: string;
}

/** Public suffixes of which the tests make use; a real server has the whole list. */
const PUBLIC_SUFFIXES = ["com", "org", "net", "example", "co.uk", "github.io"];

/** Metadata whose address must be on the client's own host. */
const OWN_PAGES = ["logo_uri", "tos_uri", "policy_uri"] as const;

/**
 * The rules that oidc-provider does not have by itself, as MAS has them.
 * @param metadata the client's metadata as it was sent
 */
export function checkRegistration(metadata: Readonly<Record<string, unknown>>): RegistrationRefusal | null {
  const client = addressOf(metadata.client_uri);
  const refusal = (description: string): RegistrationRefusal => ({ error: "invalid_client_metadata", description });
  if (metadata.client_uri === undefined) return refusal("client_uri is missing");
  if (client?.protocol !== "https:") return refusal("client_uri is not an https address");
  if (!isDomain(client.hostname)) return refusal("client_uri is not using a valid domain");
  for (const name of OWN_PAGES) {
    if (metadata[name] === undefined) continue;
    const page = addressOf(metadata[name]);
    const own = page?.hostname === client.hostname || page?.hostname.endsWith(`.${client.hostname}`);
    if (page?.protocol !== "https:" || !own) return refusal(`${name} not on the same host as the client_uri`);
  }
  const redirects = Array.isArray(metadata.redirect_uris) ? metadata.redirect_uris : [];
  for (const redirect of redirects) {
    const description = redirectRefusal(redirect, client.hostname, metadata.application_type === "native");
    if (description !== null) return { error: "invalid_redirect_uri", description };
  }
  return null;
}

/** A private scheme is the client's host, back to front, or begins with it. Loopback addresses are checked by oidc-provider. */
function redirectRefusal(redirect: unknown, clientHost: string, native: boolean): string | null {
  const address = addressOf(redirect);
  if (address === null) return "redirect_uri is not an address";
  if (address.hash !== "") return "redirect_uri has a fragment";
  if (address.protocol === "http:" && !native) return "only native applications redirect without https";
  if (address.protocol === "http:" || address.protocol === "https:") return null;
  const reversed = clientHost.split(".").reverse().join(".");
  const scheme = address.protocol.slice(0, -1);
  if (scheme !== reversed && !scheme.startsWith(`${reversed}.`)) return "redirect_uri has a scheme of somebody else";
  return /^[^:]+:\/(?!\/)/.test(String(redirect)) ? null : "redirect_uri must have one slash after its scheme";
}

function isDomain(host: string): boolean {
  return host.includes(".") && !/^[\d.]+$|:/.test(host) && !PUBLIC_SUFFIXES.includes(host);
}

function addressOf(value: unknown): URL | null {
  if (typeof value !== "string") return null;
  try {
    return new URL(value);
  } catch {
    return null;
  }
}
