import { type BrowserWindow, dialog } from "electron";
import type { Logger } from "../logging/logger.ts";
import { INDEX_URL } from "./assets.ts";
import { CRASHED_PATH } from "./crashedPage.ts";
import { mainText } from "./language.ts";
import { RateBudget, type RateLimit } from "./rateBudget.ts";

const LIMIT: RateLimit = { times: 3, withinMs: 60_000 };
const CRASHED_URL = new URL(CRASHED_PATH, INDEX_URL).href;

/**
 * Looks after the window's page. When its process dies, the page is loaded again, a few times; then a page is shown
 * that says so. When it hangs, the person is asked.
 */
export class RendererWatch {
  readonly #window: BrowserWindow;
  readonly #logger: Logger;
  readonly #budget = new RateBudget(LIMIT, () => performance.now());
  #gaveUp = false;
  #asking: AbortController | null = null;

  constructor(window: BrowserWindow, logger: Logger) {
    this.#window = window;
    this.#logger = logger;
    window.webContents.on("render-process-gone", (_event, details) => {
      logger.error("the window's process is gone", { reason: details.reason, exitCode: details.exitCode });
      this.#asking?.abort();
      if (details.reason !== "clean-exit") this.#loadAfterCrash();
    });
    window.on("unresponsive", () => {
      this.#ask().catch((error: unknown) => {
        logger.error("the person could not be asked about a window that hangs", { error });
      });
    });
    window.on("responsive", () => this.#asking?.abort());
    window.on("closed", () => this.#asking?.abort());
  }

  /** Loads the first page because the person asked for it; crashes before do not count any more. */
  startAgain(): void {
    this.#budget.reset();
    this.#gaveUp = false;
    this.#load(INDEX_URL);
  }

  #loadAfterCrash(): void {
    if (this.#gaveUp) return;
    this.#gaveUp = !this.#budget.take();
    const url = this.#gaveUp ? CRASHED_URL : INDEX_URL;
    // Chromium is still taking the dead process apart inside this event; a load begun now would be lost.
    setImmediate(() => this.#load(url));
  }

  #load(url: string): void {
    if (this.#window.isDestroyed()) return;
    this.#window.loadURL(url).catch((error: unknown) => {
      this.#logger.error("the window's page could not be loaded again", { error });
    });
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#logger.warn("the window does not respond");
    const asking = new AbortController();
    this.#asking = asking;
    const { response } = await dialog
      .showMessageBox(this.#window, {
        type: "warning",
        message: mainText("hangs.message"),
        detail: mainText("hangs.detail"),
        buttons: [mainText("hangs.wait"), mainText("hangs.reload")],
        defaultId: 0,
        cancelId: 0,
        signal: asking.signal,
      })
      .finally(() => {
        this.#asking = null;
      });
    if (response === 1 && !asking.signal.aborted) this.#window.webContents.forcefullyCrashRenderer();
  }
}
