import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";
import { _electron, type ElectronApplication, type Page } from "playwright";
import { cache } from "../../build/paths.ts";
import { stagedApp } from "../../build/stage.ts";
import { UNNAMED_ERROR } from "../../main/ipc/failures.ts";
import type { Reply } from "../../shared/errors.ts";
import { temporaryFolder } from "./temporaryFolder.ts";
import { waitUntil, within } from "./waitUntil.ts";

/** Where and how to start the app. */
export interface AppOptions {
  /** Laid over this process's environment: a private Secret Service's, above all. */
  env?: Readonly<Record<string, string>>;
  /** The folder of the app's data. One of its own, removed by `close`, unless named. */
  userData?: string;
  args?: readonly string[];
}

/** Starts the staged app (see `build/stage.ts`) and waits until its first window shows something. */
export async function startApp(options: AppOptions = {}): Promise<StewardApp> {
  const own = options.userData === undefined ? await temporaryFolder("app") : null;
  const app = new StewardApp({ ...options, userData: options.userData ?? own?.path ?? "" }, own?.remove ?? null);
  try {
    await app.start();
  } catch (error) {
    await app.close().catch(() => undefined);
    throw new Error(`Steward did not start. It said:\n${app.output}`, { cause: error });
  }
  return app;
}

/** The running app: its window, its data, and what it complained about. */
export class StewardApp {
  /** The folder of its data. */
  readonly userData: string;
  /** Errors that the page threw or logged, since the first start. A test that expects some empties the list. */
  readonly pageErrors: string[] = [];
  /** Everything the processes wrote to stdout and stderr, since the first start. */
  output = "";
  /** What the last run ended with; null when a signal ended it, or while it has not ended. */
  exitCode: number | null = null;
  readonly #options: AppOptions & { userData: string };
  readonly #removeData: (() => Promise<void>) | null;
  #running: { app: ElectronApplication; page: Page | null; ended: Promise<void> } | null = null;

  constructor(options: AppOptions & { userData: string }, removeData: (() => Promise<void>) | null) {
    this.userData = options.userData;
    this.#options = options;
    this.#removeData = removeData;
  }

  /** The window's page. */
  get page(): Page {
    const { page } = this.#current;
    if (page === null) throw new Error("the app has no window");
    return page;
  }

  /** Playwright's handle, for `evaluate` in the main process. */
  get electron(): ElectronApplication {
    return this.#current.app;
  }

  /** Starts it (again, after `kill` or `quit`) on the same data. */
  async start(): Promise<void> {
    await this.startHidden([]);
    await this.windowOpens();
  }

