import type { Handlers } from "../../../shared/contract/index.ts";
import { newDeviceId } from "../../storage/newId.ts";
import { expectedServer } from "../foreignUser.ts";
import type { BrowserSignInsParts, BrowserWay } from "./browserWay.ts";
import { signInWithLoginToken } from "./loginToken.ts";

const LIFETIME_MS = 5 * 60_000;
const MAX_TOKEN_LENGTH = 4096;

/** Single sign-on: the homeserver's page brings back a token that is exchanged for a session (`m.login.sso`). */
export function ssoWay(
  { fetch, sessionName, sessions, keepOutOfLogs }: Pick<BrowserSignInsParts, "fetch" | "sessionName" | "sessions" | "keepOutOfLogs">,
  lostDevices: Map<string, string>,
  { accountId, baseUrl, serverName, providerId }: Parameters<Handlers["signIn"]["startSso"]>[0],
): BrowserWay {
  return {
    lifetimeMs: LIFETIME_MS,
    expects: (query) => tokenIn(query) !== null,
    isRefusal: () => false,
    page: (redirectUrl) => Promise.resolve({ url: redirectAddress(baseUrl, providerId, redirectUrl), baseUrl }),
    // The token goes to the server that was chosen at the start and to no other.
    signIn: async (query) => {
      const loginToken = tokenIn(query) as string;
      keepOutOfLogs(loginToken);
      const signIn = (deviceId: string | null) => signInWithLoginToken({ fetch, sessionName, baseUrl, loginToken, deviceId });
      if (accountId !== null) {
        await sessions.resume(accountId, signIn);
        return accountId;
      }
      const deviceId = lostDevices.get(baseUrl) ?? newDeviceId();
      lostDevices.set(baseUrl, deviceId);
      const signedIn = await signIn(deviceId);
      lostDevices.delete(baseUrl);
      return sessions.adopt(signedIn, expectedServer({ serverName, baseUrl }));
    },
  };
}

function tokenIn(query: URLSearchParams): string | null {
  const token = query.get("loginToken");
  return token !== null && token.length > 0 && token.length <= MAX_TOKEN_LENGTH ? token : null;
}

function redirectAddress(baseUrl: string, providerId: string | null, redirectUrl: string): string {
  const provider = providerId === null ? "" : `/${encodeURIComponent(providerId)}`;
  const query = new URLSearchParams({ redirectUrl });
  return `${baseUrl}/_matrix/client/v3/login/sso/redirect${provider}?${query.toString()}`;
}
