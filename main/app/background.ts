import type { Background, Settings } from "../../shared/contract/app.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import { fail } from "../../shared/errors.ts";
import type { Logger } from "../logging/logger.ts";
import type { StartAtLogin } from "./startAtLogin.ts";
import type { TrayHost } from "./trayHost.ts";

/** The icon beside the clock. */
export interface TrayIcon {
  show(): void;
  hide(): void;
}

/** What the app is without its window. */
export interface BackgroundParts {
  readonly tray: TrayIcon;
  readonly trayHost: () => Promise<TrayHost>;
  /** Null where the app cannot be started at sign-in. */
  readonly startAtLogin: StartAtLogin | null;
  readonly logger: Logger;
}

type Requests = Pick<Handlers["app"], "background" | "startAtLogin">;

/** Keeps the app running while its window is closed, and starts it with the computer, where the person wants that. */
export class BackgroundService implements Requests {
  readonly #parts: BackgroundParts;
  #keepsRunning = false;

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
  }

  /** Whether the app goes on when its window is closed. */
  get keepsRunning(): boolean {
    return this.#keepsRunning;
  }

  /** Does as the settings say from now on. An icon that cannot be shown is logged: the app is opened by starting it again. */
  apply({ keepRunning = false }: Settings): void {
    if (keepRunning === this.#keepsRunning) return;
    this.#keepsRunning = keepRunning;
    try {
      if (keepRunning) this.#parts.tray.show();
      else this.#parts.tray.hide();
    } catch (error) {
      this.#parts.logger.warn("no icon beside the clock", { error });
    }
  }

  /** @throws `file_failed` */
  async background(): Promise<Background> {
    const { trayHost, startAtLogin } = this.#parts;
    const [tray, on] = await Promise.all([trayHost(), startAtLogin?.isOn() ?? null]);
    return { tray, startsAtLogin: on };
  }

  /** @throws `file_failed`; `invalid_input` where the app cannot be started at sign-in */
  async startAtLogin({ on }: { on: boolean }): Promise<Background> {
    const { startAtLogin } = this.#parts;
    if (startAtLogin === null) throw fail("invalid_input", { issues: ["This copy of Steward cannot be started at sign-in."] });
    await startAtLogin.set(on);
    return this.background();
  }
}
