import { AppFailure } from "../../../shared/errors.ts";
import type { Fetch } from "../redirects.ts";
import type { ProxyEnvironment } from "./environment.ts";
import { type Route, routeOfPac } from "./route.ts";

export interface ProxiedFetchOptions {
  /** What sends a request that needs no proxy. */
  fetch: Fetch;
  /** Nothing is sent before this is over: else the first request might not know whom to trust. Never rejects. */
  ready?: Promise<void>;
  environment: ProxyEnvironment;
  /**
   * Asks the system for the way to an address, in the form of a proxy auto-config file: `PROXY a:3128; DIRECT`. Rejects
   * where the system cannot say.
   */
  systemProxy: (url: string) => Promise<string>;
  /** Told when the system could not say: such a request goes straight to its server. */
  onSystemFailure: (error: unknown) => void;
}

/**
 * A `fetch` that goes through the proxy that the environment names, or else the system's settings. This computer's own
 * addresses are always reached directly.
 *
 * Throws as `fetch` does, and `network` with a reason of its own where the proxy is what failed.
 */
export function proxiedFetch(options: ProxiedFetchOptions): Fetch {
  return async (input, init = {}) => {
    if (input instanceof Request) throw new TypeError("a proxied request is named by its URL");
    const url = new URL(input);
    await options.ready;
    const route = options.environment.routeTo(url) ?? (await systemRoute(url, options));
    if (route[0].kind === "direct") return options.fetch(url, init);
    const { fetchByRoute } = await import("./dispatcher.ts");
    try {
      return await fetchByRoute(route, url, init);
    } catch (thrown) {
      throw failureWithin(thrown) ?? thrown;
    }
  };
}

async function systemRoute(url: URL, { systemProxy, onSystemFailure }: ProxiedFetchOptions): Promise<Route> {
  // What else is in the address is no business of a script that the network gave.
  const answer = await systemProxy(`${url.origin}/`).catch((error: unknown) => {
    onSystemFailure(error);
    return "";
  });
  return routeOfPac(answer);
}

/** The failure that `fetch` has wrapped. */
function failureWithin(thrown: unknown): AppFailure | null {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 6; error = error.cause, depth += 1) {
    if (error instanceof AppFailure) return error;
  }
  return null;
}
