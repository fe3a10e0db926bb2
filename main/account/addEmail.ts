import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { PendingEmail } from "../../shared/contract/addresses.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import { AppFailure, fail } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { KeepOutOfLogs } from "../../shared/secret.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import { demandIn } from "../http/uiaDemand.ts";
import type { Logger } from "../logging/logger.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { newId } from "../storage/newId.ts";
import type { AuthDict, Challenges } from "../uia/challenges.ts";
import { asAddressRefusal, asSendRefusal } from "./addressRefusal.ts";
import { addToAccount, isLost, isPassing } from "./addToAccount.ts";
import { isSameEmail, listAddresses, THREEPIDS_PATH } from "./addresses.ts";
import { type KeptEmail, type PendingEmails, withSid } from "./pendingEmails.ts";

const POLL_MS = 2_000;
const SECRET_BYTES = 32;

const Sent = z.object({ sid: z.string().min(1).max(255) });

export interface AddEmailParts {
  sessions: Pick<SessionManager, "session">;
  challenges: Pick<Challenges, "run">;
  pending: PendingEmails;
  /** Told of every client secret before anything else is done with it. */
  keepOutOfLogs: KeepOutOfLogs;
  emit: Emit;
  logger: Logger;
  /** Called when an address has been added. */
  onChanged: (accountId: AccountId) => void;
  /** Until the server is asked again whether the link was opened; two seconds unless said otherwise. */
  pollMs?: number;
}

type Requests = Pick<Handlers["addresses"], "pendingEmails" | "addEmail" | "sendEmailAgain" | "confirmEmail" | "dropEmail">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/**
 * Adds email addresses to an account (Client-Server API, "Adding account administrative contact information"): the server
 * sends a link, the person opens it and confirms who they are, in either order. Nothing asks a server whether the link was
 * opened; but a server that has seen the authentication takes its session again, so from then on adding is tried until it
 * succeeds.
 */
export class AddEmail implements Requests {
  readonly #parts: AddEmailParts;
  readonly #watched = new Set<ConversationId>();

  constructor(parts: AddEmailParts) {
    this.#parts = parts;
  }

