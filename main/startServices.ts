import { setTimeout as pause } from "node:timers/promises";
import { app as electronApp, powerMonitor } from "electron";
import { build } from "virtual:build";
import type { AppInfo, Settings } from "../shared/contract/app.ts";
import type { Emit } from "../shared/contract/index.ts";
import type { AccountId } from "../shared/ids.ts";
import type { KeepOutOfLogs } from "../shared/secret.ts";
import { AppLock } from "./app/appLock.ts";
import { AppService } from "./app/appService.ts";
import { BackgroundService } from "./app/background.ts";
import { Deferred } from "./app/deferred.ts";
import { Dialogs } from "./app/dialogs.ts";
import { createOpenExternal, openHomeserverPage } from "./app/external.ts";
import { formattedText, language, mainText } from "./app/language.ts";
import { createServerFetch } from "./app/serverFetch.ts";
import { IdleLock } from "./app/idleLock.ts";
import { HIDDEN_SWITCH } from "./app/switches.ts";
import { notify } from "./app/notifications.ts";
import { startAtLogin } from "./app/startAtLogin.ts";
import { AppTray } from "./app/tray.ts";
import { trayHost } from "./app/trayHost.ts";
import { UpdatesService } from "./app/updates.ts";
import { updateTarget } from "./app/updateTarget.ts";
import type { MainWindow } from "./app/window.ts";
import { createHandlers } from "./handlers.ts";
import { type Answer, checkedHandlers } from "./ipc/checkedHandlers.ts";
import { createEmit } from "./ipc/emit.ts";
import { joinServices } from "./ipc/joinServices.ts";
import type { Fetch } from "./http/redirects.ts";
import type { CrashReporter } from "./logging/crashReport.ts";
import { createLogger, type LogFile } from "./logging/logFile.ts";
import type { Logger } from "./logging/logger.ts";
import type { SecretsToRedact } from "./logging/redact.ts";
import type { ServicesOptions, Services } from "./services.ts";
import { shutDown } from "./shutdown.ts";
import { adviseIn } from "./secrets/phraseStrength.ts";
import type { AccountIndex } from "./storage/accountIndex.ts";
import type { Folders } from "./storage/folders.ts";
import type { DamagedFile } from "./storage/jsonFile.ts";
import type { SettingsFile } from "./storage/settingsFile.ts";

/** What is there before the window is. */
export interface WindowParts {
  window: MainWindow;
  folders: Folders;
  index: AccountIndex;
  settingsFile: SettingsFile;
  /** As they were at the start; nobody has changed them since. */
  settings: Settings;
  log: LogFile;
  secretsToRedact: SecretsToRedact;
  crashes: CrashReporter;
  notices: AppInfo["notices"];
  onDamaged: (damaged: DamagedFile) => void;
}

/** What stands behind the window. */
export interface StartedServices {
  services: Promise<Services>;
  /** What the services answer, by channel; rejects when one cannot be opened. */
  answers: Promise<ReadonlyMap<string, Answer>>;
  /** Whether the window is to show and be told nothing. */
  isLocked: () => boolean;
  /** Whether the app goes on when its window is closed. */
  keepsRunning: () => boolean;
  /** Ends everything that must not be cut off. */
  shutdown: () => Promise<void>;
}

/**
 * Builds what the window talks to. It is loaded while the window's own process is starting, so that the window does not
 * wait for it.
 */
