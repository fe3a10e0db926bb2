import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { Emit } from "../shared/contract/index.ts";
import { Job } from "../shared/contract/jobs.ts";
import type { AccountId } from "../shared/ids.ts";
import { Challenges } from "./uia/challenges.ts";
import { RegistrationService } from "./onboarding/registrationService.ts";
import { AdminAccessService } from "./admin/adminAccess.ts";
import { openAdminServices } from "./admin/adminServices.ts";
import { Avatars } from "./account/avatars.ts";
import { DeactivationService } from "./account/deactivation/deactivationService.ts";
import { EndedAccounts } from "./account/deactivation/endedAccounts.ts";
import { HealthService } from "./health/healthService.ts";
import { openBulkJobs } from "./admin/bulk/openBulkJobs.ts";
import { Jobs } from "./jobs/jobs.ts";
import { JobsService } from "./jobs/jobsService.ts";
import { AccountManagementService, type AccountManagementParts } from "./account/accountManagement.ts";
import { createAddressServices } from "./account/addressServices.ts";
import { PasswordService } from "./account/password.ts";
import { ProfileService } from "./account/profile.ts";
import { listDevices, DeviceList } from "./devices/deviceList.ts";
import { NewSessions } from "./devices/newSessions.ts";
import { watchSessions } from "./devices/sessionWatch.ts";
import type { CryptoStores } from "./cryptoStore/index.ts";
import { migrateRoomKeys } from "./roomKeys/migrateRoomKeys.ts";
import { RoomKeysService, type RoomKeysParts } from "./encryption/roomKeysService.ts";
import { SecureBackupService, type SecureBackupParts } from "./encryption/secureBackupService.ts";
import type { VerificationLimits } from "./encryption/verification/limits.ts";
import { Verifications } from "./encryption/verification/verifications.ts";
import type { Logger } from "./logging/logger.ts";
import type { SystemKeychain } from "./secrets/keychain.ts";
import { openSecrets } from "./secrets/openSecrets.ts";
import type { ScryptCost } from "./secrets/passphraseKeychain.ts";
import { phraseStrength } from "./secrets/phraseStrength.ts";
import type { Fetch } from "./http/redirects.ts";
import type { ServerLimits } from "./http/limits.ts";
import type { KeeperTimes } from "./http/tokenKeeper.ts";
import { Recoveries, type RecoveriesParts } from "./onboarding/recoveries.ts";
import { BrowserSignIns } from "./sessions/credentials/browserSignIns.ts";
import type { BrowserSignInsParts } from "./sessions/credentials/browserWay.ts";
import { PendingRevocations, type RevocationTimes } from "./sessions/oauth/pendingRevocations.ts";
import { deviceToResume } from "./sessions/resumeAccount.ts";
import { SessionManager } from "./sessions/sessionManager.ts";
import { defaultSessionName } from "./sessions/sessionName.ts";
import type { AccountIndex } from "./storage/accountIndex.ts";
import { removeOldCopies } from "./storage/damagedCopies.ts";
import type { Folders } from "./storage/folders.ts";
import { type DamagedFile, JsonFile } from "./storage/jsonFile.ts";
import { KeyedQueue } from "./storage/keyedQueue.ts";
import { UnfinishedFiles } from "./storage/unfinishedFiles.ts";

