import * as z from "zod";
import type { Handlers } from "../../../shared/contract/index.ts";
import { AppFailure, fail } from "../../../shared/errors.ts";
import type { Fetch } from "../../http/redirects.ts";
import { requestJson } from "../../http/requestJson.ts";
import { newDeviceId } from "../../storage/newId.ts";
import { expectedServer } from "../foreignUser.ts";
import { askAuthMetadata, type AuthMetadata } from "../oauth/authMetadata.ts";
import { authorizationUrl, codeIn, exchangeCode, grantsDevice, newProof, registerClient, type TokenAnswer } from "../oauth/authServer.ts";
import { tokensFrom } from "../oauth/oauthTokens.ts";
import { type SignedIn, WhoAmI } from "../signIn.ts";
import { signOutQuietly } from "../signOut.ts";
import type { BrowserSignInsParts, BrowserWay } from "./browserWay.ts";

/** Creating an account is on the way too: mails are read, and policies. */
const LIFETIME_MS = 20 * 60_000;
/** The state is what nobody guesses: a path that is always the same lets a server know the app again. */
const PATH = "/callback";
const MAX_LENGTH = 4096;

type OauthInput = Parameters<Handlers["signIn"]["startOauth"]>[0] & {
  /** The server has been seen to have the account's device still, though it says that the session is over. */
  deviceIsThere?: boolean;
};
type Parts = Pick<BrowserSignInsParts, "fetch" | "sessions" | "deviceToResume" | "keepOutOfLogs" | "logger">;

/**
 * OAuth 2.0: an authorization server's page brings back a code that is exchanged for tokens, with a proof that whoever
 * exchanges it has asked for it (Client-Server API, "Authorization code grant"; RFC 7636; RFC 8252).
 *
 * @throws as `askAuthMetadata` does, `oauth_unusable` where the homeserver has no authorization server, and why the secrets
 *   of an account that signs in again cannot be read now
 */
export async function oauthWay(
  parts: Parts,
  lostDevices: Map<string, string>,
  input: OauthInput,
): Promise<BrowserWay> {
  const { accountId, baseUrl, serverName, localpart, create, deviceIsThere = false } = input;
  const { fetch, sessions, keepOutOfLogs } = parts;
  const ownDevice = accountId === null ? null : await parts.deviceToResume(accountId, deviceIsThere);
  // A server that says that a session is over may have removed its device, or only have lost its tokens.
  const maybeThere = accountId === null || ownDevice !== null ? null : await parts.deviceToResume(accountId, true);
  const lostDevice = accountId === null ? lostDevices.get(baseUrl) : undefined;
  const deviceId = ownDevice ?? lostDevice ?? newDeviceId();
  const metadata = await askAuthMetadata(baseUrl, fetch);
  if (metadata === null) throw fail("oauth_unusable", { host: new URL(baseUrl).host });
  const proof = newProof();
  keepOutOfLogs(proof.state);
  keepOutOfLogs(proof.verifier);
  let clientId = "";
  let redirectUri = "";

  const exchange = async (query: URLSearchParams): Promise<SignedIn> => {
    const code = codeIn(query, metadata);
    keepOutOfLogs(code);
    const answer = await exchangeCode({ fetch, metadata }, { clientId, code, redirectUri, verifier: proof.verifier });
    return signedInAs(parts, baseUrl, deviceId, answer, { clientId, metadata });
  };
  return {
    path: PATH,
    lifetimeMs: LIFETIME_MS,
    expects: (query) => single(query, "state") === proof.state && (single(query, "code") !== null || single(query, "error") !== null),
    isRefusal: (query) => query.has("error"),
    page: async (redirectUrl) => {
      const withoutPort = new URL(redirectUrl);
      withoutPort.port = "";
      redirectUri = redirectUrl;
      clientId = await registerClient({ fetch, metadata }, { redirectUri: withoutPort.href });
      const userId = accountId !== null ? sessions.account(accountId).userId : localpart === null || serverName === null ? null : `@${localpart}:${serverName}`;
      const url = authorizationUrl({ metadata, clientId, redirectUri, deviceId, proof, create, userId });
      return { url, baseUrl: new URL(metadata.authorization_endpoint).origin };
    },
    signIn: async (query) => {
      if (accountId !== null) {
        const { userId } = sessions.account(accountId);
        let isThere = false;
        const signIn = async (asked: string | null): Promise<SignedIn> => {
          // The server has removed the device, or the secrets are gone, since the page was opened.
          if (asked !== ownDevice) throw fail("conversation_over");
          const signedIn = await exchange(query);
          isThere = maybeThere !== null && signedIn.userId === userId && (await hasDevice(fetch, signedIn, maybeThere));
          if (!isThere) return signedIn;
          await signOutQuietly(parts, signedIn);
          throw fail("cancelled");
        };
        try {
          await sessions.resume(accountId, signIn, deviceIsThere);
        } catch (thrown) {
          if (isThere) return { again: () => oauthWay(parts, lostDevices, { ...input, deviceIsThere: true }) };
          throw thrown;
        }
        return accountId;
      }
      if (query.has("code")) lostDevices.set(baseUrl, deviceId);
      const signedIn = await exchange(query);
      lostDevices.delete(baseUrl);
      return sessions.adopt(signedIn, expectedServer({ serverName, baseUrl }));
    },
  };
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

/** A parameter that is there once, and not beyond all measure; null otherwise. */
function single(query: URLSearchParams, name: string): string | null {
  const [value, ...more] = query.getAll(name);
  return value !== undefined && value !== "" && value.length <= MAX_LENGTH && more.length === 0 ? value : null;
}

/**
 * Whose session was given. One that is not as it was asked for is ended.
 *
 * @throws `oauth_unusable` where scope or device are not those that were asked for, and what `whoami` throws
 */
async function signedInAs(
  { fetch, keepOutOfLogs, logger }: Parts,
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
    throw thrown instanceof AppFailure && thrown.error.kind === "unauthenticated" ? fail("oauth_unusable", { host: new URL(baseUrl).host }) : thrown;
  }
}