export function startServices(front: WindowParts): StartedServices {
  const { window, folders, index, settingsFile, settings, log, secretsToRedact, onDamaged } = front;
  const appLock = new Deferred<AppLock>();
  const backgrounds = new Deferred<BackgroundService>();
  const isLocked = (): boolean => appLock.value?.locked ?? false;
  adviseIn(language());
  const emit = createEmit((channel, payload) => isLocked() || window.send(channel, payload), createLogger(log, "app"));
  const dialogs = new Dialogs(
    () => window.browserWindow,
    () => appLock.value?.times ?? 0,
  );
  const keepOutOfLogs: KeepOutOfLogs = (secret) => secretsToRedact.add(secret);
  const fetch = createServerFetch({ logger: createLogger(log, "http"), keepOutOfLogs });
  const loggerFor = (area: string): Logger => createLogger(log, area);
  const opening = openServicesNextTurn({
    folders,
    index,
    homeservers: settingsFile,
    fetch,
    onlyThisComputer: build.trial,
    emit,
    loggerFor,
    keepOutOfLogs,
    worthless: (secret) => secretsToRedact.remove(secret),
    onDamaged,
    openInBrowser: openHomeserverPage,
    keeping: {
      copyText: (secret) => dialogs.copySecret(secret),
      saveText: (file) => dialogs.saveText(file),
      print: () => dialogs.printWindow(),
      savePdf: (suggestedName) => dialogs.savePdf(suggestedName),
    },
    keyFiles: {
      chooseTarget: (suggestedName) => dialogs.chooseTarget(suggestedName),
      chooseSource: () => dialogs.chooseSource(),
    },
  });
  const updates = createUpdates({ fetch, folders, emit, logger: loggerFor("updates") });
  const answers = opening.then((services) => {
    const lock = createAppLock(services, front, dialogs, () => tray.refresh(), loggerFor("lock"));
    const tray = createTray(lock, services, window, loggerFor("lock"));
    appLock.resolve(lock);
    const idleLock = watchForAbsence(lock, settingsFile, loggerFor("lock"));
    watchForPerson(services, front, emit, isLocked);
    const background = new BackgroundService({
      tray,
      trayHost: () => trayHost(process.platform),
      startAtLogin: startAtLogin({ ...process, packaged: electronApp.isPackaged, loginItems: electronApp }),
      logger: loggerFor("app"),
    });
    background.apply(settings);
    backgrounds.resolve(background);
    updates.lookDaily(settings.lookForUpdates ?? false);
    powerMonitor.on("resume", services.woke);
    const app = new AppService({
      ...front,
      dialogs,
      emit,
      loggerFor,
      isServersHttp: isOnServersOf(services),
      onSettings: (settings) => {
        idleLock.lockAfter(settings.lockAfterMinutes ?? null);
        background.apply(settings);
        updates.lookDaily(settings.lookForUpdates ?? false);
        tray.refresh();
      },
    });
    return lock.guard(
      checkedHandlers(createHandlers(services, { app: joinServices("app", app, background), lock, updates }), loggerFor("ipc")),
    );
  });
  // What cannot be opened is told by whoever waits for the answers.
  void answers.then(
    async () => startSessions(await opening),
    () => undefined,
  );
  return {
    services: opening,
    answers,
    isLocked,
    keepsRunning: () => backgrounds.value?.keepsRunning ?? settings.keepRunning ?? false,
    shutdown: async () => {
      try {
        // First: the rest may take longer than quitting waits.
        await dialogs.forgetCopiedSecret();
      } finally {
        await Promise.all([updates.stopAll(), opening.then(shutDown)]);
      }
    },
  };
}

/** What tells of newer versions, and installs them. */
function createUpdates({ fetch, folders, emit, logger }: { fetch: Fetch; folders: Folders; emit: Emit; logger: Logger }): UpdatesService {
  const openPage = createOpenExternal({ isServersHttp: () => Promise.resolve(false), logger });
  const version = electronApp.getVersion();
  return new UpdatesService({
    feed: build.updates,
    version,
    fetch,
    target: () => updateTarget({ ...process, packaged: electronApp.isPackaged }),
    folder: folders.updates,
    // Loaded by who says that a newer version is to be downloaded, and by nobody else.
    openUpdater: async ({ url }, target) => {
      const { ElectronUpdater } = await import("./app/electronUpdater.ts");
      const args = process.argv.slice(1).filter((arg) => arg !== `--${HIDDEN_SWITCH}`);
      return new ElectronUpdater({ target, baseUrl: url, fetch, version, folder: folders.updates, args, logger });
    },
    endWith: (last) => {
      electronApp.once("will-quit", () => {
        // Else the new version would find that Steward runs already.
        electronApp.releaseSingleInstanceLock();
        last();
      });
      electronApp.quit();
    },
    openPage: (url) => openPage({ url }),
    emit,
    logger,
  });
}