/** What the services need from outside: all of it can be had under plain Node. */
export interface ServicesOptions {
  folders: Folders;
  /** The accounts, loaded or not. */
  index: AccountIndex;
  fetch: Fetch;
  /** Accounts of other servers than this computer's are not started. */
  onlyThisComputer?: boolean;
  emit: Emit;
  loggerFor: (room: string) => Logger;
  /** Told of every token that comes into use, so that no log shows it. */
  keepOutOfLogs: (secret: string) => void;
  /** Told of tokens that are worth nothing any more. */
  worthless?: (secret: string) => void;
  onDamaged: (damaged: DamagedFile) => void;
  /** The ways to keep a Security Key outside the app. */
  keeping: SecureBackupParts["ports"];
  /** The ways to ask for a key file. */
  keyFiles: RoomKeysParts["ports"];
  /** Opens a page of a homeserver in the person's browser. */
  openInBrowser: BrowserSignInsParts["openInBrowser"];
  /** In place of the system's keychain. */
  keychain?: SystemKeychain;
  scryptCost?: ScryptCost;
  /** In place of what a server is given. */
  serverLimits?: Partial<ServerLimits>;
  /** In place of how patiently tokens are refreshed. */
  keeperTimes?: Partial<KeeperTimes>;
  /** In place of how patiently it is tried to tell a server of a sign-out. */
  revocationTimes?: Partial<RevocationTimes>;
  /** In place of how often a server is asked about a mailed link, and for how long. */
  recoveryTimes?: Pick<RecoveriesParts, "pollMs" | "linkLifetimeMs">;
  /** In place of how often it is looked whether a session was signed out on a server's own page, and for how long. */
  managementTimes?: Pick<AccountManagementParts, "pollMs" | "watchMs">;
  /** In place of how often a server is asked whether a step of creating an account is done, in milliseconds. */
  registrationPollMs?: number;
  /** In place of the first wait for a server that is away, in milliseconds. */
  serverAwayMs?: number;
  /** In place of what a person is given. */
  verificationLimits?: Partial<VerificationLimits>;
}

/** How long what is asked about accounts waits for a session that still starts, in milliseconds: its server may hang. */
const MAX_START_MS = 10_000;

