import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { Emit } from "../../../shared/contract/index.ts";
import { type AppError, AppFailure } from "../../../shared/errors.ts";
import { type AccountId, DeviceId, UserId } from "../../../shared/ids.ts";
import type { KeepOutOfLogs, Secret } from "../../../shared/secret.ts";
import { anySignal } from "../../http/anySignal.ts";
import { retryKind } from "../../http/retry.ts";
import type { Fetch } from "../../http/redirects.ts";
import type { Logger } from "../../logging/logger.ts";
import type { AccountSecrets, SecretStore } from "../../secrets/secretStore.ts";
import type { AccountIndex } from "../../storage/accountIndex.ts";
import type { Folders } from "../../storage/folders.ts";
import { newId } from "../../storage/newId.ts";
import { initialSecrets, secretsOf, type SignedInTokens, tokensOf } from "../initialSecrets.ts";
import { oauthGrantIn, revokeTokens } from "./oauthTokens.ts";

/** What is kept of a session beside its tokens: `AccountSecrets.pendingRevocation`. */
const PendingRevocation = z.object({
  userId: UserId,
  deviceId: DeviceId,
  /** Milliseconds since 1970. */
  since: z.number(),
  /** How often the server was asked already, the sign-out itself aside. */
  tries: z.number().int().nonnegative(),
});
type PendingRevocation = z.infer<typeof PendingRevocation>;

export interface PendingRevocationsParts {
  secretStore: Pick<SecretStore, "read" | "write" | "update" | "remove">;
  folders: Pick<Folders, "accountIds" | "removeAccount">;
  index: Pick<AccountIndex, "list" | "get">;
  fetch: Fetch;
  emit: Emit;
  keepOutOfLogs: KeepOutOfLogs;
  /** Told of tokens that are worth nothing any more. */
  worthless?: (secret: Secret) => void;
  logger: Logger;
  /** In place of the clocks, and of how patiently it is tried. */
  times?: Partial<RevocationTimes>;
}

export interface RevocationTimes {
  /** Milliseconds since 1970, as the computer believes. */
  now: () => number;
  /** Milliseconds since whenever, by a clock that nobody sets. */
  elapsed: () => number;
  /** Ends early, without an error, when the signal is aborted. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** After the first try that failed; each further pause is twice as long. Milliseconds. */
  firstPauseMs: number;
  longestPauseMs: number;
}

const TIMES: RevocationTimes = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  wait: (milliseconds, signal) => pause(milliseconds, undefined, { signal, ref: false }).catch(() => undefined),
  firstPauseMs: 60_000,
  longestPauseMs: 6 * 3_600_000,
};

/** As many are kept at most: whoever signs out more accounts than this without a server is told to do it elsewhere. */
export const MAX_PENDING = 50;
/** Given up after so many tries, and with the first that fails after so long, in milliseconds. */
export const MAX_TRIES = 40;
export const MAX_AGE_MS = 30 * 24 * 3_600_000;
/** How long an authorization server is given to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Sessions that were signed out here while their authorization server could not be told (RFC 7009): it is told later. What
 * that takes lies sealed, under an id of its own, until the server has taken it or it is given up.
 *
 * A session is left alone while an account with its device is listed: a sign-out that was cut short has left its tokens in
 * use.
 */
