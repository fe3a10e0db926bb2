import { afterAll, beforeAll } from "vitest";
import { type FaultProxy, startFaultProxy } from "./faultProxy.ts";
import { startSynapse, type Synapse } from "./synapse.ts";

/** A homeserver, and what stands before it. */
export interface Servers {
  synapse: Synapse;
  proxy: FaultProxy;
}

/** Starts both before the tests of a file, and stops them after. They are there once the first `beforeAll` has run. */
export function useServers(): Servers {
  const servers = {} as Servers;
  beforeAll(async () => {
    servers.synapse = await startSynapse();
    servers.proxy = await startFaultProxy(servers.synapse.baseUrl);
  }, 120_000);
  afterAll(async () => {
    await servers.proxy.stop();
    await servers.synapse.stop();
  });
  return servers;
}