/** Builds the services of main that know no Electron and hands them to each other. Starts no session yet. */
export async function openServices(options: ServicesOptions) {
  const { folders, index, fetch, emit, loggerFor, onDamaged } = options;
  const jobs = new Jobs({
    file: new JsonFile({ path: folders.jobsFile, schema: z.object({ jobs: z.array(Job) }), version: 1, onDamaged }),
    emit,
    logger: loggerFor("jobs"),
  });
  const opening = folders.prepare().then(() =>
    openSecrets({
      folders,
      onDamaged,
      log: loggerFor("secrets"),
      ...(options.keychain && { keychain: options.keychain }),
      ...(options.scryptCost && { scryptCost: options.scryptCost }),
    }),
  );
  const [{ protection: secrets, store: secretStore }] = await Promise.all([opening, index.load(), jobs.load()]);
  await removeOldCopies(folders.root, async (file) =>
    file === basename(folders.accountIndexFile)
      ? (await folders.accountIds()).filter((accountId) => index.get(accountId) === null)
      : [],
  ).catch((error: unknown) => loggerFor("storage").warn("old copies of damaged files were not removed", { error }));

  const avatars = new Avatars(folders.avatars);
  const sessionName = defaultSessionName();
  const times = options.revocationTimes ?? {};
  const revocations = new PendingRevocations({ ...options, secretStore, logger: loggerFor("sessions"), times });
  const sessions = new SessionManager({
    index,
    secretStore,
    keepForLater: (session, tokens) => revocations.keep(session, tokens),
    cryptoStores: loadedLater(loggerFor("cryptoStore")),
    accountFolders: (accountId) => folders.account(accountId),
    fetch,
    adminBaseUrl: (accountId) => index.get(accountId)?.adminBaseUrl ?? null,
    onlyThisComputer: options.onlyThisComputer ?? false,
    ...(options.serverLimits && { serverLimits: options.serverLimits }),
    ...(options.keeperTimes && { keeperTimes: options.keeperTimes }),
    loadSdk: () => import("./sdk/index.ts"),
    migrateRoomKeys,
    keepOutOfLogs: options.keepOutOfLogs,
    ...(options.worthless && { worthless: options.worthless }),
    logger: loggerFor("sessions"),
    emit,
    sessionName,
    onRemoved: async (accountId) => {
      await avatars.remove(accountId);
      await jobs.forgetAccount(accountId);
      await bulkJobs.forgetAccount(accountId);
      administration.forget(accountId);
      await newSessions.forget(accountId);
      await folders.removeAccount(accountId);
    },
  });
  const administration = new AdminAccessService({ sessions, index, fetch, onlyThisComputer: options.onlyThisComputer ?? false, emit });
  const unfinishedFiles = new UnfinishedFiles({ path: folders.unfinishedFilesFile, onDamaged });
  await unfinishedFiles.removeLeftovers();
  const admin = openAdminServices({
    administration,
    ...{ sessions, index, jobs, unfinishedFiles },
    chooseTarget: options.keyFiles.chooseTarget,
    ...(options.serverAwayMs !== undefined && { firstWaitMs: options.serverAwayMs }),
    secretStore,
    folders,
    fetch,
    emit,
    logger: loggerFor("admin"),
    onDamaged,
    keepOutOfLogs: options.keepOutOfLogs,
    phraseStrength,
    sessionName,
    keeping: options.keeping,
  });
  const bulkJobs = await openBulkJobs({
    administration,
    sessions,
    index,
    secretStore,
    folders,
    emit,
    logger: loggerFor("jobs"),
    log: admin.actionLog,
    ports: { chooseSource: options.keyFiles.chooseSource, saveText: options.keeping.saveText },
    ...(options.serverAwayMs !== undefined && { firstWaitMs: options.serverAwayMs }),
  });
  const newSessions = new NewSessions({
    fileOf: (accountId) => folders.account(accountId).knownSessions,
    onDamaged,
    emit,
    logger: loggerFor("accounts"),
  });
  await sessions.forgetThisTimeOnly();
  const browserSignIns = new BrowserSignIns({
    sessions,
    deviceToResume: async (accountId, isThere) => (await deviceToResume(secretStore, sessions.session(accountId), isThere)).ownDevice,
    fetch,
    emit,
    logger: loggerFor("sessions"),
    openInBrowser: options.openInBrowser,
    keepOutOfLogs: options.keepOutOfLogs,
    sessionName,
  });
  const registration = new RegistrationService({
    secretStore,
    folders,
    isListed: (accountId) => index.get(accountId) !== null,
    sessions,
    fetch,
    emit,
    logger: loggerFor("registration"),
    phraseStrength,
    openInBrowser: options.openInBrowser,
    keepOutOfLogs: options.keepOutOfLogs,
    sessionName,
    ...(options.registrationPollMs !== undefined && { pollMs: options.registrationPollMs }),
  });
  const profile = new ProfileService(sessions, avatars);
  const challenges = new Challenges({ emit });
  const secureBackup = new SecureBackupService({
    session: (accountId) => sessions.session(accountId),
    whenStarted: (accountId) => sessions.opened(accountId),
    secretStore,
    challenges,
    emit,
    logger: loggerFor("encryption"),
    ports: options.keeping,
    phraseStrength,
    displayName: (accountId) => sessions.account(accountId).displayName,
    onSettled: (accountId) => refreshHealth(accountId),
  });
  const roomKeys = new RoomKeysService({
    session: (accountId) => sessions.session(accountId),
    jobs,
    unfinishedFiles,
    phraseStrength,
    displayName: (accountId) => sessions.account(accountId).displayName,
    ports: options.keyFiles,
  });
  const health = new HealthService({
    sessions,
    secureBackupState: (accountId) => secureBackup.state({ accountId }),
    onDevices: async (accountId, devices) => {
      await newSessions.take(accountId, devices).catch((error: unknown) => accountsLogger.warn("new sessions not noticed", { accountId, error }));
    },
    keepsSecurityKey: (accountId) => secureBackup.keepsSecurityKey(accountId),
    logger: loggerFor("health"),
  });

  const refreshHealth = (accountId: AccountId): void => {
    health.refresh(accountId).catch((error: unknown) => accountsLogger.info("not learnt", { accountId, error }));
  };
  const onSessionsChanged = (accountId: AccountId): void => {
    emit("devices.changed", { accountId });
    refreshHealth(accountId);
  };
  const { addresses, addEmail, addPhone } = createAddressServices({
    sessions,
    challenges,
    secretStore,
    fetch,
    keepOutOfLogs: options.keepOutOfLogs,
    emit,
    logger: loggerFor("accounts"),
    onChanged: refreshHealth,
  });
  const accountManagement = new AccountManagementService({
    sessions,
    fetch,
    openInBrowser: options.openInBrowser,
    onSessionsChanged,
    ...options.managementTimes,
  });
  const sessionList = new DeviceList({ sessions, challenges, onChanged: onSessionsChanged });
  const password = new PasswordService({
    sessions,
    challenges,
    phraseStrength,
    isDelegated: async (accountId) => (await accountManagement.state({ accountId })).delegated,
    onSessionsChanged,
  });

  const recoveries = new Recoveries({
    secretStore,
    folders,
    isListed: (accountId) => index.list().some((entry) => entry.accountId === accountId),
    sessions,
    fetch,
    emit,
    logger: loggerFor("onboarding"),
    keepOutOfLogs: options.keepOutOfLogs,
    phraseStrength,
    ...options.recoveryTimes,
  });

  const deactivation = new DeactivationService({
    sessions,
    challenges,
    index,
    ended: new EndedAccounts({ path: folders.endedAccountsFile, onDamaged }),
    fetch,
    emit,
    logger: loggerFor("deactivation"),
  });

  const verifications = new Verifications({
    session: (accountId) => sessions.session(accountId),
    onRunning: (listener) => sessions.onRunning(listener),
    listDevices,
    onSettled: (accountId) => {
      emit("devices.changed", { accountId });
      const learn = [
        secureBackup.state({ accountId }).then((state) => emit("secureBackup.stateChanged", { accountId, state })),
        health.refresh(accountId),
      ];
      for (const learnt of learn) {
        learnt.catch((error: unknown) => accountsLogger.info("not learnt", { accountId, error }));
      }
    },
    emit,
    logger: loggerFor("verification"),
    ...(options.verificationLimits && { limits: options.verificationLimits }),
  });

  const accountsLogger = loggerFor("accounts");
  // Account by account on each server: what is asked about one holds up neither the next nor those that still start.
  const perServer = new KeyedQueue<string>();
  const queued = new Set<AccountId>();
  sessions.onRunning((accountId) => {
    void revocations.tryNow();
    if (queued.has(accountId)) return;
    queued.add(accountId);
    const { baseUrl } = sessions.account(accountId).homeserver;
    void perServer.run(baseUrl, async () => {
      await Promise.race([sessions.started(baseUrl), pause(MAX_START_MS, null, { ref: false })]);
      queued.delete(accountId);
      for (const learnt of await Promise.allSettled([
        profile.get(accountId),
        health.refresh(accountId),
        administration.learn(accountId),
      ])) {
        if (learnt.status === "rejected") {
          accountsLogger.info("not learnt after the start", { accountId, error: learnt.reason as unknown });
        }
      }
    });
  });
  secrets.onChange((state) => {
    emit("secrets.changed", state);
    // One of the two may be open while the other is still waited for.
    if (!state.locked || state.keychainProblem === null) {
      void sessions.startLocked().then(() => revocations.load());
      registration.load().catch((error: unknown) => accountsLogger.warn("accounts under way were not found", { error }));
    }
  });

  return {
    index,
    jobs,
    rowJobs: bulkJobs.rowJobs,
    bulk: bulkJobs.bulk,
    allJobs: new JobsService(jobs, bulkJobs.rowJobs),
    secrets,
    secretStore,
    avatars,
    sessions,
    revocations,
    woke: () => index.list().forEach(({ accountId }) => sessions.session(accountId).woke()),
    browserSignIns,
    recoveries,
    registration,
    profile,
    password,
    addresses,
    accountManagement,
    addEmail,
    addPhone,
    challenges,
    sessionList,
    newSessions,
    /** From now on changes of the accounts' sessions are noticed as they happen, which costs a look at each. */
    watchSessions: () => watchSessions({ sessions, newSessions, onChanged: onSessionsChanged, logger: accountsLogger }),
    deactivation,
    administration,
    ...admin,
    secureBackup,
    roomKeys,
    verifications,
    health,
  };
}

/** The crypto stores, whose engine is loaded with the first of them: the window does not wait for it. */
function loadedLater(logger: Logger): CryptoStores {
  const load = async (): Promise<CryptoStores> => (await import("./cryptoStore/index.ts")).installCryptoStores(logger);
  return {
    mount: async (...given) => (await load()).mount(...given),
    remove: async (...given) => (await load()).remove(...given),
  };
}

export type Services = Awaited<ReturnType<typeof openServices>>;
