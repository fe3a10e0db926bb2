import * as z from "zod";
import type { Handlers } from "../../../shared/contract/index.ts";
import { AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import type { Fetch } from "../../http/redirects.ts";
import { requestJson } from "../../http/requestJson.ts";
import { newDeviceId } from "../../storage/newId.ts";
import { expectedServer } from "../foreignUser.ts";
import { askAuthMetadata, type AuthMetadata, sharesDevices } from "../oauth/authMetadata.ts";
import { fitsScope, grantsDevice, type TokenAnswer } from "../oauth/authServer.ts";
import { tokensFrom } from "../oauth/oauthTokens.ts";
import { type SignedIn, WhoAmI } from "../signIn.ts";
import { signOutQuietly } from "../signOut.ts";
import type { BrowserSignInsParts } from "./browserWay.ts";

export type OauthParts = Pick<BrowserSignInsParts, "fetch" | "sessions" | "deviceToResume" | "hasGrant" | "keepOutOfLogs" | "logger">;

/** What an authorization server is asked for, whichever way: a session with one device, for a new account or one that is here. */
export interface OauthAccount {
  metadata: AuthMetadata;
  deviceId: string;
  /** Who is expected; null for whoever comes. */
  userId: string | null;
  /** To be called before an answer may be lost that has a session in it: the next sign-in takes its device over. */
  mayLoseDevice: () => void;
  /**
   * Makes of the tokens an account, or gives them to the one that signs in again. Null where the person is to be asked once
   * more: the server said that the account's session is over, and has its device still (`deviceIsThere`).
   *
   * @throws what `exchange` throws, `oauth_unusable` where scope or device are not those that were asked for, `cancelled`
   *   and its kin, and as `SessionManager.adopt` and `resume` do
   */
  adopt: (clientId: string, exchange: () => Promise<TokenAnswer>) => Promise<AccountId | null>;
  /** Ends a session that nobody has asked for, as well as can be. */
  giveBack: (clientId: string, answer: TokenAnswer) => Promise<void>;
}

/** Who signs in, and where. */
export type OauthInput = Pick<Parameters<Handlers["signIn"]["startOauth"]>[0], "accountId" | "baseUrl" | "serverName" | "localpart"> & {
  /** The server has been seen to have the account's device still, though it says that the session is over. */
  deviceIsThere?: boolean;
};

/**
 * Finds out whom to ask, and for which device.
 *
 * @param lostDevices by base URL
 * @throws as `askAuthMetadata` does, `oauth_unusable` where the homeserver has no authorization server, and why the secrets
 *   of an account that signs in again cannot be read now
 */
export async function prepareOauth(
  parts: OauthParts,
  lostDevices: Map<string, string>,
  { accountId, baseUrl, serverName, localpart, deviceIsThere = false }: OauthInput,
): Promise<OauthAccount> {
  const { fetch, sessions, logger } = parts;
  const kept = accountId === null ? null : await parts.deviceToResume(accountId, deviceIsThere);
  // A server that says that a session is over may have removed its device, or only have lost its tokens.
  const over = accountId === null || kept !== null ? null : await parts.deviceToResume(accountId, true);
  const metadata = await askAuthMetadata(baseUrl, fetch);
  if (metadata === null) throw fail("oauth_unusable", { host: new URL(baseUrl).host });
  // One that the homeserver itself has signed in, as with a password, is ended by what may remove its device.
  const mayKeepDevice = accountId !== null && ((await parts.hasGrant(accountId)) || sharesDevices(metadata));
  const askable = (device: string | null): string | null => (device !== null && mayKeepDevice && fitsScope(device) ? device : null);
  const ownDevice = askable(kept);
  const maybeThere = askable(over);
  const lostDevice = accountId === null ? lostDevices.get(baseUrl) : undefined;
  const deviceId = ownDevice ?? lostDevice ?? newDeviceId();
  const typed = localpart === null || serverName === null ? null : `@${localpart}:${serverName}`;
  return {
    metadata,
    deviceId,
    userId: accountId === null ? typed : sessions.account(accountId).userId,
    mayLoseDevice: () => void (accountId === null && lostDevices.set(baseUrl, deviceId)),
    adopt: async (clientId, exchange) => {
      const signedIn = async (): Promise<SignedIn> => signedInAs(parts, baseUrl, deviceId, await exchange(), { clientId, metadata });
      if (accountId !== null) {
        const { userId } = sessions.account(accountId);
        let isThere = false;
        const signIn = async (asked: string | null): Promise<SignedIn> => {
          // The server has removed the device, or the secrets are gone, since the page was opened.
          if (asked !== kept) throw fail("conversation_over");
          const session = await signedIn();
          isThere = maybeThere !== null && session.userId === userId && (await hasDevice(fetch, session, maybeThere));
          if (!isThere) return session;
          await signOutQuietly(parts, session);
          throw fail("cancelled");
        };
        try {
          await sessions.resume(accountId, signIn, deviceIsThere);
        } catch (thrown) {
          if (isThere) return null;
          throw thrown;
        }
        return accountId;
      }
      const session = await signedIn();
      lostDevices.delete(baseUrl);
      return sessions.adopt(session, expectedServer({ serverName, baseUrl }));
    },
    giveBack: (clientId, answer) => signOutQuietly({ fetch, logger }, { baseUrl, ...tokensFrom(answer, { clientId, metadata }) }),
  };
}

/**
 * Whose session was given. One that is not as it was asked for is ended.
 *
 * @throws `oauth_unusable` where scope or device are not those that were asked for, and what `whoami` throws
 */
async function signedInAs(
  { fetch, keepOutOfLogs, logger }: OauthParts,
  baseUrl: string,
  deviceId: string,
  answer: TokenAnswer,
  kept: { clientId: string; metadata: AuthMetadata },
): Promise<SignedIn> {
  const tokens = tokensFrom(answer, kept);
  for (const secret of [tokens.accessToken, tokens.refreshToken]) if (secret !== null) keepOutOfLogs(secret);
  try {
    if (!grantsDevice(answer.scope, deviceId)) throw fail("oauth_unusable", { host: new URL(kept.metadata.issuer).host });
    const who = await requestJson({
      fetch,
      url: `${baseUrl}/_matrix/client/v3/account/whoami`,
      accessToken: tokens.accessToken,
      schema: WhoAmI,
    });
    if (who.device_id !== deviceId) throw fail("oauth_unusable", { host: new URL(kept.metadata.issuer).host });
    return { userId: who.user_id, deviceId, baseUrl, ...tokens };
  } catch (thrown) {
    await signOutQuietly({ fetch, logger }, { baseUrl, ...tokens });
    throw isFailure(thrown, "unauthenticated") ? fail("oauth_unusable", { host: new URL(baseUrl).host }) : thrown;
  }
}

/**
 * Whether the server still has a device of the user's with its keys: what a removed device had is gone from there for good.
 * Where it does not say, it counts as removed: a new device loses nothing.
 */
async function hasDevice(fetch: Fetch, { baseUrl, accessToken, userId }: SignedIn, deviceId: string): Promise<boolean> {
  const schema = z.object({ device_keys: z.record(z.string(), z.record(z.string(), z.unknown())).optional() });
  try {
    const { device_keys: keys } = await requestJson({
      fetch,
      method: "POST",
      url: `${baseUrl}/_matrix/client/v3/keys/query`,
      body: { device_keys: { [userId]: [deviceId] } },
      accessToken,
      schema,
    });
    return keys?.[userId]?.[deviceId] !== undefined;
  } catch (thrown) {
    if (thrown instanceof AppFailure) return false;
    throw thrown;
  }
}
