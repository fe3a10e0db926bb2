import type { AdminAccessService } from "../admin/adminAccess.ts";
import type { ProfileService } from "../account/profile.ts";
import type { NewSessions } from "../devices/newSessions.ts";
import type { SecureBackupService } from "../encryption/secureBackupService.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { refreshAccounts } from "./accountRefresher.ts";
import { AccountsService } from "./accountsService.ts";
import { HealthService } from "./healthService.ts";

export interface HealthServicesParts extends Pick<ServiceParts, "sessions" | "changes" | "emit" | "loggerFor"> {
  secureBackup: SecureBackupService;
  profile: ProfileService;
  newSessions: NewSessions;
  administration: AdminAccessService;
}

/** Makes what knows what each account needs, and keeps it up to date from now on. */
export function createHealthServices(parts: HealthServicesParts) {
  const { sessions, secureBackup, newSessions, loggerFor } = parts;
  const logger = loggerFor("accounts");
  const health = new HealthService({
    sessions,
    secureBackupState: (accountId) => secureBackup.state({ accountId }),
    onDevices: async (accountId, devices) => {
      await newSessions.take(accountId, devices).catch((error: unknown) => logger.warn("new sessions not noticed", { accountId, error }));
    },
    keepsSecurityKey: (accountId) => secureBackup.keepsSecurityKey(accountId),
    logger: loggerFor("health"),
  });
  refreshAccounts({ ...parts, health, logger });
  return { health, accounts: new AccountsService(sessions, health) };
}
