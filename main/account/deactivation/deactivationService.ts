import type { DeactivationPreview, DeactivationResult, EndedAccount, RoomsCheck } from "../../../shared/contract/deactivation.ts";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import { type AppError, AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { cryptoMachineOf } from "../../sdk/cryptoInternals.ts";
import { roomKeyCounts } from "../../encryption/roomKeyUpload.ts";
import type { HomeserverClient } from "../../http/homeserverClient.ts";
import { homeserverOf } from "../../http/homeserverOf.ts";
import type { Fetch } from "../../http/redirects.ts";
import type { Logger } from "../../logging/logger.ts";
import { askLoginFlows } from "../../sessions/discovery.ts";
import type { SessionManager } from "../../sessions/sessionManager.ts";
import type { AccountIndex } from "../../storage/accountIndex.ts";
import type { Challenges } from "../../uia/challenges.ts";
import { listDevices } from "../../devices/deviceList.ts";
import { type Addresses, addressesOf, whoAmI } from "./accountQuestions.ts";
import { DeactivateRequest, isGone, type Outcome } from "./deactivateRequest.ts";
import type { EndedAccounts } from "./endedAccounts.ts";
import { checkRooms } from "./roomsCheck.ts";

export interface DeactivationParts {
  sessions: SessionManager;
  challenges: Challenges;
  index: AccountIndex;
  ended: EndedAccounts;
  fetch: Fetch;
  emit: Emit;
  logger: Logger;
}

type Requests = Handlers["deactivation"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** After so long a server that still takes the token has not done what it was asked, in milliseconds. */
const SETTLED_MS = 2 * 60_000;

/**
 * Deactivates accounts for good (Client-Server API, "Account deactivation"). Nothing goes to that endpoint before the
 * final yes. A mark in the account index is on disk before each request, so that a deactivation whose answer was lost, or
 * during which the app was killed, is recognised when the server no longer knows the token.
 */
export class DeactivationService implements Requests {
  readonly #parts: DeactivationParts;
  readonly #checks = new Map<AccountId, { state: RoomsCheck; stop: AbortController }>();
  /** Accounts whose deactivation is being asked for: what their session says meanwhile is judged there. */
  readonly #underWay = new Set<AccountId>();
  readonly #ending = new Map<AccountId, Promise<void>>();

  constructor(parts: DeactivationParts) {
    this.#parts = parts;
    parts.sessions.onTokenGone((accountId) => this.#tokenGone(accountId));
    parts.sessions.onRunning((accountId) => this.#stillRuns(accountId));
  }

  /** Never rejects for want of an answer: what is not known is null. @throws `no_such_account` */
  async preview({ accountId }: Input<"preview">): Promise<DeactivationPreview> {
    const { sessions, index, fetch, logger } = this.#parts;
    const { userId, homeserver } = sessions.account(accountId);
    const session = sessions.session(accountId);
    const orNull = <T>(asked: Promise<T>): Promise<T | null> =>
      asked.catch((error: unknown) => {
        logger.info("a part of what a deactivation would cost is not known", { accountId, error });
        return null;
      });
    const [addresses, flows, roomKeys, devices] = await Promise.all([
      orNull(session.use((client, signal) => addressesOf(homeserverOf(client), signal))),
      orNull(askLoginFlows(homeserver.baseUrl, fetch)),
      orNull(session.use(async (client) => (await roomKeyCounts({ machine: cryptoMachineOf(client) })).total)),
      orNull(session.use(listDevices)),
    ]);
    return {
      userId,
      addresses,
      singleSignOn: flows && flows.some(({ kind }) => kind === "sso"),
      roomKeys,
      otherSessions: devices && devices.filter(({ thisSession }) => !thisSession).length,
      unansweredSince: index.get(accountId)?.deactivation?.askedAt ?? null,
    };
  }

  /** @throws what the session throws */
  async checkRooms({ accountId, again }: Input<"checkRooms">): Promise<RoomsCheck> {
    const known = this.#checks.get(accountId);
    if (known && (known.state.status === "checking" || !again)) return known.state;
    const { sessions } = this.#parts;
    const homeserver = await sessions.session(accountId).use(async (client) => homeserverOf(client));
    const check = { state: { ...NOTHING_CHECKED, accountId }, stop: new AbortController() };
    this.#checks.set(accountId, check);
    void this.#checkRooms(check, homeserver, sessions.account(accountId).userId);
    return check.state;
  }

  async #checkRooms(check: { state: RoomsCheck; stop: AbortController }, homeserver: HomeserverClient, userId: string): Promise<void> {
    const { signal } = check.stop;
    const set = (change: Partial<RoomsCheck>): void => {
      check.state = { ...check.state, ...change };
      if (this.#checks.get(check.state.accountId) === check) this.#parts.emit("deactivation.roomsChanged", check.state);
    };
    try {
      await checkRooms(homeserver, userId, set, signal);
      set({ status: "done" });
    } catch (thrown) {
      if (signal.aborted) return set({ status: "stopped" });
      const error: AppError = thrown instanceof AppFailure ? thrown.error : { kind: "internal", ref: "rooms" };
      set({ status: "failed", error });
    } finally {
      check.stop.abort();
    }
  }

  stopRooms({ accountId }: Input<"stopRooms">): Record<never, never> {
    this.#checks.get(accountId)?.stop.abort();
    return {};
  }

  /** @throws `not_confirmed`, `conversation_over` while it is under way, `challenge_cancelled`, what the session throws */
  async confirm({ accountId, typed, erase }: Input<"confirm">): Promise<DeactivationResult> {
    const { userId } = this.#parts.sessions.account(accountId);
    if (typed.trim().toLowerCase() !== userId.toLowerCase()) throw fail("not_confirmed");
    if (this.#underWay.has(accountId)) throw fail("conversation_over");
    this.#underWay.add(accountId);
    try {
      return await this.#confirm(accountId, erase);
    } finally {
      this.#underWay.delete(accountId);
    }
  }

  async #confirm(accountId: AccountId, erase: boolean): Promise<DeactivationResult> {
    const { sessions, index } = this.#parts;
    const session = sessions.session(accountId);
    const { homeserver, ended, before } = await session.use(async (client, signal) => ({
      homeserver: homeserverOf(client).beyondTheEnd(),
      ended: signal,
      before: await addressesOf(homeserverOf(client), signal).catch(() => null),
    }));
    const request = new DeactivateRequest({
      homeserver,
      erase,
      mark: () => this.#mark(accountId, { askedAt: Date.now(), erase }),
      unmark: () => this.#mark(accountId, null),
      unansweredBefore: Boolean(index.get(accountId)?.deactivation),
    });
    const refusal = await this.#converse(accountId, request, ended);
    const outcome = await this.#settled(await request.outcome(), homeserver);
    switch (outcome.kind) {
      case "done":
        await this.#end(accountId, { erased: erase, ...outcome });
        return { status: "done" };
      case "unknown":
        return { status: "unanswered", error: outcome.error, sessionWorks: outcome.sessionWorks };
      case "not_done":
        if (!(refusal instanceof AppFailure) || isFailure(refusal, "challenge_cancelled") || isFailure(refusal, "unauthenticated")) {
          throw refusal;
        }
        return { status: "refused", error: refusal.error, removed: await this.#goneSince(homeserver, before) };
    }
  }

  /** What the conversation ended with; null where the server has done it. */
  async #converse(accountId: AccountId, request: DeactivateRequest, ended: AbortSignal): Promise<unknown> {
    const stop = new AbortController();
    // The end of the session may be the doing of a request whose answer is on its way: that is waited for.
    const end = (): void => void request.outcome().then(() => stop.abort(ended.reason));
    ended.addEventListener("abort", end, { once: true });
    try {
      const session = this.#parts.sessions.session(accountId);
      await this.#parts.challenges.run(session, "deactivate", (auth) => request.send(auth), { signal: stop.signal });
      return null;
    } catch (thrown) {
      return thrown;
    } finally {
      ended.removeEventListener("abort", end);
    }
  }

  /** Asks the server whether it still knows the token, where its answer does not say for certain what has happened. */
  async #settled(
    outcome: Outcome,
    homeserver: HomeserverClient,
  ): Promise<Exclude<Outcome, { kind: "unknown" }> | { kind: "unknown"; error: AppError; sessionWorks: boolean }> {
    // Something in between may have said "done" in the server's place.
    const doubtful =
      outcome.kind === "unknown" || (outcome.kind === "done" && outcome.unboundEverywhere === null && !outcome.foundOutLater);
    if (!doubtful) return outcome;
    const answer = await whoAmI(homeserver).catch((thrown: unknown) => thrown);
    if (isGone(answer)) return { kind: "done", foundOutLater: outcome.kind === "unknown", unboundEverywhere: null };
    const error: AppError = outcome.kind === "unknown" ? outcome.error : { kind: "bad_answer", host: homeserver.host };
    return { kind: "unknown", error, sessionWorks: !(answer instanceof Error) };
  }

  async #goneSince(homeserver: HomeserverClient, before: Addresses | null): Promise<Addresses | null> {
    const now = await addressesOf(homeserver).catch(() => null);
    if (!before || !now) return null;
    return before.filter(({ medium, address }) => !now.some((left) => left.medium === medium && left.address === address));
  }

  async #mark(accountId: AccountId, deactivation: { askedAt: number; erase: boolean } | null): Promise<void> {
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, deactivation }));
  }

  /** Tells it first and removes second: wherever this is cut short, the next start does the rest. */
  #end(accountId: AccountId, how: Omit<EndedAccount, "userId" | "at">): Promise<void> {
    const ending = this.#ending.get(accountId) ?? this.#endNow(accountId, how).finally(() => this.#ending.delete(accountId));
    this.#ending.set(accountId, ending);
    return ending;
  }

  async #endNow(accountId: AccountId, { erased, foundOutLater, unboundEverywhere }: Omit<EndedAccount, "userId" | "at">): Promise<void> {
    const { sessions, ended, emit } = this.#parts;
    const { userId } = sessions.account(accountId);
    const told = await ended.add({ userId, erased, at: Date.now(), foundOutLater, unboundEverywhere });
    this.#checks.get(accountId)?.stop.abort();
    this.#checks.delete(accountId);
    emit("deactivation.endedChanged", { ended: told });
    await sessions.signOut(accountId);
  }

  /** A server that no longer knows the token after it was asked to deactivate the account has done so. */
  #tokenGone(accountId: AccountId): void {
    const { index, logger } = this.#parts;
    const mark = index.get(accountId)?.deactivation;
    if (!mark || this.#underWay.has(accountId)) return;
    this.#end(accountId, { erased: mark.erase, foundOutLater: true, unboundEverywhere: null }).catch((error: unknown) =>
      logger.error("a deactivated account could not be removed", { accountId, error }),
    );
  }

  /** A server that still knows the token a while after it was asked has not deactivated the account. */
  #stillRuns(accountId: AccountId): void {
    const { index, logger } = this.#parts;
    const mark = index.get(accountId)?.deactivation;
    if (!mark || this.#underWay.has(accountId) || Date.now() - mark.askedAt < SETTLED_MS) return;
    this.#mark(accountId, null).catch((error: unknown) => logger.warn("an account could not be marked", { accountId, error }));
  }

  async ended(): Promise<{ ended: EndedAccount[] }> {
    return { ended: await this.#parts.ended.list() };
  }

  async dismissEnded({ userId }: Input<"dismissEnded">): Promise<Record<never, never>> {
    this.#parts.emit("deactivation.endedChanged", { ended: await this.#parts.ended.forget(userId) });
    return {};
  }
}

const NOTHING_CHECKED: Omit<RoomsCheck, "accountId"> = {
  status: "checking",
  checked: 0,
  total: 0,
  unknown: 0,
  rooms: [],
  error: null,
};
