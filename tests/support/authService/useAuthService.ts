import type { Page } from "playwright";
import { afterAll, beforeAll } from "vitest";
import { PersonsBrowser } from "../browser.ts";
import { type FaultProxy, startFaultProxy } from "../faultProxy.ts";
import { freePort } from "../ports.ts";
import { startSynapse, type Synapse } from "../synapse.ts";
import { type AuthService, type AuthUser, startAuthService } from "./authService.ts";

/** A homeserver with an OAuth 2.0 authorization server, what stands before it (and is its public address), and a person's browser. */
export interface AuthServers {
  synapse: Synapse;
  proxy: FaultProxy;
  auth: AuthService;
  browser: PersonsBrowser;
}

/**
 * Starts all of it before the tests of a file, and stops it after. There once the first `beforeAll` has run.
 * @param options no browser where a `FormClient` does
 */
export function useAuthService({
  serverName = "oauth.test",
  browser = true,
  config = {},
}: { serverName?: string; browser?: boolean; config?: Record<string, unknown> } = {}): AuthServers {
  const servers = {} as AuthServers;
  beforeAll(async () => {
    const port = await freePort();
    servers.proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
    servers.auth = await startAuthService({ serverName, baseUrl: `http://127.0.0.1:${port}` });
    const publicBaseUrl = `${servers.proxy.baseUrl}/`;
    servers.synapse = await startSynapse({ port, serverName, publicBaseUrl, config: { ...servers.auth.synapseConfig, ...config } });
    if (browser) servers.browser = await PersonsBrowser.start();
  }, 120_000);
  afterAll(async () => {
    await servers.browser?.stop();
    await servers.synapse?.stop();
    await servers.auth?.stop();
    await servers.proxy?.stop();
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
