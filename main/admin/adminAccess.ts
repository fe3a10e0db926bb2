import * as z from "zod";
import type { AdminAccess } from "../../shared/contract/administration.ts";
import type { Emit, Handlers } from "../../shared/contract/index.ts";
import { AppFailure, fail, isFailure } from "../../shared/errors.ts";
import type { AccountId } from "../../shared/ids.ts";
import { HomeserverClient } from "../http/homeserverClient.ts";
import { homeserverOf } from "../http/homeserverOf.ts";
import { checkLoopback, isLoopback } from "../http/loopback.ts";
import type { Fetch } from "../http/redirects.ts";
import type { SecretStore } from "../secrets/secretStore.ts";
import { hasOauthGrant } from "../sessions/oauth/oauthTokens.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { AccountIndex } from "../storage/accountIndex.ts";
import { AdminApi, adminPath, readAdminAnswer } from "./adminApi.ts";
import { MasApi } from "./mas/masApi.ts";
import { letsItselfBeAsked } from "./mas/masUser.ts";
import { UserAnswer } from "./serverUser.ts";

export interface AdminAccessParts {
  sessions: Pick<SessionManager, "session">;
  index: AccountIndex;
  secretStore: Pick<SecretStore, "read">;
  fetch: Fetch;
  /** Admin addresses of other computers than this one are refused. */
  onlyThisComputer: boolean;
  emit: Emit;
}

