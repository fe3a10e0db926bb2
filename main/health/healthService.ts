import type { MatrixClient } from "matrix-js-sdk";
import * as z from "zod";
import type { AccountHealth, SignOutPreview } from "../../shared/contract/accounts.ts";
import type { Session } from "../../shared/contract/devices.ts";
import type { SecureBackupDiagnosis, SecureBackupState } from "../../shared/contract/secureBackup.ts";
import { type AppErrorKind, AppFailure, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { ServerIdentity } from "../encryption/encryptionApi.ts";
import { openEncryptionContext } from "../encryption/encryptionContext.ts";
import { roomKeyCounts } from "../encryption/roomKeyUpload.ts";
import type { JustLearnt } from "../encryption/secureBackupState.ts";
import type { Logger } from "../logging/logger.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import { toServerFailure } from "../http/serverErrors.ts";
import { accountDataHeard } from "../sdk/accountDataOfSync.ts";
import { isVerifiedByOwnIdentity, masterKeyInMachine, pinnedIdentityOf } from "../sdk/pinnedIdentity.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { listDevices } from "../devices/deviceList.ts";
import type { Look as Facts } from "./activityLog.ts";

const SECURE_BACKUP: Record<SecureBackupDiagnosis, AccountHealth["secureBackup"]> = {
  unfinished_set_up: "unfinished",
  identity_changed: "identity_changed",
  turned_off: "not_set_up",
  not_set_up: "not_set_up",
  default_key_missing: "broken",
  key_description_missing: "broken",
  secret_not_stored: "broken",
  secret_unreadable: "broken",
  stored_secret_wrong: "broken",
  backup_missing: "broken",
  backup_unreadable: "unknown",
  backup_unknown_kind: "broken",
  backup_malformed: "broken",
  session_unverified: "locked_here",
  secret_missing_here: "locked_here",
  backup_key_differs: "locked_here",
  backup_not_connected: "locked_here",
  key_not_checkable: "broken",
  backup_unsigned: "broken",
  // Old keys do no harm; the page offers to take them away.
  old_keys_left: "working",
  working: "working",
};

type Parts = Omit<AccountHealth, "checkedAt" | "dehydratedDevice">;
type Part = keyof Parts;

const UNKNOWN: Parts = {
  thisSession: "unknown",
  secureBackup: "unknown",
  recoveryEmail: { kind: "unknown" },
  otherSessions: null,
};

/**
 * What a request ends with to which the server itself gave no answer: a network that wants a login first redirects, and
 * a session that stops cuts what is under way.
 */
const AWAY: ReadonlySet<AppErrorKind> = new Set([
  "network",
  "homeserver_not_found",
  "bad_certificate",
  "redirected",
  "cancelled",
] satisfies AppErrorKind[]);

/** What a server ends every request of an account with, whatever it was: nothing is learnt of that one part from it. */
const REFUSES_ALL: ReadonlySet<AppErrorKind> = new Set([
  "user_locked",
  "user_deactivated",
  "unauthenticated",
  "consent_required",
  "resource_limit",
  "rate_limited",
  "gateway_error",
] satisfies AppErrorKind[]);

function isAway(failure: unknown): failure is AppFailure {
  return failure instanceof AppFailure && AWAY.has(failure.error.kind);
}

function saysNothing(failure: unknown): failure is AppFailure {
  return isAway(failure) || (failure instanceof AppFailure && REFUSES_ALL.has(failure.error.kind));
}

/** What the server was asked about an account. */
interface Look {
  /** What it answered; the rest is unknown. */
  seen: AccountHealth;
  /** Those parts that it gave no answer about. */
  away: ReadonlyMap<Part, AppFailure>;
  /** What is known now: where it could not be reached, what was known before. */
  health: AccountHealth;
}

/** No email address is longer, in characters (RFC 5321, 4.5.3.1). */
const MAX_ADDRESS = 320;
const Threepids = z.object({
  threepids: z.array(z.object({ medium: z.string(), address: z.string().max(MAX_ADDRESS) })),
});

/** Hides the middle of an address: `a…e@mail.example`. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf("@");
  const name = address.slice(0, at);
  if (name.length <= 2) return `${name.slice(0, 1)}…${address.slice(at)}`;
  return `${name[0]}…${name.at(-1)}${address.slice(at)}`;
}

/** What is known after a look: where there was no answer, what was known before, as old as that is. */
function keeping(before: AccountHealth | null, seen: AccountHealth, away: ReadonlyMap<Part, AppFailure>): AccountHealth {
  if (!before || away.size === 0) return seen;
  const kept = (["checkedAt", ...away.keys()] as const).map((name) => [name, before[name]]);
  return { ...seen, ...(Object.fromEntries(kept) as Partial<AccountHealth>) };
}

/** Whether no other session is verified, and this one is; null when that does not follow from what was answered. */
function isLastVerified({ thisSession, otherSessions }: AccountHealth): boolean | null {
  if (thisSession === "unknown") return null;
  if (thisSession !== "verified") return false;
  return otherSessions && otherSessions.total === otherSessions.unverified;
}

/** What the health page asks of the other services. */
export interface HealthParts {
  sessions: SessionManager;
  secureBackupState: (accountId: AccountId, learnt: JustLearnt) => Promise<SecureBackupState>;
  /** Hands on the account's sessions, whenever they were asked for. Never rejects. */
  onDevices: (accountId: AccountId, devices: readonly Session[]) => Promise<void>;
  /** Hands on what was found of the account as a whole. Never rejects. */
  onLooked: (accountId: AccountId, facts: Facts) => Promise<void>;
  keepsSecurityKey: (accountId: AccountId) => Promise<boolean | null>;
  logger: Logger;
}

/**
 * Finds out what each account needs. A part that cannot be found out is `unknown` and spoils no other; one about which
 * the server could not be reached stays what it was.
 */
export class HealthService {
  readonly #parts: HealthParts;
  /** The refresh under way of each account, and the one that follows it; `bySync` where that is good enough for all who wait for it. */
  readonly #refreshes = new Map<AccountId, { running: Promise<Look>; next: Promise<Look> | null; bySync: boolean }>();

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /**
   * Asks the server about everything and remembers it. Whoever asks while a refresh is under way gets the next one: what
   * has just changed may have been read already. Throws what the session throws, and why the server could not be reached
   * when it could not be for anything.
   *
   * @param bySync whether the sync has just come up to date, so that what it brings is not asked for besides
   */
  async refresh(accountId: AccountId, bySync = false): Promise<AccountHealth> {
    return (await this.#look(accountId, bySync)).health;
  }

  #look(accountId: AccountId, bySync: boolean): Promise<Look> {
    const under = this.#refreshes.get(accountId);
    if (!under) return this.#begin(accountId, bySync);
    under.bySync &&= bySync;
    under.next ??= under.running.catch(() => undefined).then(() => this.#begin(accountId, under.bySync));
    return under.next;
  }

  #begin(accountId: AccountId, bySync: boolean): Promise<Look> {
    const running = this.#lookNow(accountId, bySync).finally(() => {
      if (this.#refreshes.get(accountId)?.running === running) this.#refreshes.delete(accountId);
    });
    this.#refreshes.set(accountId, { running, next: null, bySync: true });
    return running;
  }

  async #lookNow(accountId: AccountId, bySync: boolean): Promise<Look> {
    const { sessions, logger } = this.#parts;
    const session = sessions.session(accountId);
    const failures = new Map<Part, AppFailure>();
    const facts: Facts = {};
    const known = sessions.account(accountId).health;
    // Where it cannot be told now, it is as it was.
    const beside: Pick<AccountHealth, "dehydratedDevice"> = { dehydratedDevice: known?.dehydratedDevice };
    const seen = await session.use(async (client, signal): Promise<AccountHealth> => {
      const { machine, server } = openEncryptionContext(client, { signal });
      // Once for all parts: the keys of the identity and of every session are in one answer.
      const identity = server.queryOwnKeys(machine);
      const learnt: JustLearnt = { identity, accountData: bySync ? accountDataHeard(client) : null };
      const part = <P extends Part>(name: P, asked: Promise<Parts[P]>): Promise<Parts[P]> =>
        asked.catch((error: unknown) => {
          logger.warn("a part of an account's health is not known", { accountId, part: name, error });
          const failure = toServerFailure(error, session.host);
          if (saysNothing(failure)) failures.set(name, failure);
          return UNKNOWN[name];
        });
      const [thisSession, secureBackup, recoveryEmail, otherSessions] = await Promise.all([
        part(
          "thisSession",
          identity.then(() => this.#thisSession(client)),
        ),
        part("secureBackup", this.#secureBackup(accountId, learnt, facts, beside)),
        part("recoveryEmail", this.#recoveryEmail(client, facts)),
        part("otherSessions", this.#otherSessions(accountId, client, identity, facts)),
      ]);
      return { checkedAt: Date.now(), thisSession, secureBackup, recoveryEmail, otherSessions, ...beside };
    });
    await this.#parts.onLooked(accountId, facts);
    const [failure] = failures.values();
    if (failure && failures.size === Object.keys(UNKNOWN).length) throw failure;
    const health = keeping(sessions.account(accountId).health, seen, failures);
    await sessions.update(accountId, { health });
    return { seen, away: failures, health };
  }

  async #secureBackup(
    accountId: AccountId,
    learnt: JustLearnt,
    facts: Facts,
    beside: Pick<AccountHealth, "dehydratedDevice">,
  ): Promise<AccountHealth["secureBackup"]> {
    const { diagnosis, identity, backup, backupProblem, dehydratedDevice } = await this.#parts.secureBackupState(accountId, learnt);
    facts.identityChangedTo = identity.changedTo;
    if (backupProblem === null) facts.backupVersion = backup?.version ?? null;
    if (dehydratedDevice !== "unknown") beside.dehydratedDevice = dehydratedDevice;
    return SECURE_BACKUP[diagnosis];
  }

  async #thisSession(client: MatrixClient): Promise<AccountHealth["thisSession"]> {
    if ((await masterKeyInMachine(client)) === null) return "no_identity";
    const verified = await isVerifiedByOwnIdentity(client);
    if (pinnedIdentityOf(client).changedTo !== null) return "identity_changed";
    return verified ? "verified" : "unverified";
  }

  async #recoveryEmail(client: MatrixClient, facts: Facts): Promise<AccountHealth["recoveryEmail"]> {
    const { threepids } = await homeserverOf(client).json({ path: "/_matrix/client/v3/account/3pid", schema: Threepids });
    const emails = threepids.filter(({ medium }) => medium === "email");
    facts.emails = emails.map(({ address }) => ({ address, masked: maskEmail(address) }));
    const first = emails[0];
    return first ? { kind: "set", masked: maskEmail(first.address), count: emails.length } : { kind: "none" };
  }

  async #otherSessions(
    accountId: AccountId,
    client: MatrixClient,
    identity: Promise<ServerIdentity>,
    facts: Facts,
  ): Promise<NonNullable<AccountHealth["otherSessions"]>> {
    // Without an answer, by the keys that are known.
    await identity.catch(() => undefined);
    const devices = await listDevices(client);
    facts.sessions = devices;
    await this.#parts.onDevices(accountId, devices);
    const others = devices.filter(({ thisSession }) => !thisSession);
    return {
      total: others.length,
      unverified: others.filter(({ verification }) => verification !== "verified").length,
      inactive: others.filter(({ inactive }) => inactive).length,
    };
  }

  /** What signing out would cost. Never rejects for want of an answer: what is not known is null. */
  async signOutPreview(accountId: AccountId): Promise<SignOutPreview> {
    const { sessions } = this.#parts;
    const known = sessions.account(accountId).health;
    const session = sessions.session(accountId);
    const securityKeyKept = await this.#parts.keepsSecurityKey(accountId).catch(() => null);
    const unknown: Omit<SignOutPreview, "serverReachable" | "whyNotRunning"> = {
      thisSession: known?.thisSession ?? "unknown",
      secureBackup: known?.secureBackup ?? "unknown",
      lastVerifiedSession: null,
      roomKeysNotBackedUp: null,
      securityKeyKept,
    };
    try {
      // First, and it must be answered: everything else is asked of a server that is away for half a minute and more.
      const roomKeysNotBackedUp = await this.#roomKeysNotBackedUp(accountId);
      const { seen, away } = await this.#look(accountId, false);
      return {
        thisSession: seen.thisSession,
        secureBackup: seen.secureBackup,
        lastVerifiedSession: isLastVerified(seen),
        roomKeysNotBackedUp,
        securityKeyKept,
        whyNotRunning: session.snapshot.error,
        serverReachable: ![...away.values()].some(isAway),
      };
    } catch (error) {
      this.#parts.logger.warn("what a sign-out would cost is not known", { accountId, error });
      return { ...unknown, whyNotRunning: session.snapshot.error, serverReachable: isAway(error) ? false : null };
    }
  }

  /** Null when the server does not say which backup there is. Throws what the session throws, and why it is away. */
  async #roomKeysNotBackedUp(accountId: AccountId): Promise<number | null> {
    try {
      return await this.#parts.sessions.session(accountId).use(async (client, signal) => {
        const { crypto, machine, server } = openEncryptionContext(client, { signal });
        const [backup, active] = [await server.backup(), await crypto.getActiveSessionBackupVersion()];
        const { total, backedUp } = await roomKeyCounts({ machine });
        // What the machine took for backed up has gone with a backup that was deleted, or replaced, by another client.
        if (backup === null || backup.version !== active) return total;
        // And so have entries that it has deleted within: there are at least as many as the server names fewer.
        return total - Math.min(backedUp, backup.keyCount);
      });
    } catch (error) {
      if (isAway(error) || isFailure(error, "account_not_running")) throw error;
      this.#parts.logger.warn("how many room keys are backed up is not known", { accountId, error });
      return null;
    }
  }
}
