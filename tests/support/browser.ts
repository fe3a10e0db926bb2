import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { temporaryFolder } from "./temporaryFolder.ts";
import { waitUntil } from "./waitUntil.ts";

/** How the system's launcher behaves when the app hands it an address. */
export type Launcher = "returns at once" | "hangs" | "fails";

/**
 * The browser of the person at the computer: a real Chromium, which opens what the app opens. The app gives an address to
 * the system's launcher (`xdg-open`); ours writes it down.
 */
export class PersonsBrowser {
  /** Laid over the app's environment: puts our launcher before the system's. */
  readonly env: Readonly<Record<string, string>>;
  readonly #browser: Browser;
  readonly #folder: { path: string; remove: () => Promise<void> };
  #context: BrowserContext;
  #followed = 0;

  private constructor(browser: Browser, context: BrowserContext, folder: { path: string; remove: () => Promise<void> }) {
    this.#browser = browser;
    this.#context = context;
    this.#folder = folder;
    this.env = { PATH: `${folder.path}:${process.env.PATH ?? ""}` };
  }

  /** Starts it, with nothing open. @throws Error when there is no Chromium on this machine. */
  static async start(): Promise<PersonsBrowser> {
    const folder = await temporaryFolder("browser");
    try {
      const browser = await chromium.launch({
        executablePath: installedChromium(),
        args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
      });
      const started = new PersonsBrowser(browser, await browser.newContext(), folder);
      await started.launcher("returns at once");
      return started;
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** Chooses how the system's launcher behaves from now on. In each case it notes the address. */
  async launcher(behaviour: Launcher): Promise<void> {
    const path = join(this.#folder.path, "xdg-open");
    const then = { "returns at once": "exit 0", hangs: "sleep 600", fails: "exit 3" }[behaviour];
    await writeFile(path, `#!/bin/sh\nprintf '%s\\n' "$1" >> '${this.#opened}'\n${then}\n`);
    await chmod(path, 0o755);
  }

  /** Every address that the app has opened, oldest first. */
  async opened(): Promise<string[]> {
    const text = await readFile(this.#opened, "utf8").catch(() => "");
    return text.split("\n").filter((line) => line !== "");
  }

  /** Waits until the app opens one more address than were followed or skipped, and answers it. */
  async nextOpened(): Promise<string> {
    const opened = await waitUntil(async () => (await this.opened())[this.#followed], { what: "the app to open an address" });
    this.#followed += 1;
    return opened;
  }

  /** Opens the next address that the app hands over, as the person's browser does by itself. */
  async follow(): Promise<Page> {
    return this.open(await this.nextOpened());
  }

  /** Opens an address in a new tab: a link in a mail, say. */
  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(url);
    return page;
  }

  /** Goes on as somebody else: without the cookies of before. */
  async forgetCookies(): Promise<void> {
    await this.#context.close();
    this.#context = await this.#browser.newContext();
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#folder.remove();
  }

  get #opened(): string {
    return join(this.#folder.path, "opened");
  }
}

/** Debian's Chromium, or one of the same kind under another name. */
export function installedChromium(): string {
  const places = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`these tests need a Chromium, and there is none at ${places.join(", ")}`);
  return found;
}

/** Signs in at the OpenID provider's page, as whoever is named, and goes on to where that leads. */
export async function signInAtProvider(page: Page, name: string): Promise<void> {
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("any will do");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}
