import { createHandlers } from "../../main/handlers.ts";
import type { Services } from "../../main/services.ts";
import type { RequestDefinition } from "../../shared/contract/defineDomain.ts";
import { ANY_REQUEST } from "../../shared/contract/errorKinds.ts";
import { contract, type DomainName } from "../../shared/contract/index.ts";
import { AppFailure } from "../../shared/errors.ts";

type Method = (input: unknown) => unknown;

/** The domains that several services answer together. */
const JOINED: Partial<Record<DomainName, readonly (keyof Services)[]>> = {
  signIn: ["signIn", "browserSignIns"],
  addresses: ["addresses", "addEmail", "addPhone"],
  identityServer: ["identityServers", "shareAddresses"],
  devices: ["devices", "newSessions"],
};

/**
 * Sees to it that a request which ends with an error that the contract does not name for it is told of. The services answer
 * as before: their methods, which tests call as the router does, are the requests.
 *
 * @param tell called with `domain.request: kind`
 * @throws where the method of a request isn't found: it would go unwatched
 */
export function watchErrors(services: Services, tell: (what: string) => void): void {
  // What Electron answers is watched in the app's own log.
  const none = { app: {}, lock: {}, updates: {} } as Parameters<typeof createHandlers>[1];
  for (const [domainName, answering] of Object.entries(createHandlers(services, none)) as [DomainName, object][]) {
    if (domainName in none) continue;
    const those = (JOINED[domainName]?.map((name) => services[name]) ?? [answering]) as Record<string, Method>[];
    for (const [name, { errors }] of Object.entries<RequestDefinition>(contract[domainName].requests)) {
      const service = those.find((one) => name in one);
      const method = service?.[name]?.bind(service);
      if (!service || !method) throw new Error(`nothing answers ${domainName}.${name}`);
      service[name] = watched(method, new Set([...ANY_REQUEST, ...errors]), `${domainName}.${name}`, tell);
    }
  }
}

function watched(method: Method, kinds: ReadonlySet<string>, channel: string, tell: (what: string) => void): Method {
  const look = (thrown: unknown): never => {
    if (thrown instanceof AppFailure && !kinds.has(thrown.error.kind)) tell(`${channel}: ${thrown.error.kind}`);
    throw thrown;
  };
  return (input) => {
    try {
      const answer = method(input);
      return answer instanceof Promise ? answer.catch(look) : answer;
    } catch (thrown) {
      return look(thrown);
    }
  };
}
