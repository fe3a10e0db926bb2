import { afterAll, beforeAll } from "vitest";
import { PersonsBrowser } from "./browser.ts";
import { type FaultProxy, startFaultProxy } from "./faultProxy.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./openIdProvider.ts";
import { freePort } from "./ports.ts";
import { startSynapse, type Synapse } from "./synapse.ts";
import type { SynapseOptions } from "./synapseConfig.ts";

/** A homeserver with single sign-on, what stands before it (and is its public address), and a person's browser. */
export interface SingleSignOnServers {
  synapse: Synapse;
  proxy: FaultProxy;
  provider: OpenIdProvider;
  browser: PersonsBrowser;
}

/**
 * Starts all of it before the tests of a file, and stops it after. There once the first `beforeAll` has run.
 *
 * @param more what else the homeserver has; asked right before it starts
 */
export function useSingleSignOn(more: () => SynapseOptions = () => ({})): SingleSignOnServers {
  const servers = {} as SingleSignOnServers;
  beforeAll(async () => {
    const port = await freePort();
    servers.proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
    const publicBaseUrl = `${servers.proxy.baseUrl}/`;
    servers.provider = await startOpenIdProvider([`${publicBaseUrl}_synapse/client/oidc/callback`]);
    const { config, ...options } = more();
    servers.synapse = await startSynapse({
      ...options,
      port,
      publicBaseUrl,
      config: {
        ...config,
        oidc_providers: [servers.provider.synapseConfig({ idpId: "example", name: "Example" })],
        sso: { client_whitelist: ["http://127.0.0.1:"] },
      },
    });
    servers.browser = await PersonsBrowser.start();
  }, 120_000);
  afterAll(async () => {
    await servers.browser?.stop();
    await servers.synapse?.stop();
    await servers.provider?.stop();
    await servers.proxy?.stop();
  });
  return servers;
}
