import * as z from "zod";
import { isFailure } from "../../../shared/errors.ts";
import type { HomeserverClient } from "../../http/homeserverClient.ts";
import { isLocalhost } from "../../http/loopback.ts";
import type { Fetch } from "../../http/redirects.ts";
import { askWellKnown, baseUrlOf, isInsecureHttp } from "../../sessions/wellKnown.ts";

const IDENTITY_SERVER = "m.identity_server";
const ACCEPTED_TERMS = "m.accepted_terms";

const AcceptedTerms = z.object({ accepted: z.array(z.unknown()).catch([]).default([]) });

/** Which identity server is meant, before it is asked anything. */
export type NamedServer =
  | { kind: "none"; notWanted: boolean }
  | { kind: "unusable"; named: string }
  /** `chosen`: the account names it, and not its homeserver alone. */
  | { kind: "named"; baseUrl: string; chosen: boolean };

export interface AccountAt {
  homeserver: HomeserverClient;
  userId: string;
  signal: AbortSignal;
}

/**
 * Which identity server an account uses: what the account says (`m.identity_server`), where it says anything; else what its
 * homeserver suggests in its `.well-known`, which is not written into the account (Client-Server API, "Identity servers").
 *
 * @throws what the homeserver answers
 */
export async function namedServer(account: AccountAt, fetch: Fetch): Promise<NamedServer> {
  const said = await accountData(account, IDENTITY_SERVER);
  if (said !== null && "base_url" in said) {
    return said["base_url"] === null ? { kind: "none", notWanted: true } : usable(said["base_url"], true);
  }
  const suggested = await suggestedBy(account, fetch);
  return suggested === undefined ? { kind: "none", notWanted: false } : usable(suggested, false);
}

/**
 * Writes into the account which one is used; null says that none is wanted. The answer may be lost after the homeserver has
 * done it: then what it has tells.
 *
 * @throws what the homeserver answers. Where it cannot be asked either, it may have done it all the same
 */
export async function chooseServer(account: AccountAt, baseUrl: string | null): Promise<void> {
  try {
    await setAccountData(account, IDENTITY_SERVER, { base_url: baseUrl });
  } catch (thrown) {
    const said = await accountData(account, IDENTITY_SERVER).catch(() => null);
    if (said?.["base_url"] !== baseUrl) throw thrown;
  }
}

/** The addresses of the documents that the person has agreed to, in whatever client. @throws what the homeserver answers */
export async function acceptedTerms(account: AccountAt): Promise<string[]> {
  const { data } = AcceptedTerms.safeParse((await accountData(account, ACCEPTED_TERMS)) ?? {});
  return (data?.accepted ?? []).filter((url): url is string => typeof url === "string");
}

/** Adds to them. @throws what the homeserver answers */
export async function rememberTerms(account: AccountAt, urls: readonly string[]): Promise<void> {
  const before = (await accountData(account, ACCEPTED_TERMS)) ?? {};
  await setAccountData(account, ACCEPTED_TERMS, { ...before, accepted: [...new Set([...(await acceptedTerms(account)), ...urls])] });
}

function usable(named: unknown, chosen: boolean): NamedServer {
  const baseUrl = baseUrlOf(named);
  if (baseUrl === null || isInsecureHttp(baseUrl)) {
    return { kind: "unusable", named: (typeof named === "string" ? named : (JSON.stringify(named) ?? "")).slice(0, 500) };
  }
  return { kind: "named", baseUrl, chosen };
}

/** What the homeserver's `.well-known` names; undefined where it names none, and where nothing can be read. */
async function suggestedBy({ homeserver, userId }: AccountAt, fetch: Fetch): Promise<unknown> {
  const serverName = userId.slice(userId.indexOf(":") + 1);
  const { origin: own, hostname } = new URL(homeserver.baseUrl);
  // A server of this computer has its file where it is itself: its name may be anybody's.
  const origin = isLocalhost(hostname) ? own : `https://${serverName}`;
  const { identityServer } = await askWellKnown(origin, serverName, fetch).catch(() => ({ identityServer: undefined }));
  return typeof identityServer === "object" && identityServer !== null && "base_url" in identityServer
    ? identityServer.base_url
    : undefined;
}

const pathOf = (userId: string, type: string): string =>
  `/_matrix/client/v3/user/${encodeURIComponent(userId)}/account_data/${encodeURIComponent(type)}`;

async function accountData({ homeserver, userId, signal }: AccountAt, type: string): Promise<Record<string, unknown> | null> {
  try {
    return await homeserver.json({ path: pathOf(userId, type), signal, schema: z.record(z.string(), z.unknown()) });
  } catch (thrown) {
    if (isFailure(thrown, "not_found")) return null;
    throw thrown;
  }
}

async function setAccountData({ homeserver, userId, signal }: AccountAt, type: string, content: object): Promise<void> {
  await homeserver.text({ method: "PUT", path: pathOf(userId, type), body: content, signal });
}
