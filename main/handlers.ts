import type { Handlers } from "../shared/contract/index.ts";
import type { AppInfo, RendererError, Settings } from "../shared/contract/app.ts";
import type { AccountId } from "../shared/ids.ts";
import type { ActionLog } from "./admin/actionLog.ts";
import type { Challenges } from "./uia/challenges.ts";
import type { HealthService } from "./health/healthService.ts";
import type { AddEmail } from "./account/addEmail.ts";
import type { AddPhone } from "./account/addPhone.ts";
import type { AddressService } from "./account/addresses.ts";
import type { PasswordService } from "./account/password.ts";
import type { ProfileService } from "./account/profile.ts";
import type { DeviceList } from "./devices/deviceList.ts";
import type { NewSessions } from "./devices/newSessions.ts";
import type { SecretsProtection } from "./secrets/protection.ts";
import { findHomeserver } from "./sessions/discovery.ts";
import type { SettingsFile } from "./storage/settingsFile.ts";
import type { Fetch } from "./http/redirects.ts";
import type { BrowserSignIns } from "./sessions/credentials/browserSignIns.ts";
import type { SessionManager } from "./sessions/sessionManager.ts";

/** What the handlers of the contract call. */
export interface HandlerParts {
  sessions: SessionManager;
  browserSignIns: BrowserSignIns;
  registration: Handlers["registration"];
  health: HealthService;
  profile: ProfileService;
  password: PasswordService;
  addresses: AddressService;
  accountManagement: Handlers["accountManagement"];
  recoveries: Handlers["recovery"];
  addEmail: AddEmail;
  addPhone: AddPhone;
  sessionList: DeviceList;
  newSessions: NewSessions;
  verifications: Handlers["verifications"];
  challenges: Challenges;
  deactivation: Handlers["deactivation"];
  administration: Handlers["administration"];
  users: Handlers["users"];
  userExport: Handlers["userExport"];
  userActions: Handlers["userActions"];
  newUsers: Handlers["newUsers"];
  registrationTokens: Handlers["registrationTokens"];
  firstAdmin: Handlers["firstAdmin"];
  actionLog: ActionLog;
  allJobs: Handlers["jobs"];
  bulk: Handlers["bulk"];
  secrets: SecretsProtection;
  secureBackup: Handlers["secureBackup"];
  roomKeys: Handlers["roomKeys"];
  fetch: Fetch;
  /** Called each time the renderer has been given the list of accounts. */
  accountsListed: () => void;
  appInfo: () => AppInfo;
  settings: {
    read(): Promise<Settings>;
    update(change: { [K in keyof Settings]?: Settings[K] | undefined }): Promise<Settings>;
  };
  homeservers: Pick<SettingsFile, "homeservers" | "keepHomeserver" | "forgetHomeservers">;
  openExternal: (request: { url: string; accountId?: AccountId | undefined }) => Promise<void>;
  keepScreenPrivate: (isPrivate: boolean) => void;
  copyText: (text: string) => Promise<void>;
  reportError: (error: RendererError) => void;
  report: () => string;
  dismissNotices: () => void;
}

