import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { AccountAddress } from "../../../shared/contract/addresses.ts";
import type { IdentityServer, PendingShare } from "../../../shared/contract/identityServer.ts";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import { AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../../shared/ids.ts";
import type { KeepOutOfLogs } from "../../../shared/secret.ts";
import type { Logger } from "../../logging/logger.ts";
import { newId } from "../../storage/newId.ts";
import { asSendRefusal } from "../addressRefusal.ts";
import { listAddresses, THREEPIDS_PATH } from "../addresses.ts";
import { isLost, isPassing } from "../addToAccount.ts";
import { asCodeRefusal, asCodeSendRefusal } from "../phoneRefusal.ts";
import { askValidation, handIn, hostOf, identityFailure, type IdentityAccess, lookUp, requestProof } from "./identityApi.ts";
import type { IdentityServers } from "./identityServers.ts";
import type { IdentityTokens } from "./identityTokens.ts";
import type { AccountAt } from "./namedServer.ts";
import { isExpired, type KeptShare, type PendingShares } from "./pendingShares.ts";

const POLL_MS = 2_000;
const SECRET_BYTES = 32;

const Unbound = z.object({});

export interface ShareAddressesParts {
  servers: Pick<IdentityServers, "connected" | "state">;
  tokens: IdentityTokens;
  pending: PendingShares;
  /** Told of every client secret before anything else is done with it. */
  keepOutOfLogs: KeepOutOfLogs;
  emit: Emit;
  logger: Logger;
  /** Until the identity server is asked again whether the link was opened; two seconds unless said otherwise. */
  pollMs?: number;
}

type Requests = Pick<
  Handlers["identityServer"],
  "pendingShares" | "share" | "sendShareAgain" | "confirmShare" | "dropShare" | "stopSharing"
>;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

const isSame = (one: AccountAddress, other: AccountAddress): boolean => one.medium === other.medium && one.address === other.address;

/**
 * Lets others find an account by its addresses, and no longer. An address is proved to the identity server a second time,
 * because that knows nothing of the homeserver's proof; it stays on the account at every moment.
 */
export class ShareAddresses implements Requests {
  readonly #parts: ShareAddressesParts;
  readonly #watched = new Set<ConversationId>();

  constructor(parts: ShareAddressesParts) {
    this.#parts = parts;
  }

  /** @throws what the secret store throws */
  async pendingShares({ accountId }: Input<"pendingShares">): Promise<{ pending: PendingShare[] }> {
    return { pending: await this.#parts.pending.shown(accountId) };
  }

  /** @throws `not_found` where the address is not on the account; `identity_terms_unsigned`, and why it was refused */
  share({ accountId, medium, address }: Input<"share">): Promise<{ pendingId: ConversationId }> {
    const { pending, servers } = this.#parts;
    return servers.connected(accountId, async (account, baseUrl) => {
      const { addresses } = await listAddresses(account.homeserver, account.signal);
      if (!addresses.some((one) => isSame(one, { medium, address }))) throw fail("not_found");
      const known = (await pending.all(accountId)).find((one) => isSame(one, { medium, address }) && one.baseUrl === baseUrl);
      const share = known ?? newShare({ medium, address }, baseUrl);
      if (!known) await pending.add(accountId, share);
      await this.#send(accountId, account, share.pendingId);
      return { pendingId: share.pendingId };
    });
  }

  /** @throws `conversation_over`, and as `share` does */
  sendShareAgain({ accountId, pendingId }: Input<"sendShareAgain">): Promise<Record<never, never>> {
    return this.#parts.servers.connected(accountId, async (account) => {
      await this.#send(accountId, account, pendingId);
      return {};
    });
  }

  /** @throws `conversation_over`, `phone_refused`, `identity_terms_unsigned`, and what either server says else */
  confirmShare({ accountId, pendingId, code }: Input<"confirmShare">): Promise<{ shared: boolean }> {
    const { pending, servers, tokens } = this.#parts;
    return servers.connected(accountId, async (account) => {
      const share = await pending.one(accountId, pendingId);
      if (code !== null) await tokens.as(accountId, account, share.baseUrl, (access) => handInCode(access, share, code));
      return { shared: await this.#bind(accountId, account, share) };
    });
  }

  /** Forgetting what is not there is no error. @throws what the secret store throws */
  async dropShare({ accountId, pendingId }: Input<"dropShare">): Promise<Record<never, never>> {
    await this.#parts.pending.remove(accountId, (share) => share.pendingId === pendingId);
    return {};
  }

  /** @throws `stop_sharing_failed` where it is still shared, or nobody knows */
  async stopSharing({ accountId, medium, address }: Input<"stopSharing">): Promise<IdentityServer> {
    const { servers } = this.#parts;
    let failed: unknown = null;
    await servers.connected(accountId, async ({ homeserver, signal }, baseUrl) => {
      const body = { medium, address, id_server: idServerOf(baseUrl) };
      try {
        await homeserver.json({ method: "POST", path: `${THREEPIDS_PATH}/unbind`, body, signal, schema: Unbound });
      } catch (thrown) {
        if (!isPassing(thrown)) throw thrown;
        failed = thrown;
      }
    });
    // Whatever the homeserver says of it: what others find is what counts.
    const state = await servers.state({ accountId });
    if (state.kind === "connected" && !state.shared.some((one) => isSame(one, { medium, address }))) return state;
    throw new AppFailure({ kind: "stop_sharing_failed" }, { cause: failed });
  }

  /** Goes on waiting for links, when the account's session runs again. */
  async resume(accountId: AccountId): Promise<void> {
    for (const { pendingId, clientSecret, medium } of await this.#parts.pending.all(accountId)) {
      this.#parts.keepOutOfLogs(clientSecret);
      if (medium === "email") this.#watch(accountId, pendingId);
    }
  }

  async #send(accountId: AccountId, account: AccountAt, pendingId: ConversationId): Promise<void> {
    const { pending, tokens, keepOutOfLogs } = this.#parts;
    const share = await pending.change(accountId, pendingId, ({ attempt }) => ({ attempt: attempt + 1, askedAt: Date.now() }));
    keepOutOfLogs(share.clientSecret);
    try {
      const sid = await tokens.as(accountId, account, share.baseUrl, (access) => requestProof(access, share));
      await pending.change(accountId, pendingId, ({ count }) => ({ sid, count: count + 1 }));
    } catch (thrown) {
      // It stays, because something may be on its way, and says so.
      if (isLost(thrown) && share.sid === null) return;
      if (share.sid === null) await pending.remove(accountId, (other) => other.pendingId === pendingId);
      throw share.medium === "email" ? asSendRefusal(thrown) : asCodeSendRefusal(thrown);
    }
    if (share.medium === "email") this.#watch(accountId, pendingId);
  }

  /**
   * Has the homeserver tell the identity server. Answers false while the address is not proved.
   *
   * @throws `conversation_over` where nothing was sent yet
   */
  async #bind(accountId: AccountId, account: AccountAt, share: KeptShare): Promise<boolean> {
    const { tokens, pending } = this.#parts;
    const { baseUrl, sid, clientSecret, pendingId } = share;
    if (sid === null) throw fail("conversation_over");
    const { homeserver, signal, userId } = account;
    const host = hostOf(baseUrl);
    try {
      await tokens.as(accountId, account, baseUrl, async ({ token }) => {
        const body = { client_secret: clientSecret, sid, id_server: idServerOf(baseUrl), id_access_token: token };
        await homeserver.text({ method: "POST", path: `${THREEPIDS_PATH}/bind`, body, signal }).catch((thrown: unknown) => {
          // The homeserver passes on what the identity server says.
          throw isFailure(thrown, "unauthenticated") ? thrown : identityFailure(thrown, host);
        });
      });
    } catch (thrown) {
      const errcode = isFailure(thrown, "server") ? thrown.error.errcode : null;
      if (errcode === "M_SESSION_NOT_VALIDATED") return false;
      if (errcode === "M_SESSION_EXPIRED" || errcode === "M_NO_VALID_SESSION") {
        await pending.change(accountId, pendingId, () => ({ askedAt: 0 }));
        return false;
      }
      // The server may have done it before its answer was lost.
      const isThere = async (access: IdentityAccess): Promise<boolean> => (await lookUp(access, userId, [share])).length > 0;
      if (!isPassing(thrown) || !(await tokens.as(accountId, account, baseUrl, isThere).catch(() => false))) throw thrown;
    }
    try {
      await pending.remove(accountId, (one) => one.pendingId === pendingId);
    } finally {
      // It is shared whether or not that could be written down here.
      this.#parts.emit("identityServer.changed", { accountId });
    }
    return true;
  }

  #watch(accountId: AccountId, pendingId: ConversationId): void {
    if (this.#watched.has(pendingId)) return;
    this.#watched.add(pendingId);
    this.#parts.servers
      .connected(accountId, (account) => this.#untilShared(accountId, account, pendingId))
      .catch((error: unknown) => this.#parts.logger.info("an address to be shared is no longer waited for", { accountId, error }))
      .finally(() => this.#watched.delete(pendingId));
  }

  /** Returns when it is shared, dropped, or too old. @throws what ends the session, and what does not pass */
  async #untilShared(accountId: AccountId, account: AccountAt, pendingId: ConversationId): Promise<void> {
    const { pending, tokens, pollMs = POLL_MS } = this.#parts;
    let waitMs = pollMs;
    for (;;) {
      await pause(waitMs, null, { signal: account.signal, ref: false });
      waitMs = pollMs;
      const share = (await pending.all(accountId)).find((one) => one.pendingId === pendingId);
      if (share === undefined) return;
      if (isExpired(share)) return pending.tell(accountId);
      const { sid, clientSecret } = share;
      if (sid === null) continue;
      try {
        const stands = await tokens.as(accountId, account, share.baseUrl, (access) => askValidation(access, { sid, clientSecret }));
        if (stands === "gone") await pending.change(accountId, pendingId, () => ({ askedAt: 0 }));
        if (stands === "done" && (await this.#bind(accountId, account, share))) return;
      } catch (thrown) {
        if (account.signal.aborted) throw thrown;
        const error = thrown instanceof AppFailure ? thrown.error : null;
        if (error?.kind === "rate_limited") waitMs = Math.max(pollMs, error.retryAfterMs);
        else if (!isPassing(thrown)) throw thrown;
      }
    }
  }
}

/** As homeservers name an identity server: without a scheme. */
function idServerOf(baseUrl: string): string {
  const { host, pathname } = new URL(baseUrl);
  return host + (pathname === "/" ? "" : pathname);
}

/** @throws `phone_refused` */
async function handInCode(access: IdentityAccess, { clientSecret, sid }: KeptShare, code: string): Promise<void> {
  if (sid === null) throw fail("conversation_over");
  const validation = { clientSecret, sid };
  const isRight = await handIn(access, validation, code).catch(async (thrown: unknown) => {
    const refused = asCodeRefusal(thrown);
    if (!isFailure(refused, "phone_refused")) throw thrown;
    // Sydent calls a wrong code one that it does not know the validation of.
    if ((await askValidation(access, validation)) === "open") return false;
    throw refused;
  });
  if (!isRight) throw fail("phone_refused", { reason: "wrong_code" });
}

function newShare({ medium, address }: AccountAddress, baseUrl: string): KeptShare {
  return {
    pendingId: newId<ConversationId>(),
    medium,
    address,
    baseUrl,
    clientSecret: randomBytes(SECRET_BYTES).toString("base64url"),
    sid: null,
    attempt: 0,
    count: 0,
    askedAt: Date.now(),
  };
}
