import * as z from "zod";
import { AppFailure, fail } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { KeepOutOfLogs, RefreshToken, Secret } from "../../../shared/secret.ts";
import { OauthError } from "../../http/oauthRequest.ts";
import type { Fetch } from "../../http/redirects.ts";
import { type AccessTokens, type KeeperTimes, type TokenRefresh, TokenKeeper } from "../../http/tokenKeeper.ts";
import type { Logger } from "../../logging/logger.ts";
import type { AccountSecrets, SecretStore } from "../../secrets/secretStore.ts";
import { type SignedInTokens, tokensOf } from "../initialSecrets.ts";
import { AuthMetadata, askAuthMetadata } from "./authMetadata.ts";
import { refreshTokens, revoke, type TokenAnswer } from "./authServer.ts";

/** What is kept, beside the tokens, of a session that an authorization server has given: `AccountSecrets.oauth`. */
export const OauthGrant = z.object({
  /** Without it neither refreshing nor signing out works. */
  clientId: z.string().min(1),
  /** Whom to ask, also while the homeserver cannot say. */
  metadata: AuthMetadata,
  /** Of the access token: as in `AccessTokens`. */
  expiresAt: z.number().nullable(),
  lifetimeMs: z.number().nullable(),
});
export type OauthGrant = z.infer<typeof OauthGrant>;

/** The tokens of a session, and what it takes to have new ones. */
export interface OauthTokens extends AccessTokens {
  refreshToken: RefreshToken;
  grant: OauthGrant;
}

