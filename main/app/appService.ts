import { app } from "electron";
import { build } from "virtual:build";
import type { AppInfo, Settings } from "../../shared/contract/app.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import type { CrashReporter } from "../logging/crashReport.ts";
import type { Logger } from "../logging/logger.ts";
import { adviseIn } from "../secrets/phraseStrength.ts";
import type { SettingsFile } from "../storage/settingsFile.ts";
import type { Dialogs } from "./dialogs.ts";
import { createOpenExternal, type ExternalOptions } from "./external.ts";
import { applyLanguage, language, systemLanguage } from "./language.ts";
import { RendererErrors } from "./rendererErrors.ts";
import { applyTheme } from "./theme.ts";
import type { MainWindow } from "./window.ts";

export interface AppServiceParts extends Pick<ExternalOptions, "isServersHttp"> {
  window: MainWindow;
  dialogs: Dialogs;
  settingsFile: SettingsFile;
  crashes: CrashReporter;
  notices: AppInfo["notices"];
  emit: Emit;
  /** Called with the settings whenever they have changed. */
  onSettings: (settings: Settings) => void;
  loggerFor: (area: string) => Logger;
}

type Requests = Omit<Handlers["app"], "background" | "startAtLogin">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
type Done = Record<never, never>;

/** The app itself: its window, settings and reports. */
export class AppService implements Requests {
  readonly #parts: AppServiceParts;
  readonly #openExternal: ReturnType<typeof createOpenExternal>;
  readonly #rendererErrors: RendererErrors;

  constructor(parts: AppServiceParts) {
    this.#parts = parts;
    const { isServersHttp, crashes, loggerFor } = parts;
    this.#openExternal = createOpenExternal({ isServersHttp, logger: loggerFor("external") });
    this.#rendererErrors = new RendererErrors(crashes, loggerFor("renderer"));
  }

  info(): AppInfo {
    return {
      version: app.getVersion(),
      electron: process.versions.electron,
      chrome: process.versions.chrome,
      node: process.versions.node,
      packaged: app.isPackaged,
      trial: build.trial,
      platform: process.platform === "darwin" || process.platform === "win32" ? process.platform : "linux",
      systemLanguage: systemLanguage(),
      notices: this.#parts.notices,
    };
  }

  /** @throws `data_too_new`, `file_failed` */
  settings(): Promise<Settings> {
    return this.#parts.settingsFile.settings();
  }

  /** @throws `data_too_new`, `file_failed` */
  async updateSettings(change: Input<"updateSettings">): Promise<Settings> {
    const changed = await this.#parts.settingsFile.updateSettings(change);
    applyTheme(changed.theme);
    if (applyLanguage(changed.language)) {
      this.#parts.window.setMenu();
      adviseIn(language());
    }
    this.#parts.onSettings(changed);
    this.#parts.emit("app.settingsChanged", changed);
    return changed;
  }

  /** @throws `forbidden` for what is neither https nor the named account's own homeserver; `no_such_account` */
  async openExternal(request: Input<"openExternal">): Promise<Done> {
    await this.#openExternal(request);
    return {};
  }

  keepScreenPrivate({ private: isPrivate }: Input<"keepScreenPrivate">): Done {
    this.#parts.window.browserWindow?.setContentProtection(isPrivate);
    return {};
  }

  async copyText({ text }: Input<"copyText">): Promise<Done> {
    await this.#parts.dialogs.copyText(text);
    return {};
  }

  reportError(error: Input<"reportError">): Done {
    this.#rendererErrors.take(error);
    return {};
  }

  report(): { text: string } {
    return { text: this.#parts.crashes.text() };
  }

  dismissNotices(): Done {
    this.#parts.notices.length = 0;
    this.#parts.crashes.dismiss();
    return {};
  }
}
