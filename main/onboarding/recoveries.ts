import { setTimeout as pause } from "node:timers/promises";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { Recovery, SupportContacts } from "../../shared/contract/recovery.ts";
import { type AppError, AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId, ConversationId } from "../../shared/ids.ts";
import type { KeepOutOfLogs, Password } from "../../shared/secret.ts";
import { GOOD_PASSWORD_SCORE } from "../account/password.ts";
import type { Fetch } from "../http/redirects.ts";
import type { Logger } from "../logging/logger.ts";
import type { phraseStrength } from "../secrets/phraseStrength.ts";
import type { PasswordSignIns } from "../sessions/credentials/passwordSignIns.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { isInsecureHttp } from "../sessions/wellKnown.ts";
import { Attempts, type AttemptsParts } from "./attempts.ts";
import { aborted, commonOf, isAnswerLost, isSame, recoveryIdOf, type RecoveryAttempt as Attempt } from "./recoveryAttempt.ts";
import { newClientSecret } from "./registrationRecord.ts";
import { RecoveryRecord } from "./recoveryRecord.ts";
import { RecoveryRequests, type SetOutcome } from "./recoveryRequests.ts";
import { supportContacts } from "./supportContacts.ts";

export interface RecoveriesParts extends AttemptsParts {
  sessions: Pick<SessionManager, "account">;
  passwordSignIns: PasswordSignIns;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
  /** Told of every secret before anything else is done with it. */
  keepOutOfLogs: KeepOutOfLogs;
  phraseStrength: typeof phraseStrength;
  /** Until the server is asked again whether the link was used, in milliseconds; two seconds unless said otherwise. */
  pollMs?: number;
  /** How long a link is good for, in milliseconds; an hour unless said otherwise, as on Synapse. */
  linkLifetimeMs?: number;
}

