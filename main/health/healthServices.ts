import type { AdminAccessService } from "../admin/adminAccess.ts";
import type { ProfileService } from "../account/profile.ts";
import type { NewSessions } from "../devices/newSessions.ts";
import type { SecureBackupService } from "../encryption/secureBackupService.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { refreshAccounts } from "./accountRefresher.ts";
import { AccountsService } from "./accountsService.ts";
import { ActivityLog } from "./activityLog.ts";
import { HealthService } from "./healthService.ts";

export interface HealthServicesParts extends Pick<
  ServiceParts,
  "folders" | "index" | "sessions" | "changes" | "removal" | "emit" | "loggerFor" | "onDamaged"
> {
  secureBackup: SecureBackupService;
  profile: ProfileService;
  newSessions: NewSessions;
  administration: AdminAccessService;
}

/** Makes what knows what each account needs, and keeps it up to date from now on. */
export function createHealthServices(parts: HealthServicesParts) {
  const { folders, index, sessions, secureBackup, newSessions, changes, removal, emit, loggerFor, onDamaged } = parts;
  const logger = loggerFor("accounts");
  const activityLog = new ActivityLog({ fileOf: (accountId) => folders.account(accountId).activity, onDamaged, emit, logger });
  removal.join((accountId) => activityLog.forget(accountId));
  // Before the look that follows each change.
  changes.onChanged((accountId, change) => activityLog.changedHere(accountId, change));
  changes.onEndingSessions((accountId, sessions) => activityLog.endingHere(accountId, sessions));
  sessions.onTokenGone((accountId) => {
    // A server that has deactivated the account, as it was asked here, knows no token either.
    if (index.get(accountId)?.deactivation) return;
    activityLog
      .looked(accountId, { ended: true })
      .catch((error: unknown) => logger.warn("what happened is not noted", { accountId, error }));
  });
  const health = new HealthService({
    sessions,
    secureBackupState: (accountId, learnt) => secureBackup.stateBy(accountId, learnt),
    onDevices: async (accountId, devices) => {
      await newSessions.take(accountId, devices).catch((error: unknown) => logger.warn("new sessions not noticed", { accountId, error }));
    },
    onLooked: async (accountId, facts) => {
      await activityLog.looked(accountId, facts).catch((error: unknown) => logger.warn("what happened is not noted", { accountId, error }));
    },
    keepsSecurityKey: (accountId) => secureBackup.keepsSecurityKey(accountId),
    logger: loggerFor("health"),
  });
  refreshAccounts({ ...parts, health, logger });
  return { health, activityLog, accounts: new AccountsService(sessions, health) };
}
