import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { freePort, listenLocally } from "./ports.ts";

/** A provider that people sign in at: any name and any password will do, and the name is who they are. */
export interface OpenIdProvider {
  issuer: string;
  /**
   * What a Synapse needs to offer it. Two entries for one provider give two buttons.
   * @param idpId names the entry; the server puts `oidc-` before it
   */
  synapseConfig(entry: { idpId: string; name: string; brand?: string; allowExistingUsers?: boolean }): object;
  stop(): Promise<void>;
}

const hour = 3600;
const clientId = "homeserver";
const clientSecret = "tests-only-openid-secret";

/**
 * Starts a real OpenID provider on 127.0.0.1.
 * @param callbacks where the homeservers take people back: `<public base URL>/_synapse/client/oidc/callback`
 */
export async function startOpenIdProvider(callbacks: readonly string[]): Promise<OpenIdProvider> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [...callbacks] }],
    pkce: { required: () => false },
    cookies: { keys: ["tests-only-cookie-key"] },
    jwks: { keys: [{ ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), use: "sig" }] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    ttl: { Interaction: hour, Session: hour, Grant: hour, AccessToken: hour, IdToken: hour },
    // The page in which one types a name is the package's own, made for trying things out.
    features: { devInteractions: { enabled: true } },
  });
  const answer = provider.callback();
  const server = createServer((request, response) => void answer(request, response));
  await listenLocally(server, port);
  return {
    issuer,
    synapseConfig: ({ idpId, name, brand, allowExistingUsers = false }) => ({
      idp_id: idpId,
      idp_name: name,
      ...(brand !== undefined && { idp_brand: brand }),
      issuer,
      skip_verification: true,
      client_id: clientId,
      client_secret: clientSecret,
      scopes: ["openid"],
      allow_existing_users: allowExistingUsers,
      user_mapping_provider: { config: { localpart_template: "{{ user.sub }}" } },
    }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
