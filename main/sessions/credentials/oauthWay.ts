import type { Handlers } from "../../../shared/contract/index.ts";
import { authorizationUrl, codeIn, exchangeCode, newProof, registerClient } from "../oauth/authServer.ts";
import type { BrowserWay } from "./browserWay.ts";
import { type OauthInput, type OauthParts, prepareOauth } from "./oauthAccount.ts";

/** Creating an account is on the way too: mails are read, and policies. */
const LIFETIME_MS = 20 * 60_000;
/** The state is what nobody guesses: a path that is always the same lets a server know the app again. */
const PATH = "/callback";
const MAX_LENGTH = 4096;

/**
 * OAuth 2.0: an authorization server's page brings back a code that is exchanged for tokens, with a proof that whoever
 * exchanges it has asked for it (Client-Server API, "Authorization code grant"; RFC 7636; RFC 8252).
 *
 * @throws as `prepareOauth` does
 */
export async function oauthWay(
  parts: OauthParts,
  lostDevices: Map<string, string>,
  input: OauthInput & Pick<Parameters<Handlers["signIn"]["startOauth"]>[0], "create" | "admin">,
): Promise<BrowserWay> {
  const { fetch, keepOutOfLogs } = parts;
  const { create, admin = false } = input;
  const account = await prepareOauth(parts, lostDevices, input);
  const { metadata, deviceId, userId } = account;
  const proof = newProof();
  keepOutOfLogs(proof.state);
  keepOutOfLogs(proof.verifier);
  let clientId = "";
  let redirectUri = "";
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
      const url = authorizationUrl({ metadata, clientId, redirectUri, deviceId, proof, admin, create, userId });
      return { url, baseUrl: new URL(metadata.authorization_endpoint).origin };
    },
    signIn: async (query) => {
      if (query.has("code")) account.mayLoseDevice();
      const accountId = await account.adopt(clientId, () => {
        const code = codeIn(query, metadata);
        keepOutOfLogs(code);
        return exchangeCode({ fetch, metadata }, { clientId, code, redirectUri, verifier: proof.verifier });
      });
      return accountId ?? { again: () => oauthWay(parts, lostDevices, { ...input, deviceIsThere: true }) };
    },
  };
}

/** A parameter that is there once, and not beyond all measure; null otherwise. */
function single(query: URLSearchParams, name: string): string | null {
  const [value, ...more] = query.getAll(name);
  return value !== undefined && value !== "" && value.length <= MAX_LENGTH && more.length === 0 ? value : null;
}
