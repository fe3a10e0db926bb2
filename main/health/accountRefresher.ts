import type { Emit } from "../../shared/contract/index.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { AdminAccessService } from "../admin/adminAccess.ts";
import type { ProfileService } from "../account/profile.ts";
import type { SecureBackupService } from "../encryption/secureBackupService.ts";
import type { Logger } from "../logging/logger.ts";
import { onEncryptionChanged } from "../sdk/encryptionChanges.ts";
import type { AccountChanges } from "../sessions/accountChanges.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import { inTime } from "../storage/inTime.ts";
import { KeyedQueue } from "../storage/keyedQueue.ts";
import type { HealthService } from "./healthService.ts";

/** How long what is asked about accounts waits for a session that still starts, in milliseconds: its server may hang. */
const MAX_START_MS = 10_000;

export interface AccountRefresherParts {
  sessions: Pick<SessionManager, "account" | "onRunning" | "session" | "started">;
  changes: AccountChanges;
  health: Pick<HealthService, "refresh">;
  profile: Pick<ProfileService, "refresh">;
  administration: Pick<AdminAccessService, "learn">;
  secureBackup: Pick<SecureBackupService, "state">;
  emit: Emit;
  logger: Logger;
}

/** Keeps what is known of accounts up to date: when their sessions begin to run, and when something has changed. */
export function refreshAccounts(parts: AccountRefresherParts): void {
  refreshWhatRuns(parts);
  refreshWhatOthersChange(parts);
  refreshWhatChanges(parts);
}

function refreshWhatRuns({ sessions, health, profile, administration, logger }: AccountRefresherParts): void {
  // Account by account on each server: what is asked about one holds up neither the next nor those that still start.
  const perServer = new KeyedQueue<string>();
  const queued = new Set<AccountId>();
  sessions.onRunning((accountId) => {
    if (queued.has(accountId)) return;
    queued.add(accountId);
    const { baseUrl } = sessions.account(accountId).homeserver;
    void perServer.run(baseUrl, async () => {
      await inTime(sessions.started(baseUrl), MAX_START_MS);
      queued.delete(accountId);
      const asked = [profile.refresh(accountId), health.refresh(accountId, true), administration.learn(accountId)];
      for (const learnt of await Promise.allSettled(asked)) {
        if (learnt.status === "rejected") logger.info("not learnt after the start", { accountId, error: learnt.reason as unknown });
      }
    });
  });
}

/** What the sync tells is looked at once; an account at rest costs no request. */
function refreshWhatOthersChange({ sessions, health, logger }: AccountRefresherParts): void {
  sessions.onRunning((accountId) => {
    const look = (): void => {
      health.refresh(accountId).catch((error: unknown) => logger.info("not learnt", { accountId, error }));
    };
    const watched = sessions.session(accountId).use((client) => Promise.resolve(onEncryptionChanged(client, look)));
    watched.catch((error: unknown) => logger.warn("the encryption is not watched", { accountId, error }));
  });
}

function refreshWhatChanges({ changes, health, secureBackup, emit, logger }: AccountRefresherParts): void {
  changes.onChanged((accountId, change) => {
    const learn: Promise<unknown>[] = [];
    if (change === "sessions" || change === "verification") emit("devices.changed", { accountId });
    if (change === "verification") {
      learn.push(secureBackup.state({ accountId }).then((state) => emit("secureBackup.stateChanged", { accountId, state })));
    }
    learn.push(health.refresh(accountId));
    for (const learnt of learn) learnt.catch((error: unknown) => logger.info("not learnt", { accountId, error }));
  });
}
