import "./app/fillIns.ts";
import { homedir } from "node:os";
import { join } from "node:path";
import { app, ipcMain } from "electron";
import type { AppInfo } from "../shared/contract/app.ts";
import type { Emit, Handlers } from "../shared/contract/index.ts";
import { type AppError, AppFailure } from "../shared/errors.ts";
import { registerAssetScheme, serveAssets } from "./app/assets.ts";
import { createAssetServer } from "./app/assetServer.ts";
import { Dialogs } from "./app/dialogs.ts";
import { createOpenExternal } from "./app/external.ts";
import { hardenApp } from "./app/hardening.ts";
import { claimSingleInstance, quitInOrder } from "./app/lifecycle.ts";
import { applyTheme } from "./app/theme.ts";
import { MainWindow, rendererSession } from "./app/window.ts";
import { createHandlers } from "./handlers.ts";
import { createEmit, startRouter } from "./ipc/router.ts";
import { isTrustedSender } from "./ipc/trust.ts";
import { CrashReporter } from "./logging/crashReport.ts";
import { createLogger, LogFile } from "./logging/logFile.ts";
import { Redactor, SecretsToRedact } from "./logging/redact.ts";
import { openRooms, type Rooms } from "./rooms.ts";
import { Folders } from "./storage/folders.ts";
import type { DamagedFile } from "./storage/jsonFile.ts";
import { SettingsFile } from "./storage/settingsFile.ts";

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
  // After an exception nothing is certain any more; a rejected promise leaves the rest of the app as it was.
  if (kind === "uncaughtException") {
    log.flushSync();
    app.exit(1);
  }
});

hardenApp({ packaged: app.isPackaged, logger });
registerAssetScheme();

const settingsFile = new SettingsFile({ path: folders.settingsFile, onDamaged: noteDamage });
const notices: AppInfo["notices"] = [];

function noteDamage(damaged: DamagedFile): void {
  notices.unshift({ kind: "file_was_damaged", ...damaged });
  logger.warn("a file was damaged", { ...damaged });
}

const window = new MainWindow({
  preloadPath: join(__dirname, "../preload/index.cjs"),
  packaged: app.isPackaged,
  place: {
    load: () => settingsFile.windowBounds().catch(() => null),
    save: (bounds) => settingsFile.keepWindowBounds(bounds),
  },
  logger: createLogger(log, "window"),
});

if (claimSingleInstance(() => window.focus())) {
  // Not awaited at the top level: the bundle is CommonJS.
  void start().catch((error: unknown) => {
    crashes.write("start", error);
    log.flushSync();
    reportFailedStart(error);
  });
} else {
  app.quit();
}

/** Tells why the app cannot start, where there is no window to tell it in. */
function reportFailedStart(error: unknown): void {
  const known: AppError | null = error instanceof AppFailure ? error.error : null;
  const reason =
    known?.kind === "data_too_new"
      ? `The file ${known.file} was written by a newer Steward. Nothing was changed. Please start the newer one.`
      : `Steward could not start. A report lies in ${folders.logs}.`;
  process.stderr.write(`${reason}\n`);
  void app.whenReady().then(async () => {
    const { dialog } = await import("electron");
    dialog.showErrorBox("Steward", reason);
    app.exit(1);
  });
}

async function start(): Promise<void> {
  const emit = createEmit((channel, payload) => window.send(channel, payload), logger);
  const dialogs = new Dialogs(() => window.browserWindow);
  const opening = openRooms({
    folders,
    fetch: globalThis.fetch,
    emit,
    loggerFor: (room) => createLogger(log, room),
    keepOutOfLogs: (secret) => secretsToRedact.add(secret),
    onDamaged: noteDamage,
    keeping: {
      copyText: (text) => dialogs.copySecret(text),
      saveText: (file) => dialogs.saveText(file),
      print: () => dialogs.printWindow(),
    },
    keyFiles: {
      chooseTarget: (suggestedName) => dialogs.chooseTarget(suggestedName),
      chooseSource: () => dialogs.chooseSource(),
    },
  });
  const routed = startRouter({
    ipcMain,
    isTrusted: (event) => isTrustedSender(event, (id) => window.isOwnContents(id)),
    logger: createLogger(log, "ipc"),
    handlers: opening.then((rooms) => handlersOf(rooms, emit, dialogs)),
  });
  // It is waited for further down, where a failure is reported.
  routed.catch(() => undefined);
  quitInOrder({
    window,
    shutdown: async () => {
      const rooms = await opening;
      await rooms.jobs.stopAll();
      await rooms.sessions.stopAll();
      await dialogs.forgetCopiedSecret();
      await log.flush();
    },
    logger,
  });

  const assetServer = createAssetServer({
    rendererDir: join(__dirname, "../renderer"),
    avatarOf: async (accountId) => (await opening).avatars.read(accountId),
    reportFolder: folders.logs,
    logger: createLogger(log, "assets"),
  });
  const [settings, crash] = await Promise.all([settingsFile.settings(), crashes.read(), app.whenReady()]);
  if (crash) notices.push({ kind: "previous_crash", at: crash.at });
  applyTheme(settings.theme);
  serveAssets(rendererSession(), assetServer);
  // The window and the rooms behind it are made side by side; what the page asks first waits for them.
  await Promise.all([window.open(), routed]);
}

/** The SDK takes a tenth of a second to load, and nothing else happens meanwhile: the list is painted first. */
const PAINT_MS = 120;

/** Makes the function that starts all sessions, once, soon after it is first called. */
function startsSessionsOnce(rooms: Rooms): () => void {
  let begun = false;
  return () => {
    if (begun) return;
    begun = true;
    setTimeout(() => void rooms.sessions.restoreAll(), PAINT_MS);
  };
}

function handlersOf(rooms: Rooms, emit: Emit, dialogs: Dialogs): Handlers {
  return createHandlers({
    ...rooms,
    fetch: globalThis.fetch,
    accountsListed: startsSessionsOnce(rooms),
    appInfo: () => ({
      version: app.getVersion(),
      electron: process.versions.electron,
      chrome: process.versions.chrome,
      node: process.versions.node,
      packaged: app.isPackaged,
      platform: process.platform === "darwin" || process.platform === "win32" ? process.platform : "linux",
      notices,
    }),
    settings: {
      read: () => settingsFile.settings(),
      update: async (change) => {
        const changed = await settingsFile.updateSettings(change);
        applyTheme(changed.theme);
        emit("app.settingsChanged", changed);
        return changed;
      },
    },
    openExternal: createOpenExternal({
      isHomeserverHttp: (url, accountId) =>
        new URL(rooms.sessions.account(accountId).homeserver.baseUrl).origin === url.origin,
      logger: createLogger(log, "external"),
    }),
    copyText: (text) => dialogs.copyText(text),
    report: async () => (await crashes.read())?.text ?? crashes.describeNow(),
    dismissNotices: async () => {
      notices.length = 0;
      await crashes.dismiss();
    },
  });
}
