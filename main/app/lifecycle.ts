import { app, powerMonitor } from "electron";
import type { Logger } from "../logging/logger.ts";
import { HIDDEN_SWITCH } from "./switches.ts";
import { withDeadline } from "./withDeadline.ts";
import type { MainWindow } from "./window.ts";

/** How long the parts of the app may take to end, in milliseconds. */
const SHUTDOWN_DEADLINE_MS = 5_000;

/**
 * Makes sure that the app runs once for each folder of data. Must be called before the app is ready and after the
 * folder is set.
 *
 * @param onSecondStart called in the running app when somebody starts it again
 * @returns false when the app runs already; it has then been asked to come forward, and this process should quit
 */
export function claimSingleInstance(onSecondStart: () => void): boolean {
  if (!app.requestSingleInstanceLock()) return false;
  app.on("second-instance", (_event, args) => {
    // One that was to have no window changes nothing.
    if (!args.includes(`--${HIDDEN_SWITCH}`)) onSecondStart();
  });
  return true;
}

/**
 * Ends this process without taking Node apart first, for which nothing is left to do. Node runs V8's tasks dry there
 * while no JavaScript may run, and a FinalizationRegistry whose objects were just collected then posts its task again
 * and again: the process spins for ever, behind closed windows (`NodePlatform::DrainTasks` in Node's src/node_platform.cc).
 * `process.exit` is no way out, since in Electron it is `app.exit`.
 */
function endProcess(exitCode: number): void {
  (process as unknown as { reallyExit(code: number): never }).reallyExit(exitCode);
}

export interface QuitOptions {
  window: MainWindow;
  /** Whether the app goes on when its window is closed. */
  keepsRunning: () => boolean;
  /** Ends everything that must not be cut off. It may be called once only, and may fail. */
  shutdown: () => Promise<void>;
  logger: Logger;
}

/**
 * Lets the app end in order: when it is told to quit, when the last window closes (except on a Mac, where the dock
 * icon opens the window again, and where the person wants it to keep running), and when the computer shuts down. It never waits longer than five
 * seconds.
 */
export function quitInOrder({ window, keepsRunning, shutdown, logger }: QuitOptions): void {
  let ending: Promise<void> | null = null;
  let ended = false;
  const end = (): Promise<void> =>
    (ending ??= withDeadline(Promise.all([shutdown(), window.savePlace()]), SHUTDOWN_DEADLINE_MS).then((outcome) => {
      if (outcome.kind === "late") logger.error("ending took too long and was cut off");
      if (outcome.kind === "rejected") logger.error("ending failed", { error: outcome.reason });
      ended = true;
    }));

  app.on("before-quit", (event) => {
    if (ended) return;
    event.preventDefault();
    void end().then(() => app.quit());
  });
  app.on("window-all-closed", () => {
    if (process.platform !== "darwin" && !keepsRunning()) app.quit();
  });
  app.on("quit", (_event, exitCode) => endProcess(exitCode));
  app.on("activate", () => void window.open());
  app.on("browser-window-created", (_event, created) => {
    // Windows is logging off: there is no second chance to wait, so only begin.
    created.on("session-end", () => void end());
  });
  app.on("child-process-gone", (_event, { type, reason, exitCode }) => {
    if (reason !== "clean-exit") logger.warn("a helper process is gone", { type, reason, exitCode });
  });
  void app.whenReady().then(() => {
    // Emitted on Linux and macOS only. Preventing it asks the system to wait until we have quit.
    powerMonitor.on("shutdown", (event?: { preventDefault(): void }) => {
      event?.preventDefault();
      app.quit();
    });
  });
}
