import type { AccountId } from "../../shared/ids.ts";
import type { ServiceParts } from "../sessions/serviceParts.ts";
import { AccountManagementService, type AccountManagementParts } from "./accountManagement.ts";
import { createAddressServices } from "./addressServices.ts";
import { Avatars } from "./avatars.ts";
import { DeactivationService } from "./deactivation/deactivationService.ts";
import { EndedAccounts } from "./deactivation/endedAccounts.ts";
import { PasswordService } from "./password.ts";
import { ProfileService } from "./profile.ts";

export interface AccountServicesParts extends Pick<
  ServiceParts,
  | "folders"
  | "index"
  | "secretStore"
  | "sessions"
  | "challenges"
  | "changes"
  | "removal"
  | "fetch"
  | "emit"
  | "loggerFor"
  | "onDamaged"
  | "keepOutOfLogs"
  | "phraseStrength"
  | "openInBrowser"
> {
  /** In place of how often it is looked whether a session was signed out on a server's own page, and for how long. */
  managementTimes?: Pick<AccountManagementParts, "pollMs" | "watchMs">;
}

/** Makes what a person does to an account of their own. */
export function createAccountServices(parts: AccountServicesParts) {
  const { folders, sessions, changes, removal, loggerFor, onDamaged, managementTimes } = parts;
  const onSessionsChanged = (accountId: AccountId): void => changes.announce(accountId, "sessions");
  const avatars = new Avatars(folders.avatars);
  removal.join((accountId) => avatars.remove(accountId));
  const accountManagement = new AccountManagementService({
    ...parts,
    onSessionsChanged,
    onEnding: (accountId, deviceIds) => changes.announceEndingSessions(accountId, deviceIds),
    ...managementTimes,
  });
  return {
    avatars,
    profile: new ProfileService(sessions, avatars),
    accountManagement,
    password: new PasswordService({
      ...parts,
      isDelegated: async (accountId) => (await accountManagement.state({ accountId })).delegated,
      onSessionsChanged,
      onEndingOthers: (accountId) => changes.announceEndingSessions(accountId, "others"),
    }),
    ...createAddressServices({
      ...parts,
      logger: loggerFor("accounts"),
      onChanged: (accountId) => changes.announce(accountId, "addresses"),
    }),
    deactivation: new DeactivationService({
      ...parts,
      ended: new EndedAccounts({ path: folders.endedAccountsFile, onDamaged }),
      logger: loggerFor("deactivation"),
    }),
  };
}