/** Tells the person of new sessions: in the window, and by the desktop. */
function watchForPerson(
  { sessions, newSessions, activityLog, watchSessions }: Services,
  { window, log }: WindowParts,
  emit: Emit,
  isLocked: () => boolean,
): void {
  const logger = createLogger(log, "accounts");
  watchSessions();
  const tell = (accountId: AccountId, what: "newSession" | "activity", body: () => Promise<string>): void => {
    const { displayName, userId } = sessions.account(accountId);
    // A locked window names no account, and neither does what the desktop shows over it.
    const texts = isLocked()
      ? Promise.resolve([mainText(`${what}.titleLocked`), mainText(`${what}.bodyLocked`)])
      : Promise.all([formattedText(`${what}.title`, { name: displayName ?? userId }), body()]);
    const onClick = (): void => {
      void window.openPage().then(() => emit("app.openAccount", { accountId }));
    };
    void texts.then(([title = "", body = ""]) => notify({ title, body, onClick }, logger));
  };
  newSessions.onNoticed((accountId, { deviceId, name }) => {
    tell(accountId, "newSession", () => formattedText("newSession.body", { session: name ?? deviceId }));
  });
  activityLog.onNoticed((accountId, { kind, subject, count }) => {
    tell(accountId, "activity", () => formattedText(`activity.${kind}`, { name: subject ?? "", count }));
  });
}

/** What keeps others from the window while the person is away. */
function createAppLock({ secrets }: Services, { window }: WindowParts, dialogs: Dialogs, onChange: () => void, logger: Logger): AppLock {
  return new AppLock({
    hasPassphrase: () => {
      const { protection, locked } = secrets.state();
      return protection === "passphrase" && !locked;
    },
    forgetPassphrase: () => secrets.lock(),
    givePassphrase: (passphrase) => secrets.unlock({ passphrase }),
    forgetCopiedSecret: () => dialogs.forgetCopiedSecret(),
    reload: () => {
      onChange();
      window.reload();
    },
    logger,
  });
}

/** The icon beside the clock, not shown yet. */
function createTray(lock: AppLock, { secrets }: Services, window: MainWindow, logger: Logger): AppTray {
  const tray = new AppTray({
    open: () => void window.open(),
    lock: () => void lock.lockIfPossible().catch((error: unknown) => logger.error("not locked", { error })),
    canLock: () => lock.state().canLock && !lock.locked,
    quit: () => electronApp.quit(),
  });
  secrets.onChange(() => tray.refresh());
  return tray;
}

/** Locks by itself where the person has chosen that. */
function watchForAbsence(lock: AppLock, settingsFile: SettingsFile, logger: Logger): IdleLock {
  const idleLock = new IdleLock({
    idleSeconds: () => powerMonitor.getSystemIdleTime(),
    lock: () => lock.lockIfPossible(),
    logger,
  });
  powerMonitor.on("lock-screen", () => idleLock.screenLocked());
  settingsFile.settings().then(
    ({ lockAfterMinutes = null }) => idleLock.lockAfter(lockAfterMinutes),
    (error: unknown) => logger.warn("it is not known when to lock", { error }),
  );
  return idleLock;
}

/** Lets the page have what it has asked for meanwhile, before the services are loaded. */
async function openServicesNextTurn(options: ServicesOptions): Promise<Services> {
  await new Promise((resolve) => setImmediate(resolve));
  const { openServices } = await import("./services.ts");
  return openServices(options);
}

/** The SDK takes a tenth of a second to load, and nothing else happens meanwhile: the list is painted first. */
const PAINT_MS = 120;

/** Starts all sessions, soon after what the window has asked meanwhile is answered, and whether or not it has asked. */
async function startSessions({ sessions, revocations }: Services): Promise<void> {
  await pause(PAINT_MS);
  await sessions.restoreAll();
  await revocations.load();
}

/** Whether an address lies on the homeserver of that account, or where the account is managed. Throws `no_such_account`. */
const isOnServersOf =
  ({ sessions, accountManagement }: Services) =>
  async (url: URL, accountId: AccountId): Promise<boolean> =>
    new URL(sessions.account(accountId).homeserver.baseUrl).origin === url.origin || (await accountManagement.isOnPage(accountId, url));
