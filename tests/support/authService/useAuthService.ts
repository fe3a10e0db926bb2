import type { Page } from "playwright";
import { afterAll, beforeAll } from "vitest";
import { PersonsBrowser } from "../browser.ts";
import type { AuthUser } from "./authService.ts";
import { type AuthServers, type AuthServersOptions, startAuthServers } from "./authServers.ts";

/**
 * Starts all of it before the tests of a file, and stops it after. There once the first `beforeAll` has run.
 * @param options no browser where a `FormClient` does
 */
export function useAuthService({ browser = true, ...options }: AuthServersOptions & { browser?: boolean } = {}): AuthServers & {
  browser: PersonsBrowser;
} {
  const servers = {} as AuthServers & { browser: PersonsBrowser };
  beforeAll(async () => {
    Object.assign(servers, await startAuthServers(options));
    if (browser) servers.browser = await PersonsBrowser.start();
  }, 120_000);
  afterAll(async () => {
    await servers.browser?.stop();
    await servers.stop?.();
  });
  return servers;
}

/**
 * Signs in on the authorization server's page, unless the browser is signed in there already, and allows what is asked for.
 */
export async function allowAtAuthService(page: Page, user: Pick<AuthUser, "localpart" | "password">): Promise<void> {
  const allow = page.getByRole("button", { name: "Continue" });
  const name = page.getByLabel("Username");
  await allow.waitFor();
  if (await name.isVisible()) {
    await name.fill(user.localpart);
    await page.getByLabel("Password").fill(user.password);
    await allow.click();
    await page.getByRole("heading", { name: "Allow access to your account?" }).waitFor();
  }
  await allow.click();
}

/** Creates an account on the authorization server's page for it, and allows what is asked for. */
export async function registerAtAuthService(page: Page, user: Pick<AuthUser, "localpart" | "password">): Promise<void> {
  await page.getByRole("heading", { name: "Create account" }).waitFor();
  await allowAtAuthService(page, user);
}
