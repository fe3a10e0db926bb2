import type { Locator, Page } from "playwright";
import type { Account, SessionStatus } from "../../../shared/contract/accounts.ts";
import { expectNoAxeViolations, type StewardApp } from "../../support/electronApp.ts";
import type { TestUser } from "../../support/synapse.ts";
import { waitUntil } from "../../support/waitUntil.ts";

/** How long the app may take to do what a person has asked for, in milliseconds. */
export const PATIENCE_MS = 30_000;

/** What a window is to a person: the one of the app, or one that is shown in a browser. */
export type AppWindow = Pick<StewardApp, "page" | "request" | "screenshot">;

/** What a person sees and does in the window, by the words that are on it. */
export class Person<App extends AppWindow = StewardApp> {
  readonly app: App;

  constructor(app: App) {
    this.app = app;
  }

  get page(): Page {
    return this.app.page;
  }

  /** The button of that name, on the page or in the dialog that lies over it. */
  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  async press(name: string | RegExp): Promise<void> {
    await this.#orSay(this.button(name).click({ timeout: PATIENCE_MS }));
  }

  /** Types key by key into the field of that name, in place of what is in it. */
  async type(field: string, text: string): Promise<void> {
    const input = this.page.getByLabel(field, { exact: true }).and(this.page.locator("input:not([type=radio]), textarea"));
    await this.#orSay(input.fill("", { timeout: PATIENCE_MS }));
    await input.pressSequentially(text);
  }

  /** Waits until a field has the focus, as the first that is wrong shall once a form was handed in. */
  async hasFocusIn(field: string): Promise<void> {
    await this.#orSay(this.page.getByLabel(field, { exact: true }).and(this.page.locator(":focus")).waitFor({ timeout: PATIENCE_MS }));
  }

  /** Waits until the words are there to be seen, and answers them with what stands around them. */
  async sees(text: string | RegExp): Promise<string> {
    const found = this.page.getByText(text).filter({ visible: true }).first();
    await this.#orSay(found.waitFor({ timeout: PATIENCE_MS }));
    return found.innerText();
  }

  /** Waits until the words are gone. */
  async seesNoMore(text: string | RegExp): Promise<void> {
    const found = this.page.getByText(text).filter({ visible: true }).first();
    await this.#orSay(found.waitFor({ state: "hidden", timeout: PATIENCE_MS }));
  }

  /** Waits until the page has that title. */
  async isAt(title: string | RegExp): Promise<void> {
    const heading = this.page.getByRole("heading", { level: 1, name: title, exact: true });
    await this.#orSay(heading.waitFor({ timeout: PATIENCE_MS }));
  }

  /** Waits until the dialog of that title lies over the page. */
  async isAsked(title: string): Promise<void> {
    const dialog = this.page.getByRole("dialog", { name: title }).or(this.page.getByRole("alertdialog", { name: title }));
    await this.#orSay(dialog.waitFor({ timeout: PATIENCE_MS }));
  }

  /** The left column: all accounts, and what belongs to none. */
  get column(): Locator {
    return this.page.getByRole("navigation", { name: "Accounts" });
  }

  /** An account in the left column, by a part of its name or Matrix ID. */
  inColumn(name: string): Locator {
    return this.column.getByRole("listitem").getByRole("button").filter({ hasText: name });
  }

  /** Opens an account from the left column, and one of its pages if one is named. */
  async openAccount(
    name: string,
    page?:
      | "Overview"
      | "Profile"
      | "Secure Backup"
      | "Sessions"
      | "Password & recovery"
      | "Users"
      | "Statistics"
      | "Bulk jobs"
      | "Registration tokens"
      | "Action log"
      | "Activity",
  ): Promise<void> {
    await this.#orSay(this.inColumn(name).click({ timeout: PATIENCE_MS }));
    if (page)
      await this.page
        .getByRole("navigation", { name: /^Pages of/ })
        .getByRole("button", { name: page })
        .click();
  }

  async openAllAccounts(): Promise<void> {
    await this.column.getByRole("button", { name: /^All accounts/ }).click();
    await this.isAt("All accounts");
  }

  /** Goes to "Add account" and hands in a homeserver's name, address, or a Matrix ID. */
  async findHomeserver(address: string): Promise<void> {
    await this.column.getByRole("button", { name: "Add account" }).click({ timeout: PATIENCE_MS });
    const another = this.button("Use another homeserver");
    if (await another.isVisible()) await another.click();
    await this.type("Homeserver", address);
    await this.press("Continue");
  }

  /** Signs in with user name and password, from "Add account" to the page that is shown afterwards. */
  async signIn(homeserver: string, { user, password }: Pick<TestUser, "user" | "password">): Promise<void> {
    await this.findHomeserver(homeserver);
    await this.isAt(/^Sign in to/);
    await this.type("User name", user);
    await this.type("Password", password);
    await this.press("Sign in");
    await this.isAt(/Secure Backup|Verify this session/);
  }

  /** Signs in past the screen, where signing in is not what the test is about. */
  async hasAccount(baseUrl: string, { userId, password }: TestUser): Promise<void> {
    const identifier = { kind: "user", user: userId };
    const reply = await this.app.request("signIn.withPassword", { serverName: null, baseUrl, identifier, password });
    if (!reply.ok) throw new Error(`could not sign in: ${JSON.stringify(reply.error)}`);
  }

  /** All accounts as main has them, in their order. */
  async accounts(): Promise<Account[]> {
    const reply = await this.app.request<{ accounts: Account[] }>("accounts.list", {});
    if (!reply.ok) throw new Error(`no list: ${JSON.stringify(reply.error)}`);
    return reply.value.accounts;
  }

  /** Whose accounts main put into the page, so that they were drawn before any question; null: none were to be. */
  async knownAtStart(): Promise<string[] | null> {
    const text = await this.page.locator("#known-accounts").textContent();
    const known = JSON.parse(text ?? "null") as { accounts: Account[] } | null;
    return known && known.accounts.map(({ userId }) => userId);
  }

  /** Waits until every account is so; a running one has also been looked at. */
  async allAre(status: SessionStatus): Promise<Account[]> {
    return waitUntil(
      async () => {
        const accounts = await this.accounts();
        const isSo = ({ session, health }: Account) => session.status === status && (status !== "running" || health);
        return accounts.every(isSo) && accounts;
      },
      { timeoutMs: PATIENCE_MS, what: `all accounts to be ${status}` },
    );
  }

  /** Makes the window so large, in pixels of the page. */
  async resizeTo(this: Person, width: number, height: number): Promise<void> {
    await this.app.electron.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.setContentSize(to.width, to.height), {
      width,
      height,
    });
    await waitUntil(() => this.page.evaluate((to) => innerWidth === to, width), { what: "the window to be resized" });
  }

  /** Pictures of the window, light and dark, and what axe says about it. */
  async looks(name: string): Promise<void> {
    await this.app.screenshot(name);
    await expectNoAxeViolations(this.page);
  }

  /** What is awaited in vain is easier to understand beside what is there instead. */
  async #orSay(seen: Promise<void>): Promise<void> {
    try {
      await seen;
    } catch (error) {
      const shown = await this.page.locator("body").innerText().catch(String);
      throw new Error(`${(error as Error).message}\nThe window shows:\n${shown}`, { cause: error });
    }
  }
}