  /** Starts it as the system does when the person signs in: it need not open a window. */
  async startHidden(more: readonly string[] = ["--hidden"]): Promise<void> {
    const { args, env } = this.#launch;
    const app = await _electron.launch({ executablePath: stagedApp().executable, args: [...args, ...more], env, timeout: 60_000 });
    const child = app.process();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.exitCode = null;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", (code) => {
        this.exitCode = code;
        resolve();
      });
    });
    app.on("window", (page) => {
      page.on("pageerror", (error) => this.pageErrors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && this.pageErrors.push(message.text()));
    });
    this.#running = { app, page: null, ended };
  }

  /** Waits until a window opens, or takes the one that is open, and until it shows something. */
  async windowOpens(): Promise<void> {
    const { app, ended } = this.#current;
    const page = await app.firstWindow({ timeout: 60_000 });
    this.#running = { app, page, ended };
    await page.waitForSelector("#root > *", { timeout: 60_000 });
  }

  get #launch(): { args: string[]; env: Record<string, string> } {
    const asksForLanguage = this.#options.args?.some((arg) => arg.startsWith("--lang=")) ?? false;
    return {
      args: [
        `--user-data-dir=${this.userData}`,
        // There is no graphics card under Xvfb, and Chromium's sandbox cannot be had by root.
        "--disable-gpu",
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        ...(this.#options.args ?? []),
      ],
      // English whatever this machine speaks, unless a test asks for another language by `--lang`.
      env: { ...definedEnvironment(), ...(asksForLanguage ? {} : { LANGUAGE: "en" }), ...this.#options.env },
    };
  }

  /** Starts it a second time on the same data, while it runs. @throws unless the second one ends by itself, and in order */
  async startTwice(): Promise<void> {
    const { args, env } = this.#launch;
    await promisify(execFile)(stagedApp().executable, args, { env, timeout: 30_000 });
  }

  /** Kills the main process as a power cut would, and waits until it is gone. */
  async kill(): Promise<void> {
    const { app, ended } = this.#current;
    this.#running = null;
    app.process().kill("SIGKILL");
    await within(ended, 15_000, "the killed app to be gone");
  }

  /** Waits until it has ended by itself, as it does after a crash. */
  async gone(): Promise<void> {
    const { ended } = this.#current;
    await within(ended, 15_000, "the app to end by itself");
    this.#running = null;
  }

  /** Ends it the way a person does. */
  async quit(): Promise<void> {
    const { app, ended } = this.#current;
    // An app that is stuck never answers.
    void app.evaluate(({ app: electronApp }) => electronApp.quit()).catch(() => undefined);
    await within(ended, 15_000, "the app to end");
    this.#running = null;
  }

  /**
   * Ends it if it runs, and removes its data if they were its own. What does not end is killed, so that it takes no time
   * from what runs next.
   * @throws that it did not end by itself, or that a request ended with an error which the contract does not name for it
   */
  async close(): Promise<void> {
    let unnamed: string[] = [];
    try {
      if (this.#running) await this.quit();
    } finally {
      if (this.#running) await this.kill();
      unnamed = (await this.log()).split("\n").filter((line) => line.includes(UNNAMED_ERROR));
      await this.#removeData?.();
    }
    if (unnamed.length > 0) throw new Error(unnamed.join("\n"));
  }

  /** Asks main through the page's bridge, past the screen. */
  request<T = unknown>(channel: string, input: unknown): Promise<Reply<T>> {
    return this.page.evaluate(
      ([name, value]) => {
        const { steward } = globalThis as unknown as {
          steward: { request(channel: string, input: unknown): Promise<unknown> };
        };
        return steward.request(name, value);
      },
      [channel, input] as const,
    ) as Promise<Reply<T>>;
  }

  /** Pictures of the window in light and dark, as `.cache/screens/<name>-light.png` and `-dark.png`. */
  screenshot(name: string): Promise<void> {
    return takePictures(this.page, name);
  }

  /** The app's own log file; empty while there is none. */
  log(): Promise<string> {
    return readFile(join(this.userData, "logs", "steward.log"), "utf8").catch(() => "");
  }

  get #current() {
    if (!this.#running) throw new Error("the app is not running");
    return this.#running;
  }
}

/** Pictures of a page in light and dark, as `.cache/screens/<name>-light.png` and `-dark.png`. */
export async function takePictures(page: Page, name: string): Promise<void> {
  const folder = join(cache, "screens");
  await mkdir(folder, { recursive: true });
  for (const colorScheme of schemes) {
    await showIn(page, colorScheme);
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), animations: "disabled" });
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Throws, with what is wrong and where, unless axe finds nothing on the page as it is shown, light and dark. */
export async function expectNoAxeViolations(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const found: string[] = [];
  for (const colorScheme of schemes) {
    await showIn(page, colorScheme);
    // Between the two only colours differ.
    const rules = colorScheme === "light" ? null : ["color-contrast", "link-in-text-block"];
    const violations = await page.evaluate(async (only) => {
      const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
      const options = { resultTypes: ["violations" as const], ...(only && { runOnly: only }) };
      return (await inPage.run(document, options)).violations;
    }, rules);
    for (const { id, help, nodes } of violations) {
      for (const node of nodes) {
        found.push(`${colorScheme}: ${id}: ${help}\n  ${node.target.join(" ")}\n  ${node.html.slice(0, 200)}`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (found.length > 0) throw new Error(`axe found:\n${found.join("\n")}`);
}

const schemes = ["light", "dark"] as const;
type Scheme = (typeof schemes)[number];

/**
 * Makes the system seem to prefer a scheme, and waits until the page has taken it on and nothing moves any more. The
 * page has to follow the system as long as the person has not chosen otherwise.
 */
async function showIn(page: Page, colorScheme: Scheme): Promise<void> {
  await page.emulateMedia({ colorScheme });
  const wanted = await schemeWanted(page, colorScheme);
  await waitUntil(async () => (await schemeOf(page)) === wanted, { what: `the page to be ${wanted}` });
  const settled = page.evaluate(async () => {
    // The page learns of the change when the next frame is made. A colour that fades is inherited level by level, so
    // that new transitions begin when the first have ended: only several still frames in a row say that all is done.
    for (let still = 0; still < 3; still++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const isPassing = ({ effect }: Animation) => effect?.getComputedTiming().endTime !== Infinity;
      if (document.getAnimations().some(isPassing)) still = -1;
    }
  });
  await within(settled, 15_000, "the page to come to rest");
}

/** What the page has to look like when the system prefers `system`: that, or what the person has chosen. */
async function schemeWanted(page: Page, system: Scheme): Promise<Scheme> {
  if (await page.evaluate(() => matchMedia("print").matches)) return "light";
  const theme = await page.evaluate(async () => {
    const { steward } = globalThis as unknown as {
      steward: { request(channel: string, input: unknown): Promise<Reply<{ theme: Scheme | "system" }>> };
    };
    const reply = await steward.request("app.settings", {});
    return reply.ok ? reply.value.theme : null;
  });
  if (theme === null) throw new Error("the theme is not known");
  return theme === "system" ? system : theme;
}

/** What the page looks like: by what it is painted on, whatever it says of itself. */
function schemeOf(page: Page): Promise<Scheme> {
  return page.evaluate(() => {
    const shades =
      getComputedStyle(document.body)
        .backgroundColor.match(/[\d.]+/g)
        ?.map(Number) ?? [];
    if (shades.length !== 3) throw new Error(`the page is painted on ${String(shades)}`);
    return shades.every((shade) => shade < 128) ? "dark" : "light";
  });
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
