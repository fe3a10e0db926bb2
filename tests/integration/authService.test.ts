import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuthService, type AuthUser, startAuthService } from "../support/authService/authService.ts";
import { FormClient } from "../support/authService/formClient.ts";
import { matrixCall } from "../support/matrixApi.ts";
import { freePort } from "../support/ports.ts";
import { startSynapse, type Synapse } from "../support/synapse.ts";

let auth: AuthService;
let synapse: Synapse;
let metadata: Record<string, string>;
let users = 0;

beforeAll(async () => {
  const port = await freePort();
  auth = await startAuthService({ serverName: "oauth.test", baseUrl: `http://127.0.0.1:${port}` });
  synapse = await startSynapse({ port, serverName: "oauth.test", config: auth.synapseConfig });
  metadata = await synapse.call({ path: "/_matrix/client/v1/auth_metadata" });
}, 120_000);
afterAll(async () => {
  await synapse?.stop();
  await auth?.stop();
});

const newUser = (more: Partial<AuthUser> = {}): Promise<AuthUser> =>
  auth.addUser({ localpart: `user${(users += 1)}`, password: "a password", ...more });

const CLIENT = {
  client_name: "Steward",
  client_uri: "https://steward.test.example/",
  application_type: "native",
  token_endpoint_auth_method: "none",
  response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
  redirect_uris: ["http://127.0.0.1/callback"],
};

interface Answer {
  status: number;
  body: Record<string, string>;
}

const register = (client: object): Promise<Answer> =>
  matrixCall(auth.issuer, { path: new URL(metadata.registration_endpoint!).pathname, body: client });

async function post(endpoint: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(metadata[endpoint]!, { method: "POST", body: new URLSearchParams(fields), headers });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
}

const scopeFor = (deviceId: string): string => `urn:matrix:client:api:* urn:matrix:client:device:${deviceId}`;
const newDeviceId = (): string => randomBytes(8).toString("hex").toUpperCase();

interface Authorization {
  url: string;
  clientId: string;
  verifier: string;
  redirectUri: string;
}

async function begin(more: Record<string, string> = {}): Promise<Authorization> {
  const { body } = await register(CLIENT);
  const verifier = randomBytes(32).toString("base64url");
  const redirectUri = "http://127.0.0.1:4711/callback";
  const url = new URL(metadata.authorization_endpoint!);
  url.search = new URLSearchParams({
    response_type: "code",
    response_mode: "query",
    client_id: body.client_id!,
    redirect_uri: redirectUri,
    scope: scopeFor(newDeviceId()),
    state: "state",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  }).toString();
  return { url: url.href, clientId: body.client_id!, verifier, redirectUri };
}

const exchange = ({ clientId, verifier, redirectUri }: Authorization, code: string): Promise<Answer> =>
  post(
    "token_endpoint",
    { grant_type: "authorization_code", code, client_id: clientId, code_verifier: verifier, redirect_uri: redirectUri },
    { "user-agent": "Steward/1.0 (Linux; Linux)" },
  );

interface SignedIn {
  clientId: string;
  tokens: Record<string, string>;
  deviceId: string;
  user: AuthUser;
}

async function signIn(user?: AuthUser, deviceId = newDeviceId(), browser = new FormClient()): Promise<SignedIn> {
  const who = user ?? (await newUser());
  const authorization = await begin({ scope: scopeFor(deviceId) });
  const { url } = await browser.signIn(authorization.url, who);
  const { status, body } = await exchange(authorization, new URL(url).searchParams.get("code")!);
  expect(status).toBe(200);
  return { clientId: authorization.clientId, tokens: body, deviceId, user: who };
}

const refresh = (clientId: string, token: string): Promise<Answer> =>
  post("token_endpoint", { grant_type: "refresh_token", refresh_token: token, client_id: clientId });
const whoami = (token: string): Promise<Answer> => matrixCall(synapse.baseUrl, { path: "/_matrix/client/v3/account/whoami", token });

