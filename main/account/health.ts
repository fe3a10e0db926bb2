import type { MatrixClient } from "matrix-js-sdk";
import type { AccountHealth, SignOutPreview } from "../../shared/contract/accounts.ts";
import type { SecureBackupDiagnosis, SecureBackupState } from "../../shared/contract/secureBackup.ts";
import { isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { openEncryption } from "../encryption/encryptionAccess.ts";
import { roomKeyCounts } from "../encryption/roomKeyUpload.ts";
import type { Logger } from "../logging/logger.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { listSessions } from "./sessionList.ts";

const SECURE_BACKUP: Record<SecureBackupDiagnosis, AccountHealth["secureBackup"]> = {
  unfinished_set_up: "unfinished",
  turned_off: "not_set_up",
  not_set_up: "not_set_up",
  key_description_missing: "broken",
  secret_not_stored: "broken",
  secret_unreadable: "broken",
  stored_secret_wrong: "broken",
  backup_missing: "broken",
  session_unverified: "locked_here",
  secret_missing_here: "locked_here",
  backup_not_connected: "locked_here",
  key_not_checkable: "broken",
  backup_unsigned: "broken",
  // Old keys do no harm; the page offers to take them away.
  old_keys_left: "working",
  working: "working",
};

/** Hides the middle of an address: `a…e@mail.example`. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf("@");
  const name = address.slice(0, at);
  if (name.length <= 2) return `${name.slice(0, 1)}…${address.slice(at)}`;
  return `${name[0]}…${name.at(-1)}${address.slice(at)}`;
}

/** What the health page asks of the other rooms. */
export interface HealthParts {
  sessions: SessionManager;
  secureBackupState: (accountId: AccountId) => Promise<SecureBackupState>;
  keepsSecurityKey: (accountId: AccountId) => Promise<boolean | null>;
  logger: Logger;
}

/** Finds out what each account needs. A part that cannot be found out is `unknown` and spoils no other. */
export class HealthService {
  readonly #parts: HealthParts;
  /** The refresh under way of each account, and the one that follows it. */
  readonly #refreshes = new Map<AccountId, { running: Promise<AccountHealth>; next: Promise<AccountHealth> | null }>();

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  /**
   * Asks the server about everything and remembers it. Whoever asks while a refresh is under way gets the next one: what
   * has just changed may have been read already. Throws what the session throws.
   */
  refresh(accountId: AccountId): Promise<AccountHealth> {
    const under = this.#refreshes.get(accountId);
    if (!under) return this.#begin(accountId);
    under.next ??= under.running.catch(() => undefined).then(() => this.#begin(accountId));
    return under.next;
  }

  #begin(accountId: AccountId): Promise<AccountHealth> {
    const running = this.#refresh(accountId).finally(() => {
      if (this.#refreshes.get(accountId)?.running === running) this.#refreshes.delete(accountId);
    });
    this.#refreshes.set(accountId, { running, next: null });
    return running;
  }

  async #refresh(accountId: AccountId): Promise<AccountHealth> {
    const { sessions } = this.#parts;
    const health = await sessions.session(accountId).use(async (client): Promise<AccountHealth> => {
      const orUnknown = <T, U>(asked: Promise<T>, unknown: U): Promise<T | U> =>
        asked.catch((error: unknown) => {
          this.#parts.logger.warn("a part of an account's health is not known", { accountId, error });
          return unknown;
        });
      const [thisSession, secureBackup, recoveryEmail, otherSessions] = await Promise.all([
        orUnknown(this.#thisSession(client), "unknown" as const),
        orUnknown(this.#secureBackup(accountId), "unknown" as const),
        orUnknown(this.#recoveryEmail(client), { kind: "unknown" } as const),
        orUnknown(this.#otherSessions(client), null),
      ]);
      return { checkedAt: Date.now(), thisSession, secureBackup, recoveryEmail, otherSessions };
    });
    await sessions.update(accountId, { health });
    return health;
  }

  async #secureBackup(accountId: AccountId): Promise<AccountHealth["secureBackup"]> {
    return SECURE_BACKUP[(await this.#parts.secureBackupState(accountId)).diagnosis];
  }

  async #thisSession(client: MatrixClient): Promise<AccountHealth["thisSession"]> {
    const crypto = client.getCrypto()!;
    const userId = client.getSafeUserId();
    if (!(await crypto.userHasCrossSigningKeys(userId, true))) return "no_identity";
    const status = await crypto.getDeviceVerificationStatus(userId, client.getDeviceId()!);
    return status?.crossSigningVerified ? "verified" : "unverified";
  }

  async #recoveryEmail(client: MatrixClient): Promise<AccountHealth["recoveryEmail"]> {
    const { threepids } = await client.getThreePids();
    const emails = threepids.filter(({ medium }) => medium === "email");
    const first = emails[0];
    return first ? { kind: "set", masked: maskEmail(first.address), count: emails.length } : { kind: "none" };
  }

  async #otherSessions(client: MatrixClient): Promise<NonNullable<AccountHealth["otherSessions"]>> {
    const others = (await listSessions(client)).filter(({ thisSession }) => !thisSession);
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
    const securityKeyKept = await this.#parts.keepsSecurityKey(accountId).catch(() => null);
    const unknown: SignOutPreview = {
      thisSession: known?.thisSession ?? "unknown",
      secureBackup: known?.secureBackup ?? "unknown",
      lastVerifiedSession: null,
      roomKeysNotBackedUp: null,
      securityKeyKept,
      serverReachable: false,
    };
    try {
      // First, and it must be answered: everything else is asked of a server that is away for half a minute and more.
      const roomKeysNotBackedUp = await this.#roomKeysNotBackedUp(accountId);
      const health = await this.refresh(accountId);
      const others = health.otherSessions;
      const lastVerifiedSession =
        others === null ? null : health.thisSession === "verified" && others.total - others.unverified === 0;
      return {
        thisSession: health.thisSession,
        secureBackup: health.secureBackup,
        lastVerifiedSession,
        roomKeysNotBackedUp,
        securityKeyKept,
        serverReachable: true,
      };
    } catch (error) {
      this.#parts.logger.warn("what a sign-out would cost is not known", { accountId, error });
      return unknown;
    }
  }

  /** Null when the server does not say which backup there is. Throws what the session throws, and `network`. */
  async #roomKeysNotBackedUp(accountId: AccountId): Promise<number | null> {
    try {
      return await this.#parts.sessions.session(accountId).use(async (client, signal) => {
        const { crypto, machine, server } = openEncryption(client, { signal });
        const [backup, active] = [await server.backup(), await crypto.getActiveSessionBackupVersion()];
        const { total, backedUp } = await roomKeyCounts({ machine });
        // What the machine took for backed up has gone with a backup that was deleted, or replaced, by another client.
        return backup !== null && backup.version === active ? total - backedUp : total;
      });
    } catch (error) {
      if (isFailure(error, "network") || isFailure(error, "account_not_running")) throw error;
      this.#parts.logger.warn("how many room keys are backed up is not known", { accountId, error });
      return null;
    }
  }
}
