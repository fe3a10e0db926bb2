import { generateKeyPairSync } from "node:crypto";
import Provider, { errors, type Configuration, type KoaContextWithOIDC } from "oidc-provider";
import { page } from "./pages.ts";
import { checkRegistration } from "./registration.ts";
import { forgiveRepeatedCodes, registerRotation } from "./rotation.ts";
import { homeserverScopes } from "./scopes.ts";
import type { AuthSessions } from "./sessions.ts";

/** What the access tokens are for. */
export const HOMESERVER = "urn:matrix:homeserver";

const day = 24 * 3600;

/** What a test may change while the server runs. */
export interface AuthServiceSettings {
  /** How long an access token lives. */
  accessTokenSeconds: number;
  /** How often a client may ask whether a code was typed. */
  deviceIntervalSeconds: number;
  /** People may create an account: the metadata lists `prompt=create`, and the sign-in page leads there. */
  registration: boolean;
  /** What the account page can do, as listed in the metadata; null where there is no account page to speak of. */
  accountActions: readonly string[] | null;
  /** Whether its admin API is there: `old` is one before 1.3. */
  adminApi: "on" | "off" | "old";
}

/** oidc-provider, set up to look like MAS. */
export function makeProvider(issuer: string, sessions: AuthSessions, settings: AuthServiceSettings): Provider {
  const configuration: Configuration = {
    routes: {
      authorization: "/authorize",
      token: "/oauth2/token",
      registration: "/oauth2/registration",
      revocation: "/oauth2/revoke",
      device_authorization: "/oauth2/device",
      code_verification: "/link",
      jwks: "/oauth2/keys.json",
    },
    discovery: { introspection_endpoint: `${issuer}/oauth2/introspect` },
    responseTypes: ["code"],
    cookies: { keys: ["tests-only-cookie-key"] },
    jwks: { keys: [{ ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), use: "sig" }] },
    ttl: {
      Interaction: day,
      Session: day,
      Grant: day,
      AccessToken: (_context, token) => token.resourceServer?.accessTokenTTL ?? settings.accessTokenSeconds,
      RefreshToken: 30 * day,
      AuthorizationCode: 600,
      DeviceCode: 1200,
    },
    extraParams: ["page"],
    findAccount: (_context, sub) => {
      const user = sessions.users.get(sub);
      return user === undefined || user.deactivated ? undefined : { accountId: sub, claims: () => ({ sub }) };
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    // One grant, and so one session, for each consent; with the defaults a second sign-in from the same browser ends the first.
    loadExistingGrant: async ({ oidc: { result, provider } }) => {
      const grantId = result?.consent?.grantId;
      return grantId === undefined ? undefined : provider.Grant.find(grantId);
    },
    expiresWithSession: () => false,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    revokeGrantPolicy: () => true,
    extraClientMetadata: {
      properties: ["client_uri"],
      validator: (_context, _key, _value, metadata) => {
        const refusal = checkRegistration(metadata);
        if (refusal?.error === "invalid_redirect_uri") throw new RedirectRefused(refusal.description);
        if (refusal) throw new errors.InvalidClientMetadata(refusal.description);
        // Kinds of grant that nobody knows do no harm.
        const grants = metadata.grant_types ?? ["authorization_code"];
        metadata.grant_types = grants.filter((grant) => KNOWN_GRANTS.includes(grant));
      },
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      registration: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (context, client, token) => {
          if (token.clientId !== client.clientId) {
            throw Object.assign(new errors.InvalidClient("the token is another client's"), { status: 401, statusCode: 401 });
          }
          const hint = context.oidc.params?.token_type_hint;
          const kind = token.kind === "RefreshToken" ? "refresh_token" : "access_token";
          return (hint === undefined || hint === kind) && !token.isExpired;
        },
      },
      deviceFlow: {
        enabled: true,
        charset: "base-20",
        mask: "******",
        userCodeInputSource: (context, form, _out, error) => {
          context.body = page(
            "Link a device",
            `${error ? "<p role=alert>That code is not right.</p>" : ""}${form}
            <button type="submit" form="op.deviceInputForm">Continue</button>`,
          );
        },
        userCodeConfirmSource: (context, form, client, _info, userCode) => {
          context.body = page(
            "Link a device",
            `<p>${client.clientName ?? client.clientId} asks for access with the code ${userCode}.</p>${form}
            <label><input type="checkbox" required form="op.deviceConfirmForm"> This is my device</label>
            <button type="submit" form="op.deviceConfirmForm">Continue</button>
            <button type="submit" form="op.deviceConfirmForm" name="abort" value="yes" formnovalidate>Cancel</button>`,
          );
        },
        successSource: (context) => {
          context.body = page("Device linked", "<p>You can go back to your device.</p>");
        },
      },
      // The only way in oidc-provider 9 to scopes that are not known beforehand.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => HOMESERVER,
        useGrantedResource: () => true,
        getResourceServerInfo: (context) => ({
          scope: homeserverScopes(askedScope(context)),
          accessTokenFormat: "opaque",
          accessTokenTTL: settings.accessTokenSeconds,
        }),
      },
    },
    renderError: (context, out) => {
      context.type = "html";
      context.body = page("Error", `<p role="alert">${out.error}: ${out.error_description ?? ""}</p>`);
    },
  };
  const provider = new Provider(issuer, configuration);
  registerRotation(provider, sessions, () => settings.accessTokenSeconds);
  forgiveRepeatedCodes(provider);
  return provider;
}

const KNOWN_GRANTS = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];

class RedirectRefused extends errors.CustomOIDCProviderError {
  constructor(description: string) {
    super("invalid_redirect_uri", description);
  }
}

/** The scope of the request, or of what is exchanged in it. */
function askedScope({ oidc }: KoaContextWithOIDC): string | undefined {
  const asked = oidc.params?.scope;
  if (typeof asked === "string") return asked;
  const { AuthorizationCode, DeviceCode } = oidc.entities;
  return AuthorizationCode?.scope ?? DeviceCode?.scope;
}
