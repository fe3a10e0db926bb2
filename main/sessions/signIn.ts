import * as z from "zod";
import type { LoginIdentifier } from "../../shared/contract/signIn.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import { DeviceId, UserId } from "../../shared/ids.ts";
import type { AccessToken, Password } from "../../shared/secret.ts";
import { secretText } from "../../shared/secretSchemas.ts";
import { checkHomeserver } from "./discovery.ts";
import type { SignedInTokens } from "./initialSecrets.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import type { Fetch } from "../http/redirects.ts";
import { requestJson } from "../http/requestJson.ts";
import { TokenKeeper } from "../http/tokenKeeper.ts";
import { isLocalhost } from "../http/loopback.ts";
import { baseUrlOf, isInsecureHttp } from "./wellKnown.ts";

/** What a server answers to a sign-in, whichever way it was (Client-Server API, "Login"). */
export const LoginAnswer = z.object({
  user_id: UserId,
  access_token: secretText("access token", z.string().min(1).max(4096)),
  device_id: DeviceId,
  well_known: z.unknown().optional(),
});
/** What a server answers to "who am I?" (Client-Server API, "GET /account/whoami"). */
export const WhoAmI = z.object({ user_id: UserId, device_id: DeviceId.optional() });

/** What a successful sign-in gives. The token is for the vault and goes nowhere else. */
export interface SignedIn extends Partial<SignedInTokens> {
  userId: string;
  deviceId: string;
  accessToken: AccessToken;
  /** As the person typed it, or as `.well-known` or the answer to the login led to it: without a slash at the end. */
  baseUrl: string;
}

export interface PasswordSignIn {
  fetch: Fetch;
  /** Null when it is not known. */
  serverName: string | null;
  baseUrl: string;
  identifier: LoginIdentifier;
  password: Password;
  acceptInsecureHttp: boolean;
  /** Given when an account signs in again: the server then keeps the same device. */
  deviceId?: string;
  /** How the session is named in other clients' lists. */
  sessionName: string;
}

/** What a person typed to sign in, without what is added to it here. */
export type SignInRequest = Omit<PasswordSignIn, "fetch" | "sessionName" | "deviceId"> & {
  /** Undefined or empty: the one that every session gets. */
  sessionName?: string | undefined;
};
/** Whoever is not signed in yet waits less long than an account does. Milliseconds. */
const ANSWER_MS = 20_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

function homeserverFor({ fetch, baseUrl }: Pick<PasswordSignIn, "fetch" | "baseUrl">): HomeserverClient {
  return new HomeserverClient({ fetch, baseUrl, limits: { answerMs: ANSWER_MS, wholeAnswerMs: ANSWER_MS, answerBytes: MAX_ANSWER_BYTES } });
}

function matrixIdentifier(identifier: LoginIdentifier): object {
  switch (identifier.kind) {
    case "user":
      return { type: "m.id.user", user: identifier.user };
    case "email":
      return { type: "m.id.thirdparty", medium: "email", address: identifier.address };
    case "phone":
      // Synapse takes `phone`, which the spec names, only where `number`, its forerunner, is there as well.
      return { type: "m.id.phone", country: identifier.country, phone: identifier.number, number: identifier.number };
  }
}

/**
 * A server says "wrong name or password" alike for both, on purpose. It does say whether somebody of that name exists,
 * in the profile API, unless it hides profiles: then nothing more is known.
 */
async function doesNotExist(request: PasswordSignIn): Promise<string | null> {
  if (request.identifier.kind !== "user") return null;
  const { user } = request.identifier;
  const userId = user.startsWith("@") || request.serverName === null ? user : `@${user}:${request.serverName}`;
  if (!UserId.safeParse(userId).success) return null;
  try {
    await homeserverFor(request).json({
      path: `/_matrix/client/v3/profile/${encodeURIComponent(userId)}`,
      schema: z.object({}),
    });
    return null;
  } catch (thrown) {
    // Synapse gives a missing profile different codes at different ages, always with the status 404.
    if (!(thrown instanceof AppFailure)) throw thrown;
    const { error } = thrown;
    const missing = error.kind === "not_found" || (error.kind === "server" && error.status === 404 && error.errcode !== "M_UNRECOGNIZED");
    return missing ? userId : null;
  }
}

