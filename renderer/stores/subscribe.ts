import type { AccountId } from "../../shared/ids.ts";
import { onEvent } from "../bridge.ts";
import { accountChanged, accountRemoved, accountsReordered, loadAccounts, signOutTold } from "./accounts.ts";
import { activities } from "./activity.ts";
import { adminAccess } from "./adminAccess.ts";
import { accountAddresses, pendingEmails, pendingPhones } from "./addresses.ts";
import { bulkDrafts } from "./bulk.ts";
import { challengeChanged, forgetChallenges, loadChallenges } from "./challenges.ts";
import { deviceLinkChanged, forgetDeviceLinks, loadDeviceLinks } from "./deviceLinks.ts";
import { endedAccountsChanged, loadEndedAccounts, roomsChecks } from "./deactivation.ts";
import { identityServers, pendingShares } from "./identityServers.ts";
import { jobChanged, jobDismissed, loadJobs } from "./jobs.ts";
import { forgetRegistrations, loadRegistrations, registrationChanged } from "./registrations.ts";
import { loadSecrets, secretsChanged } from "./secrets.ts";
import { forgetRecoveries, loadRecoveries, recoveryChanged } from "./recoveries.ts";
import { forgetSecureBackup, secureBackupStateChanged, setUpChanged } from "./secureBackup.ts";
import { forgetLoaded } from "./loaded.ts";
import { forgetOffboarding, loadOffboarding, offboardingDraftChanged } from "./offboarding.ts";
import { goToOverview } from "./routes.ts";
import { forgetServerSearch } from "./serverSearch.ts";
import { newSessionLists, sessionLists } from "./sessions.ts";
import { browserSignInChanged, forgetBrowserSignIns, loadBrowserSignIns } from "./browserSignIns.ts";
import { loadSettings, settingsChanged } from "./settings.ts";
import { loadStaffList, staffListChanged } from "./staffList.ts";
import { forgetUsers } from "./users.ts";
import { loadUpdates, updatesChanged } from "./updates.ts";
import { userContacts } from "./userContacts.ts";
import { userStatistics } from "./userStatistics.ts";
import { forgetVerifications, loadVerifications, verificationChanged, verificationDismissed } from "./verifications.ts";

/** Forgets everything about an account that was removed, in every store. */
export function forgetAccount(accountId: AccountId): void {
  forgetLoaded(accountId);
  forgetSecureBackup(accountId);
  forgetUsers(accountId);
  forgetOffboarding(accountId);
  forgetChallenges(accountId);
  forgetVerifications(accountId);
  forgetServerSearch(accountId);
  forgetRecoveries(accountId);
  forgetDeviceLinks(accountId);
  forgetBrowserSignIns(accountId);
  forgetRegistrations(accountId);
}

/**
 * Ties the stores to main: listens first and asks second, so that nothing that happens in between is missed. The list
 * of accounts is asked for first, because it is what the person waits for. Resolves when it is known what the first
 * page shows, or that it cannot be known.
 *
 * @param mayAsk resolves when main may be asked: what it needs to answer is loaded at the first question
 */
export async function subscribeStores(mayAsk: Promise<void>): Promise<void> {
  onEvent("accounts.changed", accountChanged);
  onEvent("accounts.removed", ({ accountId }) => {
    accountRemoved(accountId);
    forgetAccount(accountId);
  });
  onEvent("accounts.reordered", ({ accountIds }) => accountsReordered(accountIds));
  onEvent("accounts.signOutTold", signOutTold);
  onEvent("activity.changed", (changed) => activities.set(changed.accountId, changed.activities));
  onEvent("addresses.changed", ({ accountId }) => accountAddresses.reload(accountId));
  onEvent("addresses.pendingChanged", ({ accountId, pending }) => pendingEmails.set(accountId, pending));
  onEvent("administration.accessChanged", ({ accountId, access }) => adminAccess.set(accountId, access));
  onEvent("addresses.pendingPhonesChanged", ({ accountId, pending }) => pendingPhones.set(accountId, pending));
  onEvent("app.settingsChanged", settingsChanged);
  onEvent("bulk.draftChanged", ({ accountId, draft }) => bulkDrafts.set(accountId, { draft }));
  onEvent("challenges.changed", challengeChanged);
  onEvent("deactivation.endedChanged", endedAccountsChanged);
  onEvent("deactivation.roomsChanged", (check) => roomsChecks.set(check.accountId, check));
  onEvent("identityServer.changed", ({ accountId }) => identityServers.reload(accountId));
  onEvent("identityServer.pendingSharesChanged", ({ accountId, pending }) => pendingShares.set(accountId, pending));
  onEvent("linkDevice.changed", deviceLinkChanged);
  onEvent("jobs.changed", jobChanged);
  onEvent("jobs.dismissed", ({ jobId }) => jobDismissed(jobId));
  onEvent("offboarding.draftChanged", ({ draft }) => offboardingDraftChanged(draft));
  onEvent("staffList.changed", ({ list }) => staffListChanged(list));
  onEvent("recovery.changed", recoveryChanged);
  onEvent("registration.changed", registrationChanged);
  onEvent("secrets.changed", secretsChanged);
  onEvent("secureBackup.setUpChanged", setUpChanged);
  onEvent("secureBackup.stateChanged", ({ accountId, state }) => secureBackupStateChanged(accountId, state));
  onEvent("app.openAccount", ({ accountId }) => goToOverview(accountId));
  onEvent("devices.changed", ({ accountId }) => sessionLists.reload(accountId));
  onEvent("devices.newSessionsChanged", ({ accountId, newSessions }) => newSessionLists.set(accountId, newSessions));
  onEvent("signIn.browserSignInChanged", browserSignInChanged);
  onEvent("updates.changed", updatesChanged);
  onEvent("userContacts.changed", ({ accountId, contacts }) => userContacts.set(accountId, { contacts }));
  onEvent("userStatistics.changed", ({ accountId, statistics }) => userStatistics.set(accountId, { statistics }));
  onEvent("verifications.changed", verificationChanged);
  onEvent("verifications.dismissed", ({ verificationId }) => verificationDismissed(verificationId));
  await mayAsk;
  // Without an answer to one of these the app still shows its accounts, so none waits for another.
  const first = Promise.allSettled([loadAccounts(), loadSecrets()]);
  void Promise.allSettled([
    loadSettings(),
    loadChallenges(),
    loadJobs(),
    loadVerifications(),
    loadBrowserSignIns(),
    loadDeviceLinks(),
    loadRecoveries(),
    loadRegistrations(),
    loadEndedAccounts(),
    loadOffboarding(),
    loadStaffList(),
    loadUpdates(),
  ]);
  await first;
}
