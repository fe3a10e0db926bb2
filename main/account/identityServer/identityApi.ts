import { createHash } from "node:crypto";
import * as z from "zod";
import type { AccountAddress } from "../../../shared/contract/addresses.ts";
import type { Policy } from "../../../shared/contract/registration.ts";
import { AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { AccessToken } from "../../../shared/secret.ts";
import { secretText } from "../../../shared/secretSchemas.ts";
import type { Fetch } from "../../http/redirects.ts";
import { requestJson } from "../../http/requestJson.ts";
import { demandIn } from "../../http/uiaDemand.ts";
import { policiesIn } from "../../uia/policies.ts";

/** An identity server, and by what it knows who asks; without a token, nobody does. */
export interface IdentityAccess {
  fetch: Fetch;
  /** Without a slash at the end. */
  baseUrl: string;
  token?: AccessToken;
  signal: AbortSignal;
}

/** The token is no longer known there. Another one may be had from the homeserver. */
export class IdentityTokenRefused extends Error {}

const Token = secretText("access token", z.string().min(1).max(2000));
const Registered = z.object({ token: Token.optional(), access_token: Token.optional() });
const HashDetails = z.object({ algorithms: z.array(z.string()), lookup_pepper: z.string().max(1000) });
const Mappings = z.object({ mappings: z.record(z.string(), z.string()) });
const Sent = z.object({ sid: z.string().min(1).max(255) });
/** What is not said to have failed has succeeded. */
const Submitted = z.object({ success: z.boolean().optional() });
const Anything = z.object({});

export const hostOf = (baseUrl: string): string => new URL(baseUrl).host;

/** Looks whether there is an identity server. @throws `not_an_identity_server`, and why it could not be reached */
export async function checkIdentityApi(access: IdentityAccess): Promise<void> {
  await ask(access, { path: "", schema: Anything }).catch((thrown: unknown) => {
    const kind = thrown instanceof AppFailure ? thrown.error.kind : null;
    const isOther =
      kind === "bad_answer" ||
      kind === "forbidden" ||
      kind === "server" ||
      kind === "redirected" ||
      kind === "not_allowed_by_identity_server";
    throw isOther ? fail("not_an_identity_server", { host: hostOf(access.baseUrl) }) : thrown;
  });
}

/**
 * Proves with an OpenID token of the homeserver's whose account it is, and answers the token to be known by from then on
 * (Identity Service API, "POST /account/register").
 */
export async function register(access: IdentityAccess, openId: object): Promise<AccessToken> {
  const { token, access_token: older } = await ask(access, { method: "POST", path: "/account/register", body: openId, schema: Registered });
  const given = token ?? older;
  if (given === undefined) throw fail("bad_answer", { host: hostOf(access.baseUrl) });
  return given;
}

/** Forgets the token there. */
export async function logOut(access: IdentityAccess): Promise<void> {
  await ask(access, { method: "POST", path: "/account/logout", body: {}, schema: Anything });
}

/** The documents that it wants agreed to. @throws `bad_answer` for what nobody can read */
export async function askTerms(access: Omit<IdentityAccess, "token">): Promise<Policy[]> {
  const policies = policiesIn(await ask(access, { path: "/terms", schema: z.unknown() }));
  if (policies === null) throw fail("bad_answer", { host: hostOf(access.baseUrl) });
  return policies;
}

/** Agrees to documents, by their addresses. */
export async function agreeTo(access: IdentityAccess, urls: readonly string[]): Promise<void> {
  await ask(access, { method: "POST", path: "/terms", body: { user_accepts: urls }, schema: Anything });
}

/**
 * Which of these addresses it tells others to be this user's. It is told digests of them alone (Identity Service API,
 * "Association lookup").
 *
 * @throws `identity_terms_unsigned`, and what it answers
 */
export async function lookUp(access: IdentityAccess, userId: string, addresses: readonly AccountAddress[]): Promise<AccountAddress[]> {
  const { algorithms, lookup_pepper: pepper } = await ask(access, { path: "/hash_details", schema: HashDetails });
  if (!algorithms.includes("sha256")) throw fail("bad_answer", { host: hostOf(access.baseUrl) });
  const digest = ({ medium, address }: AccountAddress): string =>
    createHash("sha256").update(`${address} ${medium} ${pepper}`).digest("base64url");
  const body = { algorithm: "sha256", pepper, addresses: addresses.map(digest) };
  const { mappings } = await ask(access, { method: "POST", path: "/lookup", body, schema: Mappings });
  return addresses.filter((one) => mappings[digest(one)] === userId);
}

/** By what the identity server knows that an address is being proved. */
export interface ShareValidation {
  clientSecret: string;
  sid: string;
}

export interface ShareRequest extends AccountAddress {
  clientSecret: string;
  attempt: number;
}

/** Has a link or a code sent, and answers the server's name for the validation. */
export async function requestProof(access: IdentityAccess, { medium, address, clientSecret, attempt }: ShareRequest): Promise<string> {
  const to =
    medium === "email"
      ? { email: address }
      : // Of a number in full, the country is not looked at; but one has to be named.
        { phone_number: `+${address}`, country: "GB" };
  const body = { ...to, client_secret: clientSecret, send_attempt: attempt };
  return (await ask(access, { method: "POST", path: `/validate/${medium}/requestToken`, body, schema: Sent })).sid;
}

/** Hands in the code that was sent to a phone, and answers whether it was right. */
export async function handIn(access: IdentityAccess, { clientSecret, sid }: ShareValidation, code: string): Promise<boolean> {
  const body = { client_secret: clientSecret, sid, token: code };
  const { success } = await ask(access, { method: "POST", path: "/validate/msisdn/submitToken", body, schema: Submitted });
  return success !== false;
}

/** How a validation stands: the link was opened, or the code given; it was not yet; or it is no longer known. */
export async function askValidation(access: IdentityAccess, { clientSecret, sid }: ShareValidation): Promise<"done" | "open" | "gone"> {
  try {
    const query = new URLSearchParams({ sid, client_secret: clientSecret });
    await ask(access, { path: `/3pid/getValidated3pid?${query.toString()}`, schema: Anything });
    return "done";
  } catch (thrown) {
    const errcode = isFailure(thrown, "server") ? thrown.error.errcode : null;
    if (errcode === "M_SESSION_NOT_VALIDATED") return "open";
    if (errcode === "M_NO_VALID_SESSION" || errcode === "M_SESSION_EXPIRED") return "gone";
    throw thrown;
  }
}

interface Question<T extends z.ZodType> {
  method?: "GET" | "POST";
  /** Below the API's own. */
  path: string;
  body?: object;
  schema: T;
}

async function ask<T extends z.ZodType>(
  { fetch, baseUrl, token, signal }: IdentityAccess,
  { path, ...question }: Question<T>,
): Promise<z.output<T>> {
  try {
    return await requestJson({
      ...question,
      fetch,
      url: `${baseUrl}/_matrix/identity/v2${path}`,
      signal,
      ...(token !== undefined && { accessToken: token }),
    });
  } catch (thrown) {
    const failure = identityFailure(thrown, hostOf(baseUrl));
    // Whoever has no token yet is not refused for it.
    throw failure instanceof IdentityTokenRefused && token === undefined
      ? fail("not_allowed_by_identity_server", { host: hostOf(baseUrl) })
      : failure;
  }
}

/**
 * What an error of an identity server means. What a homeserver would say of an account with the same code is none of its
 * business, and must not be taken for that.
 *
 * @param host its name, for the sentence
 */
export function identityFailure(thrown: unknown, host: string): unknown {
  if (demandIn(thrown) !== null) return fail("bad_answer", { host });
  if (!(thrown instanceof AppFailure)) return thrown;
  const { error } = thrown;
  switch (error.kind) {
    case "unauthenticated":
      return new IdentityTokenRefused("the identity server does not know the token", { cause: thrown });
    case "server":
      if (error.errcode === "M_UNAUTHORIZED")
        return new IdentityTokenRefused("the identity server does not know the token", { cause: thrown });
      if (error.errcode === "M_TERMS_NOT_SIGNED") return fail("identity_terms_unsigned", { host });
      return error.status === 404 && error.errcode !== "M_NO_VALID_SESSION" ? fail("not_an_identity_server", { host }) : thrown;
    case "not_found":
    case "homeserver_not_found":
      return fail("not_an_identity_server", { host });
    case "user_deactivated":
    case "user_locked":
    case "user_suspended":
    case "consent_required":
    case "resource_limit":
      return fail("bad_answer", { host });
    default:
      return thrown;
  }
}