describe("the tests' authorization server", () => {
  it("is what the homeserver names, and all that it offers", async () => {
    expect(metadata).toMatchObject({
      issuer: auth.issuer,
      response_types_supported: ["code"],
      code_challenge_methods_supported: ["S256"],
      prompt_values_supported: ["none", "login", "create"],
      account_management_uri: `${auth.issuer}/account/`,
    });
    expect((await matrixCall(synapse.baseUrl, { path: "/_matrix/client/v3/login" })).status).toBe(404);
  });

  it.each([
    ["as Steward does", {}, 201, undefined],
    ["with a private scheme of its own", { redirect_uris: ["example.test.steward:/callback"] }, 201, undefined],
    ["with a kind of grant that nobody knows", { grant_types: ["authorization_code", "carrier_pigeon"] }, 201, undefined],
    ["with a policy on a subdomain", { policy_uri: "https://www.steward.test.example/policy" }, 201, undefined],
    ["as a web application", { application_type: undefined }, 400, "invalid_redirect_uri"],
    ["with another loopback address", { redirect_uris: ["http://127.0.0.2/callback"] }, 400, "invalid_redirect_uri"],
    ["with somebody else's scheme", { redirect_uris: ["org.other:/callback"] }, 400, "invalid_redirect_uri"],
    ["with two slashes after the scheme", { redirect_uris: ["example.test.steward://callback"] }, 400, "invalid_redirect_uri"],
    ["with a fragment", { redirect_uris: ["http://127.0.0.1/callback#here"] }, 400, "invalid_redirect_uri"],
    ["without an address of its own", { client_uri: undefined }, 400, "invalid_client_metadata"],
    ["with an address without https", { client_uri: "http://steward.test.example/" }, 400, "invalid_client_metadata"],
    ["with localhost for an address", { client_uri: "https://localhost/" }, 400, "invalid_client_metadata"],
    ["with a logo on another host", { logo_uri: "https://other.example/logo.png" }, 400, "invalid_client_metadata"],
  ])("registers a client %s, or says why not", async (_what, more, status, error) => {
    const answer = await register({ ...CLIENT, ...more });
    expect(answer.status).toBe(status);
    expect(answer.body.error).toBe(error);
    if (error !== undefined) expect(answer.body.error_description).toBeTruthy();
    else expect(answer.body.client_id).toBe((await register({ ...CLIENT, ...more })).body.client_id);
  });

  it("signs in with the device that was asked for, named after the client", async () => {
    const { tokens, deviceId, user } = await signIn();
    expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 300, scope: scopeFor(deviceId) });
    const { body } = await whoami(tokens.access_token!);
    expect(body).toMatchObject({ user_id: `@${user.localpart}:oauth.test`, device_id: deviceId });
    const { devices } = await synapse.call({ path: "/_matrix/client/v3/devices", token: tokens.access_token! });
    expect(devices).toMatchObject([{ device_id: deviceId, display_name: "Steward on Linux" }]);
  });

  it("keeps both sessions of one browser, whatever prompt and hint say", async () => {
    const browser = new FormClient();
    const first = await signIn(undefined, newDeviceId(), browser);
    const authorization = await begin({ prompt: "create", login_hint: "mxid:@somebody:oauth.test" });
    const { html } = await browser.open(authorization.url);
    expect(html).toContain(`@${first.user.localpart}:oauth.test`);
    const { url } = await browser.submit({ action: "allow" });
    const second = await exchange(authorization, new URL(url).searchParams.get("code")!);
    for (const token of [first.tokens.access_token!, second.body.access_token!]) expect((await whoami(token)).status).toBe(200);
  });

  it("lets another account be used, or none", async () => {
    const browser = new FormClient();
    await signIn(undefined, newDeviceId(), browser);
    const other = await newUser();
    const authorization = await begin();
    await browser.open(authorization.url);
    await browser.submit({ action: "other" });
    await browser.submit({ username: other.localpart, password: other.password });
    expect(browser.page.html).toContain(`@${other.localpart}:oauth.test`);
    await browser.submit({ action: "cancel" });
    expect(new URL(browser.page.url).searchParams.get("error")).toBe("access_denied");
  });

  it("creates an account", async () => {
    const browser = new FormClient();
    const authorization = await begin({ prompt: "create" });
    await browser.open(authorization.url);
    await browser.submit({ username: "fresh", password: "a password" });
    const { url } = await browser.submit({ action: "allow" });
    const { body } = await exchange(authorization, new URL(url).searchParams.get("code")!);
    expect((await whoami(body.access_token!)).body).toMatchObject({ user_id: "@fresh:oauth.test" });
  });

  it.each([
    ["two devices", "urn:matrix:client:api:* urn:matrix:client:device:AAAAAAAAAA urn:matrix:client:device:BBBBBBBBBB"],
    ["a short device id", "urn:matrix:client:api:* urn:matrix:client:device:SHORT"],
    ["both kinds of name", "urn:matrix:client:api:* urn:matrix:org.matrix.msc2967.client:device:AAAAAAAAAA"],
  ])("ends in a page without a way back at %s", async (_what, scope) => {
    const authorization = await begin({ scope });
    expect(await new FormClient().open(authorization.url)).toMatchObject({ status: 500, url: authorization.url });
  });

  it("refuses an admin's scope to anybody else", async () => {
    const [plain, admin] = [await newUser(), await newUser({ mayAskForAdmin: true })];
    const asked = { scope: `${scopeFor(newDeviceId())} urn:synapse:admin:*` };
    expect((await new FormClient().signIn((await begin(asked)).url, plain)).status).toBe(500);
    const authorization = await begin(asked);
    const { url } = await new FormClient().signIn(authorization.url, admin);
    const { body } = await exchange(authorization, new URL(url).searchParams.get("code")!);
    const path = "/_synapse/admin/v2/users?guests=false";
    expect((await matrixCall(synapse.baseUrl, { path, token: body.access_token! })).status).toBe(200);
  });

  it("takes a code once", async () => {
    const authorization = await begin();
    const { url } = await new FormClient().signIn(authorization.url, await newUser());
    const code = new URL(url).searchParams.get("code")!;
    const first = await exchange(authorization, code);
    expect(await exchange(authorization, code)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect((await whoami(first.body.access_token!)).status).toBe(200);
  });
});

