import { Agent, fetch as undiciFetch } from "undici";
import { openConnection } from "./connection.ts";
import type { Route } from "./route.ts";

/** By what the route says: connections are kept open per route, as long as undici keeps them. */
const agents = new Map<string, Agent>();

/**
 * `fetch` by a route. Its own module, loaded by the first request that needs a proxy: undici takes a tenth of a second to
 * load, and the one inside Node cannot be asked for a proxy in every version that Steward runs on.
 *
 * Throws as `fetch` does; the reason that lies with a proxy is its cause.
 */
export async function fetchByRoute(route: Route, url: URL, init: RequestInit): Promise<Response> {
  const answer = await undiciFetch(url, { ...init, dispatcher: agentFor(route) } as Parameters<typeof undiciFetch>[1]);
  return answer as unknown as Response;
}

function agentFor(route: Route): Agent {
  const key = JSON.stringify(route);
  const known = agents.get(key);
  if (known) return known;
  const agent = new Agent({
    connect: ({ hostname, port, protocol }, done) => {
      const secure = protocol === "https:";
      const host = hostname.replace(/^\[(.*)\]$/, "$1");
      openConnection(route, { host, port: Number(port) || (secure ? 443 : 80), secure }).then(
        (socket) => done(null, socket),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
      );
    },
  });
  agents.set(key, agent);
  return agent;
}
