import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Whether the desktop shows icons of running apps; `unknown` where nobody says. */
export type TrayHost = "shown" | "none" | "unknown";

/** How long the desktop may take to say so, in milliseconds. */
const MAX_ANSWER_MS = 2_000;

type Run = (program: string, args: readonly string[]) => Promise<string>;

const runProgram: Run = async (program, args) => (await promisify(execFile)(program, args, { timeout: MAX_ANSWER_MS })).stdout;

/**
 * Asks a Linux desktop whether anything there shows the icons of running apps. GNOME, for one, does so only with an
 * extension, and Electron does not say whether an icon is shown.
 * @see https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
 */
export async function trayHost(platform: NodeJS.Platform, run: Run = runProgram): Promise<TrayHost> {
  if (platform !== "linux") return "shown";
  const bus = ["--dest=org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner"];
  try {
    const answer = await run("dbus-send", ["--session", "--print-reply=literal", ...bus, "string:org.kde.StatusNotifierWatcher"]);
    const owned = /\bboolean (true|false)\b/.exec(answer)?.[1];
    return owned === undefined ? "unknown" : owned === "true" ? "shown" : "none";
  } catch {
    return "unknown";
  }
}