describe("its refresh tokens", () => {
  it("work again until the pair they made is used", async () => {
    const { clientId, tokens } = await signIn();
    await whoami(tokens.access_token!);
    const lost = await refresh(clientId, tokens.refresh_token!);
    const second = await refresh(clientId, tokens.refresh_token!);
    expect(second.status).toBe(200);
    expect((await whoami(lost.body.access_token!)).status).toBe(401);
    expect(await refresh(clientId, lost.body.refresh_token!)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect((await whoami(second.body.access_token!)).status).toBe(200);
    expect(await refresh(clientId, tokens.refresh_token!)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    expect((await refresh(clientId, second.body.refresh_token!)).status).toBe(200);
  });

  it("count a refresh as a use", async () => {
    const { clientId, tokens } = await signIn();
    const first = await refresh(clientId, tokens.refresh_token!);
    await refresh(clientId, first.body.refresh_token!);
    expect((await refresh(clientId, tokens.refresh_token!)).body.error).toBe("invalid_grant");
  });

  it("are worth nothing to another client, and an unknown client is told so", async () => {
    const { tokens } = await signIn();
    const other = await register({ ...CLIENT, client_name: "Another" });
    expect((await refresh(other.body.client_id!, tokens.refresh_token!)).body.error).toBe("invalid_grant");
    expect(await refresh("nobody", tokens.refresh_token!)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  });

  it("go on for a locked user, whose tokens are refused", async () => {
    const { clientId, tokens, user } = await signIn();
    auth.lock(user.localpart);
    const locked = await refresh(clientId, tokens.refresh_token!);
    expect((await whoami(locked.body.access_token!)).body).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: false });
    auth.lock(user.localpart, false);
    // The homeserver remembers for two minutes that a token was refused.
    const unlocked = await refresh(clientId, locked.body.refresh_token!);
    expect((await whoami(unlocked.body.access_token!)).status).toBe(200);
  });

  it("end with a session, and the device with them", async () => {
    const { clientId, tokens, deviceId, user } = await signIn();
    const stays = await signIn(user);
    await auth.endSession(auth.sessionsOf(user.localpart)[0]!);
    expect((await refresh(clientId, tokens.refresh_token!)).body.error).toBe("invalid_grant");
    const { devices } = await synapse.call({ path: "/_matrix/client/v3/devices", token: stays.tokens.access_token! });
    expect(JSON.stringify(devices)).not.toContain(deviceId);
  });
});

describe("its revocation", () => {
  const revoke = (token: string, hint: string, client: Record<string, string>): Promise<Answer> =>
    post("revocation_endpoint", { token, token_type_hint: hint, ...client });

  it("ends a session and its device, with the right hint alone", async () => {
    const { clientId, tokens } = await signIn();
    const client = { client_id: clientId };
    expect((await revoke(tokens.refresh_token!, "access_token", client)).status).toBe(200);
    expect((await whoami(tokens.access_token!)).status).toBe(200);
    expect((await revoke(tokens.refresh_token!, "refresh_token", client)).status).toBe(200);
    expect((await whoami(tokens.access_token!)).status).toBe(401);
  });

  it("wants to know the client", async () => {
    const { tokens } = await signIn();
    const other = await register({ ...CLIENT, client_name: "Another" });
    expect((await revoke(tokens.refresh_token!, "refresh_token", {})).status).toBe(400);
    expect((await revoke(tokens.refresh_token!, "refresh_token", { client_id: other.body.client_id! })).status).toBe(401);
  });
});

describe("its device grant", () => {
  const GRANT = "urn:ietf:params:oauth:grant-type:device_code";
  const start = async (deviceId: string): Promise<{ clientId: string; body: Record<string, string> }> => {
    const { body: client } = await register(CLIENT);
    const { body } = await post("device_authorization_endpoint", { client_id: client.client_id!, scope: scopeFor(deviceId) });
    return { clientId: client.client_id!, body };
  };
  const poll = (clientId: string, deviceCode: string): Promise<Answer> =>
    post("token_endpoint", { grant_type: GRANT, device_code: deviceCode, client_id: clientId });

  it("gives a short code, says 403 until it is typed, and then a session", async () => {
    const deviceId = newDeviceId();
    const { clientId, body } = await start(deviceId);
    expect(body).toMatchObject({ verification_uri: `${auth.issuer}/link`, expires_in: 1200 });
    expect(body.user_code).toMatch(/^[A-Z]{6}$/);
    expect(body).not.toHaveProperty("verification_uri_complete");
    expect(await poll(clientId, body.device_code!)).toMatchObject({ status: 403, body: { error: "authorization_pending" } });
    const browser = new FormClient();
    const user = await newUser();
    await browser.open(body.verification_uri!);
    await browser.submit({ user_code: body.user_code! });
    await browser.submit({});
    await browser.submit({ username: user.localpart, password: user.password });
    await browser.submit({ action: "allow" });
    expect(browser.page.html).toContain("Device linked");
    const { status, body: tokens } = await poll(clientId, body.device_code!);
    expect(status).toBe(200);
    expect((await whoami(tokens.access_token!)).body).toMatchObject({ device_id: deviceId });
    expect(await poll(clientId, body.device_code!)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("says that the person declined, and what is wrong with a code", async () => {
    const { clientId, body } = await start(newDeviceId());
    const browser = new FormClient();
    await browser.open(body.verification_uri!);
    expect((await browser.submit({ user_code: "WRONGS" })).html).toContain("That code is not right");
    await browser.submit({ user_code: body.user_code! });
    await browser.submit({ abort: "yes" });
    expect(await poll(clientId, body.device_code!)).toMatchObject({ status: 403, body: { error: "access_denied" } });
  });
});

describe("its account page", () => {
  const open = async (user: AuthUser, query: Record<string, string>): Promise<FormClient> => {
    const browser = new FormClient();
    const url = new URL(metadata.account_management_uri!);
    url.search = new URLSearchParams(query).toString();
    await browser.open(url.href);
    await browser.submit({ username: user.localpart, password: user.password });
    return browser;
  };

  it("ends the session of a device", async () => {
    const { tokens, deviceId, user } = await signIn();
    const browser = await open(user, { action: "org.matrix.device_delete", device_id: deviceId });
    expect(browser.page.html).toContain("Steward on Linux");
    await browser.submit({ action: "remove" });
    expect((await whoami(tokens.access_token!)).status).toBe(401);
  });

  it("knows listed actions and existing devices alone", async () => {
    const { user } = await signIn();
    expect((await open(user, { action: "org.matrix.no_such_thing" })).page.html).toContain("Something went wrong");
    const query = { action: "org.matrix.device_delete", device_id: "NOSUCHDEVICE" };
    expect((await open(user, query)).page.html).toContain("Cannot find session");
  });

  it("lets the identity be replaced", async () => {
    const { user } = await signIn();
    const browser = await open(user, { action: "org.matrix.cross_signing_reset" });
    expect((await browser.submit({ action: "reset" })).html).toContain("Identity reset successful");
  });

  it("deletes an account, and all its sessions with it", async () => {
    const { clientId, tokens, user } = await signIn();
    const browser = await open(user, {});
    expect((await browser.submit({ password: user.password, action: "delete" })).html).toContain("Account deleted");
    expect((await whoami(tokens.access_token!)).status).toBe(401);
    expect((await refresh(clientId, tokens.refresh_token!)).body.error).toBe("invalid_grant");
  });
});
