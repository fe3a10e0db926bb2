import { isDeepStrictEqual } from "node:util";
import { BrowserWindow, screen, session } from "electron";
import type { Logger } from "../logging/logger.ts";
import type { WindowBounds } from "../storage/settingsFile.ts";
import { INDEX_URL } from "./assets.ts";
import { setMenu } from "./menu.ts";
import { RendererWatch } from "./rendererWatch.ts";
import { backgroundColour, onBackgroundChange } from "./theme.ts";
import { fitPlace, SMALLEST, type WindowPlaceStore } from "./windowPlace.ts";

export interface MainWindowOptions {
  /** The bundled preload script, an absolute path. */
  preloadPath: string;
  /** True where a person keeps their accounts: no developer tools. */
  locked: boolean;
  place: WindowPlaceStore;
  logger: Logger;
}

/**
 * The session of the window's pages. It is kept in memory alone: what the renderer shows leaves no cache, cookies or
 * storage on the disk.
 */
export function rendererSession(): Electron.Session {
  return session.fromPartition("steward");
}

/** How long the window must rest before its place is written, in milliseconds. */
const PLACE_REST_MS = 400;

/** The one window. It can be closed and opened again (macOS); everything else holds on to this object. */
export class MainWindow {
  readonly #options: MainWindowOptions;
  #window: BrowserWindow | null = null;
  #opening: Promise<void> | null = null;
  #watch: RendererWatch | null = null;
  #saved: Promise<void> = Promise.resolve();
  #lastSaved: WindowBounds | null = null;

  constructor(options: MainWindowOptions) {
    this.#options = options;
  }

  /** Sets the menu, in the language in force: at the start, and when the language is another one. */
  setMenu(): void {
    setMenu({ locked: this.#options.locked, reload: () => this.reload() });
  }

  /** Opens the window, or brings the open one to the front. Resolves when it exists, before its page is loaded. */
  open(): Promise<void> {
    if (this.#window) {
      this.focus();
      return Promise.resolve();
    }
    this.#opening ??= this.#create().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** Brings the window to the front: what a second start of the app does. */
  focus(): void {
    if (!this.#window) return;
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  /** Opens the window or brings it to the front; resolves once its page takes events. */
  async openPage(): Promise<void> {
    await this.open();
    const contents = this.#window?.webContents;
    if (contents?.isLoadingMainFrame()) await new Promise<void>((resolve) => contents.once("did-finish-load", () => resolve()));
  }

  /** Shows the first page again; nothing of what was shown stays in the page's memory. */
  reload(): void {
    this.#watch?.startAgain();
  }

  /** Sends an event to the page; nothing happens while there is none. */
  send(channel: string, payload: unknown): void {
    if (!this.#window || this.#window.webContents.isDestroyed()) return;
    this.#window.webContents.send(channel, payload);
  }

  /** Tells whether a web contents is that of this window. */
  isOwnContents(webContentsId: number): boolean {
    return this.#window?.webContents.id === webContentsId;
  }

  /** The window itself, for dialogs that belong to it; null while it is closed. */
  get browserWindow(): BrowserWindow | null {
    return this.#window;
  }

  /** Writes the window's place now; resolves when it has been written, and never rejects. */
  async savePlace(): Promise<void> {
    if (this.#window) this.#savePlaceOf(this.#window);
    await this.#saved;
  }

  async #create(): Promise<void> {
    const { preloadPath, locked, logger } = this.#options;
    const place = await this.#options.place.load();
    const window = new BrowserWindow({
      ...fitPlace(
        place,
        screen.getAllDisplays().map((display) => display.workArea),
      ),
      minWidth: SMALLEST.width,
      minHeight: SMALLEST.height,
      title: "Steward",
      show: false,
      autoHideMenuBar: true,
      backgroundColor: backgroundColour(),
      webPreferences: {
        session: rendererSession(),
        preload: preloadPath,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        allowRunningInsecureContent: false,
        experimentalFeatures: false,
        webviewTag: false,
        navigateOnDragDrop: false,
        disableBlinkFeatures: "WebUSB,WebHID,Serial,WebBluetooth",
        safeDialogs: true,
        autoplayPolicy: "document-user-activation-required",
        plugins: false,
        spellcheck: false,
        devTools: !locked,
        zoomFactor: place?.zoomFactor ?? 1,
      },
    });
    this.#window = window;
    if (place?.maximized) window.maximize();
    window.once("ready-to-show", () => window.show());
    // The page's own title is for screen readers; the window is named after the app.
    window.on("page-title-updated", (event) => event.preventDefault());
    this.#rememberPlace(window);
    const stopColouring = onBackgroundChange((colour) => window.setBackgroundColor(colour));
    this.#watch = new RendererWatch(window, logger);
    // A page that is loaded again shows no secret, and cannot say so of the one before it.
    window.webContents.on("did-start-loading", () => window.setContentProtection(false));
    window.on("closed", () => {
      stopColouring();
      this.#window = null;
      this.#watch = null;
    });
    window.loadURL(INDEX_URL).catch((error: unknown) => {
      logger.error("the window's page could not be loaded", { error });
    });
  }

  #rememberPlace(window: BrowserWindow): void {
    let rest: NodeJS.Timeout | undefined;
    const saveSoon = (): void => {
      clearTimeout(rest);
      rest = setTimeout(() => this.#savePlaceOf(window), PLACE_REST_MS);
    };
    window.on("resize", saveSoon);
    window.on("move", saveSoon);
    window.on("close", () => {
      clearTimeout(rest);
      this.#savePlaceOf(window);
    });
    window.on("closed", () => clearTimeout(rest));
  }

  #savePlaceOf(window: BrowserWindow): void {
    const { place: store, logger } = this.#options;
    const zoomFactor = window.webContents.isCrashed() ? 1 : window.webContents.getZoomFactor();
    const place: WindowBounds = { ...window.getNormalBounds(), maximized: window.isMaximized(), zoomFactor };
    // Writing what is written already could be cut off by the end of the app, for nothing.
    if (this.#lastSaved && isDeepStrictEqual(place, this.#lastSaved)) return;
    this.#lastSaved = place;
    this.#saved = this.#saved
      .then(() => store.save(place))
      .catch((error: unknown) => logger.warn("the window's place was not kept", { error }));
  }
}
