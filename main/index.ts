import { locked, removedVariables } from "./app/guards.ts";
import "virtual:polyfills";
import "./zodConfig.ts";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { app, ipcMain } from "electron";
import { build } from "virtual:build";
import { channelNames } from "virtual:channels";
import type { Account } from "../shared/contract/accounts.ts";
import type { AppInfo, Settings } from "../shared/contract/app.ts";
import { type AppError, AppFailure, isFailure } from "../shared/errors.ts";
import { registerAssetScheme, serveAssets } from "./app/assets.ts";
import { Deferred } from "./app/deferred.ts";
import { type AssetServer, createAssetServer } from "./app/assetServer.ts";
import { hardenApp } from "./app/hardening.ts";
import { allowPseudoLanguage, applyLanguage, formattedText, language, mainText } from "./app/language.ts";
import { claimSingleInstance, quitInOrder } from "./app/lifecycle.ts";
import { leaveOutDefaultMenu } from "./app/menu.ts";
import { applyTheme } from "./app/theme.ts";
import { HIDDEN_SWITCH } from "./app/switches.ts";
import { MainWindow, rendererSession } from "./app/window.ts";
import type { StartedServices } from "./startServices.ts";
import { startRouter } from "./ipc/router.ts";
import { isTrustedSender } from "./ipc/trustedSender.ts";
import { CrashReporter, endsTheApp } from "./logging/crashReport.ts";
import { createLogger, LogFile } from "./logging/logFile.ts";
import { Redactor, SecretsToRedact } from "./logging/redact.ts";
import { describeAccount } from "./sessions/accountDescription.ts";
import type { Services } from "./services.ts";
import { Folders } from "./storage/folders.ts";
import type { DamagedFile } from "./storage/jsonFile.ts";
import { inTime } from "./storage/inTime.ts";
import { AccountIndex } from "./storage/accountIndex.ts";
import { SettingsFile } from "./storage/settingsFile.ts";

/** How long the services wait for the page to ask for something, in milliseconds. */
const MAX_PAGE_MS = 2_000;

if (build.trial && !app.commandLine.hasSwitch("user-data-dir")) {
  app.setPath("userData", join(app.getPath("appData"), "Steward Trial"));
}
const folders = new Folders(app.getPath("userData"));
const secretsToRedact = new SecretsToRedact();
const redactor = new Redactor({ homeDirectory: homedir(), secrets: secretsToRedact });
const log = new LogFile({ path: join(folders.logs, "steward.log"), redactor });
const logger = createLogger(log, "app");
const versions = [
  `Steward ${app.getVersion()}`,
  `Electron ${process.versions.electron}, Chrome ${process.versions.chrome}, Node ${process.versions.node}`,
  `${process.platform} ${process.arch}`,
];
const crashes = new CrashReporter({
  path: join(folders.logs, "crash.json"),
  redactor,
  about: versions,
  recentLines: () => log.recent(),
});
crashes.watch(process, (kind, error) => {
  logger.error("nobody caught an error", { kind, error });
  // After an exception nothing is certain any more.
  if (endsTheApp(kind)) {
    log.flushSync();
    app.exit(1);
  }
});

if (removedVariables.length > 0) logger.warn("took variables out of the environment", { names: removedVariables });
hardenApp({ locked, logger });
leaveOutDefaultMenu();
registerAssetScheme();

const notices: AppInfo["notices"] = [];
const settingsFile = new SettingsFile({ path: folders.settingsFile, onDamaged: noteDamage });
const index = new AccountIndex({
  path: folders.accountIndexFile,
  onDamaged: noteDamage,
  onUnreadableEntries: (count) => {
    notices.unshift({ kind: "accounts_not_understood", count });
    logger.warn("accounts in the list were not understood, and left as they are", { count });
  },
});
function noteDamage(damaged: DamagedFile): void {
  notices.unshift({ kind: "file_was_damaged", ...damaged });
  logger.warn("a file was damaged", { ...damaged });
}

const window = new MainWindow({
  preloadPath: join(__dirname, "../preload/index.cjs"),
  locked,
  place: {
    load: () => settingsFile.windowBounds().catch(() => null),
    save: (bounds) => settingsFile.keepWindowBounds(bounds),
  },
  logger: createLogger(log, "window"),
});

if (claimSingleInstance(() => void app.whenReady().then(() => window.open()))) {
  // Not awaited at the top level: the bundle is CommonJS.
  void start().catch((error: unknown) => {
    // A file of a newer Steward is said now, and is nothing that the next start should speak of.
    if (!isFailure(error, "data_too_new")) crashes.write("start", error);
    log.flushSync();
    reportFailedStart(error);
  });
} else {
  app.quit();
}

