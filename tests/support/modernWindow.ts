import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { createAssetServer } from "../../main/app/assetServer.ts";
import { createHandlers } from "../../main/handlers.ts";
import { checkedHandlers } from "../../main/ipc/checkedHandlers.ts";
import { createEmit } from "../../main/ipc/emit.ts";
import type { Logger } from "../../main/logging/logger.ts";
import type { Services } from "../../main/services.ts";
import type { AppInfo, Settings } from "../../shared/contract/app.ts";
import { channelNames, type Emit, type Handlers } from "../../shared/contract/index.ts";
import type { Reply } from "../../shared/errors.ts";
import { modernFolder } from "../../build/paths.ts";
import { installedChromium } from "./browser.ts";
import { takePictures } from "./electronApp.ts";
import { StewardData } from "./stewardServices.ts";

/** Where the page lies for the browser. Nothing is asked for over a network: what answers here is the app's own asset server. */
const ORIGIN = "https://steward";

/**
 * The app's window in the system's Chromium, which is as new as the one in the Electron that ships, on main's services under
 * this Node: the same page, the same preload script, the same answers and events, with checked inputs and outputs. Only what
 * is Electron's own is not there: dialogs, the tray, the lock.
 */
export class ModernWindow {
  readonly page: Page;
  readonly data: StewardData;
  readonly services: Services;
  /** Errors that the page threw or logged. */
  readonly pageErrors: string[];
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page, pageErrors: string[], data: StewardData, services: Services) {
    this.#browser = browser;
    this.page = page;
    this.pageErrors = pageErrors;
    this.data = data;
    this.services = services;
  }

  /** Opens the bundle that `build/bundle.ts` has made for the Electron that ships. @throws Error when there is no Chromium */
  static async open(): Promise<ModernWindow> {
    const data = await StewardData.create();
    const browser = await chromium.launch({
      executablePath: installedChromium(),
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
    try {
      const services = await data.open();
      const page = await browser.newPage({ viewport: { width: 1100, height: 760 }, locale: "en-US" });
      const pageErrors: string[] = [];
      page.on("pageerror", (error) => pageErrors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && pageErrors.push(message.text()));
      await connect(page, data, services);
      await serve(page, services);
      await page.goto(`${ORIGIN}/`);
      await page.waitForSelector("#root > *");
      return new ModernWindow(browser, page, pageErrors, data, services);
    } catch (error) {
      await browser.close();
      await data.destroy();
      throw error;
    }
  }

  /** The version of the browser. */
  get version(): string {
    return this.#browser.version();
  }

  /** Asks main through the page's bridge, past the screen. */
  request<T = unknown>(channel: string, input: unknown): Promise<Reply<T>> {
    return this.page.evaluate(([name, value]) => window.steward.request(name, value), [channel, input] as const) as Promise<Reply<T>>;
  }

  /** Pictures of the window, light and dark. */
  screenshot(name: string): Promise<void> {
    return takePictures(this.page, name);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.data.destroy();
  }
}

const silent = (): void => undefined;
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Runs the app's preload script in the page, with the two objects of Electron that it is made of. */
async function connect(page: Page, data: StewardData, services: Services): Promise<void> {
  const emit = createEmit((channel, payload) => {
    const send = ([name, value]: readonly [string, unknown]): void => {
      window.dispatchEvent(new CustomEvent("from main", { detail: [name, value] }));
    };
    // A page that is being closed hears nothing any more.
    void page.evaluate(send, [channel, payload] as const).catch(silent);
  }, logger);
  data.onEvent = ({ channel, payload }) => emit(channel, payload as never);
  const answers = checkedHandlers(createHandlers(services, appOf(emit)), logger);
  const known = new Set(channelNames().requests);
  await page.exposeFunction("askMain", (channel: string, input: unknown) => {
    const answer = answers.get(channel);
    if (!known.has(channel) || answer === undefined) throw new Error(`no request ${channel}`);
    return answer(input);
  });
  const preload = await readFile(join(modernFolder, "preload/index.cjs"), "utf8");
  await page.addInitScript({
    content: `{
      const listeners = new Map();
      window.addEventListener("from main", ({ detail: [channel, payload] }) => {
        for (const listener of listeners.get(channel) ?? []) listener({}, payload);
      });
      const ipcRenderer = {
        invoke: (channel, input) => window.askMain(channel, input),
        on: (channel, listener) => listeners.set(channel, new Set([...(listeners.get(channel) ?? []), listener])),
        removeListener: (channel, listener) => listeners.get(channel)?.delete(listener),
      };
      const contextBridge = { exposeInMainWorld: (name, api) => Object.defineProperty(window, name, { value: Object.freeze(api) }) };
      const process = { platform: "linux" };
      const require = () => ({ ipcRenderer, contextBridge });
      const module = { exports: {} };
      (function (exports) { ${preload}
      })(module.exports);
    }`,
  });
}

/** Lets the app's own asset server answer, with its policy for content. */
async function serve(page: Page, services: Services): Promise<void> {
  const answer = createAssetServer({
    rendererDir: join(modernFolder, "renderer"),
    knownAccounts: () => services.sessions.list(),
    avatarOf: (accountId) => services.avatars.read(accountId),
    reportFolder: "",
    language: () => "en",
    crashedTexts: () => ({ language: "en", title: "", text: "", again: "", report: "" }),
    logger,
  });
  await page.route("**", async (route) => {
    const request = route.request();
    const response = await answer({ method: request.method(), url: request.url().replace(ORIGIN, "app://steward") });
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  });
}

/** What Electron's part of the app answers. */
function appOf(emit: Emit): Pick<Handlers, "app" | "lock" | "updates"> {
  let settings: Settings = { theme: "system", language: "system" };
  const notices: AppInfo["notices"] = [];
  const background = { tray: "none" as const, startsAtLogin: null };
  const lock = { locked: false, canLock: false };
  const updates = { supported: false, checkedAt: null, newer: null, download: { phase: "none" as const } };
  return {
    app: {
      info: () => ({
        version: "0.0.0",
        electron: "",
        chrome: "",
        node: process.versions.node,
        platform: "linux",
        packaged: false,
        trial: false,
        systemLanguage: "en",
        notices,
      }),
      settings: () => settings,
      updateSettings: (change) => {
        settings = { ...settings, ...(change as Settings) };
        emit("app.settingsChanged", settings);
        return settings;
      },
      background: () => background,
      startAtLogin: () => background,
      openExternal: () => ({}),
      keepScreenPrivate: () => ({}),
      copyText: () => ({}),
      reportError: ({ text }) => {
        throw new Error(`the window: ${text}`);
      },
      report: () => ({ text: "" }),
      dismissNotices: () => ({}),
    },
    lock: { state: () => lock, lock: () => lock, unlock: () => lock },
    updates: {
      state: () => updates,
      check: () => updates,
      openPage: () => ({}),
      download: () => updates,
      cancelDownload: () => updates,
      restart: () => ({}),
    },
  };
}
