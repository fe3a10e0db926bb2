import { createHash, randomBytes } from "node:crypto";
import type { AuthService, AuthUser } from "./authService.ts";
import { FormClient } from "./formClient.ts";

const CLIENT = {
  client_uri: "https://client.test.example/",
  application_type: "native",
  token_endpoint_auth_method: "none",
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: ["http://127.0.0.1/callback"],
};

/** Signs a user in with another client than Steward: one more session, without encryption keys. */
export async function signInWithOtherClient(
  auth: AuthService,
  user: Pick<AuthUser, "localpart" | "password">,
  clientName: string,
): Promise<{ accessToken: string; deviceId: string }> {
  const post = async (path: string, body: object, form: boolean): Promise<Record<string, string>> => {
    const answer = await fetch(`${auth.issuer}${path}`, {
      method: "POST",
      ...(form
        ? { body: new URLSearchParams(body as Record<string, string>) }
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json() as Promise<Record<string, string>>;
  };
  const { client_id: clientId = "" } = await post("/oauth2/registration", { ...CLIENT, client_name: clientName }, false);
  const verifier = randomBytes(32).toString("base64url");
  const deviceId = randomBytes(8).toString("hex").toUpperCase();
  const redirectUri = "http://127.0.0.1:4711/callback";
  const url = new URL(`${auth.issuer}/authorize`);
  url.search = new URLSearchParams({
    response_type: "code",
    response_mode: "query",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: `urn:matrix:client:api:* urn:matrix:client:device:${deviceId}`,
    state: "state",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const { url: back } = await new FormClient().signIn(url.href, user);
  const code = new URL(back).searchParams.get("code") ?? "";
  const grant = { grant_type: "authorization_code", client_id: clientId, code, redirect_uri: redirectUri, code_verifier: verifier };
  const { access_token: accessToken = "" } = await post("/oauth2/token", grant, true);
  return { accessToken, deviceId };
}
