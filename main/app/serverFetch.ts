import { build } from "virtual:build";
import { loopbackFetch } from "../http/loopback.ts";
import { readProxyEnvironment } from "../http/proxy/environment.ts";
import { proxiedFetch } from "../http/proxy/proxiedFetch.ts";
import type { Fetch } from "../http/redirects.ts";
import { trustSystemCertificates } from "../http/systemCertificates.ts";
import type { Logger } from "../logging/logger.ts";
import { createSystemProxy } from "./systemProxy.ts";
import type { KeepOutOfLogs } from "../../shared/secret.ts";

export interface ServerFetchOptions {
  logger: Logger;
  keepOutOfLogs: KeepOutOfLogs;
}

/**
 * What talks to servers: by the proxy and with the certificate authorities of this computer; in a trial, to servers of
 * this computer alone.
 */
export function createServerFetch({ logger, keepOutOfLogs }: ServerFetchOptions): Fetch {
  if (build.trial) return loopbackFetch(globalThis.fetch);
  const environment = readProxyEnvironment(process.env);
  for (const secret of environment.secrets) keepOutOfLogs(secret);
  const trusted = trustSystemCertificates().then(
    (count) => {
      if (count === null) logger.info("this Node cannot read the system's certificates");
    },
    (error: unknown) => logger.warn("the system's certificates could not be read", { error }),
  );
  return proxiedFetch({
    fetch: globalThis.fetch,
    ready: trusted,
    environment,
    systemProxy: createSystemProxy(),
    onSystemFailure: (error) => logger.warn("the system did not say which proxy to use", { error }),
  });
}
