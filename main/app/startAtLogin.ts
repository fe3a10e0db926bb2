import { HIDDEN_SWITCH } from "./switches.ts";
import { AutostartFile, autostartPath } from "./autostartFile.ts";

/** Electron's `app`, as far as it starts programs when a person signs in. */
export interface LoginItems {
  getLoginItemSettings(options?: { args?: string[] }): { openAtLogin: boolean };
  setLoginItemSettings(settings: { openAtLogin: boolean; args?: string[] }): void;
}

/** How the app was started, and on what. */
export interface StartAtLoginParts {
  readonly platform: NodeJS.Platform;
  /** Whether this is the app as it is handed out: what was built from sources may be gone at the next start. */
  readonly packaged: boolean;
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly loginItems: LoginItems;
}

/** Starts the app, without its window, when the person signs in to the computer. The system alone keeps whether it does. */
export interface StartAtLogin {
  /** @throws `file_failed` */
  isOn(): Promise<boolean>;
  /** @throws `file_failed` */
  set(on: boolean): Promise<void>;
}

const ARGUMENTS = [`--${HIDDEN_SWITCH}`];

/** What starts the app at sign-in here; null where nothing can: an app that isn't installed, and one in a sandbox. */
export function startAtLogin({ platform, packaged, execPath, env, loginItems }: StartAtLoginParts): StartAtLogin | null {
  // Flatpak and Snap hide the person's own configuration from what runs in them.
  if (!packaged || env["FLATPAK_ID"] !== undefined || env["SNAP"] !== undefined) return null;
  if (platform === "darwin" || platform === "win32") {
    // Windows finds the entry by all of its command line; macOS starts apps without arguments, and tells them so.
    const options = platform === "win32" ? { args: ARGUMENTS } : {};
    return {
      isOn: () => Promise.resolve(loginItems.getLoginItemSettings(options).openAtLogin),
      set: (on) => Promise.resolve(loginItems.setLoginItemSettings({ openAtLogin: on, ...options })),
    };
  }
  // An AppImage runs from a folder that has another name each time.
  return new AutostartFile(autostartPath(env), [env["APPIMAGE"] ?? execPath, ...ARGUMENTS]);
}