/** Tells why the app cannot start, where there is no window to tell it in. */
function reportFailedStart(error: unknown): void {
  const known: AppError | null = error instanceof AppFailure ? error.error : null;
  void app.whenReady().then(async () => {
    const reason =
      known?.kind === "data_too_new"
        ? await formattedText("start.tooNew", { file: known.file })
        : await formattedText("start.failed", { folder: folders.logs });
    process.stderr.write(`${reason}\n`);
    const { dialog } = await import("electron");
    dialog.showErrorBox("Steward", reason);
    app.exit(1);
  });
}

/** What the first page shows. Null while a passphrase protects the accounts, because its question comes first. */
function accountsBeforeServices(): Account[] | null {
  if (existsSync(folders.passphraseFile)) return null;
  return index
    .list()
    .filter(({ thisTimeOnly }) => !thisTimeOnly)
    .map((entry) => describeAccount(entry));
}

/** Whether it was started at sign-in, to be there without a window. Where nothing keeps it running it needs one. */
function startsHidden({ keepRunning = false }: Settings): boolean {
  const atLogin = process.platform === "darwin" ? app.getLoginItemSettings().wasOpenedAtLogin : app.commandLine.hasSwitch(HIDDEN_SWITCH);
  return keepRunning && atLogin;
}

async function start(): Promise<void> {
  const assets = new Deferred<AssetServer>();
  const started = new Deferred<StartedServices>();
  const services = new Deferred<Services>();
  const asked = new Deferred<void>();
  let keepRunning = false;
  quitInOrder({
    window,
    // As the settings say, from the moment on they are read.
    keepsRunning: () => started.value?.keepsRunning() ?? keepRunning,
    shutdown: () => {
      // Nobody needs the page any more.
      asked.resolve();
      return endServices(assets, started);
    },
    logger,
  });

  const [settings] = await Promise.all([settingsFile.settings(), app.whenReady(), index.load()]);
  keepRunning = settings.keepRunning ?? false;
  const crash = crashes.noticeOfEarlierRuns();
  if (crash) notices.push(crash);
  applyTheme(settings.theme);
  if (!locked) allowPseudoLanguage();
  applyLanguage(settings.language);

  const answers = started.promise.then((parts) => parts.answers);
  startRouter({
    ipcMain,
    channels: channelNames.requests,
    answers,
    isTrusted: (event) => isTrustedSender(event, (id) => window.isOwnContents(id)),
    onRequest: () => asked.resolve(),
    logger: createLogger(log, "ipc"),
  });
  serveAssets(rendererSession(), async (request) => (await assets.promise)(request));
  const hidden = startsHidden(settings);
  if (!hidden) await window.open();
  // From here on the window's own process is starting, and what it needs next is made meanwhile.
  assets.resolve(
    createAssetServer({
      rendererDir: join(__dirname, "../renderer"),
      knownAccounts: () => (started.value?.isLocked() ? "locked" : (services.value?.sessions.list() ?? accountsBeforeServices())),
      avatarOf: async (accountId) => (await services.promise).avatars.read(accountId),
      language,
      crashedTexts: () => ({
        language: language(),
        title: mainText("crashed.title"),
        text: mainText("crashed.text"),
        again: mainText("crashed.again"),
        report: mainText("crashed.report"),
      }),
      reportFolder: folders.logs,
      logger: createLogger(log, "assets"),
    }),
  );

  // The page draws the accounts by itself, asks for the rest when it has, and gets its files through this thread
  // meanwhile. Without a page there is somebody behind the window all the same.
  if (!hidden) await inTime(asked.promise, MAX_PAGE_MS);
  window.setMenu();
  const { startServices } = await import("./startServices.ts");
  started.resolve(
    startServices({ window, folders, index, settingsFile, settings, log, secretsToRedact, crashes, notices, onDamaged: noteDamage }),
  );
  await Promise.all([answers, started.promise.then(async (parts) => services.resolve(await parts.services))]);
}

/** Ends what stands behind the window; once there is a window, that is waited for where it is not there yet. */
async function endServices(assets: Deferred<AssetServer>, started: Deferred<StartedServices>): Promise<void> {
  try {
    if (assets.value !== null) await (await started.promise).shutdown();
    logger.info("ended in order");
  } finally {
    await log.flush();
  }
}
