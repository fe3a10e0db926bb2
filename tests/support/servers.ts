import { afterAll, beforeAll } from "vitest";
import { type FaultProxy, startFaultProxy } from "./faultProxy.ts";
import { type Mailbox, startMailbox } from "./mail.ts";
import { freePort } from "./ports.ts";
import { patient } from "./soak.ts";
import { startSynapse, type Synapse, type SynapseOptions } from "./synapse.ts";

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
  }, patient(120_000));
  afterAll(async () => {
    await servers.proxy?.stop();
    await servers.synapse?.stop();
  });
  return servers;
}

/** A homeserver whose public address is the proxy's, as links in its mails are to be followed through it. */
export interface MailServers extends Servers {
  mailbox: Mailbox;
}

/**
 * The same with a mailbox that takes the homeserver's mails.
 *
 * @param config laid over the homeserver's own
 */
export function useMailServers(config: SynapseOptions["config"] = {}): MailServers {
  const servers = {} as MailServers;
  beforeAll(async () => {
    const port = await freePort();
    servers.mailbox = await startMailbox();
    servers.proxy = await startFaultProxy(`http://127.0.0.1:${port}`, { keepsHost: true });
    const publicBaseUrl = `${servers.proxy.baseUrl}/`;
    servers.synapse = await startSynapse({ port, publicBaseUrl, mailPort: servers.mailbox.port, config });
  }, patient(120_000));
  afterAll(async () => {
    await servers.synapse?.stop();
    await servers.proxy?.stop();
    await servers.mailbox?.stop();
  });
  return servers;
}
