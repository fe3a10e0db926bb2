import { randomBytes } from "node:crypto";
import type { PendingPhone } from "../../shared/contract/addresses.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import { fail, isFailure } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { KeepOutOfLogs } from "../../shared/secret.ts";
import type { HomeserverClient } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import type { Fetch } from "../http/redirects.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { newId } from "../storage/newId.ts";
import type { AuthDict, Challenges } from "../uia/challenges.ts";
import { addToAccount, isLost, isPassing } from "./addToAccount.ts";
import { listAddresses, THREEPIDS_PATH } from "./addresses.ts";
import type { KeptPhone, PendingPhones } from "./pendingPhones.ts";
import { CodeSent, handInCode } from "./phoneCode.ts";
import { asCodeSendRefusal, asPhoneRefusal } from "./phoneRefusal.ts";

const SECRET_BYTES = 32;
/** A number without its country's code and zeros in front has at least so many digits. */
const MIN_NATIONAL_DIGITS = 6;

export interface AddPhoneParts {
  sessions: Pick<SessionManager, "session">;
  challenges: Pick<Challenges, "run">;
  pending: PendingPhones;
  /** For the address that a server names for codes: it gets no access token. */
  fetch: Fetch;
  /** Told of every client secret before anything else is done with it. */
  keepOutOfLogs: KeepOutOfLogs;
  emit: Emit;
  /** Called when a number has been added. */
  onChanged: (accountId: AccountId) => void;
}

type Requests = Pick<Handlers["addresses"], "pendingPhones" | "addPhone" | "sendCodeAgain" | "confirmPhone" | "dropPhone">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/**
 * Adds phone numbers to an account (Client-Server API, "Adding account administrative contact information"): the server
 * has a code sent, the person types it and confirms who they are.
 */
export class AddPhone implements Requests {
  readonly #parts: AddPhoneParts;

  constructor(parts: AddPhoneParts) {
    this.#parts = parts;
  }

