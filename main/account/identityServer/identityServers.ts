import type { IdentityServer } from "../../../shared/contract/identityServer.ts";
import type { Emit, Handlers } from "../../../shared/contract/index.ts";
import type { Policy } from "../../../shared/contract/registration.ts";
import { AppFailure, fail, isFailure } from "../../../shared/errors.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { homeserverOf } from "../../http/homeserverOf.ts";
import type { Fetch } from "../../http/redirects.ts";
import type { SessionManager } from "../../sessions/sessionManager.ts";
import { isInsecureHttp } from "../../sessions/wellKnown.ts";
import { listAddresses } from "../addresses.ts";
import { agreeTo, askTerms, checkIdentityApi, hostOf, lookUp } from "./identityApi.ts";
import type { IdentityTokens } from "./identityTokens.ts";
import { acceptedTerms, type AccountAt, chooseServer, namedServer, rememberTerms } from "./namedServer.ts";

export interface IdentityServersParts {
  sessions: Pick<SessionManager, "session">;
  tokens: IdentityTokens;
  fetch: Fetch;
  emit: Emit;
  openInBrowser: (url: string, baseUrl: string) => Promise<void>;
}

type Requests = Pick<Handlers["identityServer"], "state" | "connect" | "use" | "stopUsing" | "agree" | "openPolicy">;
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];

/** A server that is named, and whether by the account. */
interface Named {
  baseUrl: string;
  chosen: boolean;
}

const isOf = (policy: Policy, urls: readonly string[]): boolean => policy.texts.some(({ url }) => urls.includes(url));

/**
 * By which server others find an account (Identity Service API). Nothing is asked of one before the person has connected
 * the account to it, because it learns from that whose account it is.
 */
export class IdentityServers implements Requests {
  readonly #parts: IdentityServersParts;
  /** The documents that were last shown for each account. */
  readonly #shown = new Map<AccountId, { baseUrl: string; policies: readonly Policy[]; agreed: readonly string[] }>();

  constructor(parts: IdentityServersParts) {
    this.#parts = parts;
  }

  /** @throws what the session or the homeserver throws; what the identity server does is in the answer */
  state({ accountId }: Input<"state">): Promise<IdentityServer> {
    return this.#with(accountId, async (account) => {
      const named = await namedServer(account, this.#parts.fetch);
      if (named.kind !== "named") return named;
      if (await this.#parts.tokens.isConnected(accountId, named.baseUrl)) return this.#asked(accountId, account, named);
      return { kind: "not_connected", host: hostOf(named.baseUrl), chosen: named.chosen };
    });
  }

