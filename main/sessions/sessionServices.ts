import type { Secret } from "../../shared/secret.ts";
import type { CryptoStores } from "../cryptoStore/index.ts";
import type { ServerLimits } from "../http/limits.ts";
import type { KeeperTimes } from "../http/tokenKeeper.ts";
import type { Logger } from "../logging/logger.ts";
import type { SettingsFile } from "../storage/settingsFile.ts";
import { BrowserSignIns } from "./credentials/browserSignIns.ts";
import { PasswordSignIns } from "./credentials/passwordSignIns.ts";
import { hasOauthGrant } from "./oauth/oauthTokens.ts";
import { PendingRevocations, type RevocationTimes } from "./oauth/pendingRevocations.ts";
import { ReplacedSessions } from "./replacedSessions.ts";
import { deviceToResume } from "./resumeAccount.ts";
import type { ServiceParts } from "./serviceParts.ts";
import { SessionManager, type SessionManagerParts } from "./sessionManager.ts";
import { SignInService } from "./signInService.ts";

export interface SessionsOptions
  extends
    Pick<SessionManagerParts, "migrateRoomKeys">,
    Pick<
      ServiceParts,
      | "folders"
      | "index"
      | "secretStore"
      | "removal"
      | "fetch"
      | "emit"
      | "loggerFor"
      | "keepOutOfLogs"
      | "onlyThisComputer"
      | "sessionName"
    > {
  /** Told of tokens that are worth nothing any more. */
  worthless?: (secret: Secret) => void;
  /** In place of what a server is given. */
  serverLimits?: Partial<ServerLimits>;
  /** In place of how patiently tokens are refreshed. */
  keeperTimes?: Partial<KeeperTimes>;
  /** In place of how patiently it is tried to tell a server of a sign-out. */
  revocationTimes?: Partial<RevocationTimes>;
}

/** Makes what holds the accounts, and what tells servers later of accounts that are gone. Starts no session yet. */
export function createSessions(options: SessionsOptions) {
  const { folders, index, removal, loggerFor } = options;
  const logger = loggerFor("sessions");
  const revocations = new PendingRevocations({ ...options, logger, times: options.revocationTimes ?? {} });
  const sessions = new SessionManager({
    ...options,
    keepForLater: (session, tokens) => revocations.keep(session, tokens),
    cryptoStores: loadedLater(loggerFor("cryptoStore")),
    accountFolders: (accountId) => folders.account(accountId),
    adminBaseUrl: (accountId) => index.get(accountId)?.adminBaseUrl ?? null,
    loadSdk: () => import("../sdk/index.ts"),
    logger,
    onRemoved: (accountId) => removal.remove(accountId),
  });
  const replaced = new ReplacedSessions({ ...options, logger });
  sessions.onRunning((accountId) => {
    void revocations.tryNow();
    void replaced.end(accountId, sessions.session(accountId).details.baseUrl);
  });
  return {
    sessions,
    passwordSignIns: new PasswordSignIns({ ...options, sessions }),
    revocations,
    replaced,
    /** To be called when the computer has slept. */
    woke: (): void => index.list().forEach(({ accountId }) => sessions.session(accountId).woke()),
  };
}

/** The crypto stores, whose engine is loaded with the first of them: the window does not wait for it. */
function loadedLater(logger: Logger): CryptoStores {
  const load = async (): Promise<CryptoStores> => (await import("../cryptoStore/index.ts")).installCryptoStores(logger);
  return {
    mount: async (...given) => (await load()).mount(...given),
    remove: async (...given) => (await load()).remove(...given),
  };
}

export interface SignInServicesParts extends Pick<
  ServiceParts,
  "sessions" | "secretStore" | "fetch" | "emit" | "loggerFor" | "openInBrowser" | "keepOutOfLogs" | "sessionName"
> {
  homeservers: Pick<SettingsFile, "homeservers" | "keepHomeserver" | "forgetHomeservers">;
  passwordSignIns: PasswordSignIns;
}

/** Makes the ways to sign in. */
export function createSignInServices({ homeservers, passwordSignIns, secretStore, loggerFor, ...parts }: SignInServicesParts) {
  const { sessions, fetch } = parts;
  return {
    signIn: new SignInService({ passwords: passwordSignIns, homeservers, fetch }),
    browserSignIns: new BrowserSignIns({
      ...parts,
      deviceToResume: async (accountId, isThere) => (await deviceToResume(secretStore, sessions.session(accountId), isThere)).ownDevice,
      hasGrant: (accountId) => hasOauthGrant(secretStore, accountId),
      logger: loggerFor("sessions"),
    }),
  };
}
