import type { Handlers } from "../../shared/contract/index.ts";
import type { RateLimits } from "../http/rateLimits.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";

type Requests = Handlers["servers"];

/** What is told of administered servers as a whole: the handlers of the contract's domain `servers`. */
export class ServersService implements Requests {
  readonly #index: AccountIndex;
  readonly #limits: RateLimits;

  constructor(parts: { index: AccountIndex; rateLimits: RateLimits }) {
    this.#index = parts.index;
    this.#limits = parts.rateLimits;
  }

  rateLimits = () => ({
    counts: this.#index.list().map(({ accountId, homeserver, adminBaseUrl }) => ({
      accountId,
      lastHour: this.#limits.lastHour([homeserver.baseUrl, ...(adminBaseUrl == null ? [] : [adminBaseUrl])]),
    })),
  });
}