  /** @throws `conversation_over` where none is named any more, and what either server answers */
  connect({ accountId }: Input<"connect">): Promise<IdentityServer> {
    return this.#with(accountId, async (account) => {
      const named = await namedServer(account, this.#parts.fetch);
      if (named.kind !== "named") throw fail("conversation_over");
      await this.#parts.tokens.connect(accountId, account, named.baseUrl);
      return this.#asked(accountId, account, named);
    });
  }

  /** @throws `not_an_identity_server`, `insecure_http`, and what either server answers */
  use({ accountId, identityServer: baseUrl }: Input<"use">): Promise<IdentityServer> {
    const { fetch, tokens } = this.#parts;
    return this.#with(accountId, async (account) => {
      if (isInsecureHttp(baseUrl)) throw fail("insecure_http", { baseUrl });
      await checkIdentityApi({ fetch, baseUrl, signal: account.signal });
      await tokens.connect(accountId, account, baseUrl, () => chooseServer(account, baseUrl));
      return this.#asked(accountId, account, { baseUrl, chosen: true });
    });
  }

  /** @throws what the homeserver answers: it is used on then */
  stopUsing({ accountId }: Input<"stopUsing">): Promise<IdentityServer> {
    return this.#with(accountId, async (account) => {
      await chooseServer(account, null);
      await this.#parts.tokens.disconnect(accountId, account.signal);
      return { kind: "none", notWanted: true };
    });
  }

  /** @throws `conversation_over` where these were not asked for, and what either server answers */
  async agree({ accountId, urls }: Input<"agree">): Promise<IdentityServer> {
    const shown = this.#shown.get(accountId);
    if (!shown?.policies.every((policy) => isOf(policy, urls))) throw fail("conversation_over");
    return this.#with(accountId, async (account) => {
      const named = await namedServer(account, this.#parts.fetch);
      if (named.kind !== "named" || named.baseUrl !== shown.baseUrl) throw fail("conversation_over");
      await this.#agree(accountId, account, named, [...urls, ...shown.agreed]);
      await rememberTerms(account, urls);
      return this.#asked(accountId, account, named);
    });
  }

  /** @throws `conversation_over` for a page that is none of those shown */
  async openPolicy({ accountId, url }: Input<"openPolicy">): Promise<Record<never, never>> {
    const shown = this.#shown.get(accountId);
    if (!shown?.policies.some((policy) => isOf(policy, [url]))) throw fail("conversation_over");
    await this.#parts.openInBrowser(url, shown.baseUrl);
    return {};
  }

  /**
   * Does something as an account at the server that it is connected to.
   *
   * @throws `conversation_over` where it is connected to none; `identity_terms_unsigned` where terms are in the way
   */
  connected<T>(accountId: AccountId, work: (account: AccountAt, baseUrl: string) => Promise<T>): Promise<T> {
    return this.#with(accountId, async (account) => {
      const named = await namedServer(account, this.#parts.fetch);
      if (named.kind !== "named") throw fail("conversation_over");
      try {
        return await work(account, named.baseUrl);
      } catch (thrown) {
        // The documents are shown where the account's identity server is.
        if (isFailure(thrown, "identity_terms_unsigned")) this.#parts.emit("identityServer.changed", { accountId });
        throw thrown;
      }
    });
  }

  #with<T>(accountId: AccountId, work: (account: AccountAt) => Promise<T>): Promise<T> {
    return this.#parts.sessions
      .session(accountId)
      .use((client, signal) => work({ homeserver: homeserverOf(client), userId: client.getSafeUserId(), signal }));
  }

  /** How a server stands that the account is connected to. */
  async #asked(accountId: AccountId, account: AccountAt, server: Named): Promise<IdentityServer> {
    const named = { host: hostOf(server.baseUrl), chosen: server.chosen };
    const { addresses } = await listAddresses(account.homeserver, account.signal);
    const accepted = await acceptedTerms(account);
    const shared = async (): Promise<IdentityServer> => {
      const found = await this.#parts.tokens.as(accountId, account, server.baseUrl, (access) => lookUp(access, account.userId, addresses));
      return { kind: "connected", ...named, shared: found };
    };
    try {
      return await shared().catch(async (thrown: unknown) => {
        if (!isFailure(thrown, "identity_terms_unsigned")) throw thrown;
        const all = await askTerms({ fetch: this.#parts.fetch, baseUrl: server.baseUrl, signal: account.signal });
        const policies = all.filter((policy) => !isOf(policy, accepted));
        const agreed = all.flatMap(({ texts }) => texts.map(({ url }) => url)).filter((url) => accepted.includes(url));
        if (policies.length > 0) {
          this.#shown.set(accountId, { baseUrl: server.baseUrl, policies, agreed });
          return { kind: "terms", ...named, policies };
        }
        // In another client, the person has agreed to all of them.
        await this.#agree(accountId, account, server, agreed);
        return shared();
      });
    } catch (thrown) {
      if (account.signal.aborted || !(thrown instanceof AppFailure)) throw thrown;
      return { kind: "unreachable", ...named, error: thrown.error };
    }
  }

  async #agree(accountId: AccountId, account: AccountAt, { baseUrl }: Named, urls: readonly string[]): Promise<void> {
    await this.#parts.tokens.as(accountId, account, baseUrl, (access) => agreeTo(access, urls));
  }
}