/** What an account's secrets say of it; null where the session is none of an authorization server's. */
export function oauthGrantIn({ oauth }: { oauth?: string | undefined }): OauthGrant | null {
  if (oauth === undefined) return null;
  try {
    return OauthGrant.safeParse(JSON.parse(oauth)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether an account's session is one of an authorization server's, as far as its secrets can be read. */
export async function hasOauthGrant(secretStore: Pick<SecretStore, "read">, accountId: AccountId): Promise<boolean> {
  const read = await secretStore.read(accountId);
  return read.kind === "found" && oauthGrantIn(read.secrets) !== null;
}

/** Where an authorization server's own admin API is: what stands before its token endpoint, or its issuer. Null for none. */
export function adminBaseOf(grant: OauthGrant | null): string | null {
  if (grant === null) return null;
  const { issuer, token_endpoint: endpoint } = grant.metadata;
  const tail = "/oauth2/token";
  return endpoint.endsWith(tail) ? endpoint.slice(0, -tail.length) : issuer.replace(/\/+$/, "");
}

/**
 * The tokens that a token endpoint has answered with, as they are kept.
 *
 * @param before the refresh token that goes on being good where the answer has none
 * @param now milliseconds since 1970
 */
export function tokensFrom(
  answer: TokenAnswer,
  kept: Pick<OauthGrant, "clientId" | "metadata">,
  before: RefreshToken | null = null,
  now: () => number = Date.now,
): SignedInTokens {
  const lifetimeMs = answer.expires_in == null ? null : answer.expires_in * 1000;
  const expiresAt = lifetimeMs === null ? null : now() + lifetimeMs;
  return {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? before,
    oauth: JSON.stringify({ ...kept, lifetimeMs, expiresAt } satisfies OauthGrant),
  };
}

export interface SessionTokensParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  fetch: Fetch;
  keepOutOfLogs: KeepOutOfLogs;
  /** Told of tokens that are worth nothing any more. */
  worthless?: (secret: Secret) => void;
  logger: Logger;
  /** In place of how patient the keeper is. */
  keeperTimes?: Partial<KeeperTimes>;
}

/**
 * The keeper of a session's tokens, as its secrets have them. One from an authorization server refreshes them; a session
 * is over only when that server says `invalid_grant`. Whatever else it answers, or does not, everything stays, and it is
 * tried again.
 *
 * @param onOver called when the session is over
 */
export function sessionTokens(
  parts: SessionTokensParts,
  { accountId, baseUrl }: { accountId: AccountId; baseUrl: string },
  secrets: AccountSecrets,
  onOver: () => void,
): TokenKeeper {
  const first = oauthTokensIn(tokensOf(secrets));
  if (first === null) return new TokenKeeper<AccessTokens>({ accessToken: secrets.accessToken, expiresAt: null });
  parts.keepOutOfLogs(first.refreshToken);
  return new TokenKeeper(first, refreshOf(parts, accountId, baseUrl, onOver), parts.keeperTimes) as unknown as TokenKeeper;
}

/** The tokens among what was given or is kept, where they can be refreshed; null otherwise. */
function oauthTokensIn(given: SignedInTokens): OauthTokens | null {
  const grant = oauthGrantIn(given);
  const { accessToken, refreshToken } = given;
  if (grant === null || refreshToken === null) return null;
  const { expiresAt, lifetimeMs } = grant;
  return { accessToken, refreshToken, grant, expiresAt, lifetimeMs };
}

function refreshOf(parts: SessionTokensParts, accountId: AccountId, baseUrl: string, onOver: () => void): TokenRefresh<OauthTokens> {
  const { fetch, secretStore, keepOutOfLogs, worthless, logger } = parts;
  /** A newer word of the homeserver than what is kept, where a refresh failed. */
  let newer: AuthMetadata | null = null;
  const learnAnew = async (issuer: string): Promise<void> => {
    const metadata = await askAuthMetadata(baseUrl, fetch).catch(() => null);
    // The tokens of one authorization server are not for another.
    if (metadata?.issuer === issuer) newer = metadata;
  };
  let replaced: RefreshToken | null = null;
  /** The pair before the one in use: its access token may be good for some minutes yet. */
  let before: readonly Secret[] = [];
  /** What lies in the vault now, where that is not what was sent: another process has refreshed it, or the person has signed in again. */
  const writtenMeanwhile = async (sent: RefreshToken): Promise<OauthTokens | null> => {
    const read = await secretStore.read(accountId);
    const kept = read.kind === "found" ? oauthTokensIn(tokensOf(read.secrets)) : null;
    return kept === null || kept.refreshToken.equals(sent) ? null : kept;
  };
  const exchange = async (
    { refreshToken: sent, grant: { clientId, metadata: kept } }: OauthTokens,
    isLast = false,
  ): Promise<OauthTokens> => {
    const metadata = newer ?? kept;
    replaced = sent;
    try {
      const answer = await refreshTokens({ fetch, metadata }, clientId, sent);
      const tokens = tokensFrom(answer, { clientId, metadata }, sent, parts.keeperTimes?.now);
      for (const secret of [tokens.accessToken, tokens.refreshToken]) if (secret !== null) keepOutOfLogs(secret);
      return oauthTokensIn(tokens) as OauthTokens;
    } catch (thrown) {
      if (thrown instanceof OauthError && thrown.code === "invalid_grant") {
        const meanwhile = isLast ? null : await writtenMeanwhile(sent);
        if (meanwhile !== null) return exchange(meanwhile, true);
        onOver();
        throw new AppFailure({ kind: "unauthenticated", softLogout: false }, { cause: thrown });
      }
      logger.warn("tokens could not be refreshed", { accountId, error: thrown });
      void learnAnew(metadata.issuer);
      const { host } = new URL(metadata.token_endpoint);
      throw new AppFailure({ kind: "sign_in_service_unreachable", host }, { cause: thrown });
    }
  };
  return {
    exchange: (tokens) => exchange(tokens),
    persist: async ({ accessToken: access, refreshToken: refresh, grant }) => {
      let now: readonly Secret[] = [];
      await secretStore.update(accountId, (secrets) => {
        // The person has signed in again meanwhile.
        if (secrets.refreshToken?.equals(replaced) !== true) throw fail("cancelled");
        now = [secrets.accessToken, secrets.refreshToken];
        return { ...secrets, accessToken: access, refreshToken: refresh, oauth: JSON.stringify(grant) };
      });
      // A server need not give another refresh token.
      for (const secret of before) if (!secret.equals(refresh)) worthless?.(secret);
      before = now;
    },
  };
}

/**
 * Ends a session on its authorization server, by whichever token says so for certain.
 *
 * @throws as `revoke` does
 */
export async function revokeTokens(fetch: Fetch, tokens: SignedInTokens, grant: OauthGrant, signal?: AbortSignal): Promise<void> {
  const { clientId, metadata } = grant;
  const { accessToken, refreshToken } = tokens;
  const given =
    refreshToken === null
      ? ({ token: accessToken, hint: "access_token" } as const)
      : ({ token: refreshToken, hint: "refresh_token" } as const);
  await revoke({ fetch, metadata }, { clientId, ...given, ...(signal && { signal }) });
}
