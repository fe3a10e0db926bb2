import type { Account, AccountHealth, SignOutPreview } from "../../shared/contract/accounts.ts";
import type { Handlers } from "../../shared/contract/index.ts";
import type { SessionManager } from "../sessions/sessionManager.ts";
import type { SignedOut } from "../sessions/signOut.ts";
import type { HealthService } from "./healthService.ts";

type Requests = Handlers["accounts"];
type Input<K extends keyof Requests> = Parameters<Requests[K]>[0];
type Done = Record<never, never>;

/** The accounts as a list, and what is done to one of them as a whole: the handlers of the contract's domain `accounts`. */
export class AccountsService implements Requests {
  readonly #sessions: SessionManager;
  readonly #health: HealthService;

  constructor(sessions: SessionManager, health: HealthService) {
    this.#sessions = sessions;
    this.#health = health;
  }

  list(): { accounts: Account[] } {
    return { accounts: this.#sessions.list() };
  }

  opened({ accountId }: Input<"opened">): Done {
    void this.#sessions.opened(accountId);
    return {};
  }

  /** @throws `no_such_account` */
  async retry({ accountId }: Input<"retry">): Promise<Done> {
    await this.#sessions.retry(accountId);
    return {};
  }

  /** @throws as `HealthService.refresh` does */
  async refreshHealth({ accountId }: Input<"refreshHealth">): Promise<{ health: AccountHealth }> {
    return { health: await this.#health.refresh(accountId) };
  }

  /** @throws `no_such_account` */
  signOutPreview({ accountId }: Input<"signOutPreview">): Promise<SignOutPreview> {
    return this.#health.signOutPreview(accountId);
  }

  /** @throws as `SessionManager.signOut` does */
  signOut({ accountId }: Input<"signOut">): Promise<SignedOut> {
    return this.#sessions.signOut(accountId);
  }

  /** @throws `file_failed` */
  async reorder({ accountIds }: Input<"reorder">): Promise<Done> {
    await this.#sessions.reorder(accountIds);
    return {};
  }
}