/**
 * Signs in with a password (`POST /_matrix/client/v3/login`, `m.login.password`). No refresh token is asked for: legacy
 * ones are not refreshed by the SDK.
 *
 * A name in capitals that nobody has is tried in lower case, in which names are kept (specification, appendices, "User
 * identifiers"); most servers do that by themselves.
 *
 * Throws `insecure_http` before anything is sent, `wrong_credentials`, `unknown_user`, `user_deactivated`, `user_locked`,
 * `rate_limited`, `redirected`, `network` and its kin.
 */
export async function signInWithPassword(request: PasswordSignIn): Promise<SignedIn> {
  if (isInsecureHttp(request.baseUrl) && !request.acceptInsecureHttp) {
    throw fail("insecure_http", { baseUrl: request.baseUrl });
  }
  try {
    const answer = await homeserverFor(request).json({
      method: "POST",
      path: "/_matrix/client/v3/login",
      body: {
        type: "m.login.password",
        identifier: matrixIdentifier(request.identifier),
        password: request.password,
        initial_device_display_name: request.sessionName,
        ...(request.deviceId === undefined ? {} : { device_id: request.deviceId }),
      },
      schema: LoginAnswer,
    });
    return await signedInFrom(request.fetch, answer, request.baseUrl);
  } catch (thrown) {
    if (!isFailure(thrown, "forbidden") && !isFailure(thrown, "unauthenticated")) throw thrown;
    const unknown = await doesNotExist(request);
    const lowered = unknown === null ? null : inLowerCase(request.identifier);
    if (lowered !== null) return signInWithPassword({ ...request, identifier: lowered });
    if (unknown !== null) throw new AppFailure({ kind: "unknown_user", userId: unknown }, { cause: thrown });
    throw new AppFailure({ kind: "wrong_credentials" }, { cause: thrown });
  }
}

/** The same user in lower case; null when it is that already, or is no name. */
function inLowerCase(identifier: LoginIdentifier): LoginIdentifier | null {
  if (identifier.kind !== "user") return null;
  const user = identifier.user.toLowerCase();
  return user === identifier.user ? null : { kind: "user", user };
}

/** What the answer to a login gives, at the address where the account is reached from now on. */
export async function signedInFrom(fetch: Fetch, answer: z.output<typeof LoginAnswer>, baseUrl: string): Promise<SignedIn> {
  const { user_id: userId, device_id: deviceId, access_token: token, well_known: wellKnown } = answer;
  const signedIn = { userId, deviceId, accessToken: token, baseUrl };
  return { ...signedIn, baseUrl: await baseUrlAfterLogin(fetch, signedIn, wellKnown) };
}

/**
 * Where the account is reached from now on. The answer to a login may name another address (Client-Server API, "POST
 * /login", `well_known`). It comes from the server that has just been given the password, so it is followed; but not from
 * https to http, not from elsewhere to this computer, and only when the same session is known there. Otherwise the address
 * stays that worked.
 */
async function baseUrlAfterLogin(
  fetch: Fetch,
  { baseUrl, userId, deviceId, accessToken: token }: SignedIn,
  wellKnown: unknown,
): Promise<string> {
  const Named = z.object({ "m.homeserver": z.object({ base_url: z.string() }) });
  const named = baseUrlOf(Named.safeParse(wellKnown).data?.["m.homeserver"].base_url);
  if (named === null || named === baseUrl) return baseUrl;
  const [from, to] = [new URL(baseUrl), new URL(named)];
  const isDowngrade = (isInsecureHttp(named) && !isInsecureHttp(baseUrl)) || (from.protocol === "https:" && to.protocol === "http:");
  if (isDowngrade || (isLocalhost(to.hostname) && !isLocalhost(from.hostname))) return baseUrl;
  try {
    await checkHomeserver(named, fetch);
    const who = await requestJson({
      fetch,
      url: `${named}/_matrix/client/v3/account/whoami`,
      accessToken: token,
      schema: WhoAmI,
      timeoutMs: 10_000,
    });
    return who.user_id === userId && (who.device_id ?? deviceId) === deviceId ? named : baseUrl;
  } catch (thrown) {
    if (thrown instanceof AppFailure) return baseUrl;
    throw thrown;
  }
}

/**
 * Signs a token out on the server. Throws when the server could not be told.
 *
 * @param timeoutMs how long it is waited for
 */
export async function signOutToken(fetch: Fetch, baseUrl: string, token: AccessToken, signal: AbortSignal): Promise<void> {
  const tokens = new TokenKeeper({ accessToken: token, expiresAt: null });
  await new HomeserverClient({ fetch, baseUrl, tokens }).text({ method: "POST", path: "/_matrix/client/v3/logout", body: {}, signal });
}
