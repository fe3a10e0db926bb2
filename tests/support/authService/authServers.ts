import { type FaultProxy, startFaultProxy } from "../faultProxy.ts";
import { freePort } from "../ports.ts";
import { startSynapse, type Synapse } from "../synapse.ts";
import { type AuthService, startAuthService } from "./authService.ts";

/** A homeserver with an OAuth 2.0 authorization server, and what stands before it and is its public address. */
export interface AuthServers {
  synapse: Synapse;
  proxy: FaultProxy;
  auth: AuthService;
  stop: () => Promise<void>;
}

export interface AuthServersOptions {
  serverName?: string;
  /** More of Synapse's configuration. */
  config?: Record<string, unknown>;
}

/** Starts all of it. */
export async function startAuthServers({ serverName = "oauth.test", config = {} }: AuthServersOptions = {}): Promise<AuthServers> {
  const toStop: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of toStop.reverse().splice(0)) await part.stop();
  };
  const started = <T extends { stop(): Promise<void> }>(part: T): T => (toStop.push(part), part);
  try {
    const port = await freePort();
    const proxy = started(await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true }));
    const auth = started(await startAuthService({ serverName, baseUrl: `http://127.0.0.1:${port}` }));
    const publicBaseUrl = `${proxy.baseUrl}/`;
    const synapse = started(await startSynapse({ port, serverName, publicBaseUrl, config: { ...auth.synapseConfig, ...config } }));
    return { synapse, proxy, auth, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
