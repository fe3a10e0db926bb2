import type Provider from "oidc-provider";
import { errors, type KoaContextWithOIDC } from "oidc-provider";
import type { AuthSession, AuthSessions } from "./sessions.ts";

/**
 * Refreshing as MAS does it. A refresh token works again as long as nothing of the pair it made was used: that pair dies,
 * and a new one takes its place. After the first use it is `invalid_grant`, and the session lives on. oidc-provider's own
 * rule would end the session.
 *
 * @param seconds how long an access token lives
 */
export function registerRotation(provider: Provider, sessions: AuthSessions, seconds: () => number): void {
  const refresh = async (context: KoaContextWithOIDC): Promise<void> => {
    const { params, client } = context.oidc;
    const given = params?.refresh_token;
    const session = sessions.all().find((one) => opens(one, given));
    if (client === undefined || session?.clientId !== client.clientId) throw new errors.InvalidGrant("refresh token not found");
    const { localpart: accountId, id: grantId, scope } = session;
    if (sessions.users.get(accountId)?.deactivated !== false) throw new errors.InvalidGrant("the user is deactivated");
    const expiresIn = seconds();
    const common = { accountId, client, grantId, scope, gty: "refresh_token" };
    const refreshToken = await new provider.RefreshToken(common).save();
    const accessToken = await new provider.AccessToken({ ...common, expiresIn }).save();
    const expiresAt = Date.now() + expiresIn * 1000;
    sessions.setPair(session, { accessToken, refreshToken, expiresAt, used: false }, String(given));
    context.body = { access_token: accessToken, refresh_token: refreshToken, token_type: "Bearer", expires_in: expiresIn, scope };
  };
  provider.registerGrantType("refresh_token", refresh, ["refresh_token", "scope"]);
}

function opens({ current, previousRefreshToken }: AuthSession, given: unknown): boolean {
  if (typeof given !== "string" || current.refreshToken === null) return false;
  return current.refreshToken === given || (previousRefreshToken === given && !current.used);
}

/** A code that comes a second time ends the session, but not within these 20 seconds after the first, in milliseconds. */
const FORGIVEN_MS = 20_000;

/** A kind of code, as far as it is looked up. */
interface CodeKind {
  find: (...args: unknown[]) => Promise<{ consumed?: number } | undefined>;
}

/** Has oidc-provider not see a code that was used a moment ago: it would end the session at once. */
export function forgiveRepeatedCodes({ AuthorizationCode, DeviceCode }: Provider): void {
  for (const kind of [AuthorizationCode, DeviceCode] as unknown as CodeKind[]) {
    const find = kind.find;
    kind.find = async (...args) => {
      const code = await find.apply(kind, args);
      return code?.consumed !== undefined && Date.now() - code.consumed * 1000 < FORGIVEN_MS ? undefined : code;
    };
  }
}
