/** Starts the app without its window: what a start at sign-in does. */
export const HIDDEN_SWITCH = "hidden";

/**
 * The command line switches that an app takes which holds a person's accounts. Chromium and Node know hundreds with which
 * somebody can listen in, run code in the app's place, write down its traffic or take its protections off, and every
 * version brings new ones: so this is the list of those that are let through.
 */
const ALLOWED: ReadonlySet<string> = new Set([
  "user-data-dir",
  "lang",
  HIDDEN_SWITCH,
  // How and where it is drawn.
  "force-device-scale-factor",
  "disable-gpu",
  "ozone-platform",
  "ozone-platform-hint",
  "enable-wayland-ime",
  "wayland-text-input-version",
  "gtk-version",
  "class",
  // Which keychain Chromium seals the session's cookies with, of which there are none.
  "password-store",
  // Takes nothing off: `hardenApp` puts the sandbox back for everybody but root, whom Chromium cannot give one.
  "no-sandbox",
  // Windows and macOS add these themselves.
  "original-process-start-time",
]);

/** macOS names its process to an app that is started from the Finder. */
const FINDER = /^psn_\d+_\d+$/;

export interface SwitchRules {
  platform: NodeJS.Platform;
  /** A debugging port of 0, which the system chooses, is let through: for the test of the packaged app. */
  debuggingPort: boolean;
}

/**
 * The names of the switches that must not be there, as Chromium reads a command line: `--name`, `-name`, on Windows also
 * `/name`, each with or without `=value`, up to a bare `--`. Many are acted upon before the app's first line runs, so
 * that taking them off is not enough: an app that was given one has to end.
 *
 * @param args the command line without the program itself
 */
export function refusedSwitches(args: readonly string[], { platform, debuggingPort }: SwitchRules): string[] {
  const end = args.indexOf("--");
  const prefix = platform === "win32" ? /^(?:--?|\/)(?=.)/ : /^--?(?=.)/;
  const refused = new Set<string>();
  for (const arg of end < 0 ? args : args.slice(0, end)) {
    const start = prefix.exec(arg)?.[0];
    if (start === undefined) continue;
    if (debuggingPort && arg === "--remote-debugging-port=0") continue;
    const [name = ""] = arg.slice(start.length).split("=", 1);
    if (ALLOWED.has(platform === "win32" ? name.toLowerCase() : name)) continue;
    if (platform === "darwin" && FINDER.test(name)) continue;
    refused.add(`${start}${name}`);
  }
  return [...refused];
}