export class PendingRevocations {
  readonly #parts: PendingRevocationsParts;
  readonly #times: RevocationTimes;
  readonly #found = new Set<AccountId>();
  readonly #waiting = new Map<AccountId, AbortController>();
  /** When one may be tried again before its time, by the clock that nobody sets: each account that comes back asks for it. */
  readonly #notBefore = new Map<AccountId, number>();
  readonly #ended = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(parts: PendingRevocationsParts) {
    this.#parts = parts;
    this.#times = { ...TIMES, ...parts.times };
  }

  /**
   * Keeps what it takes to end a session later, sealed and on the disk before this resolves. Answers whether that was
   * possible: it is not with tokens that no authorization server gave, and where secrets are kept in memory alone.
   * Nothing is sent before `tryNow`. Never rejects.
   */
  async keep({ userId, deviceId }: { userId: string; deviceId: string }, tokens: SignedInTokens): Promise<boolean> {
    if (oauthGrantIn(tokens) === null || this.#found.size >= MAX_PENDING) return false;
    const id = newId<AccountId>();
    const kept: PendingRevocation = { userId, deviceId, since: this.#times.now(), tries: 0 };
    try {
      const place = await this.#parts.secretStore.write(id, { ...initialSecrets(tokens), pendingRevocation: JSON.stringify(kept) });
      if (place === "memory") {
        await this.#drop(id, tokens);
        return false;
      }
      this.#found.add(id);
      this.#waitWith(id, this.#times.firstPauseMs);
      return true;
    } catch (error) {
      this.#parts.logger.warn("a session that the server was not told of could not be kept for later", { error });
      await this.#drop(id, tokens).catch(() => undefined);
      return false;
    }
  }

  /** Looks for those that an earlier run of the app has kept and that can be read now, and tries them. Never rejects. */
  async load(): Promise<void> {
    try {
      for (const id of await this.#parts.folders.accountIds()) {
        if (this.#found.has(id) || this.#parts.index.get(id) !== null) continue;
        const read = await this.#parts.secretStore.read(id);
        if (read.kind === "found" && pendingIn(read.secrets) !== null) this.#found.add(id);
      }
    } catch (error) {
      this.#parts.logger.warn("sessions that a server is still to be told of were not found", { error });
    }
    await this.tryNow();
  }

  /**
   * Tries those now, one after the other, that were not tried a moment ago: a server seems to be within reach again. Never
   * rejects.
   */
  tryNow(): Promise<void> {
    this.#last = this.#last.then(async () => {
      for (const id of [...this.#found]) {
        if (this.#times.elapsed() >= (this.#notBefore.get(id) ?? -Infinity)) await this.#try(id);
      }
    });
    return this.#last;
  }

  /** Ends the waiting; what is under way is waited for. */
  async stopAll(): Promise<void> {
    this.#ended.abort();
    for (const waiting of this.#waiting.values()) waiting.abort();
    await this.#last;
  }

  /** Never rejects. */
  async #try(id: AccountId): Promise<void> {
    if (this.#ended.signal.aborted || !this.#found.has(id)) return;
    try {
      const read = await this.#parts.secretStore.read(id);
      const kept = read.kind === "found" ? pendingIn(read.secrets) : null;
      // Locked meanwhile: whoever unlocks has it looked for again.
      if (read.kind !== "found" || kept === null) return void this.#found.delete(id);
      if (this.#isInUse(kept)) return await this.#putOff(id, kept, read.secrets, this.#times.longestPauseMs);
      await this.#send(id, kept, read.secrets);
    } catch (error) {
      this.#parts.logger.warn("a session that a server is still to be told of was not tried", { error });
      this.#waitWith(id, this.#times.longestPauseMs);
    }
  }

  async #send(id: AccountId, kept: PendingRevocation, secrets: AccountSecrets): Promise<void> {
    const { fetch, keepOutOfLogs, secretStore, logger } = this.#parts;
    const tokens = tokensOf(secrets);
    const grant = oauthGrantIn(tokens);
    if (grant === null) return this.#drop(id, tokens);
    for (const secret of secretsOf(tokens)) keepOutOfLogs(secret);
    const stop = anySignal(this.#ended.signal, AbortSignal.timeout(ANSWER_MS));
    try {
      await revokeTokens(fetch, tokens, grant, stop.signal);
    } catch (thrown) {
      if (this.#ended.signal.aborted) return;
      const tried = { ...kept, tries: kept.tries + 1 };
      await secretStore.update(id, (now) => ({ ...now, pendingRevocation: JSON.stringify(tried) }));
      logger.info("a server could not be told of a sign-out this time either", { error: thrown });
      const { firstPauseMs, longestPauseMs } = this.#times;
      const asked = askedPause(thrown);
      return this.#putOff(id, tried, secrets, asked ?? Math.min(firstPauseMs * 2 ** kept.tries, longestPauseMs), asked ?? firstPauseMs);
    }
    await this.#drop(id, tokens);
    this.#parts.emit("accounts.signOutTold", { userId: kept.userId, told: true });
  }

  /** Waits with one until its next try, or gives it up. */
  async #putOff(id: AccountId, kept: PendingRevocation, secrets: AccountSecrets, ...pauses: [number, number?]): Promise<void> {
    if (kept.tries < MAX_TRIES && this.#times.now() - kept.since < MAX_AGE_MS) return this.#waitWith(id, ...pauses);
    await this.#drop(id, tokensOf(secrets));
    // One whose account is still here was never signed out: there is nothing to tell.
    if (!this.#isInUse(kept)) this.#parts.emit("accounts.signOutTold", { userId: kept.userId, told: false });
  }

  #isInUse({ userId, deviceId }: PendingRevocation): boolean {
    return this.#parts.index.list().some((entry) => entry.userId === userId && entry.deviceId === deviceId);
  }

  /** @param leastMs until it may be tried before its time */
  #waitWith(id: AccountId, milliseconds: number, leastMs = this.#times.firstPauseMs): void {
    this.#waiting.get(id)?.abort();
    const waiting = new AbortController();
    this.#waiting.set(id, waiting);
    this.#notBefore.set(id, this.#times.elapsed() + Math.min(milliseconds, leastMs));
    void this.#times.wait(milliseconds, waiting.signal).then(() => {
      if (waiting.signal.aborted || this.#ended.signal.aborted) return;
      this.#waiting.delete(id);
      this.#last = this.#last.then(() => this.#try(id));
    });
  }

  async #drop(id: AccountId, tokens: SignedInTokens): Promise<void> {
    const { secretStore, folders, worthless } = this.#parts;
    this.#found.delete(id);
    this.#waiting.get(id)?.abort();
    this.#waiting.delete(id);
    this.#notBefore.delete(id);
    await secretStore.remove(id);
    await folders.removeAccount(id);
    for (const secret of secretsOf(tokens)) worthless?.(secret);
  }
}

function pendingIn({ pendingRevocation }: AccountSecrets): PendingRevocation | null {
  if (pendingRevocation === undefined) return null;
  try {
    return PendingRevocation.safeParse(JSON.parse(pendingRevocation)).data ?? null;
  } catch {
    return null;
  }
}

/** How long the server wants to be left alone, in milliseconds. */
function askedPause(thrown: unknown): number | null {
  const error: AppError | null = thrown instanceof AppFailure ? thrown.error : null;
  const again = error === null ? null : retryKind(error);
  return again?.kind === "after" ? again.ms : null;
}
