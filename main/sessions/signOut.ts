import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Logger } from "../logging/logger.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import { OAUTH_ANSWER_MS } from "../http/oauthRequest.ts";
import type { Fetch } from "../http/redirects.ts";
import type { MatrixSession } from "./matrixSession.ts";
import type { SessionDetails } from "./sessionDetails.ts";
import { replacedIn, type SignedInTokens, tokensOf } from "./initialSecrets.ts";
import { oauthGrantIn, revokeTokens } from "./oauth/oauthTokens.ts";
import { type SignedIn, signOutToken } from "./signIn.ts";

/** How long the app waits at its end for a server that is told of a sign-out, in milliseconds. */
const LAST_WORD_MS = 2_000;
/** How much of that goes to what the server has begun, in milliseconds. */
const LAST_ANSWERS_MS = 1_000;
/** How long a sign-out waits for what the server has begun, in milliseconds: somewhat longer than that is left to it. */
const ANSWERS_MS = 6_000;

/** How long a server is given to end a session, in milliseconds. */
const END_MS = 10_000;

/** Where an account leaves something behind. */
export interface SignOutParts {
  secretStore: SecretStore;
  index: AccountIndex;
  /** Removes what other services keep of an account, and its folder. */
  onRemoved: (accountId: AccountId) => Promise<void>;
  /**
   * Keeps what it takes to tell the server later, where that is possible, and answers whether it was. Called before
   * anything of the account is removed.
   */
  keepForLater: (session: Pick<SessionDetails, "userId" | "deviceId">, tokens: SignedInTokens) => Promise<boolean>;
  fetch: Fetch;
  logger: Logger;
}

/** What became of a sign-out on the server: it was told, or is told later, or will not hear of it from here. */
export interface SignedOut {
  serverTold: boolean;
  triedLater?: true;
}

/**
 * Stops a session, tells the server, and removes everything local. Answers whether the server could be told; it cannot
 * be when the token is not known here any more. One that could not be reached is told later, where what that takes can be
 * kept. It is told when it has answered all that the session has asked it to
 * change: a server that still works on a key upload lists the device again when it is done (Synapse does). Where it does
 * not answer, it is told all the same, and nobody knows whether the device stays listed. Nor does anybody where a refresh of
 * the tokens has not ended: an authorization server answers a success for a token that it has replaced (RFC 7009, section 2.2).
 *
 * The crypto store goes first, because only that can be refused: while another process uses it, nothing is done at all.
 * The entry goes last: wherever this is cut short, the account is still listed and can be signed out to the end.
 *
 * @throws `store_in_use`, `file_failed`
 */
export async function signOut(
  parts: SignOutParts,
  session: Pick<MatrixSession, "details" | "stop" | "destroy" | "settled" | "tokensSettled">,
): Promise<SignedOut> {
  const { accountId, baseUrl } = session.details;
  await session.stop();
  await session.destroy();
  const [{ allAnswered }, { lastKnown }] = await Promise.all([session.settled(ANSWERS_MS), session.tokensSettled(OAUTH_ANSWER_MS)]);
  // Not before: what was being refreshed until now has replaced them.
  const read = await parts.secretStore.read(accountId);
  if (!allAnswered) parts.logger.warn("a server was told of a sign-out before it had answered everything", { accountId });
  if (!lastKnown) parts.logger.warn("a session is signed out with tokens that may have been replaced", { accountId });
  const told = read.kind === "found" && (await tellServer(parts, baseUrl, tokensOf(read.secrets)));
  const triedLater = !told && read.kind === "found" && (await parts.keepForLater(session.details, tokensOf(read.secrets)));
  if (read.kind === "found") {
    for (const before of replacedIn(read.secrets)) {
      if (!(told && (await tellServer(parts, baseUrl, before)))) await parts.keepForLater(session.details, before);
    }
  }
  await removeLocally(parts, accountId);
  return { serverTold: told && allAnswered && lastKnown, ...(triedLater && { triedLater }) };
}

/**
 * Removes what is kept of an account that is not in use; the entry last.
 *
 * @throws `file_failed`
 */
export async function removeLocally(
  { secretStore, index, onRemoved }: Pick<SignOutParts, "secretStore" | "index" | "onRemoved">,
  accountId: AccountId,
): Promise<void> {
  await secretStore.remove(accountId);
  await onRemoved(accountId);
  await index.remove(accountId);
}

/**
 * Signs a stopped session out on the server where its secrets are in memory alone: when the app has ended, nobody could
 * any more. Never rejects, and resolves within two seconds.
 */
export async function signOutFromMemory(
  parts: Pick<SignOutParts, "secretStore" | "fetch" | "logger">,
  session: Pick<MatrixSession, "details" | "settled">,
): Promise<void> {
  const { accountId, baseUrl } = session.details;
  if (parts.secretStore.heldInMemory(accountId) === null) return;
  const began = performance.now();
  await session.settled(LAST_ANSWERS_MS);
  const secrets = parts.secretStore.heldInMemory(accountId);
  if (secrets === null) return;
  await tellServer(parts, baseUrl, tokensOf(secrets), LAST_WORD_MS - (performance.now() - began));
}

/** Signs out on the server what was signed in a moment ago and cannot be kept here. Never rejects. */
export async function signOutQuietly(
  { fetch, logger }: Pick<SignOutParts, "fetch" | "logger">,
  signedIn: Pick<SignedIn, "baseUrl" | keyof SignedInTokens>,
): Promise<void> {
  try {
    await endSession(fetch, signedIn.baseUrl, tokensOf(signedIn));
  } catch (error) {
    logger.warn("a session that could not be kept was not signed out either", { error });
  }
}

/**
 * Ends a session where it was begun: at the homeserver, or at the authorization server that gave its tokens.
 *
 * @throws as `signOutToken` and `revokeTokens` do
 */
export async function endSession(
  fetch: Fetch,
  baseUrl: string,
  tokens: SignedInTokens,
  signal = AbortSignal.timeout(END_MS),
): Promise<void> {
  const grant = oauthGrantIn(tokens);
  if (grant === null) return signOutToken(fetch, baseUrl, tokens.accessToken, signal);
  await revokeTokens(fetch, tokens, grant, signal);
}

async function tellServer(
  { fetch, logger }: Pick<SignOutParts, "fetch" | "logger">,
  baseUrl: string,
  tokens: SignedInTokens,
  timeoutMs = END_MS,
): Promise<boolean> {
  try {
    await endSession(fetch, baseUrl, tokens, AbortSignal.timeout(Math.max(0, Math.floor(timeoutMs))));
    return true;
  } catch (thrown) {
    const error = thrown instanceof AppFailure ? thrown.error : null;
    // A token that the server no longer knows is signed out already. One that has merely expired is not, and its session
    // goes on being listed (Client-Server API, "Soft logout"); Synapse takes it for a logout all the same.
    if (error?.kind === "unauthenticated" && !error.softLogout) return true;
    logger.warn("the server could not be told of a sign-out", { error: thrown });
    return false;
  }
}