type Requests = Handlers["recovery"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

const POLL_MS = 2_000;
const LINK_LIFETIME_MS = 60 * 60_000;
/** Older ones are of no use: Synapse keeps a session of the authentication so long. Milliseconds. */
const RECORD_LIFETIME_MS = 48 * 60 * 60_000;
const NEVER = new AbortController().signal;

type Waiting = Extract<Recovery, { status: "waiting" }>;

/**
 * Forgotten passwords, replaced by way of a mail (Client-Server API, "POST /account/password"). What proves that the
 * mailed link is ours lies sealed before anything is sent, so that links of earlier mails count after corrections, further
 * mails and a restart. There is no way but to ask whether a link was used, and the question that is answered with yes has
 * set the password.
 */
export class Recoveries implements Requests {
  readonly #parts: RecoveriesParts;
  readonly #records: Attempts<typeof RecoveryRecord>;
  readonly #requests: RecoveryRequests;
  readonly #attempts = new Map<ConversationId, Attempt>();

  constructor(parts: RecoveriesParts) {
    this.#parts = parts;
    this.#records = new Attempts(parts, RecoveryRecord);
    this.#requests = new RecoveryRequests(parts.fetch);
  }

  /** @throws `file_failed` */
  async list(): Promise<{ recoveries: Recovery[] }> {
    await this.#restore();
    return { recoveries: [...this.#attempts.values()].filter(({ record }) => record.sids.length > 0).map(({ state }) => state) };
  }

  strength({ address, newPassword }: Input<"strength">) {
    return this.#parts.phraseStrength(newPassword, [address], GOOD_PASSWORD_SCORE);
  }

  contacts(homeserver: Input<"contacts">): Promise<SupportContacts> {
    return supportContacts(homeserver, this.#parts.fetch);
  }

  /**
   * Has a mail sent, unless one is under way for the same address.
   *
   * @throws `insecure_http`, `password_refused`, `email_unknown`, `recovery_not_offered`, `mail_not_sent`, what the server
   * says, and as `SecretStore.write` does
   */
  async start(input: Input<"start">): Promise<{ recoveryId: ConversationId }> {
    const { newPassword, signOutOthers } = input;
    const target = this.#targetOf(input);
    if (isInsecureHttp(target.baseUrl) && !target.acceptInsecureHttp) throw fail("insecure_http", { baseUrl: target.baseUrl });
    await this.#refuseGuessable(input.address, newPassword);
    await this.#restore();
    let held = [...this.#attempts.values()].find(({ record }) => isSame(record, target));
    if (held?.state.status === "changed") {
      await this.#forget(held);
      held = undefined;
    }
    const attempt = held ?? (await this.#create({ ...target, signOutOthers }));
    this.#stopAsking(attempt);
    attempt.newPassword = newPassword;
    try {
      await this.#change(attempt, { signOutOthers });
      // The server knows it already: whatever link of it is used counts.
      if (attempt.record.uiaSession === null) {
        await this.#change(attempt, { uiaSession: await this.#requests.begin(attempt.record, newPassword, NEVER) });
      }
      if (attempt.record.sids.length === 0) await this.#sendMail(attempt);
    } catch (thrown) {
      // Of a mail whose answer was lost the link still counts: what proves that it is ours is kept.
      if (attempt.record.sids.length === 0 && !isAnswerLost(thrown)) await this.#forget(attempt);
      throw thrown;
    }
    this.#ask(attempt);
    return { recoveryId: recoveryIdOf(attempt) };
  }

  /** @throws `password_refused`, `conversation_over` */
  async setPassword({ recoveryId, newPassword }: Input<"setPassword">): Promise<Record<never, never>> {
    const attempt = this.#attempt(recoveryId, "waiting", "password_needed");
    await this.#refuseGuessable(attempt.record.address, newPassword);
    attempt.newPassword = newPassword;
    this.#ask(attempt);
    return {};
  }

  /** @throws as `start` does, and `conversation_over` */
  async resend({ recoveryId }: Input<"resend">): Promise<Record<never, never>> {
    const attempt = this.#attempt(recoveryId, "waiting");
    try {
      await this.#sendMail(attempt);
    } catch (thrown) {
      if (isFailure(thrown, "rate_limited")) {
        this.#wait(attempt, { resendAfter: Date.now() + thrown.error.retryAfterMs });
      }
      throw thrown;
    }
    const { sendAttempt: mails, sentAt } = attempt.record;
    this.#wait(attempt, { mails, sentAt, resendAfter: null, notUsedYet: false, expired: false });
    attempt.wake();
    return {};
  }

  /** @throws `conversation_over` */
  verified({ recoveryId }: Input<"verified">): Record<never, never> {
    const attempt = this.#attempt(recoveryId, "waiting");
    attempt.pressed = true;
    this.#wait(attempt, { checking: true, notUsedYet: false });
    attempt.wake();
    return {};
  }

  /** @throws what signing in throws, and `conversation_over` */
  async signIn({ recoveryId }: Input<"signIn">): Promise<{ accountId: AccountId }> {
    const attempt = this.#attempt(recoveryId, "changed");
    const accountId = await this.#signInWith(attempt);
    await this.#end(attempt, { ...this.#common(attempt), status: "done", accountId });
    return { accountId };
  }

  /** @throws `conversation_over` */
  async cancel({ recoveryId }: Input<"cancel">): Promise<Record<never, never>> {
    const attempt = this.#attempts.get(recoveryId);
    if (!attempt) throw fail("conversation_over");
    await this.#end(attempt, { ...this.#common(attempt), status: "cancelled" });
    return {};
  }

  /** Asks no more. What is sealed stays for the next start. */
  stopAll(): void {
    for (const attempt of this.#attempts.values()) this.#stopAsking(attempt);
  }

  #targetOf({ accountId, serverName, baseUrl, address, acceptInsecureHttp }: Input<"start">) {
    if (accountId === null) return { signedOut: null, serverName, baseUrl, address, acceptInsecureHttp };
    const { homeserver } = this.#parts.sessions.account(accountId);
    // The warning was accepted when the account was added at this very URL.
    return { signedOut: accountId, serverName: homeserver.serverName, baseUrl: homeserver.baseUrl, address, acceptInsecureHttp: true };
  }

  async #refuseGuessable(address: string, newPassword: Password): Promise<void> {
    if (!(await this.strength({ address, newPassword })).good) throw fail("password_refused", { reason: "guessable" });
  }

  async #create(
    target: Pick<RecoveryRecord, "signedOut" | "serverName" | "baseUrl" | "acceptInsecureHttp" | "address" | "signOutOthers">,
  ): Promise<Attempt> {
    const nothingSent = { sendAttempt: 0, sentAt: 0, sids: [], uiaSession: null };
    const record: RecoveryRecord = { ...target, ...nothingSent, kind: "recovery", clientSecret: newClientSecret() };
    return this.#take(await this.#records.create(record), record);
  }

  #take(attemptId: AccountId, record: RecoveryRecord): Attempt {
    this.#parts.keepOutOfLogs(record.clientSecret);
    const attempt: Attempt = {
      attemptId,
      record,
      state: { ...commonOf(attemptId, record), status: "password_needed", refused: null },
      newPassword: null,
      asking: null,
      pressed: false,
      wake: () => undefined,
      lost: false,
      asked: 0,
    };
    this.#attempts.set(recoveryIdOf(attempt), attempt);
    return attempt;
  }

  /** Finds those from before a restart; where the secrets cannot be opened yet, at a later call. */
  async #restore(): Promise<void> {
    for (const { attemptId, content: record } of await this.#records.list()) {
      if (this.#attempts.has(attemptId as string as ConversationId)) continue;
      const isGone = record.signedOut !== null && !this.#parts.isListed(record.signedOut);
      const ofUse = !isGone && record.sendAttempt > 0 && Date.now() - record.sentAt < RECORD_LIFETIME_MS;
      if (ofUse) this.#take(attemptId, record);
      else await this.#records.drop(attemptId);
    }
  }

  #attempt(recoveryId: ConversationId, ...statuses: Recovery["status"][]): Attempt {
    const attempt = this.#attempts.get(recoveryId);
    if (!attempt || !statuses.includes(attempt.state.status)) throw fail("conversation_over");
    return attempt;
  }

  async #change(attempt: Attempt, change: Partial<RecoveryRecord>): Promise<void> {
    attempt.record = { ...attempt.record, ...change };
    await this.#records.update(attempt.attemptId, attempt.record);
  }

  /** The number is sealed first: a server sends nothing for one that it has seen. */
  async #sendMail(attempt: Attempt): Promise<void> {
    await this.#change(attempt, { sendAttempt: attempt.record.sendAttempt + 1, sentAt: Date.now() });
    const sid = await this.#requests.sendMail(attempt.record, NEVER);
    await this.#change(attempt, { sids: [sid, ...attempt.record.sids.filter((known) => known !== sid)].slice(0, 20) });
  }

  #stopAsking(attempt: Attempt): void {
    attempt.asking?.abort(fail("cancelled"));
    attempt.asking = null;
  }

  /** Begins to ask, in place of what asks now. */
  #ask(attempt: Attempt): void {
    this.#stopAsking(attempt);
    const asking = new AbortController();
    attempt.asking = asking;
    const { sendAttempt: mails, sentAt } = attempt.record;
    this.#set(attempt, {
      ...this.#common(attempt),
      status: "waiting",
      sentAt,
      mails,
      resendAfter: null,
      checking: false,
      notUsedYet: false,
      expired: false,
      problem: null,
    });
    this.#untilKnown(attempt, asking.signal).catch(async (thrown: unknown) => {
      if (asking.signal.aborted) return;
      this.#parts.logger.error("replacing a password failed", { error: thrown });
      const error: AppError = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "recovery" };
      await this.#end(attempt, { ...this.#common(attempt), status: "failed", error });
    });
  }

  async #untilKnown(attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { pollMs = POLL_MS, linkLifetimeMs = LINK_LIFETIME_MS } = this.#parts;
    while (!signal.aborted) {
      const { signedOut } = attempt.record;
      if (signedOut !== null && !this.#parts.isListed(signedOut)) {
        await this.#end(attempt, { ...this.#common(attempt), status: "cancelled" });
        return;
      }
      if (Date.now() - attempt.record.sentAt >= linkLifetimeMs && !attempt.pressed && attempt.asked > 0) {
        const woken = new Promise<void>((resolve) => (attempt.wake = resolve));
        this.#wait(attempt, { expired: true, checking: false });
        await Promise.race([woken, aborted(signal)]);
        continue;
      }
      const { pressed } = attempt;
      attempt.pressed = false;
      // After a further mail there may be more than one validation: each is asked about in its turn.
      const sid = attempt.record.sids[attempt.asked % attempt.record.sids.length] as string;
      attempt.asked += 1;
      const outcome = await this.#requests.trySet(attempt.record, sid, attempt.newPassword as Password, signal);
      if (signal.aborted) return;
      const waitMs = await this.#follow(attempt, outcome, pressed);
      if (waitMs === null) return;
      await pause(Math.max(waitMs, pollMs), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Does what an answer asks for; answers how long to wait at least before the next question, null for no more. */
  async #follow(attempt: Attempt, outcome: SetOutcome, pressed: boolean): Promise<number | null> {
    const common = this.#common(attempt);
    const saysNo = ["refused", "session_unknown", "over"].includes(outcome.kind);
    if (saysNo && attempt.lost && (await this.#isSet(attempt))) return null;
    switch (outcome.kind) {
      case "done":
        await this.#changed(attempt);
        return null;
      case "refused":
        attempt.asking = null;
        this.#set(attempt, { ...common, status: "password_needed", refused: outcome.reason });
        return null;
      case "not_yet":
        if (outcome.session !== null && outcome.session !== attempt.record.uiaSession) {
          await this.#change(attempt, { uiaSession: outcome.session });
        }
        if (pressed && attempt.lost && (await this.#isSet(attempt))) return null;
        this.#wait(attempt, { problem: null, checking: attempt.pressed, ...(pressed && { notUsedYet: true }) });
        return 0;
      case "session_unknown":
        if (attempt.record.uiaSession === null) throw attempt.lost ? fail("password_maybe_changed") : fail("not_allowed_by_server");
        await this.#change(attempt, { uiaSession: null });
        return 0;
      case "trouble":
        attempt.lost ||= outcome.maybeDone;
        this.#wait(attempt, { problem: outcome.error, checking: attempt.pressed });
        return outcome.error.kind === "rate_limited" ? outcome.error.retryAfterMs : 0;
      case "over":
        // Lost still: nobody could be asked.
        await this.#end(attempt, { ...common, status: "failed", error: attempt.lost ? { kind: "password_maybe_changed" } : outcome.error });
        return null;
    }
  }

  /**
   * Whether the password was set by a request whose answer was lost, on a server that does not say so any more: then it
   * signs in. Once for each loss, because servers limit wrong passwords.
   */
  async #isSet(attempt: Attempt): Promise<boolean> {
    attempt.lost = false;
    try {
      const accountId = await this.#signInWith(attempt);
      await this.#end(attempt, { ...this.#common(attempt), status: "done", accountId });
      return true;
    } catch (thrown) {
      if (isFailure(thrown, "wrong_credentials") || isFailure(thrown, "unknown_user")) return false;
      if (isFailure(thrown, "already_signed_in")) {
        await this.#changed(attempt);
        return true;
      }
      attempt.lost = true;
      if (!(thrown instanceof AppFailure)) throw thrown;
      this.#parts.logger.info("it could not be found out whether the password was set", { error: thrown });
      return false;
    }
  }

  /** Nothing sealed is needed any more: whoever has the new password signs in with it. */
  async #changed(attempt: Attempt): Promise<void> {
    attempt.asking = null;
    this.#set(attempt, { ...this.#common(attempt), status: "changed" });
    await this.#records.drop(attempt.attemptId).catch((error: unknown) => {
      this.#parts.logger.warn("what was kept of a recovery could not be removed", { error });
    });
  }

  async #signInWith({ record, newPassword }: Attempt): Promise<AccountId> {
    const { signedOut, serverName, baseUrl, address, acceptInsecureHttp } = record;
    const { passwordSignIns } = this.#parts;
    const password = newPassword as Password;
    if (signedOut !== null) return passwordSignIns.signInAgain(signedOut, password).then(() => signedOut);
    return passwordSignIns.signIn({ serverName, baseUrl, identifier: { kind: "email", address }, password, acceptInsecureHttp });
  }

  async #forget(attempt: Attempt): Promise<void> {
    this.#stopAsking(attempt);
    this.#attempts.delete(recoveryIdOf(attempt));
    attempt.newPassword = null;
    await this.#records.drop(attempt.attemptId);
  }

  async #end(attempt: Attempt, state: Recovery): Promise<void> {
    this.#set(attempt, state);
    await this.#forget(attempt);
  }

  #wait(attempt: Attempt, change: Partial<Waiting>): void {
    if (attempt.state.status === "waiting") this.#set(attempt, { ...attempt.state, ...change });
  }

  #set(attempt: Attempt, state: Recovery): void {
    if (JSON.stringify(attempt.state) === JSON.stringify(state)) return;
    attempt.state = state;
    this.#parts.emit("recovery.changed", state);
  }

  #common({ attemptId, record }: Attempt): ReturnType<typeof commonOf> {
    return commonOf(attemptId, record);
  }
}