  /** @throws what the secret store throws */
  async pendingEmails({ accountId }: Input<"pendingEmails">): Promise<{ pending: PendingEmail[] }> {
    return { pending: await this.#parts.pending.shown(accountId) };
  }

  /** @throws `address_refused`, `not_allowed_by_server`, and what the server says else */
  addEmail({ accountId, address }: Input<"addEmail">): Promise<{ pendingId: ConversationId }> {
    const { sessions, pending } = this.#parts;
    return sessions.session(accountId).use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      const { addresses, canChange } = await listAddresses(homeserver, signal);
      if (!canChange) throw fail("not_allowed_by_server");
      if (addresses.some((one) => one.medium === "email" && isSameEmail(one.address, address))) {
        throw fail("address_refused", { reason: "already_added" });
      }
      const known = (await pending.all(accountId)).find((email) => isSameEmail(email.address, address));
      const email = known ?? newEmail(address);
      if (!known) await pending.add(accountId, email);
      await this.#send(homeserver, accountId, email.pendingId, signal);
      return { pendingId: email.pendingId };
    });
  }

  /** @throws `conversation_over`, and as `addEmail` does */
  sendEmailAgain({ accountId, pendingId }: Input<"sendEmailAgain">): Promise<Record<never, never>> {
    return this.#parts.sessions.session(accountId).use(async (client, signal) => {
      await this.#send(homeserverOf(client), accountId, pendingId, signal);
      return {};
    });
  }

  /** @throws `conversation_over`, `challenge_cancelled`, `address_refused`, and what the server says else */
  async confirmEmail({ accountId, pendingId }: Input<"confirmEmail">): Promise<{ added: boolean }> {
    const { challenges, pending, sessions } = this.#parts;
    const email = await pending.one(accountId, pendingId);
    if (email.sids.length === 0) throw fail("conversation_over");
    const session = sessions.session(accountId);
    return session.use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      let uiaSession: string | null = null;
      const add = async (auth: AuthDict | null): Promise<boolean> => {
        uiaSession = typeof auth?.["session"] === "string" ? auth["session"] : null;
        return addToAccount(homeserver, email, auth, signal);
      };
      let added: boolean;
      try {
        added = await challenges.run(session, "add_email", add, { signal });
      } catch (thrown) {
        // The server may have done it before its answer was lost.
        if (!isPassing(thrown) || !(await isOn(homeserver, email, signal))) throw asAddressRefusal(thrown);
        added = true;
      }
      if (added) {
        await this.#added(accountId, email);
      } else {
        await pending.change(accountId, pendingId, () => ({ confirmed: true, uiaSession, refusal: null }));
        this.#watch(accountId, pendingId);
      }
      return { added };
    });
  }

  /** Forgetting what is not there is no error. @throws what the secret store throws */
  async dropEmail({ accountId, pendingId }: Input<"dropEmail">): Promise<Record<never, never>> {
    await this.#parts.pending.remove(accountId, (email) => email.pendingId === pendingId);
    return {};
  }

  /** Goes on waiting for the links of those that were confirmed, when the account's session runs again. */
  async resume(accountId: AccountId): Promise<void> {
    for (const { pendingId, clientSecret, confirmed } of await this.#parts.pending.all(accountId)) {
      this.#parts.keepOutOfLogs(clientSecret);
      if (confirmed) this.#watch(accountId, pendingId);
    }
  }

  async #send(homeserver: HomeserverClient, accountId: AccountId, pendingId: ConversationId, signal: AbortSignal): Promise<void> {
    const { pending, keepOutOfLogs } = this.#parts;
    const email = await pending.change(accountId, pendingId, ({ attempt }) => ({
      attempt: attempt + 1,
      askedAt: Date.now(),
      refusal: null,
    }));
    keepOutOfLogs(email.clientSecret);
    try {
      const { sid } = await homeserver.json({
        method: "POST",
        path: `${THREEPIDS_PATH}/email/requestToken`,
        body: { client_secret: email.clientSecret, email: email.address, send_attempt: email.attempt },
        signal,
        schema: Sent,
      });
      await pending.change(accountId, pendingId, ({ sids, emails }) => ({ sids: withSid(sids, sid), emails: emails + 1 }));
    } catch (thrown) {
      // It stays, because an email may be on its way, and says so.
      if (isLost(thrown) && email.sids.length === 0) return;
      if (email.sids.length === 0) await pending.remove(accountId, (other) => other.pendingId === pendingId);
      throw asSendRefusal(thrown);
    }
    if (email.confirmed) this.#watch(accountId, pendingId);
  }

  async #added(accountId: AccountId, { pendingId }: KeptEmail): Promise<void> {
    const { emit, onChanged, pending } = this.#parts;
    try {
      await pending.remove(accountId, (email) => email.pendingId === pendingId);
    } finally {
      // It is on the account whether or not that could be written down here.
      emit("addresses.changed", { accountId });
      onChanged(accountId);
    }
  }

  #watch(accountId: AccountId, pendingId: ConversationId): void {
    if (this.#watched.has(pendingId)) return;
    this.#watched.add(pendingId);
    const watching = this.#parts.sessions
      .session(accountId)
      .use((client, signal) => this.#untilAdded(homeserverOf(client), accountId, pendingId, signal));
    watching
      .catch((error: unknown) => this.#parts.logger.info("an email address is no longer waited for", { accountId, error }))
      .finally(() => this.#watched.delete(pendingId));
  }

  /** Returns when it was added, dropped, refused, or is too old. @throws what ends the session */
  async #untilAdded(homeserver: HomeserverClient, accountId: AccountId, pendingId: ConversationId, signal: AbortSignal): Promise<void> {
    const { pending, pollMs = POLL_MS } = this.#parts;
    let waitMs = pollMs;
    for (;;) {
      await pause(waitMs, null, { signal, ref: false });
      waitMs = pollMs;
      const email = (await pending.all(accountId)).find((one) => one.pendingId === pendingId);
      if (!email?.confirmed) return;
      if (pending.isExpired(email)) return pending.tell(accountId);
      try {
        if (await addToAccount(homeserver, email, email.uiaSession === null ? null : { session: email.uiaSession }, signal)) {
          return await this.#added(accountId, email);
        }
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        const error = thrown instanceof AppFailure ? thrown.error : null;
        if (error?.kind === "rate_limited") {
          waitMs = Math.max(pollMs, error.retryAfterMs);
        } else if (demandIn(thrown) !== null || (error?.kind === "server" && error.errcode === "M_UNKNOWN" && error.status === 400)) {
          // The server has forgotten that it was confirmed: it has to be done again.
          await pending.change(accountId, pendingId, () => ({ confirmed: false, uiaSession: null }));
          return;
        } else if (!isPassing(thrown)) {
          const failure = asAddressRefusal(thrown);
          if (!(failure instanceof AppFailure)) throw thrown;
          await pending.change(accountId, pendingId, () => ({ confirmed: false, uiaSession: null, refusal: failure.error }));
          return;
        }
      }
    }
  }
}

function newEmail(address: string): KeptEmail {
  return {
    pendingId: newId<ConversationId>(),
    address,
    clientSecret: randomBytes(SECRET_BYTES).toString("base64url"),
    sids: [],
    attempt: 0,
    emails: 0,
    askedAt: Date.now(),
    confirmed: false,
    uiaSession: null,
    refusal: null,
  };
}

/** Whether the server says that it is on the account; false where it does not answer. */
async function isOn(homeserver: HomeserverClient, { address }: KeptEmail, signal: AbortSignal): Promise<boolean> {
  const { addresses } = await listAddresses(homeserver, signal).catch(() => ({ addresses: [] }));
  return addresses.some((one) => one.medium === "email" && isSameEmail(one.address, address));
}
