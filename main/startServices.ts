import { app, powerMonitor } from "electron";
import { build } from "virtual:build";
import type { AppInfo } from "../shared/contract/app.ts";
import type { Emit, Handlers } from "../shared/contract/index.ts";
import { Dialogs } from "./app/dialogs.ts";
import { createOpenExternal, openHomeserverPage } from "./app/external.ts";
import { RendererErrors } from "./app/rendererErrors.ts";
import { createServerFetch } from "./app/serverFetch.ts";
import { applyTheme } from "./app/theme.ts";
import { notify } from "./app/notifications.ts";
import type { MainWindow } from "./app/window.ts";
import { createHandlers } from "./handlers.ts";
import type { Fetch } from "./http/redirects.ts";
import { type Answer, checkedHandlers } from "./ipc/checkedHandlers.ts";
import { createEmit } from "./ipc/emit.ts";
import type { CrashReporter } from "./logging/crashReport.ts";
import { createLogger, type LogFile } from "./logging/logFile.ts";
import type { SecretsToRedact } from "./logging/redact.ts";
import type { ServicesOptions, Services } from "./services.ts";
import { shutDown } from "./shutdown.ts";
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
  /** Ends everything that must not be cut off. */
  shutdown: () => Promise<void>;
}

/**
 * Builds what the window talks to. It is loaded while the window's own process is starting, so that the window does not
 * wait for it.
 */
export function startServices(front: WindowParts): StartedServices {
  const { window, folders, index, log, secretsToRedact, onDamaged } = front;
  const emit = createEmit((channel, payload) => window.send(channel, payload), createLogger(log, "app"));
  const dialogs = new Dialogs(() => window.browserWindow);
  const keepOutOfLogs = (secret: string): void => secretsToRedact.add(secret);
  const fetch = createServerFetch({ logger: createLogger(log, "http"), keepOutOfLogs });
  const opening = openServicesNextTurn({
    folders,
    index,
    fetch,
    onlyThisComputer: build.trial,
    emit,
    loggerFor: (room) => createLogger(log, room),
    keepOutOfLogs,
    worthless: (secret) => secretsToRedact.remove(secret),
    onDamaged,
    openInBrowser: openHomeserverPage,
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
  void opening.then((services) => watchForPerson(services, front, emit)).catch(() => undefined);
  void opening.then(({ woke }) => powerMonitor.on("resume", woke)).catch(() => undefined);
  return {
    services: opening,
    answers: opening.then((services) => checkedHandlers(handlersOf({ services, fetch, front, emit, dialogs }), createLogger(log, "ipc"))),
    shutdown: async () => {
      try {
        // First: the rest may take longer than quitting waits.
        await dialogs.forgetCopiedSecret();
      } finally {
        await shutDown(await opening);
      }
    },
  };
}

/** Tells the person of new sessions: in the window, and by the desktop. */
function watchForPerson({ sessions, newSessions, watchSessions }: Services, { window, log }: WindowParts, emit: Emit): void {
  const logger = createLogger(log, "accounts");
  watchSessions();
  newSessions.onNoticed((accountId, { deviceId, name }) => {
    const { displayName, userId } = sessions.account(accountId);
    notify(
      {
        title: `New session: ${displayName ?? userId}`,
        body: `“${name ?? deviceId}” has signed in. Was it you?`,
        onClick: () => {
          window.focus();
          emit("app.openAccount", { accountId });
        },
      },
      logger,
    );
  });
}

/** Lets the page have what it has asked for meanwhile, before the services are loaded. */
async function openServicesNextTurn(options: ServicesOptions): Promise<Services> {
  await new Promise((resolve) => setImmediate(resolve));
  const { openServices } = await import("./services.ts");
  return openServices(options);
}

/** The SDK takes a tenth of a second to load, and nothing else happens meanwhile: the list is painted first. */
const PAINT_MS = 120;

/** Makes the function that starts all sessions, once, soon after it is first called. */
function startsSessionsOnce(services: Services): () => void {
  let begun = false;
  return () => {
    if (begun) return;
    begun = true;
    setTimeout(() => void services.sessions.restoreAll().then(() => services.revocations.load()), PAINT_MS);
  };
}

interface HandlersParts {
  services: Services;
  fetch: Fetch;
  front: WindowParts;
  emit: Emit;
  dialogs: Dialogs;
}

function handlersOf({ services, fetch, front, emit, dialogs }: HandlersParts): Handlers {
  const { window, settingsFile, crashes, notices, log } = front;
  const rendererErrors = new RendererErrors(crashes, createLogger(log, "renderer"));
  return createHandlers({
    ...services,
    fetch,
    accountsListed: startsSessionsOnce(services),
    appInfo: () => ({
      version: app.getVersion(),
      electron: process.versions.electron,
      chrome: process.versions.chrome,
      node: process.versions.node,
      packaged: app.isPackaged,
      trial: build.trial,
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
    homeservers: settingsFile,
    openExternal: createOpenExternal({
      isHomeserverHttp: (url, accountId) =>
        new URL(services.sessions.account(accountId).homeserver.baseUrl).origin === url.origin,
      logger: createLogger(log, "external"),
    }),
    keepScreenPrivate: (isPrivate) => window.browserWindow?.setContentProtection(isPrivate),
    copyText: (text) => dialogs.copyText(text),
    reportError: (error) => rendererErrors.take(error),
    report: () => crashes.text(),
    dismissNotices: () => {
      notices.length = 0;
      crashes.dismiss();
    },
  });
}