type Requests = Handlers["administration"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
type State<A = AdminAccess> = A extends AdminAccess ? Omit<A, "adminBaseUrl" | "wasAdmin"> : never;

const Version = z.object({ server_version: z.string().max(100) });

/** Which accounts are admins of their servers, and where those servers' admin APIs are. */
export class AdminAccessService implements Requests {
  readonly #parts: AdminAccessParts;
  readonly #known = new Map<AccountId, State>();
  /** The number of each account's last question: an earlier one that ends later is not taken. */
  readonly #turns = new Map<AccountId, number>();

  constructor(parts: AdminAccessParts) {
    this.#parts = parts;
  }

  /** The admin API of an account's server. Whether the account may use it, the server says. @throws `no_such_account` */
  readonly apiOf = (accountId: AccountId): AdminApi => new AdminApi(this.#parts.sessions.session(accountId));

  /** The admin API of the service that looks after the accounts of the account's server, where it lets this one use it; null elsewhere. */
  async serviceOf(accountId: AccountId): Promise<MasApi | null> {
    const service = await this.masApi(accountId);
    if (service === null) return null;
    await this.learn(accountId);
    const access = this.access({ accountId });
    return access.status === "admin" && access.serviceApi === true ? service : null;
  }

  /**
   * The admin API of the authentication service that an account was signed in by, whether it lets itself be asked or not; null where
   * that is the homeserver itself. Nobody is an admin of a server with such a service who was signed in otherwise, so nothing is asked.
   */
  readonly masApi = async (accountId: AccountId): Promise<MasApi | null> =>
    (await hasOauthGrant(this.#parts.secretStore, accountId)) ? new MasApi(this.#parts.sessions.session(accountId)) : null;

  access({ accountId }: Input<"access">): AdminAccess {
    const wasAdmin = this.#parts.index.get(accountId)?.wasAdmin === true;
    return { ...(this.#known.get(accountId) ?? { status: "unknown" }), adminBaseUrl: this.#addressOf(accountId), wasAdmin };
  }

  /** Asks once per start, and again where there was no answer. */
  async learn(accountId: AccountId): Promise<void> {
    const { status } = this.access({ accountId });
    if (status === "unknown" || status === "unreachable") await this.checkAccess({ accountId });
  }

  /** Whether an authentication service looks after the accounts of the account's server; asks where that is not known yet. */
  async isDelegated(accountId: AccountId): Promise<boolean> {
    await this.learn(accountId);
    const access = this.access({ accountId });
    return access.status === "admin" && access.delegatedAuth;
  }

  async checkAccess({ accountId }: Input<"checkAccess">): Promise<AdminAccess> {
    const turn = (this.#turns.get(accountId) ?? 0) + 1;
    this.#turns.set(accountId, turn);
    const state = await this.#ask(accountId);
    // What is known now counts also where it cannot be kept for the next start.
    await this.#remember(accountId, state).catch(() => undefined);
    if (this.#turns.get(accountId) !== turn) return this.access({ accountId });
    this.#known.set(accountId, state);
    const access = this.access({ accountId });
    this.#parts.emit("administration.accessChanged", { accountId, access });
    return access;
  }

  async setAddress({ accountId, address, acceptInsecureHttp }: Input<"setAddress">): Promise<AdminAccess> {
    if (address !== null) await this.#checkAddress(accountId, address, acceptInsecureHttp);
    await this.#parts.index.update(accountId, (entry) => ({ ...entry, adminBaseUrl: address }));
    return this.checkAccess({ accountId });
  }

  /** Forgets an account that is gone. */
  forget(accountId: AccountId): void {
    this.#known.delete(accountId);
    this.#turns.delete(accountId);
  }

  /** So that a server that is away at the next start is not taken for one that nobody here is an admin of. */
  async #remember(accountId: AccountId, { status }: State): Promise<void> {
    if (status !== "admin" && status !== "not_admin") return;
    const { index } = this.#parts;
    const wasAdmin = status === "admin";
    const entry = index.get(accountId);
    if (entry !== null && (entry.wasAdmin ?? false) !== wasAdmin) await index.update(accountId, (now) => ({ ...now, wasAdmin }));
  }

  #addressOf(accountId: AccountId): string | null {
    return this.#parts.index.get(accountId)?.adminBaseUrl ?? null;
  }

  /**
   * Without a token an admin API says that it misses one. Nothing else is given the account's token: the address may be
   * mistyped.
   */
  async #checkAddress(accountId: AccountId, address: string, acceptInsecureHttp: boolean): Promise<void> {
    const { sessions, fetch, onlyThisComputer } = this.#parts;
    if (onlyThisComputer) checkLoopback(address);
    const { protocol, hostname, host } = new URL(address);
    if (protocol === "http:" && !isLoopback(hostname) && !acceptInsecureHttp) throw fail("insecure_http", { baseUrl: address });
    const { userId } = sessions.session(accountId).details;
    const homeserver = new HomeserverClient({ fetch, baseUrl: address });
    try {
      await readAdminAnswer(homeserver, { path: adminPath(["v2", "users", userId]), elsewhere: "stay" }, z.unknown());
    } catch (thrown) {
      if (isFailure(thrown, "unauthenticated")) return;
      throw thrown;
    }
    throw fail("admin_api_not_exposed", { host });
  }

  /** What the server says of this account itself: whoever is no admin may not even ask that. */
  async #ask(accountId: AccountId): Promise<State> {
    const api = this.apiOf(accountId);
    try {
      await api.request({ path: ["v2", "users", api.userId], schema: UserAnswer, repeatable: true });
    } catch (thrown) {
      return stateOf(thrown, this.#addressOf(accountId));
    }
    const [version, delegatedAuth, serviceApi] = await Promise.all([
      // Later than the question whether the account is an admin, so what fails here is not about that.
      api.request({ path: ["v1", "server_version"], schema: Version, repeatable: true }).then(
        ({ server_version: said }) => said,
        () => null,
      ),
      this.#delegatesAuth(accountId),
      letsItselfBeAsked(new MasApi(this.#parts.sessions.session(accountId)), api.userId).catch(() => false),
    ]);
    return { status: "admin", version, delegatedAuth, ...(serviceApi && { serviceApi }) };
  }

  /** Whether the server leaves signing in to a service of its own (Client-Server API, "Server metadata discovery"). */
  #delegatesAuth(accountId: AccountId): Promise<boolean> {
    const schema = z.looseObject({ issuer: z.string() });
    const ask = (path: string): Promise<boolean> =>
      this.#parts.sessions
        .session(accountId)
        .use((client, signal) => homeserverOf(client).json({ path, schema, signal }))
        .then(
          () => true,
          () => false,
        );
    return ask("/_matrix/client/v1/auth_metadata").then(
      (stable) => stable || ask("/_matrix/client/unstable/org.matrix.msc2965/auth_metadata"),
    );
  }
}

function stateOf(thrown: unknown, adminBaseUrl: string | null): State {
  if (!(thrown instanceof AppFailure)) throw thrown;
  const { error } = thrown;
  switch (error.kind) {
    case "forbidden":
      return { status: "not_admin" };
    case "admin_api_not_exposed":
      return { status: "not_exposed" };
    case "admin_api_lacks":
      return { status: "not_supported" };
    case "unauthenticated":
      // The session itself says when its own server no longer takes the token.
      if (adminBaseUrl === null) return { status: "unreachable", error };
      return { status: "unreachable", error: { kind: "admin_address_elsewhere", host: new URL(adminBaseUrl).host } };
    default:
      return { status: "unreachable", error };
  }
}
