import { registerClient } from "../oauth/authServer.ts";
import { askDeviceCode, DEVICE_GRANT, pollForTokens } from "../oauth/deviceGrant.ts";
import type { BrowserConversation } from "./browserWay.ts";
import { type OauthInput, type OauthParts, prepareOauth } from "./oauthAccount.ts";

/**
 * OAuth 2.0 where no browser can come back to this computer, or the person has theirs elsewhere: they type a short code on
 * the server's page, on any device, and Steward asks until they have (RFC 8628; Client-Server API, "Device authorization
 * grant").
 *
 * @throws as `prepareOauth`, `registerClient` and `askDeviceCode` do
 */
export async function oauthCodeWay(parts: OauthParts, lostDevices: Map<string, string>, input: OauthInput): Promise<BrowserConversation> {
  const { fetch, keepOutOfLogs } = parts;
  const account = await prepareOauth(parts, lostDevices, input);
  const { metadata, deviceId } = account;
  const clientId = await registerClient({ fetch, metadata }, { grantType: DEVICE_GRANT });
  const code = await askDeviceCode({ fetch, metadata, clientId }, deviceId);
  keepOutOfLogs(code.deviceCode);
  const stop = new AbortController();
  const answer = pollForTokens(
    { fetch, metadata, clientId },
    {
      code,
      signal: stop.signal,
      onLost: account.mayLoseDevice,
      onTooLate: (late) => account.giveBack(clientId, late),
    },
  );
  return {
    url: code.page,
    opens: code.pageWithCode,
    pageOf: new URL(code.page).origin,
    userCode: code.userCode,
    lifetimeMs: code.lifetimeMs,
    close: async (reason) => stop.abort(reason),
    answer: answer.then((tokens) => async () => {
      let taken = false;
      try {
        const accountId = await account.adopt(clientId, () => {
          taken = true;
          return Promise.resolve(tokens);
        });
        return accountId ?? { again: () => oauthCodeWay(parts, lostDevices, { ...input, deviceIsThere: true }) };
      } catch (thrown) {
        if (!taken) await account.giveBack(clientId, tokens);
        throw thrown;
      }
    }),
  };
}