  /** @throws what the secret store throws */
  async pendingPhones({ accountId }: Input<"pendingPhones">): Promise<{ pending: PendingPhone[] }> {
    return { pending: await this.#parts.pending.shown(accountId) };
  }

  /** @throws `phone_refused`, `not_allowed_by_server`, and what the server says else */
  addPhone({ accountId, country, number }: Input<"addPhone">): Promise<{ pendingId: ConversationId }> {
    const { sessions, pending } = this.#parts;
    return sessions.session(accountId).use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      const { addresses, canChange } = await listAddresses(homeserver, signal);
      if (!canChange) throw fail("not_allowed_by_server");
      const own = addresses.flatMap(({ medium, address }) => (medium === "msisdn" ? [address] : []));
      if (number.startsWith("+") && own.includes(digitsOf(number))) throw fail("phone_refused", { reason: "already_added" });
      const known = (await pending.all(accountId)).find((phone) => phone.country === country && phone.number === number);
      const phone = known ?? newPhone(country, number);
      if (!known) await pending.add(accountId, phone);
      try {
        await this.#send(homeserver, accountId, phone.pendingId, signal);
      } catch (thrown) {
        // Only the server knows what a number without a country's code is in full.
        const isOwn = isInUse(thrown) && own.some((other) => endsLike(other, number));
        throw isOwn ? fail("phone_refused", { reason: "already_added" }) : thrown;
      }
      return { pendingId: phone.pendingId };
    });
  }

  /** @throws `conversation_over`, and as `addPhone` does */
  sendCodeAgain({ accountId, pendingId }: Input<"sendCodeAgain">): Promise<Record<never, never>> {
    return this.#parts.sessions.session(accountId).use(async (client, signal) => {
      await this.#send(homeserverOf(client), accountId, pendingId, signal);
      return {};
    });
  }

  /** @throws `conversation_over`, `challenge_cancelled`, `phone_refused`, and what the server says else */
  async confirmPhone({ accountId, pendingId, code }: Input<"confirmPhone">): Promise<Record<never, never>> {
    const { challenges, pending, sessions } = this.#parts;
    const phone = await pending.one(accountId, pendingId);
    if (phone.sids.length === 0) throw fail("conversation_over");
    const session = sessions.session(accountId);
    return session.use(async (client, signal) => {
      const homeserver = homeserverOf(client);
      if (code !== null && !phone.verified) {
        await this.#handIn(homeserver, phone, code, signal);
        await pending.change(accountId, pendingId, () => ({ verified: true }));
      }
      let added: boolean;
      try {
        const add = (auth: AuthDict | null): Promise<boolean> => addToAccount(homeserver, phone, auth, signal);
        added = await challenges.run(session, "add_phone", add, { signal });
      } catch (thrown) {
        // The server may have done it before its answer was lost.
        if (!isPassing(thrown) || !(await isOn(homeserver, phone, signal))) throw asPhoneRefusal(thrown);
        added = true;
      }
      if (!added) {
        await pending.change(accountId, pendingId, () => ({ verified: false }));
        throw fail("phone_refused", { reason: "code_expired" });
      }
      await this.#added(accountId, pendingId);
      return {};
    });
  }

  /** Forgetting what is not there is no error. @throws what the secret store throws */
  async dropPhone({ accountId, pendingId }: Input<"dropPhone">): Promise<Record<never, never>> {
    await this.#parts.pending.remove(accountId, (phone) => phone.pendingId === pendingId);
    return {};
  }

  async #send(homeserver: HomeserverClient, accountId: AccountId, pendingId: ConversationId, signal: AbortSignal): Promise<void> {
    const { pending, keepOutOfLogs } = this.#parts;
    const phone = await pending.change(accountId, pendingId, ({ attempt }) => ({ attempt: attempt + 1 }));
    keepOutOfLogs(phone.clientSecret);
    try {
      const {
        sid,
        msisdn,
        submit_url: submitUrl,
      } = await homeserver.json({
        method: "POST",
        path: `${THREEPIDS_PATH}/msisdn/requestToken`,
        body: {
          client_secret: phone.clientSecret,
          country: phone.country,
          phone_number: phone.number,
          send_attempt: phone.attempt,
        },
        signal,
        schema: CodeSent,
      });
      await pending.change(accountId, pendingId, ({ codes }) => ({
        sids: [sid],
        msisdn: msisdn ?? phone.msisdn,
        submitUrl,
        codes: codes + 1,
        // Another validation has a code of its own.
        verified: phone.verified && phone.sids.includes(sid),
      }));
    } catch (thrown) {
      // It stays, because a code may be on its way, and says so.
      if (isLost(thrown) && phone.sids.length === 0) return;
      if (phone.sids.length === 0) await pending.remove(accountId, (other) => other.pendingId === pendingId);
      throw asCodeSendRefusal(thrown);
    }
  }

  /** Gives the server the code. @throws `phone_refused`, and what the server says else */
  async #handIn(homeserver: HomeserverClient, phone: KeptPhone, code: string, signal: AbortSignal): Promise<void> {
    const { clientSecret, sids, submitUrl } = phone;
    const sid = sids[0];
    // Where there is no address for it, the server learns of it elsewhere.
    if (submitUrl === null || sid === undefined) return;
    await handInCode({ fetch: this.#parts.fetch, baseUrl: homeserver.baseUrl, submitUrl, clientSecret, sid, code }, signal);
  }

  async #added(accountId: AccountId, pendingId: ConversationId): Promise<void> {
    const { emit, onChanged, pending } = this.#parts;
    try {
      await pending.remove(accountId, (phone) => phone.pendingId === pendingId);
    } finally {
      // It is on the account whether or not that could be written down here.
      emit("addresses.changed", { accountId });
      onChanged(accountId);
    }
  }
}

function newPhone(country: string, number: string): KeptPhone {
  return {
    pendingId: newId<ConversationId>(),
    country,
    number,
    msisdn: null,
    clientSecret: randomBytes(SECRET_BYTES).toString("base64url"),
    sids: [],
    submitUrl: null,
    attempt: 0,
    codes: 0,
    verified: false,
  };
}

const digitsOf = (number: string): string => number.replace(/\D/g, "");

/** Whether a number of the account may be the one that was typed, in whatever form. */
function endsLike(msisdn: string, typed: string): boolean {
  const national = digitsOf(typed).replace(/^0+/, "");
  return national.length >= MIN_NATIONAL_DIGITS && msisdn.endsWith(national);
}

const isInUse = (thrown: unknown): boolean => isFailure(thrown, "phone_refused") && thrown.error.reason === "in_use";

/** Whether the server says that it is on the account; false where it does not answer. */
async function isOn(homeserver: HomeserverClient, { msisdn }: KeptPhone, signal: AbortSignal): Promise<boolean> {
  const { addresses } = await listAddresses(homeserver, signal).catch(() => ({ addresses: [] }));
  return addresses.some((one) => one.medium === "msisdn" && one.address === msisdn);
}
