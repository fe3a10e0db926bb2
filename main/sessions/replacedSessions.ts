import { AppFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { KeepOutOfLogs, Secret } from "../../shared/secret.ts";
import { anySignal } from "../http/anySignal.ts";
import { retryKind } from "../http/retry.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { replacedIn, secretsOf, withoutReplaced } from "./initialSecrets.ts";
import { sharesDevices } from "./oauth/authMetadata.ts";
import { oauthGrantIn } from "./oauth/oauthTokens.ts";
import { endSession } from "./signOut.ts";

export interface ReplacedSessionsParts {
  secretStore: Pick<SecretStore, "read" | "update">;
  fetch: Fetch;
  keepOutOfLogs: KeepOutOfLogs;
  /** Told of tokens that are worth nothing any more. */
  worthless?: (secret: Secret) => void;
  logger: Logger;
}

/** How long a server is given to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Ends the sessions that an account's present one has taken the place of, where signing in does not do that by itself: an
 * authorization server goes on listing them. That is only done once the new one is in use, as the device stays with whichever
 * session is left; until then, and while a server cannot be told, their tokens lie in the vault beside the new ones. Where a server
 * may remove the device with any of its sessions, they are ended when the account is signed out.
 */
export class ReplacedSessions {
  readonly #parts: ReplacedSessionsParts;
  readonly #ending = new Map<AccountId, Promise<void>>();
  readonly #ended = new AbortController();

  constructor(parts: ReplacedSessionsParts) {
    this.#parts = parts;
  }

  /** To be called when the account's session is in use. Never rejects. */
  end(accountId: AccountId, baseUrl: string): Promise<void> {
    const underWay = this.#ending.get(accountId);
    if (underWay !== undefined) return underWay;
    const ending = this.#end(accountId, baseUrl)
      .catch((error: unknown) => this.#parts.logger.warn("a session that was replaced could not be ended", { accountId, error }))
      .finally(() => this.#ending.delete(accountId));
    this.#ending.set(accountId, ending);
    return ending;
  }

  /** Cuts off what is under way: it is done the next time. */
  async stopAll(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#ending.values());
  }

  async #end(accountId: AccountId, baseUrl: string): Promise<void> {
    const { secretStore, fetch, keepOutOfLogs, worthless, logger } = this.#parts;
    const read = await secretStore.read(accountId);
    if (read.kind !== "found") return;
    for (const tokens of replacedIn(read.secrets)) {
      if (this.#ended.signal.aborted) return;
      const grant = oauthGrantIn(tokens);
      if (grant !== null && !sharesDevices(grant.metadata)) continue;
      const secrets = secretsOf(tokens);
      secrets.forEach(keepOutOfLogs);
      const stop = anySignal(this.#ended.signal, AbortSignal.timeout(ANSWER_MS));
      try {
        await endSession(fetch, baseUrl, tokens, stop.signal);
      } catch (thrown) {
        if (this.#ended.signal.aborted) return;
        if (!(thrown instanceof AppFailure)) throw thrown;
        logger.info("a session that was replaced was not ended", { accountId, error: thrown });
        // Tried again the next time. What the server refuses for good, it ends on its own page.
        if (retryKind(thrown.error).kind !== "never") continue;
      } finally {
        stop.release();
      }
      await secretStore.update(accountId, (now) => withoutReplaced(now, tokens));
      for (const secret of secrets) worthless?.(secret);
    }
  }
}