/** Ties every request of the contract to the service that does it. No logic lives here. */
export function createHandlers(parts: HandlerParts): Handlers {
  const { sessions, browserSignIns, health, profile, challenges, secrets } = parts;
  return {
    app: {
      info: () => parts.appInfo(),
      settings: () => parts.settings.read(),
      updateSettings: (change) => parts.settings.update(change),
      openExternal: async (request) => {
        await parts.openExternal(request);
        return {};
      },
      keepScreenPrivate: ({ private: isPrivate }) => {
        parts.keepScreenPrivate(isPrivate);
        return {};
      },
      copyText: async ({ text }) => {
        await parts.copyText(text);
        return {};
      },
      reportError: (error) => {
        parts.reportError(error);
        return {};
      },
      report: () => ({ text: parts.report() }),
      dismissNotices: () => {
        parts.dismissNotices();
        return {};
      },
    },
    accounts: {
      list: () => {
        parts.accountsListed();
        return { accounts: sessions.list() };
      },
      opened: ({ accountId }) => {
        void sessions.opened(accountId);
        return {};
      },
      retry: async ({ accountId }) => {
        await sessions.retry(accountId);
        return {};
      },
      refreshHealth: async ({ accountId }) => ({ health: await health.refresh(accountId) }),
      signOutPreview: ({ accountId }) => health.signOutPreview(accountId),
      signOut: ({ accountId }) => sessions.signOut(accountId),
      reorder: async ({ accountIds }) => {
        await sessions.reorder(accountIds);
        return {};
      },
    },
    signIn: {
      findHomeserver: ({ input }) => findHomeserver(input, parts.fetch),
      recentHomeservers: async () => ({ inputs: await parts.homeservers.homeservers() }),
      rememberHomeserver: async ({ input }) => ({ inputs: await parts.homeservers.keepHomeserver(input) }),
      forgetHomeservers: async () => {
        await parts.homeservers.forgetHomeservers();
        return { inputs: [] };
      },
      withPassword: async (request) => ({ accountId: await sessions.signIn(request) }),
      again: async ({ accountId, password }) => {
        await sessions.signInAgain(accountId, password);
        return {};
      },
      startSso: (input) => browserSignIns.startSso(input),
      startOauth: (input) => browserSignIns.startOauth(input),
      startOauthByCode: (input) => browserSignIns.startOauthByCode(input),
      listBrowserSignIns: () => browserSignIns.listBrowserSignIns(),
      openBrowserSignIn: (input) => browserSignIns.openBrowserSignIn(input),
      cancelBrowserSignIn: (input) => browserSignIns.cancelBrowserSignIn(input),
    },
    accountManagement: parts.accountManagement,
    registration: parts.registration,
    profile: {
      get: ({ accountId }) => profile.get(accountId),
      setDisplayName: ({ accountId, displayName }) => profile.setDisplayName(accountId, displayName),
      setAvatar: ({ accountId, image, mimeType }) => profile.setAvatar(accountId, image, mimeType),
      removeAvatar: ({ accountId }) => profile.removeAvatar(accountId),
    },
    password: parts.password,
    recovery: parts.recoveries,
    addresses: {
      list: (input) => parts.addresses.list(input),
      remove: (input) => parts.addresses.remove(input),
      pendingEmails: (input) => parts.addEmail.pendingEmails(input),
      addEmail: (input) => parts.addEmail.addEmail(input),
      sendEmailAgain: (input) => parts.addEmail.sendEmailAgain(input),
      confirmEmail: (input) => parts.addEmail.confirmEmail(input),
      dropEmail: (input) => parts.addEmail.dropEmail(input),
      pendingPhones: (input) => parts.addPhone.pendingPhones(input),
      addPhone: (input) => parts.addPhone.addPhone(input),
      sendCodeAgain: (input) => parts.addPhone.sendCodeAgain(input),
      confirmPhone: (input) => parts.addPhone.confirmPhone(input),
      dropPhone: (input) => parts.addPhone.dropPhone(input),
    },
    challenges,
    jobs: parts.allJobs,
    secrets: {
      state: () => secrets.state(),
      retryKeychain: () => secrets.retryKeychain(),
      passphraseStrength: ({ passphrase }) => secrets.passphraseStrength(passphrase),
      choosePassphrase: ({ passphrase }) => secrets.choosePassphrase(passphrase),
      chooseThisTimeOnly: () => secrets.chooseThisTimeOnly(),
      unlock: ({ passphrase }) => secrets.unlock(passphrase),
      whereKept: () => secrets.whereKept(),
      forgetPassphrase: () => secrets.forgetPassphrase(),
      recallPassphrase: ({ passphrase }) => secrets.recallPassphrase(passphrase),
    },
    secureBackup: parts.secureBackup,
    roomKeys: parts.roomKeys,
    devices: {
      list: async ({ accountId }) => ({ sessions: await parts.sessionList.list(accountId) }),
      rename: async ({ accountId, deviceId, name }) => ({
        sessions: await parts.sessionList.rename(accountId, deviceId, name),
      }),
      signOut: async ({ accountId, deviceIds }) => ({
        sessions: await parts.sessionList.signOut(accountId, deviceIds),
      }),
      newSessions: async ({ accountId }) => ({ newSessions: await parts.newSessions.unanswered(accountId) }),
      answerNewSession: async ({ accountId, deviceId, answer }) => ({
        newSessions: await parts.newSessions.answer(accountId, deviceId, answer),
      }),
    },
    verifications: parts.verifications,
    deactivation: parts.deactivation,
    administration: parts.administration,
    bulk: parts.bulk,
    users: parts.users,
    userExport: parts.userExport,
    userActions: parts.userActions,
    newUsers: parts.newUsers,
    registrationTokens: parts.registrationTokens,
    firstAdmin: parts.firstAdmin,
    actionLog: {
      list: async ({ accountId }) => ({ actions: await parts.actionLog.list(sessions.account(accountId).homeserver.serverName) }),
    },
  };
}
